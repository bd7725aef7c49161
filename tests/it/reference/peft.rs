//! Encoder, PEFT modules, losses and optimiser against the original libraries, in 64 and in 32 bits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use autopeft::domain::{Configuration, ModuleAxis, PeftSpace};
use autopeft::model::config::{Architecture, EncoderConfig};
use autopeft::model::peft::{self, Ia3Place};
use autopeft::model::tensor::{DType, Device, Int, Tensor, TensorData};
use autopeft::model::weights::NamedTensor;
use autopeft::model::{AdaptedEncoder, AdaptedSettings, Backbone, Batch, trained_parameters};
use autopeft::train::loss::Targets;
use autopeft::train::optimizer::{AdamW, AdamWForm, AdamWSettings, Schedule};
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;

use super::golden;
use crate::support::peft_case;

/// A file of tensors, every number widened to 64 bits.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

fn tensors(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let read = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        let data = view.data();
        let numbers = match view.dtype() {
            Dtype::F32 => numbers(data, |b| f64::from(f32::from_le_bytes(b))),
            Dtype::F64 => numbers(data, f64::from_le_bytes),
            Dtype::I64 => numbers(data, |b| i64::from_le_bytes(b) as f64),
            other => panic!("{}: {name} holds {other:?}", path.display()),
        };
        (name.to_owned(), (view.shape().to_vec(), numbers))
    };
    file.iter().map(read).collect()
}

fn numbers<const N: usize>(data: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.as_chunks::<N>().0.iter().map(|&c| read(c)).collect()
}

/// One case of one model, with everything beside it.
struct Case {
    label: String,
    folder: PathBuf,
    model: PathBuf,
    settings: Value,
}

/// Every case of every folder of golden files.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for root in golden::folders("peft") {
        for model in subfolders(&root) {
            if !model.join("config.json").exists() || !model.join("model.safetensors").exists() {
                continue;
            }
            for folder in subfolders(&model) {
                if folder.join("case.json").exists() {
                    cases.push(Case {
                        label: folder.strip_prefix(&root).unwrap().display().to_string(),
                        settings: golden::json(&folder.join("case.json")),
                        model: model.clone(),
                        folder,
                    });
                }
            }
        }
    }
    assert!(!cases.is_empty(), "no case was found");
    cases
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut folders: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

impl Case {
    /// The configuration, or the kind of module that is in no registry.
    fn configuration(&self) -> Result<Configuration, String> {
        peft_case::configuration(&self.settings["peft"])
    }

    fn adapted_settings(&self) -> AdaptedSettings {
        let outputs = self.settings["num_labels"].as_u64().unwrap();
        peft_case::settings(&self.settings["peft"], outputs as usize)
    }

    fn config(&self) -> EncoderConfig {
        let path = self.model.join("config.json");
        let text = std::fs::read_to_string(&path).unwrap();
        EncoderConfig::from_json(&text, &path.display().to_string()).unwrap()
    }

    fn backbone(&self, device: &Device, dtype: DType) -> Backbone {
        let config = std::fs::read_to_string(self.model.join("config.json")).unwrap();
        let weights = std::fs::read(self.model.join("model.safetensors")).unwrap();
        Backbone::load(&config, &weights, &self.label, device, dtype).unwrap()
    }

    fn batch(&self, backbone: &Backbone, inputs: &Tensors, rows: Rows) -> Batch {
        let numbers = |name: &str| -> Vec<u32> { integers(inputs, name) };
        let shape: [usize; 2] = inputs["input_ids"].0.clone().try_into().unwrap();
        let (ids, types) = (numbers("input_ids"), numbers("token_type_ids"));
        let mask = numbers("attention_mask");
        if rows == Rows::Padded {
            return backbone.batch(&ids, &types, &mask, shape).unwrap();
        }
        let tokens = shape[1];
        let row = |row: usize| {
            let place = row * tokens;
            let length = mask[place..][..tokens].iter().filter(|&&m| m == 1).count();
            assert!(
                mask[place..][..length].iter().all(|&m| m == 1),
                "padding last"
            );
            [&ids, &types].map(|numbers| &numbers[place..][..length])
        };
        let rows: Vec<[&[u32]; 2]> = (0..shape[0]).map(row).collect();
        backbone.packed(&rows).unwrap()
    }

