//! Exported adapters, loaded again: are they what their cards say, and do they score it?

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::identity::identity;
use super::launch::LaunchError;
use crate::digest;
use crate::domain::Identity;
use crate::durable;
use crate::export::{AdapterCard, ExportError, list_too, listed_trials};
use crate::hub::{Hub, HubProgress};
use crate::model::ModelFiles;
use crate::model::device::DeviceChoice;
use crate::study::{FidelitySettings, Precision};
use crate::task::{Dataset, Example, Label, Labels, load};
use crate::train::checkpoint::{self, CheckpointError};
use crate::train::workbench::Workbench;
use crate::train::{Plan, TrainError};

/// Scores further apart than this are different: half a row of a set of five thousand.
const SAME: f64 = 1e-4;

/// The file by which an encoder's folder is known.
const ENCODER_WEIGHTS: &str = "model.safetensors";

/// One adapter, looked at again.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Its folder.
    pub folder: PathBuf,
    /// What is not as it was when the adapter was exported, in words; nothing is measured where anything is.
    pub changes: Vec<String>,
    /// The score on its card, and the score found now.
    pub scores: Option<(f64, f64)>,
    /// Whether its card is from before there were digests, so that its score alone could be compared.
    pub is_old: bool,
}

impl Verdict {
    /// Whether everything is as the card says.
    pub fn holds(&self) -> bool {
        let is_same = |(promised, found): (f64, f64)| (promised - found).abs() < SAME;
        self.changes.is_empty() && self.scores.is_some_and(is_same)
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

/// Holds every adapter that the manifest of `folder` lists, or without a list every one there, against its card, and
/// measures it on the validation rows that the card names; `told` hears of each. With `predictions`, every row goes with
/// its logits, computed in 32 bits, into [`PREDICTIONS`] beside the adapter.
///
/// # Errors
/// See [`VerifyError`]. What differs from the card is no error: see [`Verdict::holds`].
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
        let mut verdict = Verdict {
            folder,
            changes: Vec::new(),
            scores: None,
            is_old: false,
        };
        match AdapterCard::read(&verdict.folder) {
            Err(error @ ExportError::NewerCard { .. }) => return Err(error.into()),
            Err(error) => verdict.changes.push(error.to_string()),
            Ok(card) => {
                verdict.is_old = card.digest.is_none();
                // Adapters of one study share its model and rows; loading those takes most of the time.
                let shared = bench
                    .take()
                    .filter(|(other, _)| is_same_study(other, &card));
                let shared = match shared {
                    Some((_, bench)) => bench,
                    None => prepare(&card, hub, progress)?,
                };
                let (card, bench) = bench.insert((card, shared));
                verdict.changes = changes(&verdict.folder, card, bench)?;
                if verdict.changes.is_empty() {
                    let found = bench.measure(&verdict.folder, card, device, predictions)?;
                    if predictions {
                        predicted.push(verdict.folder.join(PREDICTIONS));
                    }
                    verdict.scores = Some((card.score, found));
                }
            }
        }
        told(&verdict);
        verdicts.push(verdict);
    }
    list_too(export, &predicted)?;
    Ok(verdicts)
}

/// What differs from the card, in words.
fn changes(folder: &Path, card: &AdapterCard, bench: &Bench) -> Result<Vec<String>, VerifyError> {
    let mut found = Vec::new();
    let weights = folder.join(AdapterCard::WEIGHTS);
    if let Some(then) = &card.weights_sha256 {
        let now = digest::of_file(&weights).map_err(|source| VerifyError::Folder {
            path: weights.clone(),
            source,
        })?;
        if *then != now {
            found.push(format!(
                "{} is not the file that was exported: its SHA-256 was {then}, is {now}",
                weights.display()
            ));
        }
    }
    let card_file = folder.join(AdapterCard::FILE);
    let mut differs = |what: &str, card: String, found_now: String| {
        if card != found_now {
            found.push(format!(
                "{}: {what} {card} there, {found_now} now",
                card_file.display()
            ));
        }
    };
    let classes = |labels: &Labels| match labels {
        Labels::Classes(names) => format!("{names:?}"),
        Labels::Regression => "a number".to_owned(),
    };
    differs(
        "the classes are",
        classes(&card.labels),
        classes(&bench.dataset.labels),
    );
    let metric = bench.dataset.metric.name().to_owned();
    differs("the metric is", card.metric.name().to_owned(), metric);
    let length = card.training.max_length.to_string();
    differs("`max_length` is", card.max_length.to_string(), length);
    if let Some(identity) = &card.identity {
        found.extend(identity.measured_changes(&bench.identity));
    }
    Ok(found)
}

/// What adapters of one study share.
struct Bench {
    files: ModelFiles,
    dataset: Dataset,
    identity: Identity,
    /// Made once something is to be measured.
    workbench: Option<Workbench>,
}

impl Bench {
    /// The score of an adapter now.
    fn measure(
        &mut self,
        folder: &Path,
        card: &AdapterCard,
        device: DeviceChoice,
        predictions: bool,
    ) -> Result<f64, VerifyError> {
        let weights = checkpoint::load(&folder.join(AdapterCard::WEIGHTS))?;
        let workbench = match self.workbench.take() {
            Some(workbench) => workbench,
            None => self.workbench(card, card.training.precision, device)?,
        };
        let workbench = self.workbench.insert(workbench);
        let found = workbench.score(&card.configuration, &weights)?;
        if predictions {
            // Whoever loads the files elsewhere computes in 32 bits.
            let other = match card.training.precision {
                Precision::F32 => None,
                Precision::Bf16 => Some(self.workbench(card, Precision::F32, device)?),
            };
            let Some(workbench) = other.as_ref().or(self.workbench.as_ref()) else {
                return Ok(found);
            };
            let rows = workbench.validation();
            let logits = workbench.logits(&card.configuration, &weights, rows)?;
            write_predictions(&folder.join(PREDICTIONS), &self.dataset.validation, &logits)?;
        }
        Ok(found)
    }

    fn workbench(
        &self,
        card: &AdapterCard,
        precision: Precision,
        device: DeviceChoice,
    ) -> Result<Workbench, VerifyError> {
        let mut training = card.training.clone();
        training.precision = precision;
        let plan = Plan {
            files: self.files.clone(),
            dataset: self.dataset.clone(),
            examined: None,
            training,
            fidelity: FidelitySettings {
                data_share: 1.0,
                epochs: None,
            },
            device,
            weights_folder: None,
            under_way: None,
            seed: card.seed,
            basis: String::new(),
        };
        Ok(Workbench::prepare(plan)?)
    }
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
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
) -> Result<Bench, VerifyError> {
    let files = ModelFiles::open(&card.model, hub, progress).map_err(LaunchError::from)?;
    let dataset = load(&card.task, card.seed, hub, progress).map_err(LaunchError::from)?;
    let identity = identity(&files, &dataset)?;
    Ok(Bench {
        files,
        dataset,
        identity,
        workbench: None,
    })
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
