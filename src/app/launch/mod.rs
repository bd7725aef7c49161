//! From a study to its runtime: model, data, space, journal, workers.

mod begun;
mod earlier;
mod engine;
mod error;
mod folders;
mod records;
mod settings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::evaluating::{Evaluating, Site};
use super::exporting::Exporting;
use super::identity::{basis, identity};
use super::runtime::Runtime;
use super::{ReplayError, Severity, State, attempts, carried_over};
use crate::digest;
use crate::domain::{Configuration, Identity, PeftSpace, SearchMethod};
use crate::executor::{Executor, LocalExecutor};
use crate::export::{self, Context, Front, Owned};
use crate::hub::{Hub, HubProgress};
use crate::journal::{Journal, Record};
use crate::model::ModelFiles;
use crate::model::config::EncoderConfig;
use crate::model::device::DeviceChoice;
use crate::model::space::peft_space;
use crate::search::{Ask, EstimateWorker, SearchWorker};
use crate::study::Study;
use crate::task::{Dataset, load};
use crate::threads;
use crate::train::rows::{Examined, RowsError, examine};
use crate::train::trainer::under_way;
use crate::train::{KeepUnderWay, Plan};
pub use begun::Begun;
pub(super) use engine::{engine, recorded_engine};
pub use error::LaunchError;
pub use folders::{delete_leftovers, run_folder};
use folders::{under_way_folder, weights_folder};
use records::{killed, opening, wanted};

/// Studies whose journals begin in this format or a later one have weights that all say whose they are.
const WEIGHTS_SAY_WHOSE: u32 = 3;

/// Threads of a study at work beside those of its executor: the search's, the estimates' and the journal's.
const THREADS: usize = 3;

/// What the command line adds to a study.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of all runs.
    pub runs: PathBuf,
    /// Where to train.
    pub device: DeviceChoice,
    /// Configurations to try besides those of the search, such as another study's.
    pub wanted: Vec<Configuration>,
    /// Run folders of earlier studies, whose measurements the search of a study that begins is to know.
    pub earlier: Vec<PathBuf>,
    /// Threads that whoever shows the study will start.
    pub threads: usize,
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
    /// Model and rows by their content.
    pub identity: Identity,
    /// The files that the rows were read from, each with the digest of its bytes.
    pub data_files: Vec<(PathBuf, String)>,
    /// What is worth knowing before results are believed, a line each.
    pub cautions: Vec<String>,
}

/// Finds the model, reads the data and lays out the space, and holds all of it against the journal of a study that was
/// `begun` before. Trains nothing.
///
/// # Errors
/// See [`LaunchError`].
pub fn resolve(
    study: Study,
    begun: Option<&Begun>,
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
) -> Result<Resolved, LaunchError> {
    let study = match begun {
        Some(begun) => begun.hold(study)?,
        None => study,
    };
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
    let identity = identity(&files, &dataset)?;
    let mut cautions = Vec::new();
    if let Some(begun) = begun {
        begun.hold_content(&space, &identity)?;
        cautions = begun.cautions(&identity);
    }
    cautions.extend(hub.caution());
    let data_files = dataset
        .files
        .iter()
        .map(|path| match digest::of_file(path) {
            Ok(sha256) => Ok((path.clone(), sha256)),
            Err(source) => Err(LaunchError::Data {
                path: path.clone(),
                source,
            }),
        });
    let data_files = data_files.collect::<Result<_, _>>()?;
    Ok(Resolved {
        study,
        files,
        encoder,
        dataset,
        space,
        identity,
        data_files,
        cautions,
    })
}

