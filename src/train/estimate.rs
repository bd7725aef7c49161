//! What a trial will take, before it is trained: memory from the shapes, time from a few steps on the device.
//!
//! | symbol | meaning |
//! |---|---|
//! | B, S | rows and tokens of a batch |
//! | H, I, A | hidden width, inner width, heads of a layer |
//! | L, D | length of a prefix, widths of the bottlenecks together |
//! | W, w | scalars of the backbone, scalars that train |
//!
//! Kept for the backward pass in every layer from the lowest one with a module on: queries, keys, values, the inputs of
//! two LayerNorms and of the activation, and the attention weights: B S (5 H + I) + B A S (S + L); a bottleneck keeps its
//! input and its inner values twice: B S (H + 2 D), a serial one the input of its LayerNorm besides. The last layer
//! computes the first token only, and keeps keys and values where a module changes them. To that come W, about six
//! copies of w (weights, gradient, two moments, two while they are updated), and what one layer needs at a time,
//! B S (3 I + 2 H).

use std::time::Instant;

use super::TrainError;
use super::loss::Targets;
use super::optimizer::{AdamW, AdamWSettings};
use crate::domain::Configuration;
use crate::model::config::EncoderConfig;
use crate::model::tensor::{integers, read_back};
use crate::model::{AdaptedEncoder, AdaptedSettings, Backbone, Batch, Dropout, trained_parameters};
use crate::study::TrainingSettings;

/// Bytes that training takes at most, with batches of this many rows and tokens.
///
/// `trained` are the scalars that train, of 4 bytes each, as are attention weights; all other numbers take `number`
/// bytes. What the library and the data take is not in it.
pub fn memory_bytes(
    encoder: &EncoderConfig,
    configuration: &Configuration,
    trained: u64,
    [rows, tokens]: [usize; 2],
    number: u64,
) -> u64 {
    let [b, s, h, i, heads] = [
        rows,
        tokens,
        encoder.hidden,
        encoder.intermediate,
        encoder.heads,
    ]
    .map(|size| size as u64);
    let size = |name: &str| configuration.size_of(name) as u64;
    let of_bottleneck = |name: &str, norms: u64| match size(name) {
        0 => 0,
        width => b * s * ((1 + norms) * h + 2 * width),
    };
    let of_modules = of_bottleneck("serial", 1) + of_bottleneck("parallel", 0);
    let weights = b * heads * s * (s + size("prefix"));
    let of_layer = b * s * (5 * h + i);
    let lowest = configuration.layers.first().copied();
    let touched = (encoder.layers - lowest.unwrap_or(encoder.layers)) as u64;
    let with_modules = configuration.layers.len() as u64;
    let layers_kept = touched.saturating_sub(1);
    let kept = layers_kept * of_layer + with_modules.saturating_sub(1) * of_modules + 2 * b * s * h;
    let at_a_time = b * s * (3 * i + 2 * h);
    number * (encoder.backbone_parameters() + kept + at_a_time)
        + 4 * (6 * trained + layers_kept * weights)
}

/// Bytes that a configuration's training takes at most, on rows of so many tokens, the backbone's own left out; none: it
/// cannot be trained.
pub fn beside_backbone(
    encoder: &EncoderConfig,
    configuration: &Configuration,
    training: &TrainingSettings,
    outputs: usize,
    tokens: usize,
) -> Option<u64> {
    let settings = AdaptedSettings {
        outputs,
        prefix_bottleneck: Some(training.prefix_bottleneck),
        ..AdaptedSettings::default()
    };
    let trained = trained_parameters(encoder, configuration, &settings).ok()?;
    let shape = [training.batch_size, tokens];
    let number = training.precision.bytes();
    let all = memory_bytes(encoder, configuration, trained, shape, number);
    Some(all.saturating_sub(number * encoder.backbone_parameters()))
}

/// How fast a configuration trains and is measured on a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Seconds of training for each token.
    pub step_seconds: f64,
    /// Seconds of measuring for each token.
    pub evaluation_seconds: f64,
}

