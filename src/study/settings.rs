//! A study with every value resolved: what the rest of the program works from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Acquisition, CostScale, InitialDesign, LearningRate, ReferenceRule, Rungs, ScoreScale,
    SearchMethod, SurrogateModel,
};
use crate::task::TaskSettings;

/// A whole study, resolved: preset and defaults applied, paths absolute, everything validated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// Name; also the folder under the runs folder.
    pub name: StudyName,
    /// Seed of every random stream of the study.
    pub seed: u64,
    /// Where the backbone comes from.
    pub model: ModelSource,
    /// The task and its data.
    pub task: TaskSettings,
    /// The configurations to choose from.
    pub space: SpaceSettings,
    /// The search.
    pub search: SearchSettings,
    /// The training of each trial.
    pub training: TrainingSettings,
    /// How much of the training each trial gets during the search.
    pub fidelity: FidelitySettings,
    /// When trials are compared on their way, and which go on.
    #[serde(default, skip_serializing_if = "is_never")]
    pub rungs: Rungs,
    /// What is kept.
    pub output: OutputSettings,
}

/// A study without rungs is written as before there were any.
fn is_never(rungs: &Rungs) -> bool {
    rungs.epochs.is_empty()
}

/// A study's name: letters, digits, `-`, `_` and `.`, not starting with a dot; safe as a folder name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StudyName(String);

impl StudyName {
    /// The name, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fits = (1..=100).contains(&text.len()) && text.chars().all(good);
        (fits && !text.starts_with('.')).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the backbone comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSource {
    /// The small encoder inside the program.
    Embedded,
    /// A folder in Hugging Face layout, absolute.
    Folder(PathBuf),
    /// A model on the Hugging Face hub.
    Hub {
        /// `owner/name` or a canonical name such as `bert-base-uncased`.
        id: String,
        /// Branch, tag or commit.
        revision: String,
    },
}

/// The space to search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceSettings {
    /// The modules to choose from, each with its sizes.
    pub modules: Vec<ModuleSizes>,
    /// The layers that may carry them.
    pub layers: LayerChoice,
    /// Peak learning rates to choose from, ascending; none: all trials have the training's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_rates: Vec<LearningRate>,
}

/// One module and the sizes it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleSizes {
    /// Name in the registry of modules.
    pub module: String,
    /// Sizes, ascending, 0 for absent; none: 0 and the hidden size halved again and again.
    pub sizes: Option<Vec<usize>>,
}

/// How layers are chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerChoice {
    /// Every layer is switched on or off by the search.
    Search,
    /// All layers carry the modules.
    All,
    /// Only these layers (from 0) may; the search switches each on or off.
    SearchAmong(Vec<usize>),
}

/// The search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchSettings {
    /// Trials in all.
    pub trials: usize,
    /// How they are chosen after the initial design.
    pub method: SearchMethod,
    /// How many of them are the initial design, before anything is learnt.
    pub initial_trials: usize,
    /// Whether the study file leaves that open: then it is what it was when the study began.
    #[serde(skip)]
    pub initial_trials_open: bool,
    /// How the initial trials are drawn.
    pub initial_design: InitialDesign,
    /// Proposals per fit of the surrogate.
    pub batch: usize,
    /// Trials that train at the same time.
    pub parallel: usize,
    /// Model of the score.
    pub surrogate: SurrogateModel,
    /// The scale on which the score is modelled.
    pub score_scale: ScoreScale,
    /// Whether the surrogate sees the logarithm of the parameters beside the sizes and layers.
    pub cost_input: bool,
    /// What makes a candidate worth trying.
    pub acquisition: Acquisition,
    /// Bounds of the hypervolume, as far as they are not derived.
    pub reference_point: ReferenceRule,
    /// The scale on which the hypervolume that a candidate may gain counts the parameters.
    pub cost_scale: CostScale,
    /// NUTS warm-up steps.
    pub warmup_draws: usize,
    /// NUTS draws after the warm-up.
    pub posterior_draws: usize,
    /// Every how many draws one is kept.
    pub thinning: usize,
    /// Acquisition evaluations per proposal.
    pub acquisition_evaluations: usize,
    /// Local searches per proposal.
    pub local_search_starts: usize,
    /// Share of the trials, at their end, that is kept for repeats.
    pub repeats: f64,
    /// Whether the study file leaves that open: then it is what it was when the study began.
    #[serde(skip)]
    pub repeats_open: bool,
    /// The share of the hypervolume below which further configurations are not worth their trials; none: they always are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_below: Option<f64>,
}

/// The training of one trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSettings {
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Rows per step.
    pub batch_size: usize,
    /// Rows per evaluation batch.
    pub evaluation_batch_size: usize,
    /// Longest sequence in tokens, special tokens included.
    pub max_length: usize,
    /// Whether every batch is padded to `max_length`, as the paper did, or to its own longest row.
    pub pad_to_max_length: bool,
    /// Whether a batch goes through the encoder in groups of rows of like length.
    pub length_buckets: bool,
    /// Megabytes for the activations of frozen layers below the lowest module; 0: none are kept.
    pub activation_cache_mb: usize,
    /// Epochs at most.
    pub epochs: u32,
    /// Stop after this many epochs without a better score.
    pub patience: u32,
    /// Share of all steps over which the learning rate rises from 0.
    pub warmup_share: f64,
    /// Whether the study file leaves that open: then it is what it was when the study began.
    #[serde(skip)]
    pub warmup_share_open: bool,
    /// Whether amounts are learnt in units in which the training rows' have mean 0 and deviation 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standard_targets: bool,
    /// Whether the study file leaves that open: then it is what it was when the study began.
    #[serde(skip)]
    pub standard_targets_open: bool,
    /// Decoupled weight decay; biases, LayerNorms and (IA)³ factors are exempt.
    pub weight_decay: f64,
    /// Global 2-norm to which gradients are clipped; 0: not clipped.
    pub max_gradient_norm: f64,
    /// Dropout inside the frozen backbone while training.
    pub backbone_dropout: f64,
    /// Dropout in the head while training.
    pub head_dropout: f64,
    /// Width of the prefix's training-time MLP.
    pub prefix_bottleneck: usize,
    /// Number format.
    pub precision: Precision,
}

/// Number format of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// 32-bit floats, whose products of matrices may take factors of 11 significant bits, as the tensor cores of NVIDIA's
    /// GPUs do (TF32), and sum in 32.
    Tf32,
    /// The encoder and its activations in bfloat16; trained weights, their optimiser, LayerNorms, softmax, head and loss
    /// in 32-bit floats.
    Bf16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::Tf32, Self::Bf16];

    /// Its name in a study file.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// Bytes that a number of the encoder takes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 | Self::Tf32 => 4,
            Self::Bf16 => 2,
        }
    }
}

/// How much of the full training each trial gets during the search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FidelitySettings {
    /// Share of the training rows, in (0, 1].
    pub data_share: f64,
    /// Epochs during the search; none: as in training.
    pub epochs: Option<u32>,
}

/// What is kept of each trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSettings {
    /// Keep the best epoch's weights of every finished trial, so that the front can be exported.
    pub keep_adapters: bool,
    /// Seconds between two checkpoints of a training under way; 0: one after every step.
    pub checkpoint_seconds: u64,
}