/// What an export of this state starts from.
pub fn front_of<'a>(state: &'a State, context: &'a Context, run_folder: &Path) -> Front<'a> {
    Front {
        name: &state.study.name,
        space: &state.study.space,
        reference_point: state.reference(),
        hypervolume: state.hypervolume(),
        trials: &state.trials,
        members: state.front.clone(),
        beliefs: &state.beliefs,
        devices: &state.devices,
        context,
        weights: weights_folder(run_folder),
        owned: basis(&state.study).map(|basis| Owned {
            basis,
            may_be_unsaid: state.study.format < WEIGHTS_SAY_WHOSE,
        }),
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
            data_files: self.data_files.clone(),
            identity: self.identity.clone(),
        }
    }

    /// Opens the journal, starts the workers, and stands where the study last stood.
    ///
    /// # Errors
    /// See [`LaunchError`]; nothing was trained then.
    pub fn start(self, options: &Options) -> Result<Runtime, LaunchError> {
        if !options.earlier.is_empty() && self.study.search.method != SearchMethod::Bayesian {
            return Err(LaunchError::EarlierUnused);
        }
        options.device.resolve()?;
        let examined = self.examine()?;
        let parallel = self.study.search.parallel;
        threads::reserve(THREADS + LocalExecutor::threads(parallel) + options.threads)?;
        let folder = run_folder(&options.runs, &self.study);
        folders::check_own(&folder)?;
        let (mut journal, history) = Journal::open(&folder)?;
        let torn_tail = history.torn_tail;
        let mut records: Vec<Record> = history
            .records
            .into_iter()
            .map(|stamped| stamped.record)
            .collect();
        // A kill may have come between the first records of a study that begins.
        let begins = records.iter().all(|record| {
            matches!(
                record,
                Record::StudyCreated { .. }
                    | Record::StudyIdentified { .. }
                    | Record::FormatRaised { .. }
                    | Record::EarlierCarriedOver { .. }
            )
        });
        let carried_over = match begins {
            true => {
                let rate = self.study.training.learning_rate;
                let mut missing = earlier::records(&options.earlier, &self.space, rate)?;
                missing.retain(|record| !records.contains(record));
                missing
            }
            false => Vec::new(),
        };
        let fresh = opening(&self, &self.study.settled(), &records, carried_over);
        records.extend(fresh.clone());
        let killed = killed(records.iter());
        let path = journal.path().to_owned();
        let mut state =
            State::replay(records).map_err(|source| LaunchError::Replay { path, source })?;
        // Another program may have begun it since it was looked at.
        let begun = Begun::of(&state, &folder);
        begun.hold(self.study.clone())?;
        begun.hold_content(&self.space, &self.identity)?;
        earlier::hold(&options.earlier, &state.carried_over, &folder)?;
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
        state.stop_below = self.study.search.stop_below;
        if let Err(error) = delete_leftovers(&folder, &state) {
            let text = format!("cannot delete leftovers in {}: {error}", folder.display());
            state.notify(Severity::Warning, text);
        }
        if let Some(caution) = journal.caution() {
            state.notify(Severity::Warning, caution.to_owned());
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
        let carried_over = state.carried_over.iter();
        let told: Vec<String> = carried_over
            .map(|carried| {
                format!(
                    "carried over from {}: {} trials",
                    carried.study,
                    carried.scored.len()
                )
            })
            .collect();
        for word in told {
            state.notify(Severity::Info, word);
        }
        attempts::tell(&mut state, &attempts, killed.as_ref());
        let warnings = self.cautions.iter().chain(&self.dataset.warnings);
        for warning in warnings.chain(&examined.remarks) {
            state.notify(Severity::Warning, warning.clone());
        }
        let basis = basis(&state.study).unwrap_or_default();
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
        let engine = engine(&self.study, &self.space)
            .knowing(&carried_over::earlier(&state))
            .fitting(engine::fits(&self));
        let search = SearchWorker::spawn(engine)?;
        let estimates = EstimateWorker::spawn(recorded_engine(&state.study), state.plain_points())?;
        let keeps = self.study.output.keep_adapters;
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
            basis,
        };
        // Before the executor: where that cannot start, the study is locked until it has ended.
        let journal = journal.on_its_own_thread()?;
        let executor = LocalExecutor::start(plan, parallel)?;
        state.capacity = executor.capacity();
        Ok(Runtime {
            state,
            journal,
            executor: Box::new(executor),
            search,
            estimates,
            stop_requests: crossbeam_channel::never(),
            vitals: crossbeam_channel::never(),
            exporting: Exporting::new(export),
            evaluate: Box::new(evaluate),
            evaluation: None,
        })
    }
}
