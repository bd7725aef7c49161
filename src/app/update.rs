//! From events to effects. No I/O: the runtime performs what is returned, in order.

use super::{
    DeviceStatus, Effect, EvaluationEvent, EvaluationStatus, Event, Message, SearchStatus,
    Severity, State,
};
use crate::domain::{Configuration, Job, Ladder, Origin, Trial, TrialId, TrialState};
use crate::evaluation::{SEEDS, Subject};
use crate::executor::{ExecutorEvent, OUT_OF_MEMORY};
use crate::journal::Record;
use crate::search::{Ask, Observation, Outcome, SearchEvent};

/// After this many failures in a row the study pauses: something outside the configurations is wrong.
const FAILURES_BEFORE_PAUSE: usize = 3;

/// What an event leads to. Only live parts of the state change here; durable ones through `Append`.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Message(message) => on_message(state, message),
        Event::Executor(event) => on_executor(state, event),
        Event::Search(event) => on_search(state, event),
        Event::Vitals(vitals) => {
            state.take_vitals(vitals);
            Vec::new()
        }
        Event::Evaluation(event) => {
            on_evaluation(state, event);
            Vec::new()
        }
        Event::Exported(Ok((folder, front))) => {
            state.notify(
                Severity::Info,
                format!("exported {} configurations to {folder}", front.len()),
            );
            vec![Effect::Append(Record::Exported { folder, front })]
        }
        Event::Exported(Err(reason)) => {
            state.notify(Severity::Error, format!("export failed: {reason}"));
            Vec::new()
        }
    }
}

/// What should be under way now and is not: jobs to submit, proposals to ask for.
///
/// Called after every event until nothing more is to do; each call changes the state so that the next differs.
pub fn schedule(state: &mut State) -> Vec<Effect> {
    if let Some(record) = derived_reference(state) {
        return vec![Effect::Append(record)];
    }
    let ready = matches!(state.device, DeviceStatus::Ready(_));
    if state.stopping || state.study_paused || state.evaluation.is_some() || !ready {
        return Vec::new();
    }
    let mut effects = submit_waiting(state);
    effects.extend(ask_ahead(state));
    effects
}

/// The bounds of the hypervolume, where they are to be derived and the initial design is measured.
fn derived_reference(state: &mut State) -> Option<Record> {
    let designed = state.initial_trials.min(state.trials_wanted);
    if state.reference_point.is_some() || state.over.len() < designed {
        return None;
    }
    let is_over = |trial: &Trial| trial.state.is_over();
    let is_measured = |trial: &Trial| {
        let score = trial.measurement.map(|m| m.objectives.score);
        score.is_some_and(f64::is_finite)
    };
    let design = state.trials.get(..designed)?;
    if !design.iter().all(is_over) || !state.trials.iter().any(is_measured) {
        return None;
    }
    let reference_point = state.reference();
    let text = format!("the initial design is measured: {reference_point} count from now on");
    state.notify(Severity::Info, text);
    Some(Record::ReferencePointDerived { reference_point })
}

fn submit_waiting(state: &mut State) -> Vec<Effect> {
    let held = |state: &State| {
        let paused = state
            .in_state(TrialState::Paused)
            .filter(|t| state.submitted.contains(&t.id))
            .count();
        state.submitted.len() - paused
    };
    let mut effects = Vec::new();
    let places = state.capacity.saturating_sub(held(state));
    // Nothing is sorted where there is no place anyway.
    let next = if places > 0 {
        state.queue()
    } else {
        Vec::new()
    };
    for id in next.into_iter().take(places) {
        let Some(trial) = state.trial(id) else { break };
        // What the user asks for is trained to its end, a pruned trial's rest included.
        let by_hand = trial.origin == Origin::Manual || trial.standing.is_some();
        let ladder = match by_hand {
            true => Ladder::default(),
            false => state.rungs.ladder(&state.trials),
        };
        let job = Job {
            trial: trial.id,
            configuration: trial.configuration.clone(),
            parameters_percent: trial.parameters_percent,
            seed: trial_seed(state.study.seed, trial.id),
            ladder,
        };
        state.submitted.insert(job.trial);
        effects.push(Effect::Submit(job));
    }
    effects
}

/// Every trial has a stream of its own, so that its result does not depend on what ran before it.
fn trial_seed(study_seed: u64, trial: TrialId) -> u64 {
    study_seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(u64::from(trial.0))
}

/// Asks while the last waiting trial still has a device's worth of work before it, so that no device waits.
fn ask_ahead(state: &mut State) -> Vec<Effect> {
    let waiting = state
        .in_state(TrialState::Queued)
        .filter(|t| !state.submitted.contains(&t.id))
        .count();
    let missing = state.trials_wanted.saturating_sub(state.trials.len());
    if missing == 0 || waiting > 0 || state.search != SearchStatus::Idle {
        return Vec::new();
    }
    let initial_left = state.initial_trials.saturating_sub(state.trials.len());
    let count = if initial_left > 0 {
        initial_left
    } else {
        state.batch
    }
    .min(missing);
    state.search = SearchStatus::Asked(count);
    vec![Effect::Ask(question(state, count))]
}

