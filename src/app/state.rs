//! The state of a study: what its journal's records tell, and what is live beside them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{CarriedOver, Curve, Ending, EstimateStatus, Places, StudyPause, Vitals};
use crate::domain::{
    Belief, Cause, CostScale, Diagnostics, Hypervolume, Identity, Origin, PeftSpace, Progress,
    ReferencePoint, ReferenceRule, Rungs, TrainingRoom, Trial, TrialId, TrialState,
};
use crate::search::Estimates;
use crate::study::ModelSource;
use crate::task::{Edition, TaskSettings, ValidationSplit};

/// Notices kept for the log panel.
const NOTICES_KEPT: usize = 500;

/// Looks at the devices kept for the device panel.
const LOOKS_KEPT: usize = 240;

/// What never changes while a study runs.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyFacts {
    /// Format of the journal when the study was created.
    pub format: u32,
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
    /// The rows and weights that all trials rest on; none while a journal from before they were recorded has not gone on.
    pub identity: Option<Identity>,
}

impl StudyFacts {
    /// The rungs on record; none in studies from before there were any.
    fn rungs(&self) -> Rungs {
        serde_json::from_value(self.settings["rungs"].clone()).unwrap_or_default()
    }

    /// Name of the score by the settings on record; `score` where they do not tell.
    pub fn score_name(&self) -> String {
        let task = serde_json::from_value(self.settings["task"].clone());
        task.map_or_else(
            |_| "score".to_owned(),
            |task: TaskSettings| task.score_name(),
        )
    }

    /// The size of the initial design, as recorded.
    pub fn initial_trials(&self) -> Option<usize> {
        let trials = self.settings["search"]["initial_trials"].as_u64()?;
        usize::try_from(trials).ok()
    }

    /// The share of the trials, at their end, that is kept for repeats, as recorded; none is where records are from before
    /// there were any.
    pub fn repeats(&self) -> f64 {
        self.settings["search"]["repeats"].as_f64().unwrap_or(0.0)
    }

    /// The scale on which the search counts parameters, as recorded; records from before there was a choice name none.
    pub(super) fn cost_scale(&self) -> CostScale {
        let scale = self.settings["search"]["cost_scale"].clone();
        serde_json::from_value(scale).unwrap_or(CostScale::Log)
    }

    /// The share of a training's steps over which its learning rate rises, as recorded.
    pub(super) fn warmup_share(&self) -> Option<f64> {
        self.settings["training"]["warmup_share"].as_f64()
    }

    /// Whether amounts are learnt in standard units, as recorded; records from before there was a choice say nothing.
    pub(super) fn standard_targets(&self) -> bool {
        let settings = &self.settings["training"];
        settings["standard_targets"].as_bool().unwrap_or(false)
    }

    /// Where the rows come from that trials are measured on, as recorded.
    pub fn validation(&self) -> Option<ValidationSplit> {
        serde_json::from_value(self.settings["task"]["validation"].clone()).ok()
    }

    /// The rules by which the rows were chosen when the study began; records from before there were editions name none.
    pub(super) fn edition(&self) -> Edition {
        let edition = self.settings["task"]["edition"].clone();
        serde_json::from_value(edition).unwrap_or_default()
    }

    /// Where the backbone came from when the study began.
    pub fn model(&self) -> Option<ModelSource> {
        serde_json::from_value(self.settings["model"].clone()).ok()
    }

    /// Epochs of a trial at most, as recorded; 0 where nothing is.
    fn epochs(&self) -> u32 {
        let epochs = |section: &str| self.settings[section]["epochs"].as_u64();
        epochs("fidelity").or(epochs("training")).unwrap_or(0) as u32
    }
}

/// What the executor's device is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceStatus {
    /// Model and data are being loaded.
    Loading,
    /// Trials can run there; the text says which device and why.
    Ready(String),
    /// Nothing can run.
    Unavailable(Cause),
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

