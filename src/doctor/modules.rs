//! Every PEFT module inside small random encoders, with the rest of the encoder frozen: logits, loss, every gradient, and
//! the weights after five steps.

use crate::domain::Configuration;
use crate::model::config::{Architecture, EncoderConfig};
use crate::model::parameters::Parameters;
use crate::model::peft;
use crate::model::tensor::{DType, Tensor, integers, read_back};
use crate::model::{AdaptedEncoder, AdaptedSettings, Backbone, Batch};
use crate::train::loss::Targets;
use crate::train::optimizer::{AdamW, AdamWSettings};

use super::case::{Numbers, Place, compare};
use super::{Row, Subject, attempt};

/// What is allowed in one pass: rounding in 32 bits, through two layers and back.
const PASS: f64 = 2e-5;
/// What is allowed after five steps, in which AdamW divides by small numbers.
const STEPS: f64 = 5e-4;

/// Families whose layers differ, each with what it has of its own.
const FAMILIES: &[(&str, Architecture, Own)] = &[
    ("BERT", Architecture::Bert, Own::TokenTypes),
    ("RoBERTa", Architecture::Roberta, Own::Nothing),
    ("DistilBERT", Architecture::DistilBert, Own::Nothing),
    ("ELECTRA", Architecture::Electra, Own::Projection),
    ("MPNet", Architecture::Mpnet, Own::Distances),
];

#[derive(Clone, Copy, PartialEq)]
enum Own {
    Nothing,
    TokenTypes,
    Projection,
    Distances,
}

pub(super) fn look(subject: &Subject, add: &mut dyn FnMut(Row)) {
    let place = subject.place(DType::F32);
    for (family, architecture, own) in FAMILIES {
        let encoder = encoder(*architecture, *own);
        // One module at a time in one family, all together in the others: each is the same code in all.
        let mut cases: Vec<(String, Trial)> = Vec::new();
        if *family == "BERT" {
            for module in peft::REGISTRY {
                let name = module.name();
                let size = module.largest_size().unwrap_or(4).min(4);
                cases.push((name.to_owned(), Trial::of(&[(name, size)], Some(8))));
            }
            cases.push((
                "prefix as it is".to_owned(),
                Trial::of(&[("prefix", 3)], None),
            ));
        } else {
            let all: Vec<(&str, usize)> = peft::REGISTRY
                .iter()
                .map(|m| (m.name(), m.largest_size().unwrap_or(4).min(4)))
                .collect();
            cases.push(("all modules".to_owned(), Trial::of(&all, Some(8))));
        }
        for (name, trial) in cases {
            let part = "modules, f32";
            add(attempt(part, format!("{family}, {name}"), || {
                compare(&place, PASS, |place| trial.pass(place, &encoder))
            }));
            add(attempt(part, format!("{family}, {name}: 5 steps"), || {
                compare(&place, STEPS, |place| trial.steps(place, &encoder, 5))
            }));
        }
    }
}

/// A configuration that is tried.
pub(super) struct Trial {
    configuration: Configuration,
    settings: AdaptedSettings,
}

impl Trial {
    /// These modules in both layers.
    pub(super) fn of(modules: &[(&str, usize)], prefix_bottleneck: Option<usize>) -> Self {
        let modules = modules
            .iter()
            .map(|(name, size)| ((*name).to_owned(), *size));
        Self {
            configuration: Configuration {
                modules: modules.collect(),
                layers: vec![0, 1],
                ..Configuration::default()
            },
            settings: AdaptedSettings {
                prefix_bottleneck,
                seed: 17,
                ..AdaptedSettings::default()
            },
        }
    }

    pub(super) fn begin(
        &self,
        place: &Place,
        encoder: &EncoderConfig,
    ) -> Result<(AdaptedEncoder, Batch, Targets), String> {
        let backbone = backbone(place, encoder)?;
        let mut model = AdaptedEncoder::new(&backbone, &self.configuration, &self.settings)
            .map_err(|error| error.to_string())?;
        // Some modules begin as the zero map, through which no gradient comes: all are moved off it.
        let mut tensors = model.parameters.export();
        let mut stream = crate::model::Initial::new(18);
        for tensor in &mut tensors {
            let moves = stream.normal(tensor.values.len(), 0.1);
            let values = tensor.values.iter_mut().zip(moves);
            values.for_each(|(value, by)| *value += by);
        }
        (model.parameters.import(&tensors)).map_err(|error| error.to_string())?;
        let batch = batch(&backbone)?;
        let classes = integers((0..ROWS as u32).map(|i| i % 2), [ROWS], &place.device);
        Ok((model, batch, Targets::Classes(classes)))
    }

