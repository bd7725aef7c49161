//! What all trainings of a study share, before anything is loaded.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rows::Examined;
use crate::model::ModelFiles;
use crate::model::device::DeviceChoice;
use crate::study::{FidelitySettings, TrainingSettings};
use crate::task::Dataset;

/// How trainings under way are kept, so that they go on after the program was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepUnderWay {
    /// Folder of their files.
    pub folder: PathBuf,
    /// Time between two files of one training; 0: after every step.
    pub every: Duration,
}

/// How a training departs from the others of its study; by default it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Whether all weights of the encoder train too: full fine-tuning, of which the configuration is empty.
    #[serde(default)]
    pub whole_encoder: bool,
    /// Peak learning rate; none: the study's.
    #[serde(default)]
    pub learning_rate: Option<f64>,
}

/// What a worker needs to know before its first job.
pub struct Plan {
    /// The backbone's files.
    pub files: ModelFiles,
    /// The task's rows.
    pub dataset: Dataset,
    /// The same as the backbone reads them; none: they are read when the worker begins.
    pub examined: Option<Examined>,
    /// How trials are trained.
    pub training: TrainingSettings,
    /// How much of that each trial gets.
    pub fidelity: FidelitySettings,
    /// Where to train.
    pub device: DeviceChoice,
    /// Where to keep the weights of finished trials; none: nowhere.
    pub weights_folder: Option<PathBuf>,
    /// Where and how often to keep trainings under way; none: nowhere, never.
    pub under_way: Option<KeepUnderWay>,
    /// Seed of what all trials share: the rows of a reduced fidelity.
    pub seed: u64,
    /// Digest of what all trials rest on, rows and weights by their content: kept trainings and weights say so.
    pub basis: String,
}
