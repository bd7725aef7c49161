//! The state of a study: a fold over its journal's records, and what is live beside them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Curve, Vitals};
use crate::domain::{
    Objectives, PeftSpace, Progress, ReferencePoint, ReferenceRule, Rungs, Transition, Trial,
    TrialId, TrialState, extend_front, hypervolume,
};
use crate::journal::{FORMAT_VERSION, Record};

/// Notices kept for the log panel.
const NOTICES_KEPT: usize = 500;

/// Looks at the devices kept for the device panel.
const LOOKS_KEPT: usize = 240;
/// Trials that are over and of which the losses are kept, the latest ones.
const LIVE_KEPT: usize = 1000;

/// What never changes while a study runs.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyFacts {
    /// Name of the study.
    pub name: String,
    /// Seed of the study.
    pub seed: u64,
    /// The space, resolved against the model.
    pub space: PeftSpace,
    /// Bounds of the hypervolume, as far as they are not derived.
    pub reference_rule: ReferenceRule,
    /// The settings on which results depend, as recorded at the study's creation.
    pub settings: serde_json::Value,
}

impl StudyFacts {
    /// The rungs on record; none in studies from before there were any.
    fn rungs(&self) -> Rungs {
        serde_json::from_value(self.settings["rungs"].clone()).unwrap_or_default()
    }

    /// Epochs of a trial at most, as recorded; 0 where nothing is.
    fn epochs(&self) -> u32 {
        let epochs = |section: &str| self.settings[section]["epochs"].as_u64();
        epochs("fidelity").or(epochs("training")).unwrap_or(0) as u32
    }
}

/// What the executor's device is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// Model and data are being loaded.
    Loading,
    /// Trials can run there; the text says which device and why.
    Ready(String),
    /// Nothing can run; the text says why.
    Unavailable(String),
}

/// What the search is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchStatus {
    /// Nothing.
    Idle,
    /// It was asked for this many proposals.
    Asked(usize),
    /// No new configuration is left.
    Exhausted,
    /// It failed; asked again only when the user resumes the study.
    Failed(String),
}

/// What is known of a trial under way, beside its records.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LiveTrial {
    /// Its latest progress.
    pub progress: Option<Progress>,
    /// Training loss by step, as far as it was seen.
    pub losses: Curve,
}

/// How far an evaluation is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EvaluationStatus {
    /// Trainings that are done.
    pub done: usize,
    /// Trainings in all; 0 until that is known.
    pub total: usize,
    /// What is trained.
    pub what: String,
}

/// How urgent a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// For the record.
    Info,
    /// Something went otherwise than planned.
    Warning,
    /// Something failed.
    Error,
}

/// A line for the log panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How urgent.
    pub severity: Severity,
    /// The text, one line.
    pub text: String,
}

/// A study's state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What never changes.
    pub study: StudyFacts,
    /// Trials to reach.
    pub trials_wanted: usize,
    /// Proposals to ask for at a time, once the initial design is done.
    pub batch: usize,
    /// Size of the initial design.
    pub initial_trials: usize,
    /// When trials are compared on their way.
    pub rungs: Rungs,
    /// Epochs of a trial, at most.
    pub epochs: u32,
    /// All trials; a trial's number is its index.
    pub trials: Vec<Trial>,
    /// The front, by ascending parameters.
    pub front: Vec<TrialId>,
    /// Trials that are over, in the order of their ends.
    pub over: Vec<TrialId>,
    /// The newest trial that was ever started, and how many were over when it first was.
    pub newest_started: Option<(TrialId, usize)>,
    /// How often in a row the program ended without a word while the trial was under way.
    pub deaths: BTreeMap<TrialId, u32>,
    /// Bounds of the hypervolume, once fixed: given, or derived from the initial design.
    pub reference_point: Option<ReferencePoint>,
    /// How many trials were over when the bounds were fixed.
    pub fixed_after: usize,
    /// Devices that trials were trained on, the latest last.
    pub devices: Vec<String>,
    /// The hypervolume after each finished trial, in the order of finishing; empty until its bounds are fixed.
    pub hypervolume_trace: Vec<(TrialId, f64)>,
    /// Trials that the user marked.
    pub marked: BTreeSet<TrialId>,
    /// What the user wrote beside trials, one line each.
    pub notes: BTreeMap<TrialId, String>,
    /// Places in the queue that the user gave, higher first; 0 where nothing is said.
    pub priorities: BTreeMap<TrialId, i32>,
    /// Trials under way or done in this session, beside their records.
    pub live: BTreeMap<TrialId, LiveTrial>,
    /// Trials that the executor holds.
    pub submitted: BTreeSet<TrialId>,
    /// Whether the user paused the whole study.
    pub study_paused: bool,
    /// Trials that were paused together with the study, and go on with it.
    pub paused_with_study: BTreeSet<TrialId>,
    /// Paused trials that were asked to go on and wait for a place.
    pub resuming: BTreeSet<TrialId>,
    /// The device.
    pub device: DeviceStatus,
    /// Jobs that the executor can run at once.
    pub capacity: usize,
    /// The search.
    pub search: SearchStatus,
    /// The evaluation under way; no trial starts meanwhile.
    pub evaluation: Option<EvaluationStatus>,
    /// The latest look at the devices.
    pub vitals: Option<Vitals>,
    /// How busy the first device was at the last looks, 0 to 1, oldest first.
    pub utilisation: VecDeque<f32>,
    /// Whether the program is stopping.
    pub stopping: bool,
    /// Latest notices, oldest first.
    pub notices: VecDeque<Notice>,
}

