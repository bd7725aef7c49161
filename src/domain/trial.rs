//! A trial: one training of one configuration, and what is known about it.
//!
//! ```text
//!            start            finish
//!  Queued ──────────▶ Running ──────────▶ Finished
//!    ▲ │                │ │ │ │   prune
//!    │ │                │ │ │ └─────────▶ Pruned
//!    │ │                │ │ │ diverged,
//!    │ │ cancel   pause │ │ │ out of memory
//!    │ │ ┌──────────────┘ │ └───────────▶ Infeasible
//!    │ │ ▼     resume     │    fail
//!    │ │ Paused ─▶ Running└─────────────▶ Failed
//!    │ ▼   │ cancel
//!    │ Cancelled ◀── Running, Paused
//!    └── interrupt ── Running, Paused (the program ended)
//!    └── retry ────── Failed, Cancelled, Pruned, Infeasible (for want of memory)
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cause, Configuration, Ladder, Moment, Objectives, Standing};

/// Number of a trial within its study, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(pub u32);

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Where a trial stands; see the drawing above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// Waits for a device.
    Queued,
    /// Being trained.
    Running,
    /// Stopped between two steps, its weights kept in memory.
    Paused,
    /// Trained and measured.
    Finished,
    /// Stopped at a rung, as too many were better; it may go on from there.
    Pruned,
    /// Cannot be trained: out of memory, or the loss diverged. A result, told to the search.
    Infeasible,
    /// Ended by an error that says nothing about the configuration.
    Failed,
    /// Ended by the user.
    Cancelled,
}

/// What may happen to a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A device takes it.
    Start,
    /// The user pauses it.
    Pause,
    /// The user resumes it.
    Resume,
    /// It was trained to its end.
    Finish,
    /// Too many trials were better at a rung.
    Prune,
    /// It ran out of memory or diverged.
    Reject,
    /// An error ended it.
    Fail,
    /// The user cancels it.
    Cancel,
    /// The program ended while it was under way; it will run again.
    Interrupt,
    /// The user asks for another attempt, or for the rest of a pruned one; see [`Trial::may_be_retried`].
    Retry,
}

impl TrialState {
    /// The state after `transition`, or none where the transition is illegal in this state.
    pub fn after(self, transition: Transition) -> Option<Self> {
        use Transition as T;
        use TrialState as S;
        match (self, transition) {
            (S::Queued, T::Start) | (S::Paused, T::Resume) => Some(S::Running),
            (S::Running, T::Pause) => Some(S::Paused),
            (S::Running, T::Finish) => Some(S::Finished),
            (S::Running, T::Prune) => Some(S::Pruned),
            (S::Running, T::Reject) => Some(S::Infeasible),
            (S::Queued | S::Running | S::Paused, T::Fail) => Some(S::Failed),
            (S::Queued | S::Running | S::Paused, T::Cancel) => Some(S::Cancelled),
            (S::Running | S::Paused, T::Interrupt)
            | (S::Failed | S::Cancelled | S::Pruned | S::Infeasible, T::Retry) => Some(S::Queued),
            _ => None,
        }
    }

    /// Whether nothing further will happen by itself.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Finished | Self::Pruned | Self::Infeasible | Self::Failed | Self::Cancelled
        )
    }

    /// One word for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Pruned => "pruned",
            Self::Infeasible => "infeasible",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a trial exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Part of the initial design.
    Initial,
    /// Proposed by the search, with what it expected.
    Proposed(Diagnostics),
    /// Proposed by the search as a repeat: a configuration that was tried before, with another seed.
    Repeat {
        /// The first trial of the configuration.
        of: TrialId,
        /// What the search knew.
        diagnostics: Diagnostics,
    },
    /// Asked for by the user.
    Manual,
}

impl Origin {
    /// What the search knew, where it proposed the trial.
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            Self::Proposed(diagnostics) | Self::Repeat { diagnostics, .. } => Some(diagnostics),
            Self::Initial | Self::Manual => None,
        }
    }

    /// The first trial of the configuration, where this one repeats it.
    pub fn repeats(&self) -> Option<TrialId> {
        match self {
            Self::Repeat { of, .. } => Some(*of),
            Self::Initial | Self::Proposed(_) | Self::Manual => None,
        }
    }
}

/// What the search knew when it proposed a configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Predicted score and its standard deviation, in the metric's units.
    #[serde(with = "super::number::pair")]
    pub predicted_score: Option<(f64, f64)>,
    /// Value of the acquisition function at the proposal.
    #[serde(with = "super::number")]
    pub acquisition: f64,
    /// The hypervolume that it is expected to add, as a share of that of the front so far, both as the search counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_gain: Option<f64>,
    /// How much each dimension matters: name and inverse squared lengthscale (posterior median), largest first.
    #[serde(with = "super::number::named")]
    pub relevance: Vec<(String, f64)>,
    /// Seconds spent on fitting the surrogate.
    pub fit_seconds: f64,
    /// Seconds spent on maximising the acquisition function.
    pub search_seconds: f64,
    /// What went otherwise than planned (a fit that fell back, say), for people.
    pub note: Option<String>,
}

/// What one epoch showed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Mean training loss over the epoch's steps.
    #[serde(with = "super::number")]
    pub train_loss: f64,
    /// Mean loss on the validation set.
    #[serde(with = "super::number")]
    pub validation_loss: f64,
    /// Score on the validation set, in the metric's units.
    #[serde(with = "super::number")]
    pub score: f64,
    /// Seconds since the trial started, pauses not counted.
    pub wall_seconds: f64,
}

