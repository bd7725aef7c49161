//! Pretraining of the small encoder inside the program, on the demo language alone.
//!
//! | symbol | meaning |
//! |---|---|
//! | B, S, H, V | rows, tokens, hidden size, vocabulary |
//! | h | hidden states of the last layer, `[B, S, H]` |
//! | E | word embeddings, `[V, H]` |
//!
//! Two tasks share every batch (Devlin et al. 2019, with a sentence task of our own):
//!
//! - masked words: a share of the tokens is replaced by `[MASK]`; `LN(gelu(h W + b)) Eᵀ + c` predicts them;
//! - sentence pairs: the hidden state of the *last* token predicts whether the second text follows from the first.
//!
//! The pair is read from the last token, never from the first: a head on the first token finds little there, so an
//! adapter has to bring it, which is what makes a search on the demo task worth its while. No pair of the demo task
//! is ever seen here.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::TrainError;
use super::loss::{Targets, cross_entropy};
use super::optimizer::{AdamW, AdamWForm, AdamWSettings, Schedule};
use crate::durable;
use crate::model::config::{Architecture, EncoderConfig};
use crate::model::parameters::{Parameters, Slot};
use crate::model::tensor::{DType, Device, Tensor, gelu, integers, layer_norm, tanh};
use crate::model::weights::{FileFormat, NamedTensor, to_bytes};
use crate::model::{Backbone, Initial};
use crate::task::demo;

/// Special tokens in the order of their ids, before the words of the language.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const PADDING: u32 = 0;
const FIRST: u32 = 2;
const SEPARATOR: u32 = 3;
const MASK: u32 = 4;
/// Share of a batch's rows whose words are masked; the others keep theirs and are judged as pairs.
const MASKED_ROWS: f64 = 0.25;
/// Share of the words of such a row that are masked.
const MASKED_WORDS: f64 = 0.2;
/// Weight of the masked words' loss beside the pairs'.
const WORDS_WEIGHT: f64 = 0.3;

/// How to pretrain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PretrainSettings {
    /// Seed of weights, text and masks.
    pub seed: u64,
    /// Steps in all.
    pub steps: u64,
    /// Rows of a step.
    pub batch_size: usize,
    /// Peak learning rate; it rises over the first twentieth of the steps and falls linearly to 0.
    pub learning_rate: f64,
}

/// What pretraining tells of itself: means since the last report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PretrainReport {
    /// Steps done.
    pub step: u64,
    /// Mean cross entropy of the masked words.
    pub words_loss: f64,
    /// Share of the pairs judged right.
    pub pairs_accuracy: f64,
}

/// The encoder's shape: small enough to travel inside the program and to train in seconds on a CPU.
pub fn configuration() -> EncoderConfig {
    EncoderConfig {
        architecture: Architecture::Bert,
        vocabulary: SPECIAL.len() + demo::vocabulary().len(),
        hidden: 128,
        layers: 4,
        heads: 4,
        intermediate: 512,
        positions: 64,
        token_types: 2,
        padding_id: PADDING,
        layer_norm_epsilon: 1e-12,
        initializer_range: 0.05,
    }
}

/// Pretrains an encoder; `told` hears of it every `every` steps.
///
/// The same settings give the same weights on one machine and number of threads; sums in another order differ in the
/// last bits, and training amplifies them.
///
/// # Errors
/// A batch does not fit the encoder, which the grammar excludes.
pub fn pretrain(
    settings: &PretrainSettings,
    device: &Device,
    every: u64,
    told: &mut dyn FnMut(PretrainReport),
) -> Result<Vec<NamedTensor>, TrainError> {
    let config = configuration();
    let encoder = Backbone::random(&config, settings.seed);
    let names: HashSet<String> = encoder.iter().map(|tensor| tensor.name.clone()).collect();
    let mut parameters = Parameters::from_named(encoder, device, DType::F32);
    let heads = Heads::new(&config, &mut parameters, settings.seed);
    let mut text = Text::new(settings.seed);
    let mut optimizer = AdamW::new(AdamWSettings {
        form: AdamWForm::Torch,
        betas: [0.9, 0.98],
        weight_decay: 0.01,
        ..AdamWSettings::default()
    });
    let schedule = Schedule {
        peak: settings.learning_rate,
        warmup_steps: settings.steps / 20,
        total_steps: settings.steps,
    };
    let mut sums = Sums::default();
    for step in 0..settings.steps {
        let rows = text.batch(settings.batch_size);
        let backbone = Backbone::over(&config, &parameters)?;
        let batch = backbone.batch(&rows.ids, &rows.types, &rows.mask, rows.shape)?;
        let hidden = backbone.forward(&batch, &[], None);
        let (words, pairs, right) = heads.losses(hidden, &rows, &parameters);
        sums.add(&words, right, rows.judged.len());
        let loss = pairs + words.mul_scalar(WORDS_WEIGHT);
        let gradients = loss.backward();
        optimizer.step(&mut parameters, &gradients, schedule.at(step));
        if (step + 1) % every == 0 || step + 1 == settings.steps {
            told(std::mem::take(&mut sums).report(step + 1));
        }
    }
    let mut trained = parameters.export();
    trained.retain(|tensor| names.contains(&tensor.name));
    Ok(trained)
}

