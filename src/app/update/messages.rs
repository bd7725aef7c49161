//! What the user asks for.

use super::schedule::free_places;
use super::{exports, stop};
use crate::app::{Effect, EvaluationStatus, Message, SearchStatus, Severity, State, StudyPause};
use crate::domain::{Configuration, Origin, Trial, TrialId, TrialState};
use crate::evaluation::{SEEDS, Subject};
use crate::journal::Record;

pub(super) fn on_message(state: &mut State, message: Message) -> Vec<Effect> {
    let current = |state: &State, id| state.trial(id).map(|trial| trial.state);
    match message {
        Message::Pause(id) if is_under_way(current(state, id)) => {
            pause(state, id);
            Vec::new()
        }
        Message::Resume(_) | Message::ToggleStudyPause if state.evaluation.is_some() => {
            let text = "the evaluation has the device: stop it first, it goes on from there later";
            state.notify(Severity::Warning, text);
            Vec::new()
        }
        Message::Resume(id) if is_under_way(current(state, id)) => {
            resume(state, id);
            Vec::new()
        }
        Message::Cancel(id) => match current(state, id) {
            Some(trial_state) if !trial_state.is_over() => cancel(state, id),
            _ => Vec::new(),
        },
        Message::Retry(id) if state.trial(id).is_some_and(Trial::may_be_retried) => {
            vec![Effect::Append(Record::TrialRetried { trial: id })]
        }
        Message::Pause(_) | Message::Resume(_) | Message::Retry(_) => Vec::new(),
        Message::Prioritise(trial, priority) if state.queue().contains(&trial) => {
            vec![Effect::Append(Record::TrialPrioritised { trial, priority })]
        }
        Message::Prioritise(..) => Vec::new(),
        Message::Mark(trial, marked) if state.trial(trial).is_some() => {
            vec![Effect::Append(Record::TrialMarked { trial, marked })]
        }
        Message::Note(trial, note) if state.trial(trial).is_some() => {
            let note = one_line(&note);
            vec![Effect::Append(Record::TrialNoted { trial, note })]
        }
        Message::Mark(..) | Message::Note(..) => Vec::new(),
        Message::Add(configuration) => add(state, configuration),
        Message::ToggleStudyPause => {
            toggle_study_pause(state);
            Vec::new()
        }
        Message::Export => exports::on_asked(state),
        Message::Evaluate => evaluate(state),
        Message::Quit => {
            let ending = state.ending_when_asked();
            stop(state, ending)
        }
    }
}

fn is_under_way(state: Option<TrialState>) -> bool {
    matches!(state, Some(TrialState::Running | TrialState::Paused))
}

/// The trial stands still from now on, until the user lets it go on.
fn pause(state: &mut State, id: TrialId) {
    let is_new = state.paused_by_user.insert(id);
    let stands = state.trial(id).map(|trial| trial.state) == Some(TrialState::Paused);
    if is_new && stands {
        let when = match state.study_paused {
            Some(_) => " when the study goes on",
            None => "",
        };
        state.notify(Severity::Info, format!("trial {id} stays paused{when}"));
    }
}

/// The trial may go on as far as the user is concerned.
fn resume(state: &mut State, id: TrialId) {
    let was_paused = state.paused_by_user.remove(&id);
    let text = if state.study_paused.is_some() {
        format!("the study is paused: trial {id} goes on with it")
    } else if was_paused && free_places(state) == 0 {
        format!("trial {id} goes on as soon as the device is free")
    } else {
        return;
    };
    state.notify(Severity::Info, text);
}

/// Ends a trial: through the executor, where that has it and still listens.
fn cancel(state: &mut State, id: TrialId) -> Vec<Effect> {
    if state.stopping.is_none() && state.places.has(id) {
        let is_new = state.places.ask_to_end(id);
        return is_new.then_some(Effect::Cancel(id)).into_iter().collect();
    }
    let record = Record::TrialCancelled { trial: id };
    vec![Effect::Append(record), Effect::Forget(id)]
}

/// Begins to evaluate the marked trials that are finished, or the front; or stops that.
fn evaluate(state: &mut State) -> Vec<Effect> {
    if state.evaluation.is_some() {
        state.notify(
            Severity::Info,
            "the evaluation stops after the step at hand",
        );
        return vec![Effect::StopEvaluation];
    }
    let is_busy = state.places.taken() > 0;
    let is_idle = state.study_paused.is_some() || state.is_complete();
    let objection = if state.stopping.is_some() {
        Some("the program is stopping")
    } else if state.front.is_empty() {
        Some("nothing to evaluate yet: no trial has finished")
    } else if is_busy || !is_idle {
        Some("an evaluation takes the device: pause the study first, or let it end")
    } else {
        None
    };
    if let Some(objection) = objection {
        state.notify(Severity::Warning, objection);
        return Vec::new();
    }
    let marked = state.marked.iter().filter_map(|id| state.trial(*id));
    let marked = marked.filter(|trial| trial.measurement.is_some());
    let mut found: Vec<Subject> = marked.map(Subject::of_trial).collect();
    let what = if found.is_empty() {
        let front = state.front.iter().filter_map(|id| state.trial(*id));
        found = front.map(Subject::of_trial).collect();
        "configurations of the front"
    } else {
        "marked configurations"
    };
    let text = format!(
        "evaluating {} {what} and the usual baselines over {SEEDS} seeds; what is done is kept",
        found.len()
    );
    state.notify(Severity::Info, text);
    state.evaluation = Some(EvaluationStatus::default());
    vec![Effect::Evaluate(found)]
}

/// Queues a configuration that the user asked for.
fn add(state: &mut State, configuration: Configuration) -> Vec<Effect> {
    let configuration = match state.study.space.admit(&configuration) {
        Ok(configuration) => configuration,
        Err(objection) => {
            state.notify(Severity::Warning, format!("not added: {objection}"));
            return Vec::new();
        }
    };
    let trial = TrialId(state.trials.len() as u32);
    state.notify(
        Severity::Info,
        format!("trial {trial} added: {configuration}"),
    );
    vec![Effect::Append(Record::TrialQueued {
        trial,
        configuration,
        origin: Origin::Manual,
    })]
}

/// What is written beside a trial is one line of a screen: no control characters, and no end of it.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    let visible = text.chars().filter(|c| !c.is_control());
    visible.take(LONGEST).collect::<String>().trim().to_owned()
}

fn toggle_study_pause(state: &mut State) {
    if state.study_paused.take().is_some() {
        state.notify(Severity::Info, "study resumed");
        if matches!(state.search, SearchStatus::Failed(_)) {
            state.search = SearchStatus::Idle;
        }
    } else {
        state.pause(StudyPause::Asked);
        state.notify(Severity::Info, "study paused: no further trial starts");
    }
}
