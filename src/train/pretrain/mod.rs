//! Pretraining of the small encoder inside the program, from the grammar of the demo task.
//!
//! Three objectives at once, a third of the rows each, and each read where the encoder has to bring it:
//!
//! - words hidden in a premise and a sentence that follows from it, at their places (Devlin et al. 2019), and the
//!   second word of the premise, what it is about, at the first token;
//! - which words of such a sentence were changed, at each of them (after Clark et al. 2020);
//! - whether a sentence follows from its premise, at the last token: the demo task itself, on other pairs than those
//!   that scores are measured on, as encoders are often trained on a larger related task first (Phang et al. 2018).
//!
//! So the first token, where a classification head reads, has learnt to carry something else: to bring there what the
//! encoder knows of entailment is left to the PEFT modules.
//!
//! The heads of these objectives are thrown away. The same settings give the same encoder on the same kind of machine
//! with the same number of threads; elsewhere, sums of floats in another order make it differ a little.

mod files;
mod masking;
mod objectives;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::files::{SPECIAL_TOKENS, tokenizer_json};
use self::masking::mask;
use self::objectives::Objectives;
use super::TrainError;
use super::batches::{Row, collate};
use super::optimizer::{AdamW, AdamWForm, AdamWSettings, Schedule};
use super::rows::Reader;
use crate::durable;
use crate::model::config::{Architecture, EncoderConfig};
use crate::model::parameters::Parameters;
use crate::model::tensor::{DType, Device, Tensor, read_back};
use crate::model::weights::{FileFormat, NamedTensor, WeightsError, to_bytes};
use crate::model::{Backbone, TokenizerFiles};
use crate::task::demo::{self, Lesson};
use crate::task::{Example, Label};

/// How to pretrain.
#[derive(Clone, Debug, PartialEq)]
pub struct PretrainSettings {
    /// Seed of the initial weights, the corpus and the masks.
    pub seed: u64,
    /// Steps in all.
    pub steps: u64,
    /// Rows per step.
    pub batch_size: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Share of the steps over which the rate rises.
    pub warmup_share: f64,
}

impl Default for PretrainSettings {
    /// The settings of the encoder inside the program.
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 9000,
            batch_size: 64,
            learning_rate: 2e-3,
            warmup_share: 0.05,
        }
    }
}

/// Means since the last report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PretrainProgress {
    /// Steps done.
    pub step: u64,
    /// Loss of the hidden words.
    pub hidden_loss: f64,
    /// Loss of "was this word changed?".
    pub judged_loss: f64,
    /// Loss of "does the sentence follow?".
    pub entailment_loss: f64,
}

