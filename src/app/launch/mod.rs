//! From a study to its runtime: model, data, space, journal, workers.

mod begun;
mod engine;
mod folders;
mod records;
mod settings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::evaluating::{Evaluating, Site};
use super::runtime::Runtime;
use super::{ReplayError, Severity, State, attempts};
use crate::domain::{Configuration, PeftSpace};
use crate::executor::{Executor, LocalExecutor};
use crate::export::{self, Context, Front};
use crate::hub::{Hub, HubProgress};
use crate::journal::{Journal, JournalError, Record};
use crate::model::config::EncoderConfig;
use crate::model::device::{DeviceChoice, DeviceError};
use crate::model::space::{SpaceError, peft_space};
use crate::model::{LoadError, ModelFiles, SourceError};
use crate::search::{Ask, SearchWorker};
use crate::study::Study;
use crate::task::{Dataset, TaskError, load};
use crate::train::rows::{Examined, RowsError, examine};
use crate::train::trainer::under_way;
use crate::train::{KeepUnderWay, Plan};
pub use begun::as_begun;
pub(super) use engine::engine;
pub use folders::{delete_leftovers, run_folder};
use folders::{under_way_folder, weights_folder};
use records::{opening, wanted};
use settings::{differences, settled};

/// What the command line adds to a study.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of all runs.
    pub runs: PathBuf,
    /// Where to train.
    pub device: DeviceChoice,
    /// Configurations to try besides those of the search, such as another study's.
    pub wanted: Vec<Configuration>,
}

/// A study whose model, data and space were found and fit together.
pub struct Resolved {
    /// The study.
    pub study: Study,
    /// The backbone's files.
    pub files: ModelFiles,
    /// The backbone's configuration.
    pub encoder: EncoderConfig,
    /// The task's rows.
    pub dataset: Dataset,
    /// The space for this backbone.
    pub space: PeftSpace,
}

