//! What a journal holds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::old_causes;
use crate::domain::{
    Cause, Configuration, EpochReport, Identity, Measurement, MemoryKills, Origin, PeftSpace,
    ReferencePoint, ReferenceRule, Standing, TrialId,
};

/// Version of the records below; a journal of a later version is refused, an earlier one is read.
///
/// 2 has learning rates in configurations and spaces, and pruned trials; 3 has causes where there were texts, and the
/// identity of rows and weights; 4 has the records of one batch in one line; 5 has what was carried over from earlier
/// studies.
pub const FORMAT_VERSION: u32 = 5;

/// A record and when it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamped {
    /// Seconds since the Unix epoch, for people only: nothing is computed from it.
    pub unix_seconds: f64,
    /// What happened.
    pub record: Record,
}

/// One thing that happened. Every kind has named fields: a journal's line is made of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// First record: what the study is.
    StudyCreated {
        /// [`FORMAT_VERSION`] of the writer.
        format: u32,
        /// Name of the study.
        name: String,
        /// Seed of the study.
        seed: u64,
        /// Everything of the study file on which results depend, resolved, as JSON.
        settings: Value,
        /// The space, resolved against the model.
        space: PeftSpace,
        /// Bounds of the hypervolume, as far as they are not derived.
        reference_point: ReferenceRule,
    },
    /// What follows is in a later format than what came before.
    FormatRaised {
        /// [`FORMAT_VERSION`] of the writer.
        format: u32,
    },
    /// The rows and weights that all trials rest on, by content. It follows the creation; in journals from before there
    /// were any, it stands at the first session that knew of them.
    StudyIdentified {
        /// What they are.
        identity: Box<Identity>,
    },
    /// The search knows what an earlier study measured. It stands before the first trial.
    EarlierCarriedOver {
        /// Name of the earlier study.
        study: String,
        /// Its measured configurations as this study's space writes them, with their scores in the units of its own
        /// metric.
        scored: Vec<(Configuration, f64)>,
    },
    /// The program began to work on the study (again): trials that were under way are queued again.
    SessionStarted {
        /// Version of the program.
        program: String,
        /// The number of trials to reach.
        trials: usize,
    },
    /// What the system's memory killer had done when the session began: the next one sees what came since.
    MemoryKillsCounted {
        /// The counts.
        kills: MemoryKills,
    },
    /// Trials of the session train on this device, unlike those before.
    DeviceChosen {
        /// The device and why it was chosen, for people.
        device: String,
    },
    /// The device answers no more; whatever ran stands still.
    DeviceUnavailable {
        /// Why.
        cause: Cause,
    },
    /// The initial design is measured, and the bounds of the hypervolume were derived from it.
    ReferencePointDerived {
        /// The bounds, from now on.
        reference_point: ReferencePoint,
    },
    /// A trial exists and waits.
    TrialQueued {
        /// Its number: the count of trials before it.
        trial: TrialId,
        /// What is to be trained.
        configuration: Configuration,
        /// Why it exists.
        origin: Origin,
    },
    /// A device took the trial.
    TrialStarted {
        /// The trial.
        trial: TrialId,
    },
    /// An epoch of the trial was done.
    TrialEpoch {
        /// The trial.
        trial: TrialId,
        /// What the epoch showed.
        report: EpochReport,
    },
    /// The trial stands still.
    TrialPaused {
        /// The trial.
        trial: TrialId,
    },
    /// The trial goes on.
    TrialResumed {
        /// The trial.
        trial: TrialId,
    },
    /// The trial was trained and measured.
    TrialFinished {
        /// The trial.
        trial: TrialId,
        /// Its result.
        measurement: Measurement,
    },
    /// The trial was stopped at a rung, as too many were better.
    TrialPruned {
        /// The trial.
        trial: TrialId,
        /// Where it stood.
        standing: Standing,
    },
    /// The configuration cannot be trained.
    TrialInfeasible {
        /// The trial.
        trial: TrialId,
        /// Why.
        #[serde(alias = "reason", deserialize_with = "old_causes::infeasible")]
        cause: Cause,
    },
    /// An error that says nothing about the configuration ended the trial.
    TrialFailed {
        /// The trial.
        trial: TrialId,
        /// What went wrong.
        #[serde(alias = "reason", deserialize_with = "old_causes::failed")]
        cause: Cause,
    },
    /// The user ended the trial.
    TrialCancelled {
        /// The trial.
        trial: TrialId,
    },
    /// The user asked for another attempt.
    TrialRetried {
        /// The trial.
        trial: TrialId,
    },
    /// The user gave the trial a place in the queue: higher priorities start first.
    TrialPrioritised {
        /// The trial.
        trial: TrialId,
        /// 0 before anything else was said.
        priority: i32,
    },
    /// The user marked the trial, or took the mark away.
    TrialMarked {
        /// The trial.
        trial: TrialId,
        /// Whether it is marked now.
        marked: bool,
    },
    /// The user wrote a note beside the trial.
    TrialNoted {
        /// The trial.
        trial: TrialId,
        /// The note, one line; empty where it was taken away.
        note: String,
    },
    /// The front was exported.
    Exported {
        /// Where to.
        folder: String,
        /// The trials of the front.
        front: Vec<TrialId>,
    },
}

impl Record {
    /// Whether it says the format of what follows.
    pub(super) fn says_format(&self) -> bool {
        self.format().is_some()
    }

    /// The format of what follows, where the record says it.
    pub fn format(&self) -> Option<u32> {
        match self {
            Self::StudyCreated { format, .. } | Self::FormatRaised { format } => Some(*format),
            _ => None,
        }
    }

    /// The record as one JSON object: its fields, and its kind as `record`.
    ///
    /// # Errors
    /// Where a value has no form in JSON.
    pub fn to_object(&self) -> serde_json::Result<Map<String, Value>> {
        let alone: Map<String, Value> = serde_json::from_value(serde_json::to_value(self)?)?;
        let mut object = Map::new();
        for (kind, fields) in alone {
            object = serde_json::from_value(fields)?;
            object.insert("record".to_owned(), Value::String(kind));
        }
        Ok(object)
    }
}