/// The history as the search needs it: trials whose outcomes are known, and all others as pending.
pub(super) fn question(state: &State, count: usize) -> Ask {
    let known = state.known();
    let mut history = Vec::new();
    let mut pending = Vec::new();
    for trial in &state.trials {
        let Some(point) = state.study.space.point(&trial.configuration) else {
            continue;
        };
        if !known.contains(&trial.id) {
            pending.push(point);
            continue;
        }
        match (trial.state, trial.measurement) {
            (TrialState::Finished, Some(measurement)) => history.push(Observation {
                point,
                outcome: Outcome::Score(measurement.objectives.score),
                third: None,
                early: early_scores(state, trial),
            }),
            (TrialState::Pruned, _) => history.push(Observation {
                point,
                outcome: Outcome::Pruned,
                third: None,
                early: early_scores(state, trial),
            }),
            // What failed or was cancelled says nothing of its score; it is not to be tried again unasked either.
            (TrialState::Infeasible | TrialState::Failed | TrialState::Cancelled, _) => {
                history.push(Observation {
                    point,
                    outcome: Outcome::Infeasible,
                    third: None,
                    early: Vec::new(),
                });
            }
            _ => pending.push(point),
        }
    }
    Ask {
        history,
        pending,
        count,
        reference_point: Some(state.reference_after(known.len())),
    }
}

/// The rungs that a trial reached, as shares of a whole training, with its best score by then.
fn early_scores(state: &State, trial: &Trial) -> Vec<(f64, f64)> {
    let share = |epoch: u32| f64::from(epoch) / f64::from(state.epochs.max(1));
    let rungs = state.rungs.epochs.iter();
    rungs
        .filter_map(|&epoch| Some((share(epoch), trial.score_by(epoch)?)))
        .collect()
}

