//! What all trainings of a study share, before anything is loaded.

use std::path::PathBuf;

use crate::model::ModelFiles;
use crate::model::device::DeviceChoice;
use crate::study::{FidelitySettings, TrainingSettings};
use crate::task::Dataset;

/// What a worker needs to know before its first job.
pub struct Plan {
    /// The backbone's files.
    pub files: ModelFiles,
    /// The task's rows.
    pub dataset: Dataset,
    /// How trials are trained.
    pub training: TrainingSettings,
    /// How much of that each trial gets.
    pub fidelity: FidelitySettings,
    /// Where to train.
    pub device: DeviceChoice,
    /// Where to keep the weights of finished trials; none: nowhere.
    pub weights_folder: Option<PathBuf>,
    /// Seed of what all trials share: the rows of a reduced fidelity.
    pub seed: u64,
}
