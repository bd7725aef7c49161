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
use crate::model::tensor::{Work, integers, read_back};
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
    let below_the_last = configuration
        .layers
        .iter()
        .filter(|&&layer| layer + 1 < encoder.layers);
    let with_modules = below_the_last.count() as u64;
    let layers_kept = touched.saturating_sub(1);
    let kept = layers_kept * of_layer + with_modules * of_modules + 2 * b * s * h;
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
    /// What training steps cost.
    pub step: Cost,
    /// What batches cost that are measured.
    pub evaluation: Cost,
}

/// What batches cost on a device: c + t n seconds for one of n tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// c: the launches of all its operations, where the device runs beside the program; 0 where it does not.
    pub batch_seconds: f64,
    /// t.
    pub token_seconds: f64,
}

impl Cost {
    /// Seconds that so many batches take, of so many tokens in all.
    pub fn of(self, batches: f64, tokens: f64) -> f64 {
        batches * self.batch_seconds + tokens * self.token_seconds
    }

    /// What explains the times of one or two batches, each with its tokens, the smaller one first. Neither cost is below 0,
    /// whatever the clock says of a device that does nearly all its work between two of its ticks.
    fn explaining(times: &[(f64, f64)]) -> Self {
        let [(tokens, seconds), .., (more_tokens, more_seconds)] = *times else {
            let token_seconds = times.iter().map(|(tokens, seconds)| seconds / tokens).sum();
            return Self {
                batch_seconds: 0.0,
                token_seconds,
            };
        };
        let slope = (more_seconds - seconds) / (more_tokens - tokens);
        // At most all of the larger batch's time goes by its tokens.
        let token_seconds = slope.clamp(0.0, more_seconds / more_tokens);
        Self {
            batch_seconds: more_seconds - token_seconds * more_tokens,
            token_seconds,
        }
    }
}

/// Rows of the batches that are timed, at most: where the device computes at once a few show what many take.
const ROWS_TIMED: usize = 8;

/// Rows of the second, larger batch that is timed where every operation costs a launch.
const MORE_ROWS_TIMED: usize = 32;

/// Times steps and evaluations on rows of this many tokens, each after one that is not timed.
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
    Work::begin();
    let mut encoder = AdaptedEncoder::new(backbone, configuration, &settings)?;
    let mut sizes = vec![training.batch_size.min(ROWS_TIMED)];
    if !backbone.ops().computes_at_once() && training.batch_size > ROWS_TIMED {
        sizes.push(training.batch_size.min(MORE_ROWS_TIMED));
    }
    let mut optimizer = AdamW::new(AdamWSettings::default());
    let mut dropout = Dropout::new(training.backbone_dropout, training.head_dropout, 0);
    let (mut steps, mut evaluations) = (Vec::new(), Vec::new());
    for rows in sizes {
        let batch = some_batch(backbone, rows, tokens)?;
        let classes = (0..rows).map(|row| row as u32 % 2);
        let targets = Targets::Classes(integers(classes, [rows], backbone.device()));
        let mut step = || {
            let loss = targets.loss(backbone.ops(), encoder.forward(&batch, Some(&mut dropout)));
            let gradients = loss.backward();
            optimizer.step(&mut encoder.parameters, &gradients, 1e-6);
            // Waits for the device.
            drop(read_back::<f64, 1>(loss));
        };
        step();
        let all_tokens = (rows * tokens) as f64;
        steps.push((all_tokens, timed(step)));
        let evaluate = || drop(read_back::<f32, 2>(encoder.evaluate(&batch)));
        evaluate();
        evaluations.push((all_tokens, timed(evaluate)));
    }
    Ok(Speed {
        step: Cost::explaining(&steps),
        evaluation: Cost::explaining(&evaluations),
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
    fn launches_are_told_from_tokens_by_two_sizes_and_by_one_all_goes_by_tokens() {
        let cost = |batch_seconds, token_seconds| Cost {
            batch_seconds,
            token_seconds,
        };
        assert_eq!(Cost::explaining(&[(512.0, 2.0)]), cost(0.0, 2.0 / 512.0));
        let both = Cost::explaining(&[(512.0, 3.0), (2048.0, 6.0)]);
        assert_eq!(both, cost(2.0, 1.0 / 512.0));
        assert_eq!(both.of(10.0, 5120.0), 30.0);
        // Nothing but launches, and a clock that is not even.
        assert_eq!(
            Cost::explaining(&[(512.0, 3.0), (2048.0, 2.0)]),
            cost(2.0, 0.0)
        );
        // Worse than by tokens: the first batch was still warming up to nothing.
        assert_eq!(
            Cost::explaining(&[(512.0, 0.0), (2048.0, 8.0)]),
            cost(0.0, 1.0 / 256.0)
        );
        assert_eq!(Cost::explaining(&[]), cost(0.0, 0.0));
    }

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
        // What a module keeps below the last layer counts, whether the last one has a module or not.
        let [one, both] =
            [&[0][..], &[0, 5]].map(|layers| bytes(&configuration(24, layers), [32, 64]));
        assert_eq!(one, both);
        let wider = bytes(&configuration(48, &[0]), [32, 64]) - one;
        assert_eq!(wider, 4 * 32 * 64 * 2 * 24);
    }
}
