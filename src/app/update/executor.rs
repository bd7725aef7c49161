//! What the executor tells.

use crate::app::{DeviceStatus, Effect, LiveTrial, Severity, State, StudyPause};
use crate::domain::{Cause, Trial, TrialId, TrialState};
use crate::executor::ExecutorEvent;
use crate::journal::Record;

/// After this many failures in a row the study pauses: something outside the configurations is wrong.
const FAILURES_BEFORE_PAUSE: usize = 3;

pub(super) fn on_executor(state: &mut State, event: ExecutorEvent) -> Vec<Effect> {
    if is_late(state, &event) {
        return Vec::new();
    }
    let record = match event {
        ExecutorEvent::Ready { device, room } => {
            state.notify(Severity::Info, format!("device: {device}"));
            state.room = room;
            offer_again(state);
            state.device = DeviceStatus::Ready(device.clone());
            if state.devices.last() == Some(&device) {
                return Vec::new();
            }
            Record::DeviceChosen { device }
        }
        ExecutorEvent::Unavailable { cause } => {
            state.notify(Severity::Error, cause.to_string());
            state.device = DeviceStatus::Unavailable(cause.clone());
            state.places.are_lost();
            match cause {
                Cause::DeviceLost { .. } => Record::DeviceUnavailable { cause },
                _ => return Vec::new(),
            }
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
        ExecutorEvent::Deferred {
            trial,
            needed_bytes,
            free_bytes,
        } => {
            let megabytes = |bytes: u64| bytes / 1_000_000;
            let text = format!(
                "trial {trial} waits for memory: its training needs about {} MB, and {} MB are free now",
                megabytes(needed_bytes),
                megabytes(free_bytes)
            );
            state.notify(Severity::Info, text);
            state.places.waits_for_memory(trial);
            return Vec::new();
        }
        ExecutorEvent::Returned(trial) if state.places.is_returned(trial) => {
            Record::TrialCancelled { trial }
        }
        ExecutorEvent::Returned(_) => return Vec::new(),
        ExecutorEvent::Stopped => return vec![Effect::Leave],
        ExecutorEvent::Started(trial) => {
            state.live.insert(trial, LiveTrial::default());
            state.places.runs(trial);
            Record::TrialStarted { trial }
        }
        // A training that went on from an earlier point comes by the same epochs once more.
        ExecutorEvent::Epoch(trial, report) if is_known(state, trial, report.epoch) => {
            return Vec::new();
        }
        ExecutorEvent::Epoch(trial, report) => Record::TrialEpoch { trial, report },
        ExecutorEvent::Paused(trial) => {
            stands_still(state, trial);
            Record::TrialPaused { trial }
        }
        ExecutorEvent::Resumed(trial) => {
            state.places.runs(trial);
            Record::TrialResumed { trial }
        }
        ExecutorEvent::Finished(trial, measurement) => Record::TrialFinished { trial, measurement },
        ExecutorEvent::Pruned(trial, standing) => Record::TrialPruned { trial, standing },
        ExecutorEvent::Infeasible(trial, cause) => {
            state.notify(
                Severity::Warning,
                format!("trial {trial} is infeasible: {cause}"),
            );
            if cause.is_out_of_memory()
                && in_a_row(state, lacked_memory) + 1 >= FAILURES_BEFORE_PAUSE
                && state.pause(StudyPause::Failed(cause.to_string()))
            {
                state.notify(
                    Severity::Error,
                    format!(
                        "study paused: {FAILURES_BEFORE_PAUSE} trials in a row ran out of memory; end other programs, \
                         set `search.parallel = 1`, lower `training.activation_cache_mb` or take another `--device`, \
                         and retry them. Less memory by `training.batch_size`, `training.max_length` or `space.sizes` \
                         makes it another study, which needs another `name`"
                    ),
                );
            }
            Record::TrialInfeasible { trial, cause }
        }
        ExecutorEvent::Failed(trial, cause) => {
            state.notify(Severity::Error, format!("trial {trial} failed: {cause}"));
            if in_a_row(state, has_failed) + 1 >= FAILURES_BEFORE_PAUSE
                && state.pause(StudyPause::Failed(cause.to_string()))
            {
                state.notify(
                    Severity::Error,
                    format!("study paused after {FAILURES_BEFORE_PAUSE} failures in a row; resume it once the cause is mended"),
                );
            }
            Record::TrialFailed { trial, cause }
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

/// Whether this tells of a trial that the executor has no more: one that was cancelled while the program stopped, say,
/// whose lane had not heard of it. What becomes of it there no longer counts.
fn is_late(state: &State, event: &ExecutorEvent) -> bool {
    let trial = event.trial().and_then(|trial| state.trial(trial));
    trial.is_some_and(|trial| {
        let begins = matches!(event, ExecutorEvent::Started(_));
        let may_begin = begins && trial.state == TrialState::Queued;
        !may_begin && !state.places.has(trial.id)
    })
}

/// The trial left its place. An executor that ends has it no more.
fn stands_still(state: &mut State, trial: TrialId) {
    let ends = state.stopping.is_some() || matches!(state.device, DeviceStatus::Unavailable(_));
    match ends {
        true => state.places.is_over(trial),
        false => state.places.stands(trial),
    }
}

/// Tells which trials lacked memory and would fit now: a verdict of memory is one of a machine and an hour.
fn offer_again(state: &mut State) {
    let Some(room) = state.room else { return };
    let needed = |trial: &Trial| match trial.cause {
        Some(Cause::OutOfMemory { needed_bytes, .. }) if trial.may_be_retried() => {
            Some(needed_bytes.unwrap_or(0)).filter(|needed| *needed <= room.bytes)
        }
        _ => None,
    };
    let fitting = state.trials.iter();
    let fitting: Vec<(TrialId, u64)> = fitting
        .filter_map(|trial| needed(trial).map(|needed| (trial.id, needed)))
        .collect();
    let Some(most) = fitting.iter().map(|(_, needed)| *needed).max() else {
        return;
    };
    let names: Vec<String> = fitting.iter().map(|(id, _)| id.to_string()).collect();
    let needs = match most / 1_000_000 {
        0 => String::new(),
        most => format!(" need at most {most} MB by their shapes and"),
    };
    let text = format!(
        "trials that lacked memory{needs} may fit the {} MB that there are here: {}; retry (r) tries one again",
        room.bytes / 1_000_000,
        names.join(", ")
    );
    state.notify(Severity::Info, text);
}

fn has_failed(trial: &Trial) -> bool {
    trial.state == TrialState::Failed
}

fn lacked_memory(trial: &Trial) -> bool {
    trial.cause.as_ref().is_some_and(Cause::is_out_of_memory)
}

/// How many of the latest ends were of one kind, in the order of the journal.
fn in_a_row(state: &State, is_one: fn(&Trial) -> bool) -> usize {
    let ends = state.over.iter().rev().filter_map(|id| state.trial(*id));
    ends.take_while(|trial| is_one(trial)).count()
}

/// Whether the trial's records tell of the epoch.
fn is_known(state: &State, trial: TrialId, epoch: u32) -> bool {
    let known = state.trial(trial).map_or(0, |trial| trial.epochs.len());
    epoch as usize <= known
}
