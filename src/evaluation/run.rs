//! One training of an evaluation, as a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::domain::Measurement;
use crate::durable;
use crate::regular;

/// Version of the file; a later one is refused.
///
/// 2 says what the training rests on.
const FORMAT: u32 = 2;
/// A run is no longer, in bytes: its curves have a number for each of some million epochs.
const MOST_BYTES: u64 = 64 << 20;

/// What one subject did with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    format: u32,
    /// Digest of the rows, weights and settings that it rests on.
    #[serde(default)]
    mark: String,
    /// What was trained.
    pub subject: Subject,
    /// Seed of its weights, its order of rows and its dropout.
    pub seed: u64,
    /// Score on the rows that chose the best epoch.
    pub validation_score: f64,
    /// Score on the rows kept apart; on those that chose where it was only trained to choose.
    pub score: f64,
    /// The epoch whose weights were measured, from 1.
    pub best_epoch: u32,
    /// Epochs that were trained.
    #[serde(default)]
    pub epochs: u32,
    /// All scalars that were trained, biases and head included.
    pub trained_parameters: u64,
    /// Seconds of training.
    pub wall_seconds: f64,
    /// The class, or the number, predicted for each row kept apart.
    pub predictions: Vec<f64>,
}

/// Why a training's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file cannot be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is damaged.
    #[error("{}: {reason}; delete it, and the training is done again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A later program wrote the file.
    #[error("{} has format {found}, and this program reads up to {FORMAT}: use a newer one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

impl Run {
    /// Of a training that has ended.
    pub(super) fn new(
        subject: Subject,
        seed: u64,
        measured: &Measurement,
        epochs: u32,
        score: f64,
        predictions: Vec<f64>,
    ) -> Self {
        Self {
            format: FORMAT,
            mark: String::new(),
            subject,
            seed,
            validation_score: measured.objectives.score,
            score,
            best_epoch: measured.best_epoch,
            epochs,
            trained_parameters: measured.trained_parameters,
            wall_seconds: measured.wall_seconds,
            predictions,
        }
    }

    /// Whether its loss left the finite numbers, so that it predicts nothing.
    pub fn has_diverged(&self) -> bool {
        // Epochs are counted from 1.
        self.best_epoch == 0
    }

    /// Says what it rests on.
    pub(super) fn marked(mut self, mark: &str) -> Self {
        mark.clone_into(&mut self.mark);
        self
    }

    /// Its file in the folder of its settings.
    pub(super) fn path(folder: &Path, subject: &Subject, seed: u64) -> PathBuf {
        folder.join(format!("{}-seed-{seed}.json", subject.name))
    }

    /// Keeps it, durably.
    pub(super) fn save(&self, folder: &Path) -> Result<(), RunError> {
        let path = Self::path(folder, &self.subject, self.seed);
        let io = |source| RunError::Io {
            path: path.clone(),
            source,
        };
        let text = serde_json::to_vec(self).map_err(|error| io(error.into()))?;
        durable::create_folder(folder).map_err(io)?;
        durable::write_whole(&path, |out| out.write_all(&text)).map_err(io)
    }

    /// The training that is already done on what this mark stands for, if it is; it was measured on so many `rows`.
    pub(super) fn load(
        folder: &Path,
        mark: &str,
        subject: &Subject,
        seed: u64,
        rows: usize,
    ) -> Result<Option<Self>, RunError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let path = Self::path(folder, subject, seed);
        let text = match regular::read(&path, MOST_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RunError::Io { path, source }),
        };
        let damaged = |reason: String| RunError::Damaged {
            path: path.clone(),
            reason,
        };
        let version: Version =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if version.format > FORMAT {
            let found = version.format;
            return Err(RunError::Newer { path, found });
        }
        let run: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if run.mark != mark {
            return Err(damaged(
                "it rests on other rows, weights or settings".to_owned(),
            ));
        }
        if run.predictions.len() != rows {
            let found = run.predictions.len();
            return Err(damaged(format!(
                "it has {found} predictions for {rows} rows"
            )));
        }
        match run.subject == *subject && run.seed == seed {
            true => Ok(Some(run)),
            false => Err(damaged("it is of another configuration".to_owned())),
        }
    }
}