    fn targets(&self, inputs: &Tensors, device: &Device, dtype: DType) -> Targets {
        let name = self.settings["labels"].as_str().unwrap();
        let (shape, labels) = &inputs[name];
        let data = TensorData::new(labels.clone(), shape.clone());
        if self.settings["num_labels"] == 1 {
            Targets::Values(Tensor::from_data(data, (device, dtype)))
        } else {
            Targets::Classes(Tensor::<1, Int>::from_data(data, device))
        }
    }

    fn optimizer(&self) -> (AdamW, Schedule) {
        let o = &self.settings["optimizer"];
        let number = |key: &str| o[key].as_f64().unwrap();
        let optimizer = AdamW::new(AdamWSettings {
            form: match o["kind"].as_str().unwrap() {
                "hf" => AdamWForm::HuggingFace,
                "torch" => AdamWForm::Torch,
                other => panic!("{}: optimiser {other}", self.label),
            },
            betas: [
                o["betas"][0].as_f64().unwrap(),
                o["betas"][1].as_f64().unwrap(),
            ],
            epsilon: number("eps"),
            weight_decay: number("weight_decay"),
            max_gradient_norm: o["max_grad_norm"].as_f64(),
        });
        let schedule = Schedule {
            peak: number("lr"),
            warmup_steps: o["warmup_steps"].as_u64().unwrap(),
            total_steps: o["total_steps"].as_u64().unwrap(),
        };
        (optimizer, schedule)
    }

    fn losses(&self, key: &str) -> Option<Vec<f64>> {
        let losses = self.settings.get(key)?.as_array()?;
        Some(losses.iter().map(|l| l.as_f64().unwrap()).collect())
    }
}

/// Largest differences allowed, as the reference states them.
struct Tolerance {
    forward: f64,
    loss: fn(f64) -> f64,
    gradient: fn(f64) -> f64,
    last: f64,
}

fn tolerance(dtype: DType) -> Tolerance {
    match dtype {
        DType::F64 => Tolerance {
            forward: 1e-11,
            loss: |loss| 1e-11 * loss.max(1.0),
            gradient: |_| 1e-10,
            last: 1e-10,
        },
        _ => Tolerance {
            forward: 2e-5,
            loss: |loss| 1e-5 * loss.max(1.0),
            gradient: |largest| 2e-5 * largest.max(1.0),
            last: 5e-4,
        },
    }
}

/// What differs, collected over a case so that one run shows all of it.
struct Differences<'a> {
    label: &'a str,
    found: Vec<String>,
    compared: usize,
}

impl Differences<'_> {
    fn compare<const D: usize>(
        &mut self,
        what: &str,
        ours: Tensor<D>,
        theirs: &(Vec<usize>, Vec<f64>),
        allowed: f64,
    ) {
        if ours.dims() != theirs.0[..] {
            let shapes = format!("{what} has shape {:?}, not {:?}", ours.dims(), theirs.0);
            return self.found.push(shapes);
        }
        self.compare_numbers(what, &host(ours), &theirs.1, allowed);
    }

    fn compare_numbers(&mut self, what: &str, ours: &[f64], theirs: &[f64], allowed: f64) {
        self.compared += 1;
        assert_eq!(ours.len(), theirs.len(), "{}: {what}", self.label);
        // NaN must not pass as the smaller one.
        let far = |a: f64, b: f64| {
            if (a - b).abs() <= allowed {
                0.0
            } else {
                (a - b).abs()
            }
        };
        let worst = ours.iter().zip(theirs).map(|(&a, &b)| far(a, b));
        let worst = worst.fold(0.0f64, |w, d| if d > w || d.is_nan() { d } else { w });
        if worst != 0.0 {
            self.found.push(format!(
                "{what} differs by {worst:.1e}, allowed {allowed:.1e}"
            ));
        }
    }
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn scalar(tensor: Tensor<1>) -> f64 {
    tensor.into_scalar()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |w, v| v.abs().max(w))
}