/// Why there is no encoder in the end.
#[derive(Debug, thiserror::Error)]
pub enum PretrainError {
    /// Tokenising or batching failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The weights could not be put together.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The training went astray.
    #[error("the pretraining loss is {loss} at step {step}; a lower learning rate may do")]
    Diverged {
        /// The loss.
        loss: f64,
        /// The step.
        step: u64,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Every how many steps progress is reported.
const REPORT_EVERY: u64 = 50;

/// Longest row of the corpus, with room to spare.
const POSITIONS: usize = 32;

/// Weight of the changed-word loss, whose gradient is small: most words are not changed.
const JUDGED_WEIGHT: f64 = 5.0;

/// Largest global norm of the gradient.
const GRADIENT_NORM: f64 = 1.0;

/// Pretrains an encoder and writes `config.json`, `tokenizer.json` and `model.safetensors` (16-bit) to `folder`.
///
/// # Errors
/// See [`PretrainError`].
pub fn pretrain(
    settings: &PretrainSettings,
    folder: &Path,
    progress: &mut dyn FnMut(PretrainProgress),
) -> Result<(), PretrainError> {
    let vocabulary = demo::vocabulary();
    let config = encoder(vocabulary.len() + SPECIAL_TOKENS.len());
    let tokenizer_json = tokenizer_json(&vocabulary);
    let files = TokenizerFiles::json(tokenizer_json.clone().into_bytes());
    let reader = Reader::new(&files, &config, POSITIONS).map_err(TrainError::from)?;

    let encoder = Backbone::random(&config, settings.seed);
    let encoder: Vec<NamedTensor> = (encoder.into_iter())
        // A pooler reads the first token, which no objective here trains.
        .filter(|tensor| !tensor.name.starts_with("pooler."))
        .collect();
    let names: Vec<String> = encoder.iter().map(|tensor| tensor.name.clone()).collect();
    let device = Device::flex();
    let mut parameters = Parameters::from_named(encoder, &device, DType::F32);
    let objectives = Objectives::add(&mut parameters, &config, settings.seed);
    train(
        settings,
        &config,
        &reader,
        &objectives,
        &mut parameters,
        progress,
    )?;

    let trained = parameters.export().into_iter();
    let trained: Vec<NamedTensor> = trained
        .filter(|tensor| names.contains(&tensor.name))
        .collect();
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        durable::write_whole(&path, |out| out.write_all(content))
            .map_err(|source| PretrainError::Write { path, source })
    };
    durable::create_folder(folder).map_err(|source| PretrainError::Write {
        path: folder.to_owned(),
        source,
    })?;
    write("config.json", config.to_json().as_bytes())?;
    write("tokenizer.json", tokenizer_json.as_bytes())?;
    write("model.safetensors", &to_bytes(&trained, FileFormat::F16)?)
}

/// The shape of the encoder.
fn encoder(vocabulary: usize) -> EncoderConfig {
    EncoderConfig {
        architecture: Architecture::Bert,
        vocabulary,
        hidden: 64,
        layers: 4,
        heads: 4,
        intermediate: 256,
        positions: POSITIONS,
        token_types: 2,
        distances: 0,
        projected_from: None,
        padding_id: 0,
        layer_norm_epsilon: 1e-12,
        // Wider than BERT's 0.02, for a width twelve times smaller.
        initializer_range: 0.07,
    }
}

fn train(
    settings: &PretrainSettings,
    config: &EncoderConfig,
    reader: &Reader<'_>,
    objectives: &Objectives,
    parameters: &mut Parameters,
    progress: &mut dyn FnMut(PretrainProgress),
) -> Result<(), PretrainError> {
    let mut corpus = demo::corpus(settings.seed);
    let mut stream = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut optimizer = AdamW::new(AdamWSettings {
        form: AdamWForm::Torch,
        betas: [0.9, 0.98],
        weight_decay: 0.01,
        max_gradient_norm: Some(GRADIENT_NORM),
        ..AdamWSettings::default()
    });
    let schedule = Schedule {
        peak: settings.learning_rate,
        warmup_steps: (settings.steps as f64 * settings.warmup_share).round() as u64,
        total_steps: settings.steps,
    };
    let mut sums = PretrainProgress::default();
    for step in 0..settings.steps {
        let (examples, lessons): (Vec<Example>, Vec<Lesson>) = corpus
            .by_ref()
            .take(settings.batch_size)
            .map(example)
            .unzip();
        let read = reader.read("corpus", &examples);
        let rows = read.map_err(TrainError::from)?.rows;
        let masked = mask(rows, &lessons, &mut stream);

        let backbone = Backbone::over(config, parameters)?;
        let batch_rows: Vec<&Row> = masked.rows.iter().collect();
        // Padded: the objectives find their tokens by row and place.
        let longest = batch_rows.iter().map(|row| row.ids.len()).max();
        let batch = collate(&backbone, &batch_rows, config.padding_id, longest)
            .map_err(TrainError::from)?;
        let hidden = backbone.forward(&batch, &[], None);
        let losses = objectives.losses(parameters, hidden, &masked);
        let total = losses.hidden.clone()
            + losses.judged.clone().mul_scalar(JUDGED_WEIGHT)
            + losses.entailments.clone();
        let each = [losses.hidden, losses.judged, losses.entailments];
        let read = read_back(Tensor::cat([vec![total.clone()], each.into()].concat(), 0));
        let &[loss, hidden, judged, entailments] = read.as_slice() else {
            unreachable!("four numbers were read, not {}", read.len());
        };
        let loss: f64 = loss;
        if !loss.is_finite() {
            let step = step + 1;
            return Err(PretrainError::Diverged { loss, step });
        }
        optimizer.step(parameters, &total.backward(), schedule.at(step));

        sums.hidden_loss += hidden;
        sums.judged_loss += judged;
        sums.entailment_loss += entailments;
        let done = step + 1;
        if done.is_multiple_of(REPORT_EVERY) || done == settings.steps {
            let steps = ((done - 1) % REPORT_EVERY + 1) as f64;
            progress(PretrainProgress {
                step: done,
                hidden_loss: sums.hidden_loss / steps,
                judged_loss: sums.judged_loss / steps,
                entailment_loss: sums.entailment_loss / steps,
            });
            sums = PretrainProgress::default();
        }
    }
    Ok(())
}

/// A pair of the corpus as an example, whose label is never read, and what it teaches.
fn example(pair: demo::CorpusPair) -> (Example, Lesson) {
    let example = Example {
        text: pair.premise,
        pair: Some(pair.sentence),
        label: Label::Class(0),
    };
    (example, pair.lesson)
}
