//! A real encoder against values computed by the original library: all-MiniLM-L6-v2, alone and with modules.

use std::path::Path;

use autopeft::hub::{Hub, HubSettings};
use autopeft::model::tensor::{DType, Device, Int, Tensor};
use autopeft::model::weights::NamedTensor;
use autopeft::model::{AdaptedEncoder, Backbone, Batch, ModelFiles, Tokenizer};
use autopeft::study::ModelSource;
use autopeft::task::{Example, Label};
use autopeft::train::loss::Targets;
use autopeft::train::optimizer::{AdamW, AdamWSettings, Schedule};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{minilm, peft_case};

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/minilm.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn backbone(golden: &Value, dtype: DType) -> Backbone {
    let folder = minilm::folder();
    let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
    let digest = Sha256::digest(&weights);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        golden["model_sha256"],
        digest,
        "{} is another model",
        folder.display()
    );
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let origin = folder.display().to_string();
    let backbone = Backbone::load(&config, &weights, &origin, &Device::flex(), dtype).unwrap();
    assert_eq!(backbone.config().backbone_parameters(), 22_713_216);
    backbone
}

fn floats(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn pairs(golden: &Value, backbone: &Backbone) -> Batch {
    let pairs = golden["pairs"].as_array().unwrap();
    let all = |key: &str| -> Vec<u32> {
        let lists = pairs.iter().flat_map(|pair| floats(&pair[key]));
        lists.map(|n| n as u32).collect()
    };
    let (ids, types, mask) = (
        all("input_ids"),
        all("token_type_ids"),
        all("attention_mask"),
    );
    let shape = [pairs.len(), ids.len() / pairs.len()];
    backbone.batch(&ids, &types, &mask, shape).unwrap()
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn assert_close(what: &str, ours: &[f64], theirs: &[f64], allowed: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (a, b) in ours.iter().zip(theirs) {
        assert!(
            (a - b).abs() <= allowed,
            "{what}: {a} is not {b} within {allowed:e}"
        );
    }
}

/// Values of the encoder alone: first numbers of some positions, of the pooler and of the mean over tokens.
fn check_values(dtype: DType, key: &str, allowed: f64) {
    let golden = golden();
    let backbone = backbone(&golden, dtype);
    let batch = pairs(&golden, &backbone);
    let last = backbone.forward(&batch, &[], None);
    let pooled = host(backbone.pooled(&last).unwrap());
    let [_, tokens, hidden] = last.dims();
    let last = host(last);
    for (row, pair) in golden["pairs"].as_array().unwrap().iter().enumerate() {
        let expected = &pair[key];
        let state = |position: usize| &last[(row * tokens + position) * hidden..][..hidden];
        let values = expected["last_hidden_first8"].as_array().unwrap();
        for (position, values) in floats(&expected["positions"]).iter().zip(values) {
            let what = format!("row {row}, position {position}");
            assert_close(
                &what,
                &state(*position as usize)[..8],
                &floats(values),
                allowed,
            );
        }
        let ours = &pooled[row * hidden..][..8];
        assert_close("pooler", ours, &floats(&expected["pooler_first8"]), allowed);
        let mask = floats(&pair["attention_mask"]);
        let count: f64 = mask.iter().sum();
        let mut mean = vec![0.0; hidden];
        for (position, weight) in mask.iter().enumerate() {
            for (sum, value) in mean.iter_mut().zip(state(position)) {
                *sum += weight * value / count;
            }
        }
        assert_close(
            "mean",
            &mean[..8],
            &floats(&expected["mean_pool_first8"]),
            allowed,
        );
        let norm = mean.iter().map(|m| m * m).sum::<f64>().sqrt();
        let theirs = expected["mean_pool_l2"].as_f64().unwrap();
        assert_close("norm of the mean", &[norm], &[theirs], allowed);
    }
}

#[test]
fn texts_become_the_same_tokens() {
    let golden = golden();
    let source = ModelSource::Folder(minilm::folder().to_owned());
    let hub = Hub::new(HubSettings::from_variables(|_| None));
    let files = ModelFiles::open(&source, &hub, &mut |_| {}).unwrap();
    let tokenizer = Tokenizer::new(&files.tokenizer).unwrap();
    let max_length = golden["max_length"].as_u64().unwrap() as usize;
    let pairs = golden["pairs"].as_array().unwrap();
    for pair in pairs {
        let example = Example {
            text: pair["a"].as_str().unwrap().to_owned(),
            pair: pair["b"].as_str().map(str::to_owned),
            label: Label::Class(0),
        };
        let row = tokenizer.encode(&[example], max_length).unwrap().remove(0);
        let mask = floats(&pair["attention_mask"]);
        assert_eq!(row.ids.len() as f64, mask.iter().sum::<f64>());
        for (ours, key) in [(&row.ids, "input_ids"), (&row.type_ids, "token_type_ids")] {
            let ours: Vec<f64> = ours.iter().map(|&id| f64::from(id)).collect();
            assert_eq!(ours, floats(&pair[key])[..ours.len()], "{key}");
        }
    }
    assert!(!pairs.is_empty());
}

#[test]
fn values_agree_in_64_bits() {
    check_values(DType::F64, "f64", 1e-9);
}

#[test]
fn values_agree_in_32_bits() {
    check_values(DType::F32, "f32", 1e-4);
}

/// Losses, gradient norms and final weights of a few steps with modules whose weights a formula gives. `allowed`:
/// for losses, relative for gradient norms, for sums of final weights.
fn check_modules(dtype: DType, allowed: [f64; 3]) {
    let golden = golden();
    let backbone = backbone(&golden, dtype);
    let batch = pairs(&golden, &backbone);
    let block = &golden["peft"];
    let classes: Vec<i64> = floats(&block["labels"]).iter().map(|&l| l as i64).collect();
    let classes = Tensor::<1, Int>::from_data(classes.as_slice(), &Device::flex());
    let targets = Targets::Classes(classes);
    let o = &block["optimizer"];
    assert_eq!(o["kind"], "hf");
    let schedule = Schedule {
        peak: o["lr"].as_f64().unwrap(),
        warmup_steps: o["warmup_steps"].as_u64().unwrap(),
        total_steps: o["total_steps"].as_u64().unwrap(),
    };
    let cases = block["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let configuration = peft_case::configuration(&case["peft"]).unwrap();
        let settings = peft_case::settings(&case["peft"], 2);
        let mut model = AdaptedEncoder::new(&backbone, &configuration, &settings).unwrap();
        set_by_formula(&mut model);
        let logits: Vec<f64> = (case["logits"].as_array().unwrap().iter())
            .flat_map(floats)
            .collect();
        assert_close(name, &host(model.evaluate(&batch)), &logits, allowed[0]);

        let mut optimizer = AdamW::new(AdamWSettings::default());
        let losses = floats(&case["losses"]);
        for (step, &theirs) in losses.iter().enumerate() {
            let loss = targets.loss(model.backbone().ops(), model.forward(&batch, None));
            let ours: f64 = loss.clone().into_scalar();
            assert_close(
                &format!("{name}: loss {step}"),
                &[ours],
                &[theirs],
                allowed[0],
            );
            if step + 1 == losses.len() {
                break;
            }
            let gradients = loss.backward();
            if step == 0 {
                each(
                    &model,
                    model.parameters.flat_gradient(&gradients),
                    |weight, values| {
                        let ours = values.iter().map(|v| v * v).sum::<f64>().sqrt();
                        let theirs = case["grad_norm_per_tensor"][weight].as_f64().unwrap();
                        assert_close(weight, &[ours], &[theirs], allowed[1] * theirs.max(1e-3));
                    },
                );
            }
            let rate = schedule.at(step as u64);
            let norm = optimizer.step(&mut model.parameters, &gradients, rate);
            let theirs = floats(&case["grad_norms_before_clipping"])[step];
            let what = format!("{name}: gradient norm {step}");
            assert_close(&what, &[norm.into_scalar()], &[theirs], allowed[1] * theirs);
        }
        each(&model, model.parameters.flat(), |weight, values| {
            let theirs = case["final_sum_per_tensor"][weight].as_f64().unwrap();
            assert_close(weight, &[values.iter().sum()], &[theirs], allowed[2]);
        });
    }
}

/// Calls `check` with every weight's name and its part of one long vector.
fn each(model: &AdaptedEncoder, flat: Tensor<1>, mut check: impl FnMut(&str, &[f64])) {
    let numbers = model.parameters.numbers(flat);
    for ((name, _), values) in model.parameters.shapes().zip(&numbers) {
        check(name, values);
    }
}

/// Weight number t in alphabetical order, element i: 0.05 sin(0.7 i + 1.3 t).
fn set_by_formula(model: &mut AdaptedEncoder) {
    let mut tensors: Vec<NamedTensor> = model.parameters.export();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    for (t, tensor) in tensors.iter_mut().enumerate() {
        for (i, value) in tensor.values.iter_mut().enumerate() {
            *value = (0.05 * (0.7 * i as f64 + 1.3 * t as f64).sin()) as f32;
        }
    }
    model.parameters.import(&tensors).unwrap();
}

#[test]
fn modules_train_alike_in_64_bits() {
    check_modules(DType::F64, [1e-9; 3]);
}

#[test]
fn modules_train_alike_in_32_bits() {
    check_modules(DType::F32, [2e-5, 2e-4, 2e-4]);
}
