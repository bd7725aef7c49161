//! From events to effects. No I/O: the runtime performs what is returned, in order.

mod executor;
mod exports;
mod messages;
mod schedule;

use super::{
    Effect, Ending, EstimateStatus, EvaluationEvent, EvaluationStatus, Event, SearchStatus,
    Severity, State, StudyPause,
};
use crate::domain::{Origin, TrialId};
use crate::journal::Record;
use crate::search::{EstimateEvent, Proposal, SearchEvent};
use executor::on_executor;
use messages::on_message;
pub use schedule::schedule;
pub(super) use schedule::{estimate_where_due, question};

/// What an event leads to. Only live parts of the state change here; durable ones through `Append`.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Message(message) => on_message(state, message),
        Event::Executor(event) => on_executor(state, event),
        Event::Search(event) => on_search(state, event),
        Event::Estimated(event) => {
            on_estimated(state, event);
            Vec::new()
        }
        Event::Vitals(vitals) => {
            state.take_vitals(vitals);
            Vec::new()
        }
        Event::Over(ending) => stop(state, ending),
        Event::Evaluation(event) => {
            on_evaluation(state, event);
            Vec::new()
        }
        Event::Exported(ended) => exports::on_ended(state, ended),
    }
}

/// What the search answers.
fn on_search(state: &mut State, event: SearchEvent) -> Vec<Effect> {
    match event {
        SearchEvent::Proposed(proposals) => {
            state.search = SearchStatus::Idle;
            let first = state.trials.len() as u32;
            let queue = proposals
                .into_iter()
                .zip(first..)
                .map(|(proposal, number)| {
                    Effect::Append(Record::TrialQueued {
                        trial: TrialId(number),
                        configuration: state.study.space.configuration(&proposal.point),
                        origin: origin(state, proposal),
                    })
                });
            queue.collect()
        }
        SearchEvent::Exhausted if state.trials.is_empty() && state.room.is_some() => {
            let bytes = state.room.map_or(0, |room| room.bytes);
            let reason = format!(
                "no configuration of the space fits the {} MB that there are for a training; lower \
                 `training.batch_size` or `training.max_length`, name smaller `space.sizes`, or take a machine (or a \
                 container) with more memory",
                bytes / 1_000_000
            );
            on_search(state, SearchEvent::Failed(reason))
        }
        SearchEvent::Exhausted => {
            let text = match state.room {
                Some(_) => {
                    "every configuration of the space that fits the device's memory was tried"
                }
                None => "every configuration of the space was tried",
            };
            state.notify(Severity::Info, text);
            state.search = SearchStatus::Exhausted;
            Vec::new()
        }
        SearchEvent::Failed(reason) => {
            state.notify(Severity::Error, format!("the search failed: {reason}"));
            state.search = SearchStatus::Failed(reason.clone());
            state.pause(StudyPause::Failed(reason));
            Vec::new()
        }
    }
}

/// Why a proposal becomes a trial.
fn origin(state: &State, proposal: Proposal) -> Origin {
    let Proposal {
        point,
        repeat,
        initial,
        diagnostics,
    } = proposal;
    let space = &state.study.space;
    let mut trials = state.trials.iter();
    let first = trials.find(|trial| space.point(&trial.configuration).as_ref() == Some(&point));
    match first.filter(|_| repeat) {
        Some(first) => Origin::Repeat {
            of: first.id,
            diagnostics,
        },
        None if initial => Origin::Initial,
        None => Origin::Proposed(diagnostics),
    }
}

/// What is believed now.
fn on_estimated(state: &mut State, event: EstimateEvent) {
    match event {
        Ok(estimates) => state.believe(estimates),
        Err(reason) => state.notify(
            Severity::Warning,
            format!("the front stays as it is: {reason}"),
        ),
    }
    state.estimating = match state.estimating {
        EstimateStatus::UnderWayAndDue => EstimateStatus::Due,
        EstimateStatus::Current | EstimateStatus::UnderWay | EstimateStatus::Due => {
            EstimateStatus::Current
        }
    };
}

/// The run ends, and how is decided with the first request.
fn stop(state: &mut State, ending: Ending) -> Vec<Effect> {
    state.stopping.get_or_insert(ending);
    vec![Effect::Stop]
}

/// What an evaluation tells.
fn on_evaluation(state: &mut State, event: EvaluationEvent) {
    let (severity, text) = match event {
        EvaluationEvent::Training { done, total, what } => {
            state.evaluation = Some(EvaluationStatus { done, total, what });
            return;
        }
        EvaluationEvent::Finished(table) => {
            let text = format!("evaluated: {}; `report` shows it too", table.display());
            (Severity::Info, text)
        }
        EvaluationEvent::Stopped => (Severity::Info, "the evaluation has stopped".to_owned()),
        EvaluationEvent::Failed(reason) => {
            (Severity::Error, format!("the evaluation failed: {reason}"))
        }
    };
    state.evaluation = None;
    state.notify(severity, text);
}

#[cfg(test)]
mod tests;
