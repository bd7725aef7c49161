//! What keeps a trial, or all trials, from being trained.

use super::checkpoint::CheckpointError;
use super::rows::RowsError;
use crate::domain::Cause;
use crate::model::device::DeviceError;
use crate::model::parameters::ParametersError;
use crate::model::weights::WeightsError;
use crate::model::{AdaptedError, BatchError, LoadError, TokenizerError};
use crate::task::{Metric, Undefined};

/// Why training cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The device asked for cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The model's files cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The configuration does not fit the model.
    #[error(transparent)]
    Adapted(#[from] AdaptedError),
    /// Weights from elsewhere do not belong to the configuration.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// The model's tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Rows cannot be read as the model reads them.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// Rows do not fit the model.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The weights cannot be kept.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Weights cannot be put together or written as a file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The task has nothing to train or to measure on.
    #[error(
        "the task has {train} training and {validation} validation rows; at least one of each is needed"
    )]
    NoRows {
        /// Training rows.
        train: usize,
        /// Validation rows.
        validation: usize,
    },
    /// The rows can measure nothing by the metric, or the predictions are no numbers: that is no score of 0.
    #[error("{metric} is undefined: {reason}")]
    ScoreUndefined {
        /// The metric.
        metric: Metric,
        /// Why.
        reason: Undefined,
    },
    /// Weights from elsewhere are far fewer than those of the configuration.
    #[error(
        "the weights are {held} numbers, and the configuration has {needed}: they do not belong together"
    )]
    FewWeights {
        /// Scalars of the configuration.
        needed: u64,
        /// Scalars of the weights.
        held: u64,
    },
    /// A training ended before its first epoch did.
    #[error("the training ended before its first epoch did")]
    NothingTrained,
}

impl TrainError {
    /// The cause of a trial's end by this error.
    pub fn cause(&self) -> Cause {
        let said = self.to_string();
        match self {
            Self::Checkpoint(CheckpointError::Write { .. }) => Cause::WeightsNotKept { said },
            Self::ScoreUndefined { .. } => Cause::ScoreUndefined { said },
            _ => Cause::Error { said },
        }
    }
}