/// Why a journal's records make no study.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReplayError {
    /// The first record is not the study's creation.
    #[error(
        "the journal does not begin with the study's creation; it is not a journal of this program"
    )]
    NoStudy,
    /// The journal was written by a later version.
    #[error(
        "the journal has format {found}, this program reads up to {FORMAT_VERSION}; use the newer program"
    )]
    Newer {
        /// Format of the journal.
        found: u32,
    },
    /// A record contradicts those before it.
    #[error(
        "record {index} ({what}) contradicts the records before it; the journal was altered by something else"
    )]
    Contradiction {
        /// Index of the record, from 0.
        index: usize,
        /// What the record says.
        what: String,
    },
}

impl State {
    /// The state after all of `records`.
    ///
    /// # Errors
    /// The first record must create the study; no record may contradict those before it.
    pub fn replay(records: impl IntoIterator<Item = Record>) -> Result<Self, ReplayError> {
        let mut records = records.into_iter().enumerate();
        let Some((
            _,
            Record::StudyCreated {
                format,
                name,
                seed,
                settings,
                space,
                reference_point,
            },
        )) = records.next()
        else {
            return Err(ReplayError::NoStudy);
        };
        if format > FORMAT_VERSION {
            return Err(ReplayError::Newer { found: format });
        }
        let mut state = Self::new(StudyFacts {
            name,
            seed,
            space,
            reference_rule: reference_point,
            settings,
        });
        for (index, record) in records {
            state
                .take(record)
                .map_err(|what| ReplayError::Contradiction { index, what })?;
        }
        Ok(state)
    }

    /// A study without trials.
    pub fn new(study: StudyFacts) -> Self {
        Self {
            reference_point: study.reference_rule.given(&study.space),
            fixed_after: 0,
            rungs: study.rungs(),
            epochs: study.epochs(),
            devices: Vec::new(),
            study,
            trials_wanted: 0,
            batch: 1,
            initial_trials: 1,
            trials: Vec::new(),
            front: Vec::new(),
            over: Vec::new(),
            newest_started: None,
            deaths: BTreeMap::new(),
            hypervolume_trace: Vec::new(),
            marked: BTreeSet::new(),
            notes: BTreeMap::new(),
            priorities: BTreeMap::new(),
            live: BTreeMap::new(),
            submitted: BTreeSet::new(),
            study_paused: false,
            paused_with_study: BTreeSet::new(),
            resuming: BTreeSet::new(),
            device: DeviceStatus::Loading,
            capacity: 1,
            search: SearchStatus::Idle,
            evaluation: None,
            vitals: None,
            utilisation: VecDeque::new(),
            stopping: false,
            notices: VecDeque::new(),
        }
    }

    /// Folds one more record in.
    ///
    /// # Errors
    /// Says what the record claims where that contradicts the state; the state is then unchanged.
    pub fn apply(&mut self, record: &Record) -> Result<(), String> {
        self.take(record.clone())
    }

