//! A training under way as a file, so that it goes on after the program was stopped, as if it had never been.
//!
//! The file holds one line, the CRC-32 of everything after it and a space, then JSON: where the training stands; and
//! after that line a safetensors file with the trained weights (`weights.NAME`), the optimiser's moments
//! (`moments.0`, `moments.1`) and the best epoch's weights (`best.NAME`).
//!
//! # What is equal, and how nearly
//!
//! Everything random is a function of numbers that the file holds: the order of rows of the seed and the epoch, the masks
//! of dropout of the seed and the step ([`crate::model::Dropout`]). The masks are whole numbers' doing and so equal, bit
//! by bit, on every device, however many trials train side by side. What is computed with them:
//!
//! | device | a training that goes on, against one that was never stopped |
//! |---|---|
//! | CPU | the same losses, scores and weights, bit by bit, on a machine with as many threads |
//! | GPU | the same as long as the same kernels are chosen: of some operations the library times several, anew in each run of the program. In another run, or on another card, numbers may be added in another order |
//!
//! Numbers that are added in another order differ by rounding. Between the CPU and an emulated GPU, which share no kernel,
//! losses differ by about 1e-6 of themselves and weights by less than 1e-5 after three steps of AdamW (`tests/it/gpu.rs`);
//! from there on they drift apart, and scores are to be compared as those of two seeds are.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Best, Phase, Training};
use crate::domain::{Configuration, EpochReport, Job, TrialId};
use crate::durable;
use crate::model::parameters::ParametersError;
use crate::model::weights::{FileFormat, NamedTensor, Weights, to_bytes};
use crate::regular;
use crate::train::TrainError;
use crate::train::checkpoint::CheckpointError;
use crate::train::evaluation::Evaluation;
use crate::train::workbench::Workbench;

/// Version of the files.
///
/// 2 says what the training rests on; 3 knows the masks of dropout by the step alone.
const FORMAT: u32 = 3;
/// Before dropout's masks were known by the step. It says all that a training without dropout needs.
const FORMAT_OF_OTHER_MASKS: u32 = 2;
/// End of the names of the files.
const SUFFIX: &str = "training";
/// No file is larger.
const LARGEST_BYTES: u64 = 16 << 30;

/// As much of any version's line as is needed to know the version.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// Where a training stands between two steps, and whose it is.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    format: u32,
    /// Digest of what all trials of the study rest on.
    basis: String,
    configuration: Configuration,
    seed: u64,
    /// Steps of the whole training: another number of rows or epochs is another training.
    steps_in_all: u64,
    epoch: u32,
    step: usize,
    /// Rows of the epoch that are done.
    rows_done: usize,
    epoch_loss: f64,
    optimizer_steps: i32,
    reports: Vec<EpochReport>,
    best: Option<(f64, u32)>,
    /// Not in files of earlier versions of the program.
    #[serde(default)]
    best_score_error: Option<f64>,
    active_seconds: f64,
}

/// The file for a training under way.
fn path(folder: &Path, trial: TrialId) -> PathBuf {
    folder.join(format!("trial-{}.{SUFFIX}", trial.0))
}

/// Deletes the file of a trial that is over.
///
/// # Errors
/// There is a file, and it cannot be deleted.
pub fn forget(folder: &Path, trial: TrialId) -> io::Result<()> {
    match fs::remove_file(path(folder, trial)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The trials of which there is a file.
///
/// # Errors
/// The folder cannot be read; one that is missing has no files.
pub fn kept(folder: &Path) -> io::Result<Vec<TrialId>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut trials = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let number = name
            .strip_prefix("trial-")
            .and_then(|rest| rest.split_once('.'));
        if let Some((number, SUFFIX)) = number {
            trials.extend(number.parse().ok().map(TrialId));
        }
    }
    trials.sort_unstable();
    Ok(trials)
}

