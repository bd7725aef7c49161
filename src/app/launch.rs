//! From a study to its runtime: model, data, space, journal, workers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::evaluating::{Evaluating, Site};
use super::runtime::Runtime;
use super::{ReplayError, Severity, State, StudyFacts, attempts};
use crate::domain::{Configuration, Origin, PeftSpace, Trial, TrialId, TrialState};
use crate::durable;
use crate::executor::{Executor, LocalExecutor};
use crate::export::{self, Context, Front};
use crate::hub::{Hub, HubProgress};
use crate::journal::{FORMAT_VERSION, Journal, JournalError, Record};
use crate::model::config::EncoderConfig;
use crate::model::device::{DeviceChoice, DeviceError};
use crate::model::space::{SpaceError, peft_space};
use crate::model::{LoadError, ModelFiles, SourceError};
use crate::search::{Ask, Engine, EngineSettings, SearchWorker};
use crate::study::{SearchSettings, Study};
use crate::task::{Dataset, TaskError, load};
use crate::train::trainer::under_way;
use crate::train::{KeepUnderWay, Plan};

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
    #[error("{0} is not in the space of this study; `check` shows its modules, sizes and layers")]
    OutsideSpace(Configuration),
    /// The system gives no thread.
    #[error("cannot start a worker thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Folder of a study's run: journal, weights, exports, log.
