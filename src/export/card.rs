//! The description beside an exported adapter: enough to load it again and to check its score.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ExportError, Front};
use crate::digest;
use crate::domain::{Belief, Configuration, Identity, Measurement, Trial, TrialId};
use crate::json;
use crate::model::AdaptedSettings;
use crate::regular;
use crate::study::{ModelSource, TrainingSettings, settings_out_of_bounds};
use crate::task::{Labels, Metric, TaskSettings};

/// Version of the description; a later one is refused, an earlier one is read.
///
/// 2 has digests: of what the score rests on, of the weights beside it, and of itself.
pub const CARD_FORMAT: u32 = 2;

/// A card is no longer, in bytes: room for the names of 100,000 classes.
const MOST_BYTES: u64 = 16 << 20;

/// What stands in place of a card's own digest while that is computed.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What an exported adapter is. Its weights lie beside it, in [`AdapterCard::WEIGHTS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdapterCard {
    /// [`CARD_FORMAT`] of the writer.
    pub format: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// Name of the study.
    pub study: String,
    /// Seed of the study: it decides which rows are for validation.
    pub seed: u64,
    /// The trial's number in the study.
    pub trial: TrialId,
    /// The backbone, as people name it.
    pub base_model: String,
    /// Where the backbone comes from.
    pub model: ModelSource,
    /// Layers of the backbone.
    pub backbone_layers: usize,
    /// Scalars of the backbone, pooler included, head excluded.
    pub backbone_parameters: u64,
    /// The task and its data.
    pub task: TaskSettings,
    /// What is predicted: the class names by number, or a value.
    pub labels: Labels,
    /// Outputs of the head: the number of classes, 1 for a value.
    pub outputs: usize,
    /// What the score is.
    pub metric: Metric,
    /// The class that F1 counts; none with other metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive_label: Option<String>,
    /// The validation score of these weights, to check against.
    pub score: f64,
    /// What is believed of the configuration's true score, by these and all other weights that were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Belief>,
    /// The epoch whose weights these are, from 1.
    pub best_epoch: u32,
    /// Modules, sizes and layers, and the learning rate where the study searched it.
    pub configuration: Configuration,
    /// Weights by the paper's formula: no biases, no head, no prefix MLP.
    pub parameters: u64,
    /// The same as a percentage of the backbone.
    pub parameters_percent: f64,
    /// All scalars in the weights file.
    pub trained_parameters: u64,
    /// Longest sequence in tokens, special tokens included.
    pub max_length: usize,
    /// Width of the prefix's training-time MLP.
    pub prefix_bottleneck: usize,
    /// What LoRA's additions are multiplied by.
    #[serde(default = "one")]
    pub lora_scale: f64,
    /// How it was trained; where the configuration has a learning rate, with that one.
    pub training: TrainingSettings,
    /// What the names in the weights file mean, for people who load it elsewhere.
    pub tensors: BTreeMap<String, String>,
    /// What the score rests on, by content; none on cards of format 1.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// SHA-256 of the weights' file; none on cards of format 1.
    #[serde(default)]
    pub weights_sha256: Option<String>,
    /// SHA-256 of the card's own file with 64 zeros in this place; none on cards of format 1.
    #[serde(default)]
    pub digest: Option<String>,
}

/// Names in the weights file and their meaning.
const TENSORS: [(&str, &str); 9] = [
    (
        "layer.N.sa.{down,up}.{weight,bias}",
        "serial adapter of layer N (from 0): down-projection [size, hidden], ReLU, up-projection [hidden, size]; reads the layer's normalised output, is added to the feed-forward output before the last LayerNorm",
    ),
    (
        "layer.N.pa.{down,up}.{weight,bias}",
        "parallel adapter of layer N: the same shape; reads the feed-forward block's input, is added 4-fold at the same place",
    ),
    (
        "prefix.wte.weight",
        "prefix embedding [length, hidden], shared by the layers that carry modules",
    ),
    (
        "prefix.mlp.0.{weight,bias}",
        "first layer of the prefix's MLP [prefix_bottleneck, hidden], followed by tanh",
    ),
    (
        "prefix.mlp.2.{weight,bias}",
        "second layer [2 * layers * hidden, prefix_bottleneck]: for each layer that carries modules, ascending, its prefix keys, then its prefix values",
    ),
    (
        "layer.N.lora.{query,value}.{A,B}",
        "LoRA of layer N: A [rank, hidden], B [hidden, rank]; lora_scale x Aᵀ Bᵀ is added to the projection",
    ),
    (
        "layer.N.ia3.{key,value,ffn}",
        "factors of layer N: on the projected keys and values [hidden], and in the feed-forward block after its activation [intermediate]",
    ),
    (
        "head.dense.{weight,bias}",
        "head on the first token: [hidden, hidden], followed by tanh",
    ),
    (
        "head.out.{weight,bias}",
        "head: [outputs, hidden]; one logit per class, or the value",
    ),
];

/// s of LoRA where a card says nothing of it.
fn one() -> f64 {
    1.0
}

