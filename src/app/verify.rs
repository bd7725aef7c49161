//! Exported adapters, loaded again: are they what their cards say, and do they score it?

mod bench;

use std::path::{Path, PathBuf};

use self::bench::Bench;
use super::launch::LaunchError;
use crate::digest;
use crate::export::{AdapterCard, ExportError, list_too, listed_trials};
use crate::hub::{Hub, HubProgress};
use crate::model::device::DeviceChoice;
use crate::task::Labels;
use crate::train::TrainError;
use crate::train::checkpoint::CheckpointError;

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
    /// Why it could not be looked at or measured, where it could not.
    pub failure: Option<String>,
    /// The score on its card, and the score found now.
    pub scores: Option<(f64, f64)>,
    /// Whether its card is from before there were digests, so that its score alone could be compared.
    pub is_old: bool,
}

impl Verdict {
    /// Whether everything is as the card says.
    pub fn holds(&self) -> bool {
        let is_same = |(promised, found): (f64, f64)| (promised - found).abs() < SAME;
        self.failure.is_none() && self.changes.is_empty() && self.scores.is_some_and(is_same)
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

/// What adapters of one study share, with the card of one of them; why it cannot be had, where it cannot.
type Shared = (AdapterCard, Result<Bench, String>);

/// Holds every adapter that the manifest of `folder` lists, or without a list every one there, against its card, and
/// measures it on the validation rows that the card names; `told` hears of each, also of those that cannot be measured. With
/// `predictions`, every row goes with its logits, computed in 32 bits, into [`PREDICTIONS`] beside the adapter.
///
/// # Errors
/// There are no adapters, or the list of them cannot be read or written. What is wrong with one of them is no error: see
/// [`Verdict::holds`].
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
    let mut shared: Option<Shared> = None;
    for folder in adapters(export)? {
        let mut verdict = Verdict {
            folder,
            changes: Vec::new(),
            failure: None,
            scores: None,
            is_old: false,
        };
        let mut prepare = |card: &AdapterCard| Bench::prepare(card, hub, progress);
        if let Err(error) = verdict.look(&mut shared, &mut prepare, device, predictions) {
            verdict.failure = Some(error);
        }
        if predictions && verdict.scores.is_some() {
            predicted.push(verdict.folder.join(PREDICTIONS));
        }
        told(&verdict);
        verdicts.push(verdict);
    }
    list_too(export, &predicted)?;
    Ok(verdicts)
}

impl Verdict {
    /// Looks at the adapter and measures it.
    ///
    /// # Errors
    /// Why that cannot be done, in words.
    fn look(
        &mut self,
        shared: &mut Option<Shared>,
        prepare: &mut dyn FnMut(&AdapterCard) -> Result<Bench, VerifyError>,
        device: DeviceChoice,
        predictions: bool,
    ) -> Result<(), String> {
        let card = match AdapterCard::read(&self.folder) {
            Ok(card) => card,
            Err(error @ ExportError::NewerCard { .. }) => return Err(error.to_string()),
            Err(error) => {
                self.changes.push(error.to_string());
                return Ok(());
            }
        };
        self.is_old = card.digest.is_none();
        // Adapters of one study share its model and rows; loading those, or not finding them, takes most of the time.
        let known = shared.take();
        let known = known.filter(|(other, _)| is_same_study(other, &card));
        let bench = match known {
            Some((_, bench)) => bench,
            None => prepare(&card).map_err(|error| error.to_string()),
        };
        let (card, bench) = shared.insert((card, bench));
        let bench = bench.as_mut().map_err(|why| why.clone())?;
        let failed = |error: VerifyError| error.to_string();
        self.changes = changes(&self.folder, card, bench).map_err(failed)?;
        if self.changes.is_empty() {
            let found = bench.measure(&self.folder, card, device, predictions);
            self.scores = Some((card.score, found.map_err(failed)?));
        }
        Ok(())
    }
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
        Labels::Classes(names) => some_of(names),
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

/// Names of classes for a message, the first of them where they are many.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 20;
    match names.len().saturating_sub(SHOWN) {
        0 => format!("{names:?}"),
        more => format!("{:?} and {more} more", &names[..SHOWN]),
    }
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