pub fn run_folder(runs: &Path, study: &Study) -> PathBuf {
    runs.join(study.name.as_str())
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

/// Where a run keeps the weights of its finished trials.
fn weights_folder(run_folder: &Path) -> PathBuf {
    run_folder.join("weights")
}

/// Where a run keeps its trainings under way.
fn under_way_folder(run_folder: &Path) -> PathBuf {
    run_folder.join("under-way")
}

/// Deletes the checkpoints of trials that are over, and of files that were being written when a session ended. Nothing
/// may be training there.
///
/// # Errors
/// A folder cannot be read, or a file not deleted.
pub fn delete_leftovers(run_folder: &Path, state: &State) -> std::io::Result<()> {
    let under_way = under_way_folder(run_folder);
    durable::delete_partial_files(&under_way)?;
    durable::delete_partial_files(&weights_folder(run_folder))?;
    for trial in under_way::kept(&under_way)? {
        // A pruned one may go on.
        let ended = |trial: &Trial| trial.state.is_over() && trial.state != TrialState::Pruned;
        if state.trial(trial).is_none_or(ended) {
            under_way::forget(&under_way, trial)?;
        }
    }
    Ok(())
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

    /// What exports tell besides the trials.
    pub fn context(&self) -> Context {
        Context {
            study: self.study.clone(),
            base_model: self.files.origin.clone(),
            labels: self.dataset.labels.clone(),
            metric: self.dataset.metric,
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
        let wanted = wanted(&state, &options.wanted)?;
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
        attempts::tell(&mut state, &attempts);
        for warning in &self.dataset.warnings {
            state.notify(Severity::Warning, warning.clone());
        }
        let context = self.context();
        let run_folder = folder.clone();
        let export = move |state: &State| {
            let folder = run_folder.join("export");
            let front = front_of(state, &context, &run_folder);
            let written = export::export(&front, &[export::ALL], &folder);
            written.map(|_| folder).map_err(|error| error.to_string())
        };
        let site = Site {
            study: self.study.clone(),
            device: options.device,
            folder: folder.clone(),
        };
        let evaluate = move |found| Evaluating::start(site.clone(), found);
        let search = SearchWorker::spawn(engine(&self.study, &self.space))?;
        let keeps = self.study.output.keep_adapters;
        let parallel = self.study.search.parallel;
        let plan = Plan {
            files: self.files,
            dataset: self.dataset,
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

/// The records with which this session begins.
fn opening(resolved: &Resolved, settings: &serde_json::Value, is_new: bool) -> Vec<Record> {
    let created = is_new.then(|| Record::StudyCreated {
        format: FORMAT_VERSION,
        name: resolved.study.name.as_str().to_owned(),
        seed: resolved.study.seed,
        settings: settings.clone(),
        space: resolved.space.clone(),
        reference_point: resolved.study.search.reference_point,
    });
    let session = Record::SessionStarted {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        trials: resolved.study.search.trials,
    };
    created.into_iter().chain([session]).collect()
}

/// The records that queue what was asked for and is not known yet.
fn wanted(state: &State, configurations: &[Configuration]) -> Result<Vec<Record>, LaunchError> {
    let mut records = Vec::new();
    for configuration in configurations {
        if state.study.space.point(configuration).is_none() {
            return Err(LaunchError::OutsideSpace(configuration.clone()));
        }
        let known = state.trials.iter().map(|trial| &trial.configuration);
        let mut queued = records.iter().filter_map(|record| match record {
            Record::TrialQueued { configuration, .. } => Some(configuration),
            _ => None,
        });
        if known.into_iter().any(|other| other == configuration)
            || queued.any(|other| other == configuration)
        {
            continue;
        }
        records.push(Record::TrialQueued {
            trial: TrialId((state.trials.len() + records.len()) as u32),
            configuration: configuration.clone(),
            origin: Origin::Manual,
        });
    }
    Ok(records)
}

/// The settings on which results depend: all but the number of trials, how many train at once, and what is kept.
fn settled(study: &Study) -> serde_json::Value {
    let mut settings = serde_json::to_value(study).unwrap_or_default();
    if let Some(table) = settings.as_object_mut() {
        table.remove("output");
        if let Some(search) = table
            .get_mut("search")
            .and_then(|search| search.as_object_mut())
        {
            search.remove("trials");
            search.remove("parallel");
        }
    }
    settings
}

/// The engine for this study.
pub(super) fn engine(study: &Study, space: &PeftSpace) -> Engine {
    let cost = {
        let space = space.clone();
        Arc::new(move |point: &_| space.parameters_percent(&space.configuration(point)))
    };
    let begun = Instant::now();
    let clock = Arc::new(move || begun.elapsed().as_secs_f64());
    Engine::new(
        space.space(),
        cost,
        engine_settings(&study.search, space),
        study.seed,
        clock,
    )
}

fn engine_settings(search: &SearchSettings, space: &PeftSpace) -> EngineSettings {
    EngineSettings {
        initial_trials: search.initial_trials,
        initial_design: search.initial_design,
        method: search.method,
        surrogate: search.surrogate,
        score_scale: search.score_scale,
        cost_input: search.cost_input,
        acquisition: search.acquisition,
        warmup_draws: search.warmup_draws,
        posterior_draws: search.posterior_draws,
        thinning: search.thinning,
        acquisition_evaluations: search.acquisition_evaluations,
        local_search_starts: search.local_search_starts,
        // Every question brings what is known by then.
        reference_point: search.reference_point.derived(space, []),
        cost_scale: search.cost_scale,
        // Trials measure two objectives.
        third_reference: None,
    }
}

/// What differs from the study as it was created, in words; none where nothing does.
fn differences(
    then: &StudyFacts,
    settings: &serde_json::Value,
    space: &PeftSpace,
) -> Option<String> {
    let mut found = Vec::new();
    compare("", &then.settings, settings, &mut found);
    if found.is_empty() && then.space != *space {
        found.push("the model has another size than before".to_owned());
    }
    (!found.is_empty()).then(|| found.join("; "))
}

fn compare(path: &str, then: &serde_json::Value, now: &serde_json::Value, found: &mut Vec<String>) {
    let (Some(old), Some(new)) = (then.as_object(), now.as_object()) else {
        // What the file leaves open stays as the journal has it.
        let is_open = path.starts_with("search.reference_point.") && now.is_null();
        if then != now && !is_open {
            found.push(format!("`{path}` was {then}, is {now}"));
        }
        return;
    };
    let absent = serde_json::Value::Null;
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let dot = if path.is_empty() { "" } else { "." };
        let (was, is) = (
            old.get(key).unwrap_or(&absent),
            new.get(key).unwrap_or(&absent),
        );
        compare(&format!("{path}{dot}{key}"), was, is, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_study_that_says_nothing_of_its_search_gets_the_engines_defaults() {
        let text = "[model]\nembedded = true\n[task]\nname = \"demo\"\n[search]\ntrials = 100\n";
        let study = Study::parse(text, Path::new("defaults.toml"), Path::new("/"))
            .expect("the study is valid");
        let defaults = EngineSettings::default();
        let space = PeftSpace {
            modules: Vec::new(),
            layers: 1,
            candidate_layers: vec![0],
            choose_layers: false,
            backbone_parameters: 1,
            learning_rates: Vec::new(),
        };
        let expected = EngineSettings {
            reference_point: study.search.reference_point.derived(&space, []),
            ..defaults
        };
        assert_eq!(engine_settings(&study.search, &space), expected);
    }

    #[test]
    fn differences_name_the_key_and_both_values() {
        let then = json!({"training": {"epochs": 3, "patience": 2}, "seed": 1});
        let now = json!({"training": {"epochs": 4, "patience": 2}, "seed": 1});
        let mut found = Vec::new();
        compare("", &then, &now, &mut found);
        assert_eq!(found, ["`training.epochs` was 3, is 4"]);
        found.clear();
        compare("", &then, &then, &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn a_reference_point_that_the_file_leaves_open_stays_that_of_the_journal() {
        let of =
            |score: serde_json::Value| json!({"search": {"reference_point": {"score": score}}});
        let mut found = Vec::new();
        compare("", &of(json!(0.5)), &of(json!(null)), &mut found);
        assert!(found.is_empty(), "{found:?}");
        compare("", &of(json!(null)), &of(json!(0.5)), &mut found);
        assert_eq!(found, ["`search.reference_point.score` was null, is 0.5"]);
    }
}