/// How the rows of a batch lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rows {
    Padded,
    EndToEnd,
}

/// Both of them.
const LAYOUTS: &[Rows] = &[Rows::Padded, Rows::EndToEnd];

fn integers(inputs: &Tensors, name: &str) -> Vec<u32> {
    inputs[name].1.iter().map(|&n| n as u32).collect()
}

/// Of a tensor [B, S, H] what belongs to tokens, [1, T, H].
fn unpadded((shape, values): &(Vec<usize>, Vec<f64>), inputs: &Tensors) -> (Vec<usize>, Vec<f64>) {
    let mask = integers(inputs, "attention_mask");
    let by_token = values.chunks_exact(shape[2]).zip(&mask);
    let tokens: Vec<&[f64]> = by_token.filter(|(_, m)| **m == 1).map(|(t, _)| t).collect();
    (vec![1, tokens.len(), shape[2]], tokens.concat())
}

/// Runs one case in one number format against one file of expectations.
fn check(
    case: &Case,
    (device, dtype): (&Device, DType),
    rows: Rows,
    expected: &Tensors,
    losses: &[f64],
    found: &mut Differences<'_>,
) {
    let allowed = tolerance(dtype);
    let backbone = case.backbone(device, dtype);
    let inputs = tensors(&case.model.join("inputs.safetensors"));
    let batch = case.batch(&backbone, &inputs, rows);
    let as_laid = |expected: &(Vec<usize>, Vec<f64>)| match rows {
        Rows::Padded => expected.clone(),
        Rows::EndToEnd => unpadded(expected, &inputs),
    };
    let targets = case.targets(&inputs, device, dtype);
    let configuration = case.configuration().unwrap();
    let settings = case.adapted_settings();
    let mut model = AdaptedEncoder::new(&backbone, &configuration, &settings).unwrap();
    let initial = tensors(&case.folder.join("peft.safetensors"));
    let initial = initial
        .into_iter()
        .map(|(name, (shape, values))| NamedTensor {
            name,
            shape,
            values: values.into_iter().map(|v| v as f32).collect(),
        });
    model
        .parameters
        .import(&initial.collect::<Vec<_>>())
        .unwrap();

    let position_ids = inputs.get("position_ids").filter(|_| rows == Rows::Padded);
    if let Some((_, ids)) = position_ids {
        let ours: Vec<f64> = batch.position_ids().into_data().iter::<f64>().collect();
        assert_eq!(&ours, ids, "{}: position ids", case.label);
    }
    let states = model.hidden_states(&batch);
    let last = states.last().unwrap();
    found.compare(
        "last_hidden_state",
        last.clone(),
        &as_laid(&expected["last_hidden_state"]),
        allowed.forward,
    );
    for (i, state) in states.iter().enumerate() {
        if let Some(theirs) = expected.get(&format!("hidden_states.{i}")) {
            found.compare(
                &format!("hidden_states.{i}"),
                state.clone(),
                &as_laid(theirs),
                allowed.forward,
            );
        }
    }
    let pooled = backbone.pooled(last).filter(|_| rows == Rows::Padded);
    if let Some(pooled) = pooled {
        found.compare(
            "pooled_output",
            pooled,
            &expected["pooled_output"],
            allowed.forward,
        );
    }
    found.compare(
        "logits (evaluation)",
        model.evaluate(&batch),
        &expected["logits"],
        allowed.forward,
    );

    let (mut optimizer, schedule) = case.optimizer();
    let steps = case.settings["steps"].as_u64().unwrap();
    for step in 0..=steps {
        let logits = model.forward(&batch, None);
        let loss = targets.loss(model.backbone().ops(), logits.clone());
        let theirs = losses[step as usize];
        let what = format!("loss before step {step}");
        let ours = scalar(loss.clone());
        found.compare_numbers(&what, &[ours], &[theirs], (allowed.loss)(theirs));
        if step == steps {
            break;
        }
        let gradients = loss.backward();
        if step == 0 {
            found.compare("logits", logits, &expected["logits"], allowed.forward);
            found.compare("loss", loss, &expected["loss"], (allowed.loss)(theirs));
            let flat = model.parameters.flat_gradient(&gradients);
            compare_parts(found, "grad", &model, flat, expected, allowed.gradient);
        }
        optimizer.step(&mut model.parameters, &gradients, schedule.at(step));
    }
    let last = allowed.last;
    let flat = model.parameters.flat();
    compare_parts(found, "final", &model, flat, expected, move |_| last);
}