/// Why a study cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The model cannot be found.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model's configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The task cannot be loaded.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Rows cannot be read as the model reads them.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The space does not fit the model.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal is no study's.
    #[error("{path}: {source}")]
    Replay {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        source: ReplayError,
    },
    /// The study's file was changed in a way that makes its earlier results incomparable.
    #[error(
        "this study was begun with other settings: {differences}\n\
         take the change back, give the study another `name`, or move {folder} away"
    )]
    Changed {
        /// Keys with their values then and now.
        differences: String,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The maximum length exceeds what the model takes.
    #[error("`training.max_length` is {wanted}, but the model takes at most {longest} tokens")]
    TooLong {
        /// Tokens asked for.
        wanted: usize,
        /// Tokens at most.
        longest: usize,
    },
    /// A configuration that was asked for is not in the study's space.
    #[error("{configuration} is not in the space of this study: {objection}")]
    OutsideSpace {
        /// The configuration.
        configuration: Configuration,
        /// Why not.
        objection: String,
    },
    /// The system gives no thread.
    #[error("cannot start a worker thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Finds the model, reads the data and lays out the space. Trains nothing.
///
/// # Errors
/// See [`LaunchError`].
pub fn resolve(
    study: Study,
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
) -> Result<Resolved, LaunchError> {
    let files = ModelFiles::open(&study.model, hub, progress)?;
    let encoder = files.encoder_config()?;
    let longest = encoder.longest_sequence();
    if study.training.max_length > longest {
        return Err(LaunchError::TooLong {
            wanted: study.training.max_length,
            longest,
        });
    }
    let space = peft_space(&study.space, &encoder)?;
    let dataset = load(&study.task, study.seed, hub, progress)?;
    Ok(Resolved {
        study,
        files,
        encoder,
        dataset,
        space,
    })
}

/// What an export of this state starts from.
pub fn front_of<'a>(state: &'a State, context: &'a Context, run_folder: &Path) -> Front<'a> {
    Front {
        name: &state.study.name,
        space: &state.study.space,
        reference_point: state.reference(),
        trials: &state.trials,
        devices: &state.devices,
        context,
        weights: weights_folder(run_folder),
    }
}

impl Resolved {
    /// Random configurations of the space, different from each other, fewer where the space has fewer; the same for the
    /// same seed.
    pub fn random_configurations(&self, seed: u64, count: usize) -> Vec<Configuration> {
        let study = Study {
            seed,
            ..self.study.clone()
        };
        let engine = engine(&study, &self.space).at_random();
        let ask = Ask {
            count,
            ..Ask::default()
        };
        let proposals = engine.ask(&ask, &|| false).unwrap_or_default();
        let points = proposals.iter().map(|proposal| &proposal.point);
        points
            .map(|point| self.space.configuration(point))
            .collect()
    }

    /// Reads all rows as the model reads them.
    ///
    /// # Errors
    /// A row, or the tokenizer, would end every training.
    pub(super) fn examine(&self) -> Result<Examined, RowsError> {
        let longest = self.study.training.max_length;
        examine(&self.files, &self.encoder, &self.dataset, longest)
    }

    /// What exports tell besides the trials.
    pub fn context(&self) -> Context {
        Context {
            study: self.study.clone(),
            base_model: self.files.origin.clone(),
            labels: self.dataset.labels.clone(),
            metric: self.dataset.metric,
            positive_label: self.dataset.positive_label().map(str::to_owned),
            encoder: self.encoder.clone(),
            model_files: self.files.clone(),
            data_files: self.dataset.files.clone(),
        }
    }

    /// Opens the journal, starts the workers, and stands where the study last stood.
    ///
    /// # Errors
    /// See [`LaunchError`]; nothing was trained then.
    pub fn start(
        self,
        options: &Options,
        stop_requests: Receiver<()>,
    ) -> Result<Runtime, LaunchError> {
        options.device.resolve()?;
        let examined = self.examine()?;
        let folder = run_folder(&options.runs, &self.study);
        let (mut journal, history) = Journal::open(&folder)?;
        let torn_tail = history.torn_tail;
        let mut records: Vec<Record> = history
            .records
            .into_iter()
            .map(|stamped| stamped.record)
            .collect();
        let settings = settled(&self.study);
        let fresh = opening(&self, &settings, records.is_empty());
        records.extend(fresh.clone());
        let path = journal.path().to_owned();
        let mut state =
            State::replay(records).map_err(|source| LaunchError::Replay { path, source })?;
        if let Some(differences) = differences(&state.study, &settings, &self.space) {
            return Err(LaunchError::Changed {
                differences,
                folder,
            });
        }
        let (wanted, known) = wanted(&state, &options.wanted)?;
        let mut attempts = attempts::try_again(&state);
        // What cannot be told to be hopeless is begun once more.
        if let Ok(kept) = under_way::kept(&under_way_folder(&folder)) {
            attempts.extend(attempts::set_aside(&state, &kept.into_iter().collect()));
        }
        journal.append(&[&fresh[..], &wanted, &attempts].concat())?;
        for record in wanted.iter().chain(&attempts) {
            let contradiction = |what| ReplayError::Contradiction { index: 0, what };
            let path = journal.path().to_owned();
            state.apply(record).map_err(|what| LaunchError::Replay {
                path,
                source: contradiction(what),
            })?;
        }
        state.batch = self.study.search.batch;
        state.initial_trials = self.study.search.initial_trials;
        if let Err(error) = delete_leftovers(&folder, &state) {
            let text = format!("cannot delete leftovers in {}: {error}", folder.display());
            state.notify(Severity::Warning, text);
        }
        if let Some(tail) = torn_tail {
            let bytes = tail.bytes;
            let text = format!(
                "the journal's last {bytes} bytes were unfinished and are cut away; a trial whose end they told runs again"
            );
            state.notify(Severity::Warning, text);
        }
        for word in known {
            state.notify(Severity::Info, word);
        }
        attempts::tell(&mut state, &attempts);
        for warning in self.dataset.warnings.iter().chain(&examined.remarks) {
            state.notify(Severity::Warning, warning.clone());
        }
        let context = self.context();
        let run_folder = folder.clone();
        let export = move |state: &State| {
            let folder = run_folder.join("export");
            let front = front_of(state, &context, &run_folder);
            let written = export::export(&front, &[export::ALL], &folder);
            let written = written.map(|written| (folder, written.remarks()));
            written.map_err(|error| error.to_string())
        };
        let site = Site {
            study: self.study.clone(),
            device: options.device,
            folder: folder.clone(),
        };
        let evaluate = move |found| Evaluating::start(site.clone(), found);
        let engine = engine(&self.study, &self.space).fitting(engine::fits(&self));
        let search = SearchWorker::spawn(engine)?;
        let keeps = self.study.output.keep_adapters;
        let parallel = self.study.search.parallel;
        let plan = Plan {
            files: self.files,
            dataset: self.dataset,
            examined: Some(examined),
            training: self.study.training,
            fidelity: self.study.fidelity,
            device: options.device,
            weights_folder: keeps.then(|| weights_folder(&folder)),
            under_way: Some(KeepUnderWay {
                folder: under_way_folder(&folder),
                every: Duration::from_secs(self.study.output.checkpoint_seconds),
            }),
            seed: self.study.seed,
        };
        let executor = LocalExecutor::start(plan, parallel)?;
        state.capacity = executor.capacity();
        Ok(Runtime {
            state,
            journal: journal.on_its_own_thread()?,
            executor: Box::new(executor),
            search,
            stop_requests,
            vitals: crossbeam_channel::never(),
            export: Box::new(export),
            evaluate: Box::new(evaluate),
            evaluation: None,
        })
    }
}