/// What is being exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ExportStatus {
    /// Nothing.
    #[default]
    Idle,
    /// The front, as it was when that began.
    Writing,
    /// The same, and the user asked once more since: another follows.
    WritingAndDue,
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
    /// What was carried over from earlier studies when it began.
    pub carried_over: Vec<CarriedOver>,
    /// Trials to reach.
    pub trials_wanted: usize,
    /// The share of the hypervolume below which further configurations are not worth their trials.
    pub stop_below: Option<f64>,
    /// Whether it was said that they are not any more.
    pub settled_told: bool,
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
    /// The front that is handed over, by ascending parameters: that of the expected true scores, with the best measured
    /// trial of each configuration; before anything is believed, the measured one.
    pub front: Vec<TrialId>,
    /// The trials that no other dominates by what was measured, by ascending parameters.
    pub measured_front: Vec<TrialId>,
    /// What is believed of the configuration of each measured trial.
    pub beliefs: BTreeMap<TrialId, Belief>,
    /// The same as joint draws, and what is believed of points that were not measured.
    pub estimates: Arc<Estimates>,
    /// How all of that stands to what was measured.
    pub estimating: EstimateStatus,
    /// Trials that are over, in the order of their ends.
    pub over: Vec<TrialId>,
    /// How often in a row the program ended without a word while the trial was under way.
    pub deaths: BTreeMap<TrialId, u32>,
    /// Bounds of the hypervolume, once fixed: given, or derived from the initial design.
    pub reference_point: Option<ReferencePoint>,
    /// Devices that trials were trained on, the latest last.
    pub devices: Vec<String>,
    /// The hypervolume after each finished trial, in the order of finishing; empty until its bounds are fixed.
    pub hypervolume_trace: Vec<(TrialId, Hypervolume)>,
    /// Trials that the user marked.
    pub marked: BTreeSet<TrialId>,
    /// What the user wrote beside trials, one line each.
    pub notes: BTreeMap<TrialId, String>,
    /// Places in the queue that the user gave, higher first; 0 where nothing is said.
    pub priorities: BTreeMap<TrialId, i32>,
    /// Trials under way or done in this session, beside their records.
    pub live: BTreeMap<TrialId, LiveTrial>,
    /// Trials that the executor has.
    pub places: Places,
    /// Why the whole study is paused, where it is: nothing begins or goes on.
    pub study_paused: Option<StudyPause>,
    /// Trials that the user paused: they stand still until the user lets them go on, whatever becomes of the study.
    pub paused_by_user: BTreeSet<TrialId>,
    /// The device.
    pub device: DeviceStatus,
    /// Room for trainings on the device, where that is known.
    pub room: Option<TrainingRoom>,
    /// Jobs that the executor can run at once.
    pub capacity: usize,
    /// The search.
    pub search: SearchStatus,
    /// The evaluation under way; no trial starts meanwhile.
    pub evaluation: Option<EvaluationStatus>,
    /// The export under way.
    pub export: ExportStatus,
    /// The latest look at the devices.
    pub vitals: Option<Vitals>,
    /// How busy the first device was at the last looks, 0 to 1, oldest first.
    pub utilisation: VecDeque<f32>,
    /// Whether the journal that this follows cannot be read at the moment, so that it may be old.
    pub stale: bool,
    /// How the run ends, once it was asked to.
    pub stopping: Option<Ending>,
    /// Latest notices, oldest first.
    pub notices: VecDeque<Notice>,
    /// How many notices there were, those included that are not kept any more.
    pub notices_ever: usize,
}

impl State {
    /// A study without trials.
    pub fn new(study: StudyFacts) -> Self {
        Self {
            reference_point: study.reference_rule.given(&study.space),
            rungs: study.rungs(),
            epochs: study.epochs(),
            devices: Vec::new(),
            study,
            carried_over: Vec::new(),
            trials_wanted: 0,
            stop_below: None,
            settled_told: false,
            batch: 1,
            initial_trials: 1,
            trials: Vec::new(),
            front: Vec::new(),
            measured_front: Vec::new(),
            beliefs: BTreeMap::new(),
            estimates: Arc::default(),
            estimating: EstimateStatus::Current,
            over: Vec::new(),
            deaths: BTreeMap::new(),
            hypervolume_trace: Vec::new(),
            marked: BTreeSet::new(),
            notes: BTreeMap::new(),
            priorities: BTreeMap::new(),
            live: BTreeMap::new(),
            places: Places::default(),
            study_paused: None,
            paused_by_user: BTreeSet::new(),
            device: DeviceStatus::Loading,
            room: None,
            capacity: 1,
            search: SearchStatus::Idle,
            evaluation: None,
            export: ExportStatus::Idle,
            vitals: None,
            utilisation: VecDeque::new(),
            stale: false,
            stopping: None,
            notices: VecDeque::new(),
            notices_ever: 0,
        }
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
        let mut queue: Vec<TrialId> = waiting.filter(|id| !self.places.has(*id)).collect();
        // Stable: those of one priority stay in the order of their numbers.
        queue.sort_by_key(|id| std::cmp::Reverse(self.priority(*id)));
        queue
    }

    /// The priority of a trial; higher ones start first.
    pub fn priority(&self, id: TrialId) -> i32 {
        self.priorities.get(&id).copied().unwrap_or(0)
    }

    /// Whether every trial wanted is over, or no further one can be proposed.
    pub fn is_complete(&self) -> bool {
        let all_over = self.trials.iter().all(|trial| trial.state.is_over());
        all_over && (self.trials.len() >= self.budget() || self.search == SearchStatus::Exhausted)
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

    /// What the search knew of the new configuration that it proposed last for what it would add; of the last at all where
    /// none was.
    pub fn latest_proposal(&self) -> Option<&Diagnostics> {
        let origins = self.trials.iter().rev().map(|trial| &trial.origin);
        let mut proposals = origins.filter_map(|origin| match origin {
            Origin::Proposed(diagnostics) => Some(diagnostics),
            Origin::Initial | Origin::Repeat { .. } | Origin::Manual => None,
        });
        // A plain choice that is measured to be compared with was not proposed for what it adds.
        let gaining = proposals
            .clone()
            .find(|diagnostics| diagnostics.expected_gain.is_some());
        gaining.or_else(|| proposals.next())
    }

    /// Adds a line to the log panel.
    pub fn notify(&mut self, severity: Severity, text: impl Into<String>) {
        self.notices_ever += 1;
        if self.notices.len() == NOTICES_KEPT {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice {
            severity,
            text: text.into(),
        });
    }
}