/// Compares one long vector, weight by weight, with the tensors whose names begin with `kind`.
fn compare_parts(
    found: &mut Differences<'_>,
    kind: &str,
    model: &AdaptedEncoder,
    flat: Tensor<1>,
    expected: &Tensors,
    allowed: impl Fn(f64) -> f64,
) {
    let numbers = model.parameters.numbers(flat);
    let names = numbers.len();
    for ((name, shape), ours) in model.parameters.shapes().zip(&numbers) {
        let what = format!("{kind}.{name}");
        let (theirs_shape, theirs) = &expected[&what];
        assert_eq!(theirs_shape, shape, "{what}");
        found.compare_numbers(&what, ours, theirs, allowed(largest(theirs)));
    }
    let theirs = expected
        .keys()
        .filter(|k| k.starts_with(&format!("{kind}.")));
    assert_eq!(
        theirs.count(),
        names,
        "{}: tensors named {kind}.*",
        found.label
    );
}

/// Runs every case on a device in one number format against the expectations that are there.
pub(crate) fn check_all(
    device: &Device,
    dtype: DType,
    expectations: &[(&str, &str)],
    layouts: &[Rows],
) {
    let (mut failures, mut passed, mut compared) = (Vec::new(), 0, 0);
    for case in cases() {
        if let Err(kind) = case.configuration() {
            println!(
                "{}: passed over, no module `{kind}` is registered",
                case.label
            );
            continue;
        }
        for (file, losses) in expectations {
            let path = case.folder.join(file);
            let (true, Some(losses)) = (path.exists(), case.losses(losses)) else {
                continue;
            };
            for &rows in layouts {
                let mut found = Differences {
                    label: &case.label,
                    found: Vec::new(),
                    compared: 0,
                };
                check(
                    &case,
                    (device, dtype),
                    rows,
                    &tensors(&path),
                    &losses,
                    &mut found,
                );
                compared += found.compared;
                passed += usize::from(found.found.is_empty());
                let all = found.found.into_iter();
                failures.extend(all.map(|f| format!("{} ({file}, {rows:?}): {f}", case.label)));
            }
        }
    }
    println!("{passed} runs in {dtype:?} passed, {compared} tensors compared");
    assert!(failures.is_empty(), "{dtype:?}:\n{}", failures.join("\n"));
    assert!(passed > 0, "no case with expectations was found");
}

#[test]
fn encoder_modules_and_optimiser_agree_in_64_bits() {
    let against_64 = ("expected_f64.safetensors", "losses_f64");
    check_all(&Device::flex(), DType::F64, &[against_64], LAYOUTS);
}

#[test]
fn encoder_modules_and_optimiser_agree_in_32_bits() {
    let against_64 = ("expected_f64.safetensors", "losses_f64");
    let against_32 = ("expected_f32.safetensors", "losses_f32");
    check_all(
        &Device::flex(),
        DType::F32,
        &[against_64, against_32],
        LAYOUTS,
    );
}

/// A space that counts the weights of the paper's modules on an encoder.
fn space(config: &EncoderConfig, backbone_parameters: u64) -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.to_owned(),
        sizes: Vec::new(),
        weights_per_unit: peft::module(name).unwrap().weights_per_unit(config),
    };
    PeftSpace {
        modules: ["serial", "parallel", "prefix"].map(axis).into(),
        layers: config.layers,
        candidate_layers: Vec::new(),
        choose_layers: true,
        backbone_parameters,
        learning_rates: Vec::new(),
    }
}

