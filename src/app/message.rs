//! What may happen, and what the program does about it.

use super::{Ending, EvaluationEvent};
use crate::domain::{Configuration, Job, TrialId};
use crate::evaluation::Subject;
use crate::executor::ExecutorEvent;
use crate::journal::Record;
use crate::search::{Ask, EstimateEvent, SearchEvent};

/// What the user may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Let a trial that is under way stand still, until that is taken back.
    Pause(TrialId),
    /// Take that back: the trial goes on once it has a place and the study is not paused.
    Resume(TrialId),
    /// End a trial.
    Cancel(TrialId),
    /// Queue a trial again that failed, was cancelled or pruned, or lacked memory.
    Retry(TrialId),
    /// Give a waiting trial a priority: higher ones start first, 0 is what every trial begins with.
    Prioritise(TrialId, i32),
    /// Queue a trial of this configuration.
    Add(Configuration),
    /// Mark a trial, or take the mark away.
    Mark(TrialId, bool),
    /// Write a line beside a trial; an empty one takes it away.
    Note(TrialId, String),
    /// Let nothing begin or go on, and what runs stand still; or take that back.
    ToggleStudyPause,
    /// Write the front to the study's export folder.
    Export,
    /// Train the marked trials, or the front, anew over seeds beside baselines; or stop that.
    Evaluate,
    /// Stop everything, resumably, and leave.
    Quit,
}

/// Everything that reaches the application.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The user asked for something.
    Message(Message),
    /// The executor reports.
    Executor(ExecutorEvent),
    /// The search reports.
    Search(SearchEvent),
    /// What is believed of the true scores, after what was over when that was asked.
    Estimated(EstimateEvent),
    /// A look at the devices.
    Vitals(super::Vitals),
    /// An evaluation reports.
    Evaluation(EvaluationEvent),
    /// Nothing is left to be done, or nothing can be done any more: the run ends so.
    Over(Ending),
    /// An export ended: what is there now, or what went wrong.
    Exported(Result<Exported, String>),
}

/// An export that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Where.
    pub folder: String,
    /// Its front.
    pub front: Vec<TrialId>,
    /// What became of what has left the front, a line each.
    pub remarks: Vec<String>,
}

/// What the runtime is to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Fold the record into the state, and make it durable before any other effect is performed.
    Append(Record),
    /// Hand a job to the executor.
    Submit(Job),
    /// Ask a job to leave its place: it stands still, or is given back where it has not begun.
    Pause(TrialId),
    /// Let a job go on that stands still.
    Resume(TrialId),
    /// Cancel a job.
    Cancel(TrialId),
    /// Delete what is kept of a trial under way, now that its end is durable.
    Forget(TrialId),
    /// Ask the search for proposals.
    Ask(Ask),
    /// Ask what is believed of the true scores.
    Estimate(Ask),
    /// Export the front.
    Export,
    /// Evaluate these.
    Evaluate(Vec<Subject>),
    /// Stop the evaluation.
    StopEvaluation,
    /// Stop the executor, the search and the estimates; leave once the executor has stopped.
    Stop,
    /// Leave the loop.
    Leave,
}
