//! Encoder, PEFT modules, losses and optimiser against the original libraries, in 64 and in 32 bits.

use autopeft::model::AdaptedEncoder;
use autopeft::model::tensor::{DType, Device, Tensor};
use autopeft::model::weights::NamedTensor;

use super::cases::{Case, LAYOUTS, Rows, Tensors, cases, integers, tensors};

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
