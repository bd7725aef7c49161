//! Trials on this machine, one or several at a time, on one model and one set of data in memory.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::worker::{Command, share, work};
use super::{Executor, ExecutorEvent};
use crate::domain::{Job, TrialId};
use crate::threads;
use crate::train::Plan;

/// Events that may wait for the application before progress is skipped.
const EVENTS_WAITING: usize = 256;

/// A training worker in threads of its own.
pub struct LocalExecutor {
    lanes: usize,
    commands: Sender<Command>,
    events: Receiver<ExecutorEvent>,
    thread: Option<JoinHandle<()>>,
}

impl LocalExecutor {
    /// Threads that one of so many lanes takes on the processor, at most.
    pub fn threads(lanes: usize) -> usize {
        let shares = if lanes > 1 { lanes * share(lanes) } else { 0 };
        1 + lanes.max(1) + shares
    }

    /// Starts the worker; it loads model and data and then reports `Ready`, or `Unavailable`. It trains as many trials at
    /// once as there are `lanes`, each on its share of the processor's cores, as far as memory allows; on a GPU each has a
    /// stream of its own, as the tensor library gives every thread one.
    ///
    /// # Errors
    /// Where the system gives no further thread.
    pub fn start(plan: Plan, lanes: usize) -> std::io::Result<Self> {
        let lanes = lanes.max(1);
        let (commands, received) = unbounded();
        let (sender, events) = bounded(EVENTS_WAITING);
        let thread = threads::start("training", move || {
            work(plan, lanes, &received, &sender);
        })?;
        Ok(Self {
            lanes,
            commands,
            events,
            thread: Some(thread),
        })
    }

    /// A worker that is gone has said so, by an event; a command to it has no addressee.
    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

impl Executor for LocalExecutor {
    fn capacity(&self) -> usize {
        self.lanes
    }

    fn submit(&self, job: Job) {
        self.tell(Command::Submit(job));
    }

    fn pause(&self, trial: TrialId) {
        self.tell(Command::Pause(trial));
    }

    fn resume(&self, trial: TrialId) {
        self.tell(Command::Resume(trial));
    }

    fn cancel(&self, trial: TrialId) {
        self.tell(Command::Cancel(trial));
    }

    fn forget(&self, trial: TrialId) {
        self.tell(Command::Forget(trial));
    }

    fn stop(&self) {
        self.tell(Command::Stop);
    }

    fn events(&self) -> &Receiver<ExecutorEvent> {
        &self.events
    }
}

impl Drop for LocalExecutor {
    /// Ends the worker between two steps and waits for it, so that no weights file is left half written.
    fn drop(&mut self) {
        self.tell(Command::Stop);
        while self.events.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