fn on_message(state: &mut State, message: Message) -> Vec<Effect> {
    let current = |state: &State, id| state.trial(id).map(|trial| trial.state);
    match message {
        Message::Pause(id) if current(state, id) == Some(TrialState::Running) => {
            vec![Effect::Pause(id)]
        }
        Message::Resume(_) | Message::ToggleStudyPause if state.evaluation.is_some() => {
            let text = "the evaluation has the device: stop it first, it goes on from there later";
            state.notify(Severity::Warning, text);
            Vec::new()
        }
        Message::Resume(id) if current(state, id) == Some(TrialState::Paused) => {
            state.paused_with_study.remove(&id);
            state.resuming.insert(id);
            if state.in_state(TrialState::Running).count() >= state.capacity {
                let text = format!("trial {id} goes on as soon as the device is free");
                state.notify(Severity::Info, text);
            }
            vec![Effect::Resume(id)]
        }
        Message::Cancel(id) => match current(state, id) {
            Some(TrialState::Queued) if !state.submitted.contains(&id) => {
                let record = Record::TrialCancelled { trial: id };
                vec![Effect::Append(record), Effect::Forget(id)]
            }
            Some(trial_state) if !trial_state.is_over() => vec![Effect::Cancel(id)],
            _ => Vec::new(),
        },
        Message::Retry(id)
            if matches!(
                current(state, id),
                Some(TrialState::Failed | TrialState::Cancelled | TrialState::Pruned)
            ) =>
        {
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
        Message::ToggleStudyPause => toggle_study_pause(state),
        Message::Export if state.front.is_empty() => {
            state.notify(
                Severity::Warning,
                "nothing to export yet: no trial has finished",
            );
            Vec::new()
        }
        Message::Export => vec![Effect::Export],
        Message::Evaluate => evaluate(state),
        Message::Quit => {
            state.stopping = true;
            vec![Effect::Stop]
        }
    }
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
    let is_busy = state.in_state(TrialState::Running).next().is_some();
    let is_idle = state.study_paused || state.is_complete();
    let objection = if state.front.is_empty() {
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

/// Queues a configuration that the user asked for.
fn add(state: &mut State, configuration: Configuration) -> Vec<Effect> {
    if let Some(objection) = state.study.space.objection(&configuration) {
        state.notify(Severity::Warning, format!("not added: {objection}"));
        return Vec::new();
    }
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

fn toggle_study_pause(state: &mut State) -> Vec<Effect> {
    state.study_paused = !state.study_paused;
    if state.study_paused {
        state.notify(Severity::Info, "study paused: no further trial starts");
        let mut held: Vec<TrialId> = state.in_state(TrialState::Running).map(|t| t.id).collect();
        held.extend(std::mem::take(&mut state.resuming));
        state.paused_with_study.extend(&held);
        held.into_iter().map(Effect::Pause).collect()
    } else {
        state.notify(Severity::Info, "study resumed");
        if matches!(state.search, SearchStatus::Failed(_)) {
            state.search = SearchStatus::Idle;
        }
        let held = std::mem::take(&mut state.paused_with_study);
        state.resuming.extend(&held);
        held.into_iter().map(Effect::Resume).collect()
    }
}

fn on_executor(state: &mut State, event: ExecutorEvent) -> Vec<Effect> {
    let record = match event {
        ExecutorEvent::Ready { device } => {
            state.notify(Severity::Info, format!("device: {device}"));
            state.device = DeviceStatus::Ready(device.clone());
            if state.devices.last() == Some(&device) {
                return Vec::new();
            }
            Record::DeviceChosen { device }
        }
        ExecutorEvent::Unavailable { reason } => {
            state.notify(Severity::Error, reason.clone());
            state.device = DeviceStatus::Unavailable(reason);
            return Vec::new();
        }
        ExecutorEvent::Progress(progress) => {
            let live = state.live.entry(progress.trial).or_default();
            live.losses.push(progress.step, progress.loss);
            live.progress = Some(progress);
            return Vec::new();
        }
        ExecutorEvent::Remark(_, text) => {
            state.notify(Severity::Warning, text);
            return Vec::new();
        }
        ExecutorEvent::Stopped => return vec![Effect::Leave],
        ExecutorEvent::Started(trial) => {
            state.live.insert(trial, super::LiveTrial::default());
            Record::TrialStarted { trial }
        }
        ExecutorEvent::Epoch(trial, report) => Record::TrialEpoch { trial, report },
        ExecutorEvent::Paused(trial) => Record::TrialPaused { trial },
        ExecutorEvent::Resumed(trial) => Record::TrialResumed { trial },
        ExecutorEvent::Finished(trial, measurement) => Record::TrialFinished { trial, measurement },
        ExecutorEvent::Pruned(trial, standing) => Record::TrialPruned { trial, standing },
        ExecutorEvent::Infeasible(trial, reason) => {
            state.notify(
                Severity::Warning,
                format!("trial {trial} is infeasible: {reason}"),
            );
            if lacks_memory(&reason) && memory_lacks_in_a_row(state) + 1 >= FAILURES_BEFORE_PAUSE {
                state.study_paused = true;
                state.notify(
                    Severity::Error,
                    format!(
                        "study paused: {FAILURES_BEFORE_PAUSE} trials in a row ran out of memory; free some, or lower \
                         `training.batch_size`, `training.max_length` or `space.sizes`"
                    ),
                );
            }
            Record::TrialInfeasible { trial, reason }
        }
        ExecutorEvent::Failed(trial, reason) => {
            state.notify(Severity::Error, format!("trial {trial} failed: {reason}"));
            if fails_in_a_row(state) + 1 >= FAILURES_BEFORE_PAUSE {
                state.study_paused = true;
                state.notify(
                    Severity::Error,
                    format!("study paused after {FAILURES_BEFORE_PAUSE} failures in a row; resume it once the cause is mended"),
                );
            }
            Record::TrialFailed { trial, reason }
        }
        ExecutorEvent::Cancelled(trial) => Record::TrialCancelled { trial },
    };
    let over = match &record {
        Record::TrialFinished { trial, .. }
        | Record::TrialInfeasible { trial, .. }
        | Record::TrialFailed { trial, .. }
        | Record::TrialCancelled { trial } => Some(Effect::Forget(*trial)),
        _ => None,
    };
    [Effect::Append(record)].into_iter().chain(over).collect()
}

/// Failed trials since the last one that ended otherwise.
fn fails_in_a_row(state: &State) -> usize {
    let over = state.trials.iter().rev().filter(|t| t.state.is_over());
    over.take_while(|t| t.state == TrialState::Failed).count()
}

/// Trials that lacked memory since the last one that ended otherwise.
fn memory_lacks_in_a_row(state: &State) -> usize {
    let ends = state.over.iter().rev().filter_map(|id| state.trial(*id));
    let lacking = |trial: &&Trial| trial.reason.as_deref().is_some_and(lacks_memory);
    ends.take_while(lacking).count()
}

fn lacks_memory(reason: &str) -> bool {
    reason.starts_with(OUT_OF_MEMORY)
}

fn on_search(state: &mut State, event: SearchEvent) -> Vec<Effect> {
    match event {
        SearchEvent::Proposed(proposals) => {
            state.search = SearchStatus::Idle;
            let first = state.trials.len() as u32;
            let queue = proposals
                .into_iter()
                .zip(first..)
                .map(|(proposal, number)| {
                    let origin = if proposal.initial {
                        Origin::Initial
                    } else {
                        Origin::Proposed(proposal.diagnostics)
                    };
                    Effect::Append(Record::TrialQueued {
                        trial: TrialId(number),
                        configuration: state.study.space.configuration(&proposal.point),
                        origin,
                    })
                });
            queue.collect()
        }
        SearchEvent::Exhausted => {
            state.notify(Severity::Info, "every configuration of the space was tried");
            state.search = SearchStatus::Exhausted;
            Vec::new()
        }
        SearchEvent::Failed(reason) => {
            state.notify(Severity::Error, format!("the search failed: {reason}"));
            state.search = SearchStatus::Failed(reason);
            state.study_paused = true;
            Vec::new()
        }
    }
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