/// Rows of the batches that are timed, at most: a few show what many take.
const ROWS_TIMED: usize = 8;

/// Times a step and an evaluation on rows of this many tokens, each after one that is not timed.
///
/// # Errors
/// The configuration or the length does not fit the backbone.
pub fn speed(
    backbone: &Backbone,
    configuration: &Configuration,
    training: &TrainingSettings,
    tokens: usize,
) -> Result<Speed, TrainError> {
    let settings = AdaptedSettings {
        prefix_bottleneck: Some(training.prefix_bottleneck),
        ..AdaptedSettings::default()
    };
    let mut encoder = AdaptedEncoder::new(backbone, configuration, &settings)?;
    let rows = training.batch_size.min(ROWS_TIMED);
    let batch = some_batch(backbone, rows, tokens)?;
    let classes = integers(
        (0..rows).map(|row| row as u32 % 2),
        [rows],
        backbone.device(),
    );
    let targets = Targets::Classes(classes);
    let mut optimizer = AdamW::new(AdamWSettings::default());
    let mut dropout = Dropout::new(training.backbone_dropout, training.head_dropout, 0);
    let mut step = || {
        let loss = targets.loss(backbone.ops(), encoder.forward(&batch, Some(&mut dropout)));
        let gradients = loss.backward();
        optimizer.step(&mut encoder.parameters, &gradients, 1e-6);
        // Waits for the device.
        drop(read_back::<f64, 1>(loss));
    };
    step();
    let step_seconds = timed(step);
    let evaluate = || drop(read_back::<f32, 2>(encoder.evaluate(&batch)));
    evaluate();
    let evaluation_seconds = timed(evaluate);
    let each = (rows * tokens) as f64;
    Ok(Speed {
        step_seconds: step_seconds / each,
        evaluation_seconds: evaluation_seconds / each,
    })
}

fn timed(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64()
}

/// Rows of tokens that mean nothing.
fn some_batch(backbone: &Backbone, rows: usize, tokens: usize) -> Result<Batch, TrainError> {
    let config = backbone.config();
    let other = |id: u32| match id == config.padding_id {
        true => (id + 1) % config.vocabulary as u32,
        false => id,
    };
    let ids = (0..rows * tokens).map(|i| other((i * 7919 % config.vocabulary) as u32));
    let ids: Vec<u32> = ids.collect();
    let (types, mask) = (vec![0; ids.len()], vec![1; ids.len()]);
    Ok(backbone.batch(&ids, &types, &mask, [rows, tokens])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_with_what_is_kept() {
        let encoder = EncoderConfig {
            vocabulary: 30_522,
            hidden: 384,
            layers: 6,
            heads: 12,
            intermediate: 1536,
            positions: 512,
            ..EncoderConfig::tiny()
        };
        let configuration = |size: usize, layers: &[usize]| Configuration {
            modules: [("serial".to_owned(), size)].into(),
            layers: layers.to_vec(),
            ..Configuration::default()
        };
        let all = configuration(24, &[0, 1, 2, 3, 4, 5]);
        let bytes = |configuration: &Configuration, shape| {
            memory_bytes(&encoder, configuration, 260_000, shape, 4)
        };
        // `cargo bench --bench training` measured 297 MB in all for this one.
        let predicted = bytes(&all, [32, 64]);
        assert!(
            (270_000_000..360_000_000).contains(&predicted),
            "{predicted}"
        );
        assert!(bytes(&all, [32, 128]) > predicted);
        let half = memory_bytes(&encoder, &all, 260_000, [32, 64], 2);
        assert!(half > predicted / 2 && half < predicted * 6 / 10, "{half}");
        let top = configuration(24, &[5]);
        assert!(bytes(&top, [32, 64]) < predicted);
        assert!(bytes(&top, [32, 64]) > 4 * encoder.backbone_parameters());
    }
}
