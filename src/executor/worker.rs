//! The training worker: takes jobs, trains one at a time, answers commands between two steps.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::ExecutorEvent;
use crate::domain::{Job, TrialId};
use crate::train::Plan;
use crate::train::trainer::{Advance, Training, Workbench};

/// What the application asks of a worker.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    /// Train this once its turn comes.
    Submit(Job),
    /// Let the trial stand still; the next one takes its place.
    Pause(TrialId),
    /// Let the trial go on before any waiting job.
    Resume(TrialId),
    /// End the trial.
    Cancel(TrialId),
    /// End everything.
    Stop,
}

/// Runs until told to stop, or until nobody listens any more.
pub(super) fn work(plan: Plan, commands: &Receiver<Command>, events: &Sender<ExecutorEvent>) {
    let prepared = catch_unwind(AssertUnwindSafe(|| Workbench::prepare(plan)));
    let workbench = match prepared {
        Ok(Ok(workbench)) => workbench,
        Ok(Err(error)) => return decline(error.to_string(), commands, events),
        Err(panic) => return decline(panic_text(panic.as_ref()), commands, events),
    };
    let ready = ExecutorEvent::Ready {
        device: workbench.device_text().to_owned(),
    };
    let mut bench = Worker {
        workbench: &workbench,
        events,
        waiting: VecDeque::new(),
        running: None,
        resumed: VecDeque::new(),
        paused: BTreeMap::new(),
    };
    if bench.tell(ready).is_ok() {
        bench.serve(commands);
    }
    let _ = events.send(ExecutorEvent::Stopped);
}

/// Says why nothing can run, and waits for the stop that follows.
fn decline(reason: String, commands: &Receiver<Command>, events: &Sender<ExecutorEvent>) {
    let _ = events.send(ExecutorEvent::Unavailable { reason });
    while commands
        .recv()
        .is_ok_and(|command| command != Command::Stop)
    {}
    let _ = events.send(ExecutorEvent::Stopped);
}

/// Nobody listens any more.
struct Gone;

struct Worker<'a> {
    workbench: &'a Workbench,
    events: &'a Sender<ExecutorEvent>,
    waiting: VecDeque<Job>,
    running: Option<Training<'a>>,
    resumed: VecDeque<Training<'a>>,
    paused: BTreeMap<TrialId, Training<'a>>,
}

impl<'a> Worker<'a> {
    fn serve(&mut self, commands: &Receiver<Command>) {
        loop {
            let idle = self.running.is_none() && self.resumed.is_empty() && self.waiting.is_empty();
            let command = if idle {
                commands.recv().ok().or(Some(Command::Stop))
            } else {
                commands.try_recv().ok()
            };
            let done = match command {
                Some(Command::Stop) => return,
                Some(command) => self.obey(command),
                None => self.work_on(),
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), Gone> {
        match command {
            Command::Submit(job) => self.waiting.push_back(job),
            Command::Pause(trial) => {
                if let Some(training) = self.running.take_if(|running| running.trial() == trial) {
                    self.paused.insert(trial, training);
                    return self.tell(ExecutorEvent::Paused(trial));
                }
                // One that waited to go on stands still already.
                let mut in_line = self.resumed.iter();
                if let Some(place) = in_line.position(|training| training.trial() == trial) {
                    let training = self.resumed.remove(place);
                    self.paused
                        .extend(training.map(|training| (trial, training)));
                }
            }
            Command::Resume(trial) => {
                if let Some(training) = self.paused.remove(&trial) {
                    self.resumed.push_back(training);
                }
            }
            Command::Cancel(trial) => {
                let under_way = self
                    .running
                    .take_if(|running| running.trial() == trial)
                    .is_some();
                let known = under_way || self.paused.remove(&trial).is_some();
                let before = self.waiting.len() + self.resumed.len();
                self.waiting.retain(|job| job.trial != trial);
                self.resumed.retain(|training| training.trial() != trial);
                if known || self.waiting.len() + self.resumed.len() < before {
                    return self.tell(ExecutorEvent::Cancelled(trial));
                }
            }
            Command::Stop => {}
        }
        Ok(())
    }

    /// One step of the trial at hand, or the beginning of the next.
    fn work_on(&mut self) -> Result<(), Gone> {
        if self.running.is_none()
            && let Some(training) = self.resumed.pop_front()
        {
            let trial = training.trial();
            self.running = Some(training);
            return self.tell(ExecutorEvent::Resumed(trial));
        }
        let Some(training) = &mut self.running else {
            let Some(job) = self.waiting.pop_front() else {
                return Ok(());
            };
            return self.begin(job);
        };
        let trial = training.trial();
        let event = match catch_unwind(AssertUnwindSafe(|| training.advance())) {
            Ok(Ok(Advance::Step(progress))) => {
                return self.mention(ExecutorEvent::Progress(progress));
            }
            Ok(Ok(Advance::Prepared | Advance::Evaluated)) => return Ok(()),
            Ok(Ok(Advance::Epoch(report))) => {
                return self.tell(ExecutorEvent::Epoch(trial, report));
            }
            Ok(Ok(Advance::Done(measurement))) => ExecutorEvent::Finished(trial, measurement),
            Ok(Ok(Advance::Diverged(reason))) => ExecutorEvent::Infeasible(trial, reason),
            Ok(Err(error)) => ExecutorEvent::Failed(trial, error.to_string()),
            Err(panic) => ended_by_panic(trial, &panic_text(panic.as_ref())),
        };
        self.running = None;
        self.tell(event)
    }

    fn begin(&mut self, job: Job) -> Result<(), Gone> {
        let trial = job.trial;
        self.tell(ExecutorEvent::Started(trial))?;
        match catch_unwind(AssertUnwindSafe(|| Training::begin(self.workbench, &job))) {
            Ok(Ok(training)) => {
                self.running = Some(training);
                Ok(())
            }
            Ok(Err(error)) => self.tell(ExecutorEvent::Failed(trial, error.to_string())),
            Err(panic) => self.tell(ended_by_panic(trial, &panic_text(panic.as_ref()))),
        }
    }

    fn tell(&self, event: ExecutorEvent) -> Result<(), Gone> {
        self.events.send(event).map_err(|_| Gone)
    }

    /// Progress is skipped rather than waited for.
    fn mention(&self, event: ExecutorEvent) -> Result<(), Gone> {
        match self.events.try_send(event) {
            Err(TrySendError::Disconnected(_)) => Err(Gone),
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
        }
    }
}

/// Out of memory is a property of the configuration; any other panic is a fault of the program.
fn ended_by_panic(trial: TrialId, text: &str) -> ExecutorEvent {
    let lower = text.to_lowercase();
    let memory = [
        "out of memory",
        "outofmemory",
        "out_of_memory",
        "memory allocation",
    ];
    if memory.iter().any(|sign| lower.contains(sign)) {
        ExecutorEvent::Infeasible(trial, format!("out of memory: {text}"))
    } else {
        ExecutorEvent::Failed(trial, format!("the training stopped unexpectedly: {text}"))
    }
}

/// The message of a panic.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