impl Training<'_> {
    /// Keeps the training as a file, durably, unless all its epochs are done. One that is being measured will be
    /// measured from the first row again.
    ///
    /// # Errors
    /// The file cannot be written; an earlier one is then still there.
    pub fn keep(&self, folder: &Path) -> Result<(), TrainError> {
        let phase = match &self.phase {
            Phase::Preparing(_, next) => next,
            phase => phase,
        };
        let rows_done = match phase {
            // Nothing comes before itself.
            Phase::Preparing(..) => 0,
            Phase::Stepping { done, .. } => *done,
            Phase::Evaluating(_) => self.bench.train.len(),
            Phase::Over => return Ok(()),
        };
        let position = Position {
            format: FORMAT,
            basis: self.bench.basis.clone(),
            configuration: self.job.configuration.clone(),
            seed: self.job.seed,
            steps_in_all: self.schedule.total_steps,
            epoch: self.epoch,
            step: self.step,
            rows_done,
            epoch_loss: (self.losses.read().iter()).fold(self.epoch_loss, |sum, loss| sum + loss),
            optimizer_steps: self.optimizer.steps(),
            reports: self.reports.clone(),
            best: self.best.as_ref().map(|best| (best.score, best.epoch)),
            best_score_error: self.best.as_ref().and_then(|best| best.score_error),
            active_seconds: self.active.as_secs_f64(),
        };
        let mut tensors = named("weights.", self.encoder.parameters.export());
        let parameters = &self.encoder.parameters;
        let moments = self.optimizer.moments(parameters).into_iter().flatten();
        tensors.extend(moments.enumerate().map(|(number, values)| NamedTensor {
            name: format!("moments.{number}"),
            shape: vec![values.len()],
            values,
        }));
        if let Some(best) = &self.best {
            let mut parameters = self.encoder.parameters.clone();
            parameters.restore(&best.weights);
            tensors.extend(named("best.", parameters.export()));
        }
        let path = path(folder, self.trial());
        let weights = to_bytes(&tensors, FileFormat::F32)?;
        written(&position, &weights)
            .and_then(|bytes| {
                durable::create_subfolder(folder)?;
                durable::write_whole(&path, |out| out.write_all(&bytes))
            })
            .map_err(|source| CheckpointError::Write { path, source })?;
        Ok(())
    }

    /// The trial's training from where it was last kept; none where it never was, or where the file is damaged or
    /// belongs to another training, in which case `refused` hears why.
    ///
    /// # Errors
    /// The configuration does not fit the backbone.
    pub fn kept<'a>(
        bench: &'a Workbench,
        job: &Job,
        folder: &Path,
        refused: impl FnOnce(String),
    ) -> Result<Option<Training<'a>>, TrainError> {
        let path = path(folder, job.trial);
        if !path.exists() {
            return Ok(None);
        }
        let mut training = Training::begin(bench, job)?;
        match training.take_up(&path) {
            Ok(()) => Ok(Some(training)),
            Err(reason) => {
                refused(format!("{}: {reason}", path.display()));
                Ok(None)
            }
        }
    }

    /// What its epochs showed so far.
    pub fn reports(&self) -> &[EpochReport] {
        &self.reports
    }

    /// Its steps so far, and steps in all.
    pub fn steps(&self) -> (usize, u64) {
        (self.step, self.schedule.total_steps)
    }

    /// Takes up a file's state. After an error nothing is of use.
    fn take_up(&mut self, path: &Path) -> Result<(), String> {
        let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
        if size > LARGEST_BYTES {
            return Err(format!("it has {size} bytes, more than any training"));
        }
        let bytes = regular::read_into_memory(path).map_err(|error| error.to_string())?;
        let (position, weights) = read(&bytes)?;
        if position.format == FORMAT_OF_OTHER_MASKS && self.dropout.drops() {
            let reason =
                "an earlier version of the program wrote it, which drew its dropout otherwise";
            return Err(reason.to_owned());
        }
        if position.basis != self.bench.basis {
            return Err(
                "it is of a training with other rows, another encoder or other settings".to_owned(),
            );
        }
        let same = position.configuration == self.job.configuration
            && position.seed == self.job.seed
            && position.steps_in_all == self.schedule.total_steps
            && position.epoch <= self.bench.epochs
            && position.rows_done <= self.bench.train.len();
        if !same {
            return Err("it is of another training".to_owned());
        }
        let mut tensors = weights.floats().map_err(|error| error.to_string())?;
        let unfit = |error: ParametersError| error.to_string();
        let best = take(&mut tensors, "best.");
        let moments = take(&mut tensors, "moments.");
        let weights = take(&mut tensors, "weights.");
        if let Some((score, epoch)) = position.best {
            self.encoder.parameters.import(&best).map_err(unfit)?;
            let weights = self.encoder.parameters.snapshot();
            self.best = Some(Best {
                score,
                score_error: position.best_score_error,
                epoch,
                weights,
            });
        }
        let parameters = &mut self.encoder.parameters;
        parameters.import(&weights).map_err(unfit)?;
        self.optimizer
            .set(
                position.optimizer_steps,
                moments.into_iter().map(|m| m.values),
                parameters,
            )
            .ok_or("it lacks the optimiser's moments")?;
        let rows = self.bench.train.len();
        let phase = match position.rows_done < rows {
            true => Phase::Stepping {
                order: self.bench.order(self.job.seed, position.epoch),
                done: position.rows_done,
            },
            false => Phase::Evaluating(Evaluation::default()),
        };
        match &mut self.phase {
            Phase::Preparing(_, next) => **next = phase,
            begun => *begun = phase,
        }
        self.epoch = position.epoch;
        self.step = position.step;
        self.epoch_loss = position.epoch_loss;
        self.reports = position.reports;
        self.active = Duration::try_from_secs_f64(position.active_seconds)
            .map_err(|error| error.to_string())?;
        Ok(())
    }
}

fn named(prefix: &str, mut tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    for tensor in &mut tensors {
        tensor.name.insert_str(0, prefix);
    }
    tensors
}

/// Takes out the tensors whose names begin with `prefix`, which they lose.
fn take(tensors: &mut Vec<NamedTensor>, prefix: &str) -> Vec<NamedTensor> {
    tensors
        .extract_if(.., |tensor| tensor.name.starts_with(prefix))
        .map(|mut tensor| {
            tensor.name.drain(..prefix.len());
            tensor
        })
        .collect()
}

fn written(position: &Position, weights: &[u8]) -> io::Result<Vec<u8>> {
    let mut body = serde_json::to_vec(position)?;
    body.push(b'\n');
    body.extend_from_slice(weights);
    let mut bytes = format!("{:08x} ", crc32fast::hash(&body)).into_bytes();
    bytes.append(&mut body);
    Ok(bytes)
}

fn read(bytes: &[u8]) -> Result<(Position, Weights<'_>), String> {
    let cut = || "it is cut short".to_owned();
    let (checksum, body) = bytes.split_at_checked(9).ok_or_else(cut)?;
    if *checksum != *format!("{:08x} ", crc32fast::hash(body)).as_bytes() {
        return Err("it is damaged: its checksum does not fit".to_owned());
    }
    let end = memchr::memchr(b'\n', body).ok_or_else(cut)?;
    let line = &body[..end];
    let version: Version = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if ![FORMAT, FORMAT_OF_OTHER_MASKS].contains(&version.format) {
        return Err(format!("it has format {}, not {FORMAT}", version.format));
    }
    let position: Position = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let weights = Weights::new(&body[end + 1..], "its weights").map_err(|e| e.to_string())?;
    Ok((position, weights))
}
