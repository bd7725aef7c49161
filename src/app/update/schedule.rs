//! What follows from a state as it stands: jobs to submit, proposals to ask for.

use std::collections::BTreeSet;

use crate::app::{DeviceStatus, Effect, EstimateStatus, SearchStatus, Severity, State};
use crate::domain::{Job, Ladder, Origin, Trial, TrialId, TrialState};
use crate::journal::Record;
use crate::search::{Ask, Observation, Outcome};

/// What should be under way now and is not: jobs to submit, proposals to ask for.
///
/// Called after every event until nothing more is to do; each call changes the state so that the next differs.
pub fn schedule(state: &mut State) -> Vec<Effect> {
    if let Some(record) = derived_reference(state) {
        return vec![Effect::Append(record)];
    }
    if state.stopping.is_some() {
        return Vec::new();
    }
    tell_settled(state);
    let mut effects: Vec<Effect> = estimate_where_due(state).into_iter().collect();
    if !matches!(state.device, DeviceStatus::Ready(_)) {
        return effects;
    }
    effects.extend(clear_places(state));
    if !stands_still(state) {
        effects.extend(go_on(state));
        effects.extend(submit_waiting(state));
        effects.extend(ask_where_free(state));
    }
    effects
}

/// Asks what is believed of the true scores, wherever that is not known.
pub(in crate::app) fn estimate_where_due(state: &mut State) -> Option<Effect> {
    (state.estimating == EstimateStatus::Due).then(|| {
        state.estimating = EstimateStatus::UnderWay;
        Effect::Estimate(question(state, 0))
    })
}

/// Says once that no further configurations are worth their trials.
fn tell_settled(state: &mut State) {
    if let Some(why) = state.settled().filter(|_| !state.settled_told) {
        state.settled_told = true;
        state.notify(Severity::Info, why);
    }
}

/// Whether nothing may be under way.
fn stands_still(state: &State) -> bool {
    state.study_paused.is_some() || state.evaluation.is_some()
}

/// Asks what may not be under way to leave its place, a job included that waits to begin.
fn clear_places(state: &mut State) -> Vec<Effect> {
    let none = stands_still(state);
    let by_user = &state.paused_by_user;
    let may_stay = |trial| !none && !by_user.contains(&trial);
    let leaving = state.places.clear(may_stay);
    leaving.into_iter().map(Effect::Pause).collect()
}

/// Lets what stands still and need not go on where there is a place, before anything begins. Where there is none, a
/// job that only waits for memory leaves its own: what stands still has its memory, and may be what that job waits for.
fn go_on(state: &mut State) -> Vec<Effect> {
    let mut waiting = state.places.standing();
    waiting.retain(|trial| !state.paused_by_user.contains(trial));
    let free = free_places(state).min(waiting.len());
    let without_place = waiting.split_off(free);
    for trial in &waiting {
        state.places.let_go_on(*trial);
    }
    let missing = without_place.len().saturating_sub(state.places.leaving());
    let deferred = state.places.deferred();
    let give_way: BTreeSet<TrialId> = deferred.into_iter().rev().take(missing).collect();
    let leaving = state.places.clear(|trial| !give_way.contains(&trial));
    let resumed = waiting.into_iter().map(Effect::Resume);
    resumed
        .chain(leaving.into_iter().map(Effect::Pause))
        .collect()
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
    let mut effects = Vec::new();
    let places = free_places(state);
    // Nothing is sorted where there is no place anyway.
    let next = if places > 0 {
        state.queue()
    } else {
        Vec::new()
    };
    for id in next.into_iter().take(places) {
        let Some(trial) = state.trial(id) else { break };
        // What the user asks for is trained to its end, a pruned trial's rest included; so is a repeat, whose place is known.
        let to_its_end = match trial.origin {
            Origin::Manual | Origin::Repeat { .. } => true,
            Origin::Initial | Origin::Proposed(_) => trial.standing.is_some(),
        };
        let ladder = match to_its_end {
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
        state.places.hand_over(job.trial);
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

/// Places that nothing takes.
pub(super) fn free_places(state: &State) -> usize {
    state.capacity.saturating_sub(state.places.taken())
}

/// Asks once a place is free and nothing waits for it, so that proposals rest on every result that is there. The place
/// waits for as long as the search takes: 0.13 s after 100 trials, by the search's own measurement. A study that was stopped
/// in between asks the same.
fn ask_where_free(state: &mut State) -> Vec<Effect> {
    let waiting = state
        .in_state(TrialState::Queued)
        .filter(|t| !state.places.has(t.id))
        .count();
    let missing = state.budget().saturating_sub(state.trials.len());
    let is_idle = state.search == SearchStatus::Idle;
    if missing == 0 || waiting > 0 || free_places(state) == 0 || !is_idle {
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

/// The history as the search needs it: every trial that is over with its outcome, and all others as pending.
pub(in crate::app) fn question(state: &State, count: usize) -> Ask {
    let mut history = Vec::new();
    let mut pending = Vec::new();
    for trial in &state.trials {
        let Some(point) = state.study.space.point(&trial.configuration) else {
            continue;
        };
        match (trial.state, trial.measurement) {
            (TrialState::Finished, Some(measurement)) => history.push(Observation {
                error: measurement.score_error,
                point,
                outcome: Outcome::Score(measurement.objectives.score),
                third: None,
                early: early_scores(state, trial),
            }),
            (TrialState::Pruned, _) => history.push(Observation {
                error: None,
                point,
                outcome: Outcome::Pruned,
                third: None,
                early: early_scores(state, trial),
            }),
            (TrialState::Infeasible, _) if trial.has_diverged() => history.push(Observation {
                error: None,
                point,
                outcome: Outcome::Diverged,
                third: None,
                early: Vec::new(),
            }),
            // What lacked memory, failed or was cancelled says nothing of its score; it is not to be tried again unasked either.
            (TrialState::Infeasible | TrialState::Failed | TrialState::Cancelled, _) => {
                history.push(Observation {
                    error: None,
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
        plain: state.plain(),
        remaining: Some(state.budget().saturating_sub(state.trials.len())),
        reference_point: Some(state.reference()),
        room: state.room,
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
