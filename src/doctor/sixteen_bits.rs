//! Training in bf16: gradients that are there and point the right way, and a loss that falls. Known to go wrong elsewhere:
//! gradients of LoRA that are zero, losses that do not fall, numbers that are none.

use crate::model::peft;
use crate::model::tensor::{DType, Tensor, read_back};
use crate::train::optimizer::{AdamW, AdamWSettings};

use super::case::Place;
use super::modules::{Trial, bert};
use super::{Finding, Row, Subject, attempt};

/// 1 less the cosine of a gradient in bf16 and in 64 bits, at most: bf16 has 8 bits, and errors add up over two layers.
const DIRECTION: f64 = 0.02;
/// Share of the first loss that is left after the steps, at most.
const LEFT: f64 = 0.5;
/// Steps of that training.
const STEPS: usize = 30;

const PART: &str = "modules, bf16";

pub(super) fn look(subject: &Subject, add: &mut dyn FnMut(Row)) {
    let place = subject.place(DType::BF16);
    if !subject.device.supports_dtype(DType::BF16) {
        add(Row {
            part: PART,
            name: "all".to_owned(),
            finding: Finding::Skipped("this device does not compute in bf16".to_owned()),
        });
        return;
    }
    for module in peft::REGISTRY {
        let size = module.largest_size().unwrap_or(4).min(4);
        let trial = Trial::of(&[(module.name(), size)], Some(8));
        add(attempt(
            PART,
            format!("{}: direction of gradients", module.name()),
            || direction(&place, &trial),
        ));
    }
    add(attempt(PART, "LoRA: the loss falls", || {
        falls(&place, &Trial::of(&[("lora", 4)], Some(8)))
    }));
}

/// How far the whole gradient's direction is from that in 64 bits; a weight without any gradient is a failure.
fn direction(place: &Place, trial: &Trial) -> Result<Finding, String> {
    let [found, expected] = [place, &Place::reference()].map(|place| trial.pass(place, &bert()));
    let (found, expected) = (found?, expected?);
    let (mut product, mut ours, mut theirs) = (0.0, 0.0, 0.0);
    let gradients = found.iter().zip(&expected);
    for ((name, found), (_, expected)) in
        gradients.filter(|((name, _), _)| name.starts_with("gradient"))
    {
        let is_there = |numbers: &[f64]| numbers.iter().any(|x| *x != 0.0);
        if is_there(expected) && !is_there(found) {
            return Err(format!("{name}: it is zero"));
        }
        for (a, b) in found.iter().zip(expected) {
            product += a * b;
            ours += a * a;
            theirs += b * b;
        }
    }
    Ok(Finding::Error {
        found: 1.0 - product / (ours * theirs).sqrt(),
        bound: DIRECTION,
    })
}

/// The share of the first loss that is left after some steps on the same rows.
fn falls(place: &Place, trial: &Trial) -> Result<Finding, String> {
    let (mut model, batch, targets) = trial.begin(place, &bert())?;
    let mut optimizer = AdamW::new(AdamWSettings::default());
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let loss = targets.loss(place.ops, model.forward(&batch, None));
        let gradients = loss.backward();
        optimizer.step(&mut model.parameters, &gradients, 1e-2);
        losses.push(loss.inner());
    }
    let losses = read_back::<f64, 1>(Tensor::cat(losses, 0));
    Ok(Finding::Error {
        found: losses[STEPS - 1] / losses[0],
        bound: LEFT,
    })
}