#[test]
fn counts_agree_in_every_case() {
    for case in cases() {
        let Ok(configuration) = case.configuration() else {
            continue;
        };
        let counts = &case.settings["counts"];
        let count = |key: &str| counts[key].as_u64().unwrap();
        let config = case.config();
        assert_eq!(
            config.backbone_parameters(),
            count("base"),
            "{}",
            case.label
        );
        let space = space(&config, count("base"));
        assert_eq!(
            space.parameters(&configuration),
            count("paper_formula"),
            "{}",
            case.label
        );
        let percent = space.parameters_percent(&configuration);
        let theirs = counts["paper_percent_of_base"].as_f64().unwrap();
        assert!((percent - theirs).abs() < 1e-9, "{}", case.label);

        let settings = case.adapted_settings();
        let trained = |settings| trained_parameters(&config, &configuration, &settings).unwrap();
        let head = count("head");
        assert_eq!(
            trained(settings),
            count("true_modules") + head,
            "{}",
            case.label
        );
        let folded = AdaptedSettings {
            prefix_bottleneck: None,
            ..settings
        };
        let theirs = count("true_modules_prefix_folded") + head;
        assert_eq!(trained(folded), theirs, "{}", case.label);
        let backbone = case.backbone(&Device::flex(), DType::F32);
        let model = AdaptedEncoder::new(&backbone, &configuration, &settings).unwrap();
        assert_eq!(
            model.trained_parameters(),
            trained(settings),
            "{}",
            case.label
        );
    }
}

/// An encoder shaped as BERT-base, but for its width.
fn encoder_of_width(hidden: usize) -> EncoderConfig {
    EncoderConfig {
        architecture: Architecture::Bert,
        vocabulary: 30522,
        hidden,
        layers: 12,
        heads: 12,
        intermediate: 4 * hidden,
        positions: 512,
        token_types: 2,
        distances: 0,
        projected_from: None,
        padding_id: 0,
        layer_norm_epsilon: 1e-12,
        initializer_range: 0.02,
    }
}

#[test]
fn counts_agree_for_encoders_of_the_published_sizes() {
    let mut rows = 0;
    for root in golden::folders("peft") {
        let path = root.join("param_counts.json");
        if !path.exists() {
            continue;
        }
        let file = golden::json(&path);
        let hidden = file["hidden_size"].as_u64().unwrap() as usize;
        let base = file["base_parameters"]["bert-base"].as_u64().unwrap();
        let config = encoder_of_width(hidden);
        let space = space(&config, base);
        let width = file["prefix_bottleneck"].as_u64().unwrap() as usize;
        for row in file["rows"].as_array().unwrap() {
            let number = |key: &str| row[key].as_u64().unwrap();
            let sizes = [("serial", "d_sa"), ("parallel", "d_pa"), ("prefix", "l_pt")];
            let modules = sizes.map(|(name, key)| (name.to_owned(), number(key) as usize));
            let configuration = Configuration {
                modules: modules.into_iter().filter(|(_, size)| *size > 0).collect(),
                layers: (0..number("layers") as usize).collect(),
                ..Configuration::default()
            };
            assert_eq!(
                space.parameters(&configuration),
                number("paper_formula"),
                "{row}"
            );
            let percent = row["paper_percent_bert_base"].as_f64().unwrap();
            assert!(
                (space.parameters_percent(&configuration) - percent).abs() < 1e-6,
                "{row}"
            );

            let site = |prefix_bottleneck| peft::Site {
                hidden,
                intermediate: config.intermediate,
                heads: config.heads,
                layers: configuration.layers.clone(),
                prefix_bottleneck,
                lora_scale: 1.0,
                ia3_place: Ia3Place::default(),
            };
            let trained = |name: &str, site: &peft::Site| match configuration.size_of(name) {
                0 => 0,
                size => peft::module(name).unwrap().trained_parameters(site, size),
            };
            let bottlenecks = trained("serial", &site(None)) + trained("parallel", &site(None));
            assert_eq!(bottlenecks, number("true_bottlenecks"), "{row}");
            assert_eq!(
                trained("prefix", &site(Some(width))),
                number("true_prefix_training"),
                "{row}"
            );
            assert_eq!(
                trained("prefix", &site(None)),
                number("true_prefix_folded"),
                "{row}"
            );
            rows += 1;
        }
    }
    assert!(rows > 0, "no row of counts was found");
}