/// Writes an encoder in Hugging Face layout: `config.json`, `vocab.txt`, `model.safetensors` (16-bit floats).
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path, tensors: &[NamedTensor]) -> Result<(), TrainError> {
    let words: Vec<String> = SPECIAL.map(str::to_owned).into_iter().chain(demo::vocabulary()).collect();
    let files: [(&str, Vec<u8>); 3] = [
        ("config.json", configuration().to_json().into_bytes()),
        ("vocab.txt", (words.join("\n") + "\n").into_bytes()),
        ("model.safetensors", to_bytes(tensors, FileFormat::F16)?),
    ];
    let failed = |path: PathBuf| move |source| TrainError::Write { path, source };
    durable::create_folder(folder).map_err(failed(folder.to_owned()))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        durable::write_whole(&path, |out| std::io::Write::write_all(out, &bytes)).map_err(failed(path))?;
    }
    Ok(())
}

/// A batch on the host.
struct Rows {
    ids: Vec<u32>,
    types: Vec<u32>,
    mask: Vec<u32>,
    shape: [usize; 2],
    /// Places of masked words in `ids`, and the words that stood there.
    masked: Vec<(u32, u32)>,
    /// Places of the last tokens of rows that are judged, and their labels.
    judged: Vec<(u32, u32)>,
}

/// Pairs of the language, without end, none of them in the demo task.
struct Text {
    pairs: Box<dyn Iterator<Item = demo::Pair>>,
    kept_apart: HashSet<(String, String)>,
    ids: std::collections::HashMap<String, u32>,
    stream: ChaCha8Rng,
}

