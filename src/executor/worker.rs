//! The training worker: takes jobs, trains one at a time, answers commands between two steps.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::{ExecutorEvent, OUT_OF_MEMORY};
use crate::domain::{Job, TrialId};
use crate::train::trainer::under_way;
use crate::train::trainer::{Advance, Training};
use crate::train::workbench::Workbench;
use crate::train::{Plan, TrainError};

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
        over: Vec::new(),
        kept_at: Instant::now(),
    };
    if bench.tell(ready).is_ok() {
        bench.serve(commands);
        // Where nobody listens any more, there is nobody to tell.
        let _ = bench.put_by();
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
    /// Trials that ended since the last job came.
    over: Vec<TrialId>,
    /// When the running training was begun, taken up or last kept as a file.
    kept_at: Instant,
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
            Command::Submit(job) => {
                self.forget_over();
                self.waiting.push_back(job);
            }
            Command::Pause(trial) => {
                if let Some(training) = self.running.take_if(|running| running.trial() == trial) {
                    let kept = self.keep(&training);
                    self.paused.insert(trial, training);
                    self.tell(ExecutorEvent::Paused(trial))?;
                    return kept;
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
                self.over.push(trial);
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
            self.kept_at = Instant::now();
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
                self.mention(ExecutorEvent::Progress(progress))?;
                return self.keep_if_due();
            }
            Ok(Ok(Advance::Prepared | Advance::Evaluated)) => return self.keep_if_due(),
            Ok(Ok(Advance::Epoch(report))) => {
                self.tell(ExecutorEvent::Epoch(trial, report))?;
                return self.keep_if_due();
            }
            Ok(Ok(Advance::Done(measurement))) => ExecutorEvent::Finished(trial, measurement),
            Ok(Ok(Advance::Diverged(reason))) => ExecutorEvent::Infeasible(trial, reason),
            Ok(Err(error)) => ExecutorEvent::Failed(trial, error.to_string()),
            Err(panic) => ended_by_panic(trial, &panic_text(panic.as_ref())),
        };
        self.end(trial, event)
    }

    fn end(&mut self, trial: TrialId, event: ExecutorEvent) -> Result<(), Gone> {
        self.running = None;
        self.over.push(trial);
        self.tell(event)
    }

    fn begin(&mut self, job: Job) -> Result<(), Gone> {
        let trial = job.trial;
        self.tell(ExecutorEvent::Started(trial))?;
        if let Some(reason) = self.workbench.obstacle(&job.configuration) {
            let reason = format!("{OUT_OF_MEMORY}: {reason}");
            return self.end(trial, ExecutorEvent::Infeasible(trial, reason));
        }
        let mut refused = None;
        let begun = catch_unwind(AssertUnwindSafe(|| {
            match self.kept(&job, |reason| refused = Some(reason))? {
                Some(training) => Ok(training),
                None => Training::begin(self.workbench, &job),
            }
        }));
        if let Some(reason) = refused {
            let text = format!("trial {trial} begins anew instead of going on: {reason}");
            self.tell(ExecutorEvent::Remark(trial, text))?;
        }
        match begun {
            Ok(Ok(training)) => {
                self.kept_at = Instant::now();
                let training = self.running.insert(training);
                let (steps, all) = training.steps();
                let reports = training.reports().to_vec();
                if steps > 0 {
                    let text = format!("trial {trial} goes on after step {steps} of {all}");
                    self.tell(ExecutorEvent::Remark(trial, text))?;
                }
                reports
                    .into_iter()
                    .try_for_each(|report| self.tell(ExecutorEvent::Epoch(trial, report)))
            }
            Ok(Err(error)) => self.end(trial, ExecutorEvent::Failed(trial, error.to_string())),
            Err(panic) => self.end(trial, ended_by_panic(trial, &panic_text(panic.as_ref()))),
        }
    }

    /// The training of a job that was under way when the program was last stopped.
    fn kept(
        &self,
        job: &Job,
        refused: impl FnOnce(String),
    ) -> Result<Option<Training<'a>>, TrainError> {
        let Some(keep) = self.workbench.under_way() else {
            return Ok(None);
        };
        Training::kept(self.workbench, job, &keep.folder, refused)
    }

    fn keep_if_due(&mut self) -> Result<(), Gone> {
        let (Some(training), Some(keep)) = (&self.running, self.workbench.under_way()) else {
            return Ok(());
        };
        if self.kept_at.elapsed() < keep.every {
            return Ok(());
        }
        let kept = self.keep(training);
        self.kept_at = Instant::now();
        kept
    }

    /// Keeps a training as a file. One that cannot be kept goes on all the same, and is worse off only if the program
    /// is killed.
    fn keep(&self, training: &Training<'_>) -> Result<(), Gone> {
        let Some(keep) = self.workbench.under_way() else {
            return Ok(());
        };
        let kept = catch_unwind(AssertUnwindSafe(|| training.keep(&keep.folder)));
        let reason = match kept {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_text(panic.as_ref()),
        };
        let trial = training.trial();
        let text = format!("trial {trial} goes on, but would begin anew if stopped: {reason}");
        self.tell(ExecutorEvent::Remark(trial, text))
    }

    /// At the end: whatever is under way goes on from here the next time.
    fn put_by(&mut self) -> Result<(), Gone> {
        for training in self.resumed.iter().chain(self.paused.values()) {
            self.keep(training)?;
        }
        if let Some(training) = &self.running {
            self.keep(training)?;
            self.tell(ExecutorEvent::Paused(training.trial()))?;
        }
        Ok(())
    }

    /// Deletes the files of trials that are over. Their ends are durable by now: no further job comes before.
    fn forget_over(&mut self) {
        let Some(keep) = self.workbench.under_way() else {
            return;
        };
        for trial in self.over.drain(..) {
            if let Err(error) = under_way::forget(&keep.folder, trial) {
                // It costs space only, and the next start tries again.
                tracing::warn!("cannot delete the kept training of trial {trial}: {error}");
            }
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
        ExecutorEvent::Infeasible(trial, format!("{OUT_OF_MEMORY}: {text}"))
    } else {
        ExecutorEvent::Failed(trial, format!("the training stopped unexpectedly: {text}"))
    }
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn told(text: &str) -> String {
        match ended_by_panic(TrialId(3), text) {
            ExecutorEvent::Infeasible(_, reason) => format!("infeasible: {reason}"),
            ExecutorEvent::Failed(_, reason) => format!("failed: {reason}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn want_of_memory_is_a_result_and_any_other_panic_a_failure() {
        assert_snapshot!(
            told("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
            @"infeasible: out of memory: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
        );
        assert_snapshot!(
            told("memory allocation of 17179869184 bytes failed"),
            @"infeasible: out of memory: memory allocation of 17179869184 bytes failed"
        );
        assert_snapshot!(
            told("index out of bounds: the len is 3 but the index is 3"),
            @"failed: the training stopped unexpectedly: index out of bounds: the len is 3 but the index is 3"
        );
        let panic = catch_unwind(|| panic!("{} is no number", f64::NAN))
            .map_err(|panic| panic_text(panic.as_ref()));
        assert_eq!(panic, Err("NaN is no number".to_owned()));
    }
}
