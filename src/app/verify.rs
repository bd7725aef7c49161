//! Exported adapters, loaded again: do they score what their cards say?

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::launch::LaunchError;
use crate::domain::TrialId;
use crate::durable;
use crate::export::{AdapterCard, ExportError, list_too, listed_trials};
use crate::hub::{Hub, HubProgress};
use crate::model::ModelFiles;
use crate::model::device::DeviceChoice;
use crate::study::{FidelitySettings, Precision};
use crate::task::{Example, Label, load};
use crate::train::checkpoint::{self, CheckpointError};
use crate::train::workbench::Workbench;
use crate::train::{Plan, TrainError};

/// Scores further apart than this are different: half a row of a set of five thousand.
const SAME: f64 = 1e-4;

/// The file by which an encoder's folder is known.
const ENCODER_WEIGHTS: &str = "model.safetensors";

/// One adapter, measured again.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Its folder.
    pub folder: PathBuf,
    /// The trial it comes from.
    pub trial: TrialId,
    /// The score on its card.
    pub promised: f64,
    /// The score found now.
    pub found: f64,
}

impl Verdict {
    /// Whether both scores are the same.
    pub fn holds(&self) -> bool {
        (self.promised - self.found).abs() < SAME
    }
}

/// Why exported adapters cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is nothing to measure.
    #[error(
        "{0}: no exported adapters there; expected folders such as `trial-0007` with a config.json, as `export --format adapters` writes them"
    )]
    Nothing(PathBuf),
    /// The folder cannot be read.
    #[error("{path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A card cannot be read.
    #[error(transparent)]
    Card(#[from] ExportError),
    /// The weights cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The model or the task cannot be found.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The weights do not fit the model.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Name of the file with predictions, beside an adapter.
pub const PREDICTIONS: &str = "predictions.jsonl";

/// Measures every adapter that the manifest of `folder` lists, or without a list every one there, on the validation rows that its card names; `told` hears of each. With
/// `predictions`, every row goes with its logits, computed in 32 bits, into [`PREDICTIONS`] beside the adapter.
///
/// # Errors
/// See [`VerifyError`]. A score that differs is no error: see [`Verdict::holds`].
pub fn verify(
    folder: &Path,
    device: DeviceChoice,
    predictions: bool,
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
    told: &mut dyn FnMut(&Verdict),
) -> Result<Vec<Verdict>, VerifyError> {
    let export = folder;
    let mut verdicts = Vec::new();
    let mut predicted = Vec::new();
    let mut bench: Option<(AdapterCard, Bench)> = None;
    for folder in adapters(export)? {
        let card = AdapterCard::read(&folder)?;
        // Adapters of one study share its model and rows; loading those takes most of the time.
        let shared = bench
            .take()
            .filter(|(other, _)| is_same_study(other, &card));
        let (_, bench) = match shared {
            Some(shared) => bench.insert(shared),
            None => bench.insert((card.clone(), prepare(&card, device, hub, progress)?)),
        };
        let weights = checkpoint::load(&folder.join(AdapterCard::WEIGHTS))?;
        let found = bench.workbench.score(&card.configuration, &weights)?;
        if predictions {
            // Whoever loads the files elsewhere computes in 32 bits.
            let mut exact = card.clone();
            exact.training.precision = Precision::F32;
            let other = match card.training.precision {
                Precision::F32 => None,
                Precision::Bf16 => Some(prepare(&exact, device, hub, progress)?),
            };
            let workbench = &other.as_ref().unwrap_or(bench).workbench;
            let rows = workbench.validation();
            let logits = workbench.logits(&card.configuration, &weights, rows)?;
            let path = folder.join(PREDICTIONS);
            write_predictions(&path, &bench.rows, &logits)?;
            predicted.push(path);
        }
        let verdict = Verdict {
            folder,
            trial: card.trial,
            promised: card.score,
            found,
        };
        told(&verdict);
        verdicts.push(verdict);
    }
    list_too(export, &predicted)?;
    Ok(verdicts)
}

/// What adapters of one study share.
struct Bench {
    workbench: Workbench,
    /// The validation rows, in the workbench's order.
    rows: Vec<Example>,
}

/// One JSON object a row: its texts, its label, its logits.
fn write_predictions(
    path: &Path,
    rows: &[Example],
    logits: &[Vec<f32>],
) -> Result<(), VerifyError> {
    let line = |(row, logits): (&Example, &Vec<f32>)| {
        let label = match row.label {
            Label::Class(class) => json!(class),
            Label::Value(value) => json!(value),
        };
        json!({ "text": row.text, "pair": row.pair, "label": label, "logits": logits })
    };
    let lines = rows.iter().zip(logits).map(line);
    durable::write_whole(path, |out| {
        lines
            .into_iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    })
    .map_err(|source| VerifyError::Folder {
        path: path.to_owned(),
        source,
    })
}

/// The folders of the listed trials, or where nothing is listed those with a card, in order of their names.
fn adapters(folder: &Path) -> Result<Vec<PathBuf>, VerifyError> {
    if let Some(listed) = listed_trials(folder)? {
        return match listed.is_empty() {
            true => Err(VerifyError::Nothing(folder.to_owned())),
            false => Ok(listed),
        };
    }
    let failed = |source| VerifyError::Folder {
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // An encoder, such as the one that is handed over with adapters for it, has a `config.json` too.
        let is_encoder = path.join(ENCODER_WEIGHTS).is_file();
        if path.join(AdapterCard::FILE).is_file() && !is_encoder {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(VerifyError::Nothing(folder.to_owned()));
    }
    Ok(found)
}

fn is_same_study(a: &AdapterCard, b: &AdapterCard) -> bool {
    (&a.study, a.seed, &a.model, &a.task, &a.training)
        == (&b.study, b.seed, &b.model, &b.task, &b.training)
}

fn prepare(
    card: &AdapterCard,
    device: DeviceChoice,
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
) -> Result<Bench, VerifyError> {
    let files = ModelFiles::open(&card.model, hub, progress).map_err(LaunchError::from)?;
    let dataset = load(&card.task, card.seed, hub, progress).map_err(LaunchError::from)?;
    let rows = dataset.validation.clone();
    let plan = Plan {
        files,
        dataset,
        examined: None,
        training: card.training.clone(),
        fidelity: FidelitySettings {
            data_share: 1.0,
            epochs: None,
        },
        device,
        weights_folder: None,
        under_way: None,
        seed: card.seed,
    };
    let workbench = Workbench::prepare(plan)?;
    Ok(Bench { workbench, rows })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn trials_are_told_from_the_encoder_beside_them() {
        let out = tempfile::tempdir().unwrap();
        let nothing = adapters(out.path()).unwrap_err();
        assert!(matches!(nothing, VerifyError::Nothing(_)));
        let files = [
            ("encoder", ENCODER_WEIGHTS),
            ("encoder", AdapterCard::FILE),
            ("trial-0007", AdapterCard::FILE),
            ("trial-0002", AdapterCard::FILE),
        ];
        for (folder, file) in files {
            let folder = out.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(file), "").unwrap();
        }
        let expected = ["trial-0002", "trial-0007"].map(|name| out.path().join(name));
        assert_eq!(adapters(out.path()).unwrap(), expected);
    }
}