    /// [`apply`](Self::apply) without a copy: long journals are replayed by it.
    fn take(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::StudyCreated { name, .. } => return Err(format!("study {name} created again")),
            Record::SessionStarted { trials, .. } => {
                self.trials_wanted = trials;
                for trial in &self.trials {
                    // A program that is asked to stop lets its trials stand still first.
                    if trial.state == TrialState::Running {
                        *self.deaths.entry(trial.id).or_default() += 1;
                    }
                }
                self.interrupt();
            }
            Record::DeviceChosen { device } => {
                self.devices.retain(|other| *other != device);
                self.devices.push(device);
            }
            Record::ReferencePointDerived { reference_point } => {
                if self.reference_point.is_some() {
                    return Err("the reference point derived again".to_owned());
                }
                self.reference_point = Some(reference_point);
                self.fixed_after = self.over.len();
                self.retrace(reference_point);
            }
            Record::TrialQueued {
                trial,
                configuration,
                origin,
            } => {
                if trial.0 as usize != self.trials.len() {
                    return Err(format!(
                        "trial {trial} queued as number {}",
                        self.trials.len()
                    ));
                }
                self.trials.push(Trial {
                    id: trial,
                    parameters_percent: self.study.space.parameters_percent(&configuration),
                    configuration,
                    origin,
                    state: TrialState::Queued,
                    epochs: Vec::new(),
                    measurement: None,
                    reason: None,
                    standing: None,
                });
            }
            Record::TrialStarted { trial } => {
                self.change(trial, Transition::Start)?;
                if self.newest_started.is_none_or(|(newest, _)| newest < trial) {
                    self.newest_started = Some((trial, self.over.len()));
                }
            }
            Record::TrialEpoch { trial, report } => {
                let found = self
                    .trial_mut(trial)
                    .ok_or_else(|| format!("epoch of unknown trial {trial}"))?;
                found.epochs.push(report);
            }
            Record::TrialPaused { trial } => {
                self.change(trial, Transition::Pause)?;
                self.deaths.remove(&trial);
            }
            Record::TrialResumed { trial } => {
                self.change(trial, Transition::Resume)?;
                self.resuming.remove(&trial);
            }
            Record::TrialFinished { trial, measurement } => {
                self.change(trial, Transition::Finish)?.measurement = Some(measurement);
                self.end(trial);
                let trials = &self.trials;
                extend_front(&mut self.front, trial, |id| finished_objectives(trials, id));
                if let Some(reference) = self.reference_point {
                    let reached = hypervolume_of(trials, &self.front, reference);
                    self.hypervolume_trace.push((trial, reached));
                }
            }
            Record::TrialPruned { trial, standing } => {
                let pruned = self.change(trial, Transition::Prune)?;
                pruned.standing = Some(standing);
                pruned.reason = Some(standing.to_string());
                self.end(trial);
            }
            Record::TrialInfeasible { trial, reason } => {
                self.change(trial, Transition::Reject)?.reason = Some(reason);
                self.end(trial);
            }
            Record::TrialFailed { trial, reason } => {
                self.change(trial, Transition::Fail)?.reason = Some(reason);
                self.end(trial);
            }
            Record::TrialCancelled { trial } => {
                self.change(trial, Transition::Cancel)?;
                self.resuming.remove(&trial);
                self.end(trial);
            }
            Record::TrialRetried { trial } => {
                let again = self.change(trial, Transition::Retry)?;
                again.epochs.clear();
                again.reason = None;
                self.live.remove(&trial);
                self.over.retain(|other| *other != trial);
            }
            Record::TrialPrioritised { trial, priority } => {
                self.existing(trial)?;
                self.priorities.insert(trial, priority);
            }
            Record::TrialMarked { trial, marked } => {
                self.existing(trial)?;
                if marked {
                    self.marked.insert(trial);
                } else {
                    self.marked.remove(&trial);
                }
            }
            Record::TrialNoted { trial, note } => {
                self.existing(trial)?;
                if note.is_empty() {
                    self.notes.remove(&trial);
                } else {
                    self.notes.insert(trial, note);
                }
            }
            Record::Exported { .. } => {}
        }
        Ok(())
    }

    /// A trial by its number.
    pub fn trial(&self, id: TrialId) -> Option<&Trial> {
        self.trials.get(id.0 as usize)
    }

    /// The trials in one state.
    pub fn in_state(&self, state: TrialState) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(move |trial| trial.state == state)
    }

    /// The trials that wait for a device, in the order in which they will get it.
    pub fn queue(&self) -> Vec<TrialId> {
        let waiting = self.in_state(TrialState::Queued).map(|trial| trial.id);
        let mut queue: Vec<TrialId> = waiting.filter(|id| !self.submitted.contains(id)).collect();
        // Stable: those of one priority stay in the order of their numbers.
        queue.sort_by_key(|id| std::cmp::Reverse(self.priority(*id)));
        queue
    }

    /// The priority of a trial; higher ones start first.
    pub fn priority(&self, id: TrialId) -> i32 {
        self.priorities.get(&id).copied().unwrap_or(0)
    }

    /// The hypervolume reached, 0 before the first finished trial.
    pub fn hypervolume(&self) -> f64 {
        match self.hypervolume_trace.last() {
            Some((_, value)) => *value,
            None => hypervolume_of(&self.trials, &self.front, self.reference()),
        }
    }

    /// Bounds of the hypervolume: as fixed, or as they follow from what is measured so far.
    pub fn reference(&self) -> ReferencePoint {
        self.reference_point
            .unwrap_or_else(|| self.derived_reference(self.over.len()))
    }

    /// Bounds of the hypervolume for whoever knows of the first `known` trials that were over: the same whenever it is
    /// asked for.
    pub(super) fn reference_after(&self, known: usize) -> ReferencePoint {
        match self.reference_point {
            Some(point) if known >= self.fixed_after => point,
            _ => self.derived_reference(known),
        }
    }

    fn derived_reference(&self, known: usize) -> ReferencePoint {
        let over = self.over[..known.min(self.over.len())].iter();
        let measured = over.filter_map(|id| self.trial(*id)?.measurement);
        let scores = measured.map(|m| m.objectives.score);
        self.study.reference_rule.derived(&self.study.space, scores)
    }

    /// The hypervolume after each finished trial, from the beginning.
    fn retrace(&mut self, reference: ReferencePoint) {
        let (trials, mut front) = (&self.trials, Vec::new());
        let finished = self.over.iter().filter(|id| {
            let trial = trials.get(id.0 as usize);
            trial.is_some_and(|trial| trial.measurement.is_some())
        });
        self.hypervolume_trace = finished
            .map(|id| {
                extend_front(&mut front, *id, |id| finished_objectives(trials, id));
                (*id, hypervolume_of(trials, &front, reference))
            })
            .collect();
    }

    /// Whether every trial wanted is over, or no further one can be proposed.
    pub fn is_complete(&self) -> bool {
        let all_over = self.trials.iter().all(|trial| trial.state.is_over());
        all_over
            && (self.trials.len() >= self.trials_wanted || self.search == SearchStatus::Exhausted)
    }

    /// The trials on whose outcomes proposals may rest. They are asked for while the newest trial is under way, so they
    /// rest on what was over when that began; and asked again after an interruption they are the same.
    pub fn known(&self) -> BTreeSet<TrialId> {
        let known = match (self.newest_started, self.trials.last()) {
            (Some((newest, over)), Some(last)) if newest == last.id => over.min(self.over.len()),
            _ => self.over.len(),
        };
        self.over[..known].iter().copied().collect()
    }

    /// Takes the latest look at the devices in.
    pub(super) fn take_vitals(&mut self, vitals: Vitals) {
        let first = vitals.devices.first();
        if let Some(share) = first.and_then(|device| device.utilisation) {
            if self.utilisation.len() == LOOKS_KEPT {
                self.utilisation.pop_front();
            }
            self.utilisation.push_back(share as f32);
        }
        self.vitals = Some(vitals);
    }

    /// Adds a line to the log panel.
    pub fn notify(&mut self, severity: Severity, text: impl Into<String>) {
        if self.notices.len() == NOTICES_KEPT {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice {
            severity,
            text: text.into(),
        });
    }

    /// Trials under way when the program last ended are queued again; whoever trains them tells their epochs anew.
    pub(super) fn interrupt(&mut self) {
        for trial in &mut self.trials {
            if let Some(state) = trial.state.after(Transition::Interrupt) {
                trial.state = state;
                trial.epochs.clear();
            }
        }
    }

    fn existing(&self, id: TrialId) -> Result<&Trial, String> {
        self.trial(id)
            .ok_or_else(|| format!("something said of unknown trial {id}"))
    }

    fn trial_mut(&mut self, id: TrialId) -> Option<&mut Trial> {
        self.trials.get_mut(id.0 as usize)
    }

    /// The trial is no longer under way.
    fn end(&mut self, id: TrialId) {
        self.submitted.remove(&id);
        self.deaths.remove(&id);
        self.over.push(id);
        if let Some(live) = self.live.get_mut(&id) {
            live.losses.settle();
        }
        if let Some(long_over) = self.over.len().checked_sub(LIVE_KEPT + 1) {
            self.live.remove(&self.over[long_over]);
        }
    }

    fn change(&mut self, id: TrialId, transition: Transition) -> Result<&mut Trial, String> {
        let trial = self
            .trial_mut(id)
            .ok_or_else(|| format!("{transition:?} of unknown trial {id}"))?;
        let next = trial.state.after(transition);
        trial.state = next.ok_or_else(|| {
            format!(
                "{transition:?} of trial {id}, which is {}",
                trial.state.label()
            )
        })?;
        Ok(trial)
    }
}

/// What the trials of a front dominate.
fn hypervolume_of(trials: &[Trial], front: &[TrialId], reference: ReferencePoint) -> f64 {
    let achieved = front.iter().map(|id| finished_objectives(trials, *id));
    hypervolume(&achieved.collect::<Vec<Objectives>>(), reference)
}

/// What a trial of the front achieved.
fn finished_objectives(trials: &[Trial], id: TrialId) -> Objectives {
    let measurement = trials
        .get(id.0 as usize)
        .and_then(|trial| trial.measurement);
    // Only measured trials are on the front or come to it; what is no number would be passed over.
    measurement.map_or(
        Objectives {
            score: f64::NAN,
            parameters_percent: f64::NAN,
        },
        |m| m.objectives,
    )
}
