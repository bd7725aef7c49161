//! Where trials run.
//!
//! An executor takes jobs and reports events; how and where it trains is its own affair.

mod held;
mod lane;
pub(crate) mod line;
mod local;
mod room;
mod worker;

use crossbeam_channel::Receiver;

pub use local::LocalExecutor;

use crate::domain::{
    Cause, EpochReport, Job, Measurement, Progress, Standing, TrainingRoom, TrialId,
};

/// What an executor reports. Progress may be skipped when nobody keeps up; everything else arrives.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecutorEvent {
    /// Model and data are loaded; jobs can run.
    Ready {
        /// The device and why it was chosen, for people.
        device: String,
        /// Room for trainings there, where that is known.
        room: Option<TrainingRoom>,
    },
    /// Nothing can run, or nothing any more: model, data or device failed.
    Unavailable {
        /// Why; of a device that is lost, that.
        cause: Cause,
    },
    /// A job waits for memory, alone or beside others: what it needs, and what is free now.
    Deferred {
        /// Its trial.
        trial: TrialId,
        /// What its training takes at most, in bytes.
        needed_bytes: u64,
        /// What is free for it, in bytes.
        free_bytes: u64,
    },
    /// A job began.
    Started(TrialId),
    /// Something about a job that went otherwise than planned, for people.
    Remark(TrialId, String),
    /// A step was done.
    Progress(Progress),
    /// An epoch was done.
    Epoch(TrialId, EpochReport),
    /// The job stands still, its weights in memory.
    Paused(TrialId),
    /// The job goes on.
    Resumed(TrialId),
    /// The job was asked to leave its place before it began, or went on: it is given back as it was.
    Returned(TrialId),
    /// The job was trained to its end.
    Finished(TrialId, Measurement),
    /// Too many trials were better at a rung; the job goes on from there where it is submitted again.
    Pruned(TrialId, Standing),
    /// The configuration cannot be trained.
    Infeasible(TrialId, Cause),
    /// The job ended by an error that says nothing about the configuration.
    Failed(TrialId, Cause),
    /// The job was cancelled.
    Cancelled(TrialId),
    /// After `stop`: nothing runs any more.
    Stopped,
}

impl ExecutorEvent {
    /// The trial whose course it tells; none where it is about no trial, or only a remark.
    pub fn trial(&self) -> Option<TrialId> {
        match self {
            Self::Ready { .. } | Self::Unavailable { .. } | Self::Remark(..) | Self::Stopped => {
                None
            }
            Self::Progress(progress) => Some(progress.trial),
            Self::Deferred { trial, .. }
            | Self::Started(trial)
            | Self::Epoch(trial, _)
            | Self::Paused(trial)
            | Self::Resumed(trial)
            | Self::Returned(trial)
            | Self::Finished(trial, _)
            | Self::Pruned(trial, _)
            | Self::Infeasible(trial, _)
            | Self::Failed(trial, _)
            | Self::Cancelled(trial) => Some(*trial),
        }
    }

    /// The end of a trial for a cause: a result where the cause lies in the configuration, the end of everything where the
    /// device is lost, and a failure otherwise.
    fn of(trial: TrialId, cause: Cause) -> Self {
        match cause {
            Cause::OutOfMemory { .. } | Cause::Diverged { .. } => Self::Infeasible(trial, cause),
            Cause::DeviceLost { .. } => Self::Unavailable { cause },
            _ => Self::Failed(trial, cause),
        }
    }
}

/// A place where trials run. Calls return at once; results come as events.
pub trait Executor {
    /// Places: jobs that can run at the same time.
    fn capacity(&self) -> usize;
    /// Hands over a job for a place that is free; it begins once there is memory.
    fn submit(&self, job: Job);
    /// Asks a job to leave its place. What has begun stands still ([`ExecutorEvent::Paused`]); what has not, or has not gone
    /// on yet, is given back ([`ExecutorEvent::Returned`]), and does not begin any more.
    fn pause(&self, trial: TrialId);
    /// Lets a job go on that stands still, in a place that is free.
    fn resume(&self, trial: TrialId);
    /// Asks a job to end, wherever it is.
    fn cancel(&self, trial: TrialId);
    /// The trial's end is durable: what is kept of it under way may go.
    fn forget(&self, _trial: TrialId) {}
    /// Asks everything to end; [`ExecutorEvent::Paused`] of what runs and [`ExecutorEvent::Stopped`] follow.
    fn stop(&self);
    /// Where events arrive.
    fn events(&self) -> &Receiver<ExecutorEvent>;
}