/// The result of a finished trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The objectives, at the best epoch.
    pub objectives: Objectives,
    /// The epoch whose weights were kept, from 1.
    pub best_epoch: u32,
    /// All scalars that were trained: biases, prefix MLP and head included.
    pub trained_parameters: u64,
    /// Seconds of training and evaluation, pauses not counted.
    pub wall_seconds: f64,
    /// When the loss was no finite number any more, where that ended it: the epochs before count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverged: Option<Moment>,
    /// Standard error of the score that comes from the finite number of validation rows, before the score is floored at 0;
    /// none where it is not known, as in older journals. How trainings differ by their seeds is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_error: Option<f64>,
}

/// One training to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The trial it belongs to.
    pub trial: TrialId,
    /// What to train.
    pub configuration: Configuration,
    /// Its parameters by the paper's formula, percent of the backbone.
    pub parameters_percent: f64,
    /// Seed of initial weights, dropout and data order.
    pub seed: u64,
    /// The rungs at which it may stop; none where it is trained to its end.
    pub ladder: Ladder,
}

/// Live progress of a running trial; the latest replaces the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The trial.
    pub trial: TrialId,
    /// Steps done and steps in all (early stopping may end sooner).
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Epoch under way, from 1.
    pub epoch: u32,
    /// Training loss of the latest step.
    pub loss: f64,
    /// Seconds since the trial started, pauses not counted.
    pub wall_seconds: f64,
}

/// One training of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its number.
    pub id: TrialId,
    /// What is trained.
    pub configuration: Configuration,
    /// Parameters by the paper's formula, percent of the backbone: known before training.
    pub parameters_percent: f64,
    /// Why it exists.
    pub origin: Origin,
    /// Where it stands.
    pub state: TrialState,
    /// Its epochs so far.
    pub epochs: Vec<EpochReport>,
    /// Its result, once finished.
    pub measurement: Option<Measurement>,
    /// Why it is infeasible or failed.
    pub cause: Option<Cause>,
    /// Where it stood when it was pruned, also once it goes on again.
    pub standing: Option<Standing>,
}

impl Trial {
    /// Why it is infeasible, failed or pruned, or ended before its last epoch, for people.
    pub fn reason(&self) -> Option<String> {
        match self.state {
            TrialState::Pruned => self.standing.map(|standing| standing.to_string()),
            TrialState::Finished => {
                let moment = self.measurement.and_then(|measured| measured.diverged);
                moment.map(|moment| format!("{moment}: its best epoch before that counts"))
            }
            _ => self.cause.as_ref().map(Cause::to_string),
        }
    }

    /// Whether its loss was no finite number before anything was measured.
    pub fn has_diverged(&self) -> bool {
        matches!(self.cause, Some(Cause::Diverged { .. }))
    }

    /// Whether another attempt may end otherwise: a loss that diverged would do so again, step by step.
    pub fn may_be_retried(&self) -> bool {
        let lacked_memory = self.cause.as_ref().is_some_and(Cause::is_out_of_memory);
        match self.state {
            TrialState::Failed | TrialState::Cancelled | TrialState::Pruned => true,
            TrialState::Infeasible => lacked_memory,
            _ => false,
        }
    }

    /// Seconds of training so far, pauses not counted; none before the first epoch.
    pub fn seconds(&self) -> Option<f64> {
        let latest = self.epochs.last().map(|epoch| epoch.wall_seconds);
        self.measurement.map(|m| m.wall_seconds).or(latest)
    }

    /// The best score of the epochs up to `epoch`; none where it did not come that far, nor to its end.
    pub fn score_by(&self, epoch: u32) -> Option<f64> {
        let last = self.epochs.last()?.epoch;
        let reached = last >= epoch || self.state == TrialState::Finished;
        let scores = self.epochs.iter().filter(|report| report.epoch <= epoch);
        let best = scores.map(|report| report.score).max_by(f64::total_cmp);
        best.filter(|_| reached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Transition::*;
    use TrialState::*;

    #[test]
    fn only_the_drawn_transitions_are_legal() {
        let states = [
            Queued, Running, Paused, Finished, Pruned, Infeasible, Failed, Cancelled,
        ];
        let transitions = [
            Start, Pause, Resume, Finish, Prune, Reject, Fail, Cancel, Interrupt, Retry,
        ];
        let legal = [
            (Queued, Start, Running),
            (Queued, Fail, Failed),
            (Queued, Cancel, Cancelled),
            (Running, Pause, Paused),
            (Running, Finish, Finished),
            (Running, Prune, Pruned),
            (Running, Reject, Infeasible),
            (Running, Fail, Failed),
            (Running, Cancel, Cancelled),
            (Running, Interrupt, Queued),
            (Paused, Resume, Running),
            (Paused, Fail, Failed),
            (Paused, Cancel, Cancelled),
            (Paused, Interrupt, Queued),
            (Failed, Retry, Queued),
            (Cancelled, Retry, Queued),
            (Pruned, Retry, Queued),
            (Infeasible, Retry, Queued),
        ];
        for state in states {
            for transition in transitions {
                let drawn = legal
                    .iter()
                    .find(|(from, by, _)| *from == state && *by == transition)
                    .map(|(_, _, to)| *to);
                assert_eq!(state.after(transition), drawn, "{state:?} {transition:?}");
            }
        }
    }
}
