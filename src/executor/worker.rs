//! The training worker: model and data loaded once, and one or more lanes that each train one trial at a time, answering
//! to what was asked between two steps.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::line::{Line, Memory, Turn, Wish};
use super::{ExecutorEvent, OUT_OF_MEMORY};
use crate::domain::{Job, Standing, TrialId};
use crate::memory;
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
        Ok(Err(error)) => return decline(error.to_string(), commands, events),
        Err(panic) => return decline(panic_text(panic.as_ref()), commands, events),
    };
    let ready = ExecutorEvent::Ready {
        device: workbench.device_text().to_owned(),
    };
    if events.send(ready).is_ok() {
        let line = Line::default();
        std::thread::scope(|scope| {
            for number in 0..lanes {
                let lane = Lane {
                    workbench: &workbench,
                    line: &line,
                    events,
                };
                let name = format!("training {}", number + 1);
                let lane = std::thread::Builder::new()
                    .name(name)
                    .spawn_scoped(scope, move || lane.run(lanes));
                if let Err(error) = lane {
                    tracing::warn!("only {number} of {lanes} lanes could be started: {error}");
                    break;
                }
            }
            direct(&line, &workbench, commands, events);
        });
        let lane = Lane {
            workbench: &workbench,
            line: &Line::default(),
            events,
        };
        for training in line.rest() {
            // Where nobody listens any more, there is nobody to tell.
            let _ = lane.keep(&training);
        }
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

/// Passes commands on to the line until told to stop.
fn direct(
    line: &Line<'_>,
    workbench: &Workbench,
    commands: &Receiver<Command>,
    events: &Sender<ExecutorEvent>,
) {
    for command in commands {
        match command {
            Command::Submit(job) => line.submit(job),
            Command::Pause(trial) => line.pause(trial),
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

/// Nobody listens any more.
struct Gone;

/// Trains one trial at a time.
struct Lane<'a, 'l> {
    workbench: &'a Workbench,
    line: &'l Line<'a>,
    events: &'l Sender<ExecutorEvent>,
}

impl<'a> Lane<'a, '_> {
    /// Takes turns until the line ends. Of several lanes each computes on its share of the processor's cores.
    fn run(&self, lanes: usize) {
        let threads = (rayon::current_num_threads() / lanes).max(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = match lanes {
            1 => None,
            _ => match pool.build() {
                Ok(pool) => Some(pool),
                Err(error) => {
                    tracing::warn!("a lane shares all threads with the others: {error}");
                    None
                }
            },
        };
        let ended = match &pool {
            Some(pool) => pool.install(|| self.take_turns()),
            None => self.take_turns(),
        };
        if ended.is_err() {
            self.line.stop();
        }
    }

    fn take_turns(&self) -> Result<(), Gone> {
        loop {
            match self.line.next(self.workbench) {
                Turn::Begin(job) => {
                    self.tell(ExecutorEvent::Started(job.trial))?;
                    if let Some(training) = self.begin(&job)? {
                        self.train(training)?;
                    }
                }
                Turn::GoOn(training) => {
                    self.tell(ExecutorEvent::Resumed(training.trial()))?;
                    self.train(*training)?;
                }
                Turn::Decline(job, reason) => {
                    self.tell(ExecutorEvent::Started(job.trial))?;
                    let reason = format!("{OUT_OF_MEMORY}: {reason}");
                    self.end(job.trial, ExecutorEvent::Infeasible(job.trial, reason))?;
                }
                Turn::End => return Ok(()),
            }
        }
    }

    /// Trains to the end, or until something else is asked for.
    fn train(&self, mut training: Training<'a>) -> Result<(), Gone> {
        let trial = training.trial();
        let mut kept_at = Instant::now();
        loop {
            match self.line.wish(trial) {
                Wish::None => {}
                Wish::Cancel => return self.end(trial, ExecutorEvent::Cancelled(trial)),
                Wish::Pause => {
                    let kept = self.keep(&training);
                    self.tell(ExecutorEvent::Paused(trial))?;
                    if !self.line.stands_still(training) {
                        self.tell(ExecutorEvent::Cancelled(trial))?;
                    }
                    return kept;
                }
                Wish::End => {
                    self.keep(&training)?;
                    return self.tell(ExecutorEvent::Paused(trial));
                }
            }
            let event = match catch_unwind(AssertUnwindSafe(|| training.advance())) {
                Ok(Ok(Advance::Step(Some(progress)))) => {
                    self.mention(ExecutorEvent::Progress(progress))?;
                    None
                }
                Ok(Ok(Advance::Prepared | Advance::Step(None) | Advance::Evaluated)) => None,
                Ok(Ok(Advance::Epoch(report))) => {
                    self.tell(ExecutorEvent::Epoch(trial, report))?;
                    None
                }
                Ok(Ok(Advance::Pruned(standing))) => return self.put_aside(training, standing),
                Ok(Ok(Advance::Done(measured))) => Some(ExecutorEvent::Finished(trial, measured)),
                Ok(Ok(Advance::Diverged(reason))) => Some(ExecutorEvent::Infeasible(trial, reason)),
                Ok(Err(error)) => Some(ExecutorEvent::Failed(trial, error.to_string())),
                Err(panic) => Some(ended_by_panic(trial, &panic_text(panic.as_ref()))),
            };
            if let Some(event) = event {
                // Its memory is free before the next trial may take it.
                drop(training);
                return self.end(trial, event);
            }
            let every = self.workbench.under_way().map(|keep| keep.every);
            if every.is_some_and(|every| kept_at.elapsed() >= every) {
                self.keep(&training)?;
                kept_at = Instant::now();
            }
        }
    }

    /// Ends a trial; of one whose device was lost, all trials, which go on once the program is started again.
    fn end(&self, trial: TrialId, event: ExecutorEvent) -> Result<(), Gone> {
        self.line.is_over(trial);
        memory::give_back();
        if let ExecutorEvent::Unavailable { .. } = &event {
            self.tell(ExecutorEvent::Paused(trial))?;
            self.line.stop();
        }
        self.tell(event)
    }

    /// Ends a pruned trial, whose file stays: it may be asked to go on.
    fn put_aside(&self, training: Training<'a>, standing: Standing) -> Result<(), Gone> {
        self.keep(&training)?;
        let trial = training.trial();
        drop(training);
        self.end(trial, ExecutorEvent::Pruned(trial, standing))
    }

    /// A job's training, where it can begin.
    fn begin(&self, job: &Job) -> Result<Option<Training<'a>>, Gone> {
        let trial = job.trial;
        let mut refused = None;
        let begun = catch_unwind(AssertUnwindSafe(|| {
            match self.kept(job, |reason| refused = Some(reason))? {
                Some(training) => Ok(training),
                None => Training::begin(self.workbench, job),
            }
        }));
        if let Some(reason) = refused {
            let text = format!("trial {trial} begins anew instead of going on: {reason}");
            self.tell(ExecutorEvent::Remark(trial, text))?;
        }
        let ended = match begun {
            Ok(Ok(training)) => {
                let (steps, all) = training.steps();
                if steps > 0 {
                    let text = format!("trial {trial} goes on after step {steps} of {all}");
                    self.tell(ExecutorEvent::Remark(trial, text))?;
                }
                for report in training.reports() {
                    self.tell(ExecutorEvent::Epoch(trial, *report))?;
                }
                return Ok(Some(training));
            }
            Ok(Err(error)) => ExecutorEvent::Failed(trial, error.to_string()),
            Err(panic) => ended_by_panic(trial, &panic_text(panic.as_ref())),
        };
        self.end(trial, ended)?;
        Ok(None)
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

impl Memory for Workbench {
    fn needed(&self, job: &Job) -> Option<u64> {
        self.needed_bytes(&job.configuration)
    }

    fn free(&self) -> Option<u64> {
        self.free_bytes()
    }
}

/// Out of memory is a property of the configuration, a device that is lost is nobody's fault but stays lost until the
/// process ends; any other panic is a fault of the program.
fn ended_by_panic(trial: TrialId, text: &str) -> ExecutorEvent {
    let lower = text.to_lowercase();
    let memory = [
        "out of memory",
        "outofmemory",
        "out_of_memory",
        "memory allocation",
    ];
    // What the driver says, and what the tensor library and its locks say of it ever after.
    let lost = [
        "poisoned",
        "illegal_address",
        "illegal memory access",
        "launch_failed",
        "device_unavailable",
        "no_device",
        "ecc_uncorrectable",
    ];
    let is_sign = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if is_sign(&memory) {
        ExecutorEvent::Infeasible(trial, format!("{OUT_OF_MEMORY}: {text}"))
    } else if is_sign(&lost) {
        let said = text.lines().next().unwrap_or_default();
        ExecutorEvent::Unavailable {
            reason: format!(
                "the device was lost ({said}); start the study again: what was under way goes on from its last \
                 checkpoint. If it is lost again, try --device cpu"
            ),
        }
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
            ExecutorEvent::Unavailable { reason } => reason,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn want_of_memory_is_a_result_a_lost_device_ends_the_run_and_any_other_panic_is_a_failure() {
        assert_snapshot!(
            told("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
            @"infeasible: out of memory: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
        );
        assert_snapshot!(
            told("memory allocation of 17179869184 bytes failed"),
            @"infeasible: out of memory: memory allocation of 17179869184 bytes failed"
        );
        assert_snapshot!(
            told("The device is poisoned\nCaused by:\n  CUDA_ERROR_ILLEGAL_ADDRESS\nBacktrace:"),
            @"the device was lost (The device is poisoned); start the study again: what was under way goes on from its last checkpoint. If it is lost again, try --device cpu"
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
