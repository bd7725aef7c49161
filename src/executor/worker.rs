//! The training worker: model and data loaded once, and one or more lanes that train.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender};
use rayon::ThreadPool;

use super::ExecutorEvent;
use super::lane::Lane;
use super::line::{Line, Training};
use super::room::training_room;
use crate::domain::{Cause, Job, TrialId};
use crate::threads;
use crate::train::Plan;
use crate::train::fault;
use crate::train::trainer::under_way;
use crate::train::workbench::Workbench;

/// What the application asks of a worker.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    /// Train this once there is memory.
    Submit(Job),
    /// Let the trial leave its place.
    Pause(TrialId),
    /// Let the trial go on.
    Resume(TrialId),
    /// End the trial.
    Cancel(TrialId),
    /// Delete what is kept of the trial under way.
    Forget(TrialId),
    /// End everything.
    Stop,
}

/// Runs until told to stop, or until nobody listens any more.
pub(super) fn work(
    plan: Plan,
    lanes: usize,
    commands: &Receiver<Command>,
    events: &Sender<ExecutorEvent>,
) {
    let prepared = catch_unwind(AssertUnwindSafe(|| Workbench::prepare(plan)));
    let workbench = match prepared {
        Ok(Ok(workbench)) => workbench,
        Ok(Err(error)) => {
            let said = error.to_string();
            decline(Cause::Unusable { said }, commands, events);
            return ended(events);
        }
        Err(panic) => {
            decline(fault::cause_of(panic.as_ref()), commands, events);
            return ended(events);
        }
    };
    let ready = ExecutorEvent::Ready {
        device: workbench.device_text().to_owned(),
        room: training_room(&workbench),
    };
    if events.send(ready).is_ok() {
        let line = Line::default();
        std::thread::scope(|scope| {
            for number in 0..lanes {
                let lane = Lane {
                    workbench: &workbench,
                    line: &line,
                    events,
                    share: share_of_cores(&workbench, lanes),
                    trial: Cell::default(),
                };
                let name = format!("training {}", number + 1);
                if let Err(error) = threads::start_within(scope, &name, move || lane.run()) {
                    line.stop();
                    let said = error.to_string();
                    return decline(Cause::Error { said }, commands, events);
                }
            }
            direct(&line, &workbench, commands, events);
        });
        let lane = Lane {
            workbench: &workbench,
            line: &Line::default(),
            events,
            share: None,
            trial: Cell::default(),
        };
        for training in line.rest() {
            // Where nobody listens any more, there is nobody to tell.
            let _ = lane.keep(&training);
        }
    }
    ended(events);
}

/// Nothing runs any more. Nobody may listen.
fn ended(events: &Sender<ExecutorEvent>) {
    let _ = events.send(ExecutorEvent::Stopped);
}

/// Threads for one of several lanes on the processor. On a GPU a lane keeps to one thread, as its stream belongs to that.
fn share_of_cores(workbench: &Workbench, lanes: usize) -> Option<ThreadPool> {
    if lanes == 1 || !workbench.computes_at_once() {
        return None;
    }
    let pool = threads::pool(share(lanes));
    pool.inspect_err(|error| {
        tracing::warn!("a lane shares all threads with the others: {error}");
    })
    .ok()
}

/// How many threads are a lane's share.
pub(super) fn share(lanes: usize) -> usize {
    (rayon::current_num_threads() / lanes).max(1)
}

/// Says why nothing can run, and waits for the stop that follows.
fn decline(cause: Cause, commands: &Receiver<Command>, events: &Sender<ExecutorEvent>) {
    let _ = events.send(ExecutorEvent::Unavailable { cause });
    while commands
        .recv()
        .is_ok_and(|command| command != Command::Stop)
    {}
}

/// Passes commands on to the line until told to stop.
fn direct(
    line: &Line<Training<'_>>,
    workbench: &Workbench,
    commands: &Receiver<Command>,
    events: &Sender<ExecutorEvent>,
) {
    for command in commands {
        match command {
            Command::Submit(job) => line.submit(job),
            Command::Pause(trial) => {
                if line.pause(trial) && events.send(ExecutorEvent::Returned(trial)).is_err() {
                    break;
                }
            }
            Command::Resume(trial) => line.resume(trial),
            Command::Cancel(trial) => {
                if line.cancel(trial) && events.send(ExecutorEvent::Cancelled(trial)).is_err() {
                    break;
                }
            }
            Command::Forget(trial) => forget(workbench, trial),
            Command::Stop => break,
        }
    }
    line.stop();
}

/// Deletes the file of a trial that is over.
fn forget(workbench: &Workbench, trial: TrialId) {
    let Some(keep) = workbench.under_way() else {
        return;
    };
    if let Err(error) = under_way::forget(&keep.folder, trial) {
        // It costs space only, and the next start tries again.
        tracing::warn!("cannot delete the kept training of trial {trial}: {error}");
    }
}