impl Text {
    fn new(seed: u64) -> Self {
        let task = demo::standard();
        let rows = [task.train, task.validation, task.test].into_iter().flatten();
        let vocabulary = demo::vocabulary().into_iter();
        Self {
            pairs: Box::new(demo::pairs(seed)),
            kept_apart: rows.map(|row| (row.text, row.pair.unwrap_or_default())).collect(),
            ids: vocabulary.zip(SPECIAL.len() as u32..).collect(),
            stream: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    fn next_pair(&mut self) -> (Vec<u32>, Vec<u32>, bool) {
        let pair = loop {
            // The language has no last pair.
            let Some(pair) = self.pairs.next() else { continue };
            let texts = (pair.premise.clone(), pair.hypothesis.clone());
            if !self.kept_apart.contains(&texts) {
                break pair;
            }
        };
        let ids = |text: &str| text.split(' ').map(|word| self.ids.get(word).copied().unwrap_or(1)).collect();
        (ids(&pair.premise), ids(&pair.hypothesis), pair.entailed)
    }

    fn batch(&mut self, size: usize) -> Rows {
        let pairs: Vec<_> = (0..size).map(|_| self.next_pair()).collect();
        let length = pairs.iter().map(|(a, b, _)| a.len() + b.len() + 3).max().unwrap_or(0);
        let mut rows = Rows {
            ids: Vec::with_capacity(size * length),
            types: Vec::with_capacity(size * length),
            mask: Vec::with_capacity(size * length),
            shape: [size, length],
            masked: Vec::new(),
            judged: Vec::new(),
        };
        for (premise, hypothesis, entailed) in pairs {
            let start = rows.ids.len();
            rows.ids.push(FIRST);
            rows.ids.extend(&premise);
            rows.ids.push(SEPARATOR);
            rows.types.resize(rows.ids.len(), 0);
            rows.ids.extend(&hypothesis);
            rows.ids.push(SEPARATOR);
            rows.types.resize(rows.ids.len(), 1);
            rows.mask.resize(rows.ids.len(), 1);
            if self.stream.random_bool(MASKED_ROWS) {
                for place in start..rows.ids.len() {
                    let word = rows.ids[place];
                    if word > MASK && self.stream.random_bool(MASKED_WORDS) {
                        rows.masked.push((place as u32, word));
                        rows.ids[place] = MASK;
                    }
                }
            } else {
                rows.judged.push((rows.ids.len() as u32 - 1, u32::from(entailed)));
            }
            rows.ids.resize(start + length, PADDING);
            rows.types.resize(start + length, 0);
            rows.mask.resize(start + length, 0);
        }
        rows
    }
}

/// What reads the hidden states while pretraining; thrown away afterwards.
struct Heads {
    words: Slot,
    dense: [Slot; 2],
    norm: [Slot; 2],
    bias: Slot,
    pair_dense: [Slot; 2],
    pair_out: [Slot; 2],
    epsilon: f64,
}

impl Heads {
    fn new(config: &EncoderConfig, parameters: &mut Parameters, seed: u64) -> Self {
        let mut initial = Initial::new(seed ^ 1);
        let h = config.hidden;
        let mut linear = |name: &str, output: usize, parameters: &mut Parameters| {
            let weights = initial.normal(output * h, config.initializer_range);
            [
                parameters.add(format!("{name}.weight"), &[output, h], weights),
                parameters.add(format!("{name}.bias"), &[output], vec![0.0; output]),
            ]
        };
        let dense = linear("pretrain.dense", h, parameters);
        let pair_dense = linear("pretrain.pair.dense", h, parameters);
        let pair_out = linear("pretrain.pair.out", 2, parameters);
        let norm = [
            parameters.add("pretrain.norm.weight", &[h], vec![1.0; h]),
            parameters.add("pretrain.norm.bias", &[h], vec![0.0; h]),
        ];
        let bias = parameters.add("pretrain.bias", &[config.vocabulary], vec![0.0; config.vocabulary]);
        let words = parameters.slot("embeddings.word_embeddings.weight");
        let words = words.expect("the encoder's own tensors were added before its heads");
        Self { words, dense, norm, bias, pair_dense, pair_out, epsilon: config.layer_norm_epsilon }
    }

    /// Loss of the masked words, loss of the pairs, and how many pairs are judged right.
    fn losses(&self, hidden: Tensor<3>, rows: &Rows, parameters: &Parameters) -> (Tensor<1>, Tensor<1>, usize) {
        let [b, s, h] = hidden.dims();
        let device = hidden.device().without_autodiff();
        let flat = hidden.reshape([b * s, h]);
        let at = |places: &[(u32, u32)]| {
            let indices = integers(places.iter().map(|place| place.0), [places.len()], &device);
            flat.clone().select(0, indices)
        };
        let labels = |places: &[(u32, u32)]| integers(places.iter().map(|place| place.1), [places.len()], &device);
        let linear = |x: Tensor<2>, [weight, bias]: [Slot; 2]| {
            x.matmul(parameters.matrix(weight).transpose()) + parameters.vector(bias).unsqueeze::<2>()
        };

        let words = if rows.masked.is_empty() {
            flat.clone().sum().mul_scalar(0.0)
        } else {
            let x = gelu(linear(at(&rows.masked), self.dense));
            let [gamma, beta] = self.norm.map(|slot| parameters.vector(slot));
            let x = layer_norm(x, gamma, Some(beta), self.epsilon);
            let logits = x.matmul(parameters.matrix(self.words).transpose());
            let logits = logits + parameters.vector(self.bias).unsqueeze::<2>();
            Targets::Classes(labels(&rows.masked)).loss(logits)
        };
        if rows.judged.is_empty() {
            return (words, flat.sum().mul_scalar(0.0), 0);
        }
        let logits = linear(tanh(linear(at(&rows.judged), self.pair_dense)), self.pair_out);
        let chosen: Vec<i64> = logits.clone().inner().argmax(1).into_data().iter::<i64>().collect();
        let judged = chosen.iter().zip(&rows.judged);
        let right = judged.filter(|(chosen, (_, label))| **chosen == i64::from(*label)).count();
        (words, cross_entropy(logits, labels(&rows.judged)), right)
    }
}

/// Means since the last report.
#[derive(Default)]
struct Sums {
    steps: usize,
    words_loss: f64,
    right: usize,
    judged: usize,
}

impl Sums {
    fn add(&mut self, words: &Tensor<1>, right: usize, judged: usize) {
        self.steps += 1;
        self.words_loss += words.clone().into_scalar::<f64>();
        self.right += right;
        self.judged += judged;
    }

    fn report(self, step: u64) -> PretrainReport {
        PretrainReport {
            step,
            words_loss: self.words_loss / self.steps as f64,
            pairs_accuracy: self.right as f64 / self.judged.max(1) as f64,
        }
    }
}