impl AdapterCard {
    /// Name of the description's file.
    pub const FILE: &str = "config.json";
    /// Name of the weights' file beside it.
    pub const WEIGHTS: &str = "adapter.safetensors";

    /// Of a finished trial with the bytes of its weights' file.
    pub(super) fn new(
        front: &Front<'_>,
        trial: &Trial,
        measurement: Measurement,
        weights: &[u8],
    ) -> Self {
        let context = front.context;
        let study = &context.study;
        let tensors = TENSORS.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
        Self {
            format: CARD_FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            study: front.name.to_owned(),
            seed: study.seed,
            trial: trial.id,
            base_model: context.base_model.clone(),
            model: study.model.clone(),
            backbone_layers: front.space.layers,
            backbone_parameters: front.space.backbone_parameters,
            task: study.task.clone(),
            labels: context.labels.clone(),
            outputs: context.labels.outputs(),
            metric: context.metric,
            positive_label: context.positive_label.clone(),
            score: measurement.objectives.score,
            estimate: front.beliefs.get(&trial.id).cloned(),
            best_epoch: measurement.best_epoch,
            configuration: trial.configuration.clone(),
            parameters: front.space.parameters(&trial.configuration),
            parameters_percent: measurement.objectives.parameters_percent,
            trained_parameters: measurement.trained_parameters,
            max_length: study.training.max_length,
            prefix_bottleneck: study.training.prefix_bottleneck,
            lora_scale: AdaptedSettings::default().lora_scale,
            training: study.training.clone(),
            tensors: BTreeMap::from(tensors),
            identity: Some(context.identity.clone()),
            weights_sha256: Some(digest::of_bytes(weights)),
            digest: Some(NO_DIGEST.to_owned()),
        }
    }

    /// The bytes of the card's file, its digest put in.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, ExportError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| ExportError::Format {
            format: "adapters",
            reason: error.to_string(),
        })?;
        let blank = text + "\n";
        let digest = digest::of_bytes(blank.as_bytes());
        Ok(blank
            .replace(&own_digest(NO_DIGEST), &own_digest(&digest))
            .into_bytes())
    }

    /// The description in the folder of an exported trial.
    ///
    /// # Errors
    /// There is none, it is not as it was exported, or a later program wrote it.
    pub fn read(folder: &Path) -> Result<Self, ExportError> {
        let text = text(folder)?;
        let card: Self = parse(folder, &text)?;
        let task = settings_out_of_bounds("task", &card.task);
        let wrong = task.or_else(|| settings_out_of_bounds("training", &card.training));
        if let Some(wrong) = wrong {
            return Err(unreadable(folder, wrong));
        }
        match card.is_of(&text) {
            true => Ok(card),
            false => Err(ExportError::ChangedCard {
                path: folder.join(Self::FILE),
            }),
        }
    }

    /// Whether a file's text is, byte by byte, what its digest was made of.
    fn is_of(&self, text: &str) -> bool {
        let Some(digest) = &self.digest else {
            return self.format < 2;
        };
        let place = own_digest(digest);
        text.matches(&place).count() == 1
            && digest::of_bytes(text.replace(&place, &own_digest(NO_DIGEST)).as_bytes()) == *digest
    }
}

/// Whose a card is and what was trained; of a card that was edited too, which promises nothing any more.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CardHead {
    /// Name of the study.
    pub study: String,
    /// Seed of the study.
    pub seed: u64,
    /// The trial's number in the study.
    pub trial: TrialId,
    /// Modules, sizes and layers, however they are written there.
    pub configuration: Configuration,
    /// The validation score.
    pub score: f64,
}

impl CardHead {
    /// Of the description in the folder of an exported trial.
    ///
    /// # Errors
    /// There is none, or a later program wrote it.
    pub fn read(folder: &Path) -> Result<Self, ExportError> {
        parse(folder, &text(folder)?)
    }
}

fn unreadable(folder: &Path, error: impl ToString) -> ExportError {
    ExportError::Card {
        path: folder.join(AdapterCard::FILE),
        reason: error.to_string(),
    }
}

/// The text of a folder's card, where its format is one that can be read.
fn text(folder: &Path) -> Result<String, ExportError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let path = folder.join(AdapterCard::FILE);
    let text = regular::read_text(&path, MOST_BYTES).map_err(|error| unreadable(folder, error))?;
    json::refuse_repeated(&text).map_err(|error| unreadable(folder, error))?;
    let version: Version = parse(folder, &text)?;
    match version.format > CARD_FORMAT {
        true => Err(ExportError::NewerCard {
            path,
            found: version.format,
        }),
        false => Ok(text),
    }
}

fn parse<T: DeserializeOwned>(folder: &Path, text: &str) -> Result<T, ExportError> {
    serde_json::from_str(text).map_err(|error| unreadable(folder, error))
}

/// How a digest stands in the card's file. Inside a text of the file the quotes would be escaped.
fn own_digest(digest: &str) -> String {
    format!("\"digest\": \"{digest}\"")
}
