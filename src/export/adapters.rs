//! The trained adapters of the front: a folder per trial, with its weights and what they are.

use std::path::{Path, PathBuf};

use super::{AdapterCard, ExportError, Exporter, Front, write_file};
use crate::domain::TrialId;
use crate::durable;
use crate::train::checkpoint::{self, CheckpointError};

/// Weights and description of every trial on the front.
pub(super) struct Adapters;

impl Exporter for Adapters {
    fn name(&self) -> &'static str {
        "adapters"
    }

    fn about(&self) -> &'static str {
        "trial-NNNN/: the trained weights of each configuration on the front, with a config.json"
    }

    fn is_possible(&self, front: &Front<'_>) -> bool {
        front.context.study.output.keep_adapters
    }

    /// Writes nothing where weights are missing. In each folder the description comes last: where it is, all is.
    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let members = front.members();
        for (trial, _) in &members {
            find(front, trial.id)?;
        }
        let mut written = Vec::new();
        for (trial, measurement) in members {
            let failed = |source: CheckpointError| ExportError::Weights {
                trial: trial.id,
                source,
            };
            let tensors = checkpoint::load(&find(front, trial.id)?).map_err(failed)?;
            let folder = folder.join(format!("trial-{:04}", trial.id.0));
            durable::create_folder(&folder).map_err(|source| ExportError::Write {
                path: folder.clone(),
                source,
            })?;
            let weights = folder.join(AdapterCard::WEIGHTS);
            checkpoint::save(&weights, &tensors).map_err(failed)?;
            let card = AdapterCard::new(front, trial, measurement);
            let mut text =
                serde_json::to_vec_pretty(&card).map_err(|error| ExportError::Format {
                    format: self.name(),
                    reason: error.to_string(),
                })?;
            text.push(b'\n');
            written.push(weights);
            written.push(write_file(&folder, AdapterCard::FILE, &text)?);
        }
        Ok(written)
    }
}

/// The file with a trial's trained weights.
fn find(front: &Front<'_>, trial: TrialId) -> Result<PathBuf, ExportError> {
    let path = checkpoint::path(&front.weights, trial);
    if path.is_file() {
        return Ok(path);
    }
    let why = match front.context.study.output.keep_adapters {
        true => "they were removed, or the study ran without keeping them for a while",
        false => "the study says `output.keep_adapters = false`",
    };
    Err(ExportError::NoWeights { trial, path, why })
}