    /// Logits, loss, and the gradient of every weight that trains.
    pub(super) fn pass(&self, place: &Place, encoder: &EncoderConfig) -> Result<Numbers, String> {
        let (model, batch, targets) = self.begin(place, encoder)?;
        let logits = model.forward(&batch, None);
        let loss = targets.loss(place.ops, logits.clone());
        let gradients = loss.backward();
        let gradient = model.parameters.flat_gradient(&gradients);
        let mut numbers = vec![
            ("logits".to_owned(), read_back(logits.inner())),
            (
                "logits of evaluation".to_owned(),
                read_back(model.evaluate(&batch)),
            ),
            ("loss".to_owned(), read_back(loss.inner())),
        ];
        numbers.extend(by_weight(&model, gradient, "gradient of"));
        Ok(numbers)
    }

    /// Losses, and the weights at the end.
    fn steps(
        &self,
        place: &Place,
        encoder: &EncoderConfig,
        count: usize,
    ) -> Result<Numbers, String> {
        let (mut model, batch, targets) = self.begin(place, encoder)?;
        let mut optimizer = AdamW::new(AdamWSettings::default());
        let mut losses = Vec::new();
        for _ in 0..count {
            let loss = targets.loss(place.ops, model.forward(&batch, None));
            let gradients = loss.backward();
            optimizer.step(&mut model.parameters, &gradients, 1e-3);
            losses.extend(read_back::<f64, 1>(loss.inner()));
        }
        let weights = model.parameters.flat();
        let mut numbers = vec![("losses".to_owned(), losses)];
        numbers.extend(by_weight(&model, weights, "weights of"));
        Ok(numbers)
    }
}

/// A vector over all weights, weight by weight.
fn by_weight(model: &AdaptedEncoder, flat: Tensor<1>, what: &str) -> Numbers {
    let numbers = model.parameters.numbers::<f64>(flat);
    let names = model.parameters.shapes().map(|(name, _)| name);
    let named = names.zip(numbers);
    named
        .map(|(name, numbers)| (format!("{what} {name}"), numbers))
        .collect()
}

const ROWS: usize = 4;

/// A small encoder of BERT's kind.
pub(super) fn bert() -> EncoderConfig {
    encoder(Architecture::Bert, Own::TokenTypes)
}

fn encoder(architecture: Architecture, own: Own) -> EncoderConfig {
    EncoderConfig {
        architecture,
        vocabulary: 50,
        hidden: 32,
        layers: 2,
        heads: 4,
        intermediate: 64,
        positions: 24,
        token_types: if own == Own::TokenTypes { 2 } else { 0 },
        distances: if own == Own::Distances { 32 } else { 0 },
        projected_from: (own == Own::Projection).then_some(16),
        padding_id: 0,
        layer_norm_epsilon: 1e-12,
        initializer_range: 0.2,
    }
}

/// The encoder with the same random weights in every place.
fn backbone(place: &Place, encoder: &EncoderConfig) -> Result<Backbone, String> {
    let weights = Backbone::random(encoder, 16);
    let parameters = Parameters::computed_by(place.ops, &place.device, place.dtype);
    let frozen = parameters.with_named(weights).untracked();
    Backbone::over(encoder, &frozen).map_err(|error| error.to_string())
}

/// Rows of 11, 7, 3 and 1 tokens, padded.
fn batch(backbone: &Backbone) -> Result<Batch, String> {
    const LENGTHS: [usize; ROWS] = [11, 7, 3, 1];
    const TOKENS: usize = 12;
    let place = |row: usize, at: usize| (at < LENGTHS[row]).then_some(row * 13 + at * 7);
    let all = (0..ROWS).flat_map(|row| (0..TOKENS).map(move |at| place(row, at)));
    let all: Vec<Option<usize>> = all.collect();
    let number = |of: fn(usize) -> usize| -> Vec<u32> {
        let numbers = all.iter().map(|at| at.map_or(0, |at| of(at) as u32));
        numbers.collect()
    };
    let ids = number(|at| 1 + at % 49);
    let types = match backbone.config().token_types {
        0 => vec![0; ids.len()],
        _ => number(|at| at % 2),
    };
    let mask = number(|_| 1);
    let batch = backbone.batch(&ids, &types, &mask, [ROWS, TOKENS]);
    batch.map_err(|error| error.to_string())
}
