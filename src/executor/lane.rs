//! One lane of the worker: a trial at a time, answering to what was asked between two steps.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crossbeam_channel::{Sender, TrySendError};
use rayon::ThreadPool;

use super::ExecutorEvent;
use super::held::Held;
use super::line::{Line, Memory, Training, Turn, Wish};
use crate::domain::{Cause, Job, Standing, TrialId};
use crate::memory;
use crate::train::TrainError;
use crate::train::fault;
use crate::train::trainer::{self, Advance};
use crate::train::workbench::Workbench;

/// Nobody listens any more.
pub(super) struct Gone;

/// Trains one trial at a time.
pub(super) struct Lane<'a, 'l> {
    pub(super) workbench: &'a Workbench,
    pub(super) line: &'l Line<Training<'a>>,
    pub(super) events: &'l Sender<ExecutorEvent>,
    /// Its share of the processor's cores while other lanes compute there too; none: it always takes all.
    pub(super) share: Option<ThreadPool>,
    /// The trial that it has, if any.
    pub(super) trial: Cell<Option<TrialId>>,
}

impl<'a> Lane<'a, '_> {
    /// Takes turns until the line ends.
    pub(super) fn run(&self) {
        loop {
            let turns = catch_unwind(AssertUnwindSafe(|| self.take_turns()));
            let goes_on = match turns {
                Ok(turns) => turns.map(|()| false),
                Err(panic) => self.recover(panic.as_ref()),
            };
            match goes_on {
                Ok(true) => {}
                Ok(false) => return,
                Err(Gone) => return self.line.stop(),
            }
        }
    }

    /// A fault of the program between two trainings, or around one: its trial ends by it. True: the lane goes on; where no
    /// trial is at fault it would be the same again, and nothing can run any more.
    fn recover(&self, panic: &(dyn Any + Send)) -> Result<bool, Gone> {
        let cause = fault::cause_of(panic);
        match self.trial.take() {
            Some(trial) => {
                self.leave(trial, ExecutorEvent::of(trial, cause))?;
                Ok(true)
            }
            None => {
                self.tell(ExecutorEvent::Unavailable { cause })?;
                self.line.stop();
                Ok(false)
            }
        }
    }

    /// Does a piece of work with its share of the cores, or with all of them where it is the only one with a trial. The
    /// numbers that come out do not depend on how many threads there are.
    fn compute<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.share {
            Some(share) if self.line.runs_several() => share.install(work),
            _ => work(),
        }
    }

    fn take_turns(&self) -> Result<(), Gone> {
        loop {
            let turn = self.line.next(self.workbench);
            self.trial.set(turn.trial());
            match turn {
                Turn::Begin(job) => {
                    self.tell(ExecutorEvent::Started(job.trial))?;
                    if let Some(training) = self.begin(&job, 0)? {
                        self.train(training)?;
                    }
                }
                Turn::GoOn(mut training) => {
                    training.settle();
                    self.tell(ExecutorEvent::Resumed(training.trial()))?;
                    self.train(*training)?;
                }
                Turn::Decline(job, cause) => {
                    self.tell(ExecutorEvent::Started(job.trial))?;
                    self.leave(job.trial, ExecutorEvent::of(job.trial, cause))?;
                }
                Turn::GiveUp(job, cause) => {
                    self.tell(ExecutorEvent::Started(job.trial))?;
                    self.leave(job.trial, ExecutorEvent::Failed(job.trial, cause))?;
                }
                Turn::Defer(trial, needed_bytes, free_bytes) => {
                    self.tell(ExecutorEvent::Deferred {
                        trial,
                        needed_bytes,
                        free_bytes,
                    })?;
                }
                Turn::End => return Ok(()),
            }
        }
    }

    /// Trains to the end, or until something else is asked for.
    fn train(&self, mut training: Training<'a>) -> Result<(), Gone> {
        let trial = training.trial();
        let mut told = training.reports().last().map_or(0, |report| report.epoch);
        let mut kept_at = Instant::now();
        let mut again = false;
        loop {
            match self.line.wish(trial) {
                Wish::None => {}
                Wish::Cancel => {
                    return self.end(training, ExecutorEvent::Cancelled(trial));
                }
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
            let event = match catch_unwind(AssertUnwindSafe(|| self.compute(|| training.advance())))
            {
                Ok(Ok(Advance::Step(Some(progress)))) => {
                    self.mention(ExecutorEvent::Progress(progress))?;
                    None
                }
                Ok(Ok(Advance::Prepared | Advance::Step(None) | Advance::Evaluated)) => None,
                Ok(Ok(Advance::Epoch(report))) => {
                    if report.epoch > told {
                        told = report.epoch;
                        self.tell(ExecutorEvent::Epoch(trial, report))?;
                    }
                    None
                }
                Ok(Ok(Advance::Pruned(standing))) => return self.put_aside(training, standing),
                Ok(Ok(Advance::Done(measured))) => {
                    if let Some(moment) = measured.diverged {
                        let best = measured.best_epoch;
                        let text = format!(
                            "trial {trial}: {moment}; epoch {best}, its best before, counts"
                        );
                        self.tell(ExecutorEvent::Remark(trial, text))?;
                    }
                    Some(ExecutorEvent::Finished(trial, measured))
                }
                Ok(Ok(Advance::Diverged(at))) => {
                    Some(ExecutorEvent::of(trial, Cause::Diverged { at: Some(at) }))
                }
                Ok(Err(error)) => Some(ExecutorEvent::of(trial, error.cause())),
                Err(panic) => {
                    let cause = self.cause_of(training.job(), panic.as_ref());
                    let cause = cause.noticed(training.whereabouts());
                    let gives = cause.is_out_of_memory() && self.workbench.give_back();
                    let lost = !again && fault::is_lost_operation(panic.as_ref());
                    if gives || lost {
                        again = true;
                        let why = match gives {
                            true => {
                                "ran out of memory: activations that were kept for speed are given back, and it is tried \
                                 once more without them"
                            }
                            false => "is tried once more, as the device lost an operation of it",
                        };
                        training = match self.once_more(training, told, why)? {
                            Some(training) => training,
                            None => return Ok(()),
                        };
                        continue;
                    }
                    Some(ExecutorEvent::of(trial, cause))
                }
            };
            if let Some(event) = event {
                return self.end(training, event);
            }
            let every = self.workbench.under_way().map(|keep| keep.every);
            if every.is_some_and(|every| kept_at.elapsed() >= every) {
                self.keep(&training)?;
                kept_at = Instant::now();
            }
        }
    }

    /// What a panic means for a trial; what it needs by its shapes is told beside the device's word.
    fn cause_of(&self, job: &Job, panic: &(dyn Any + Send)) -> Cause {
        let mut cause = fault::cause_of(panic);
        tracing::error!("trial {}: {cause}", job.trial);
        if let Cause::OutOfMemory {
            needed_bytes,
            room_bytes,
            ..
        } = &mut cause
        {
            *needed_bytes = self.workbench.needed(job);
            // Where there is room enough by the numbers, it is something else that the device lacks.
            let whole = self.workbench.whole();
            *room_bytes = whole.filter(|whole| needed_bytes.is_none_or(|needed| needed > *whole));
        }
        cause
    }

    /// A trial from where it was last kept, or from its beginning; `told` epochs of it are known already, and come out the
    /// same.
    fn once_more(
        &self,
        training: Training<'a>,
        told: u32,
        why: &str,
    ) -> Result<Option<Training<'a>>, Gone> {
        let job = training.job().clone();
        drop(training);
        self.give_back();
        let trial = job.trial;
        let text = format!("trial {trial} {why}");
        self.tell(ExecutorEvent::Remark(trial, text))?;
        self.begin(&job, told)
    }

    /// Ends a training. Its memory is free before the next trial may take it; a device that fails by that is lost.
    fn end(&self, training: Training<'a>, event: ExecutorEvent) -> Result<(), Gone> {
        let trial = training.trial();
        let Some(cause) = training.let_go() else {
            return self.leave(trial, event);
        };
        tracing::error!("trial {trial} could not be let go of: {cause}");
        self.leave(trial, event)?;
        match cause {
            Cause::DeviceLost { .. } => {
                self.line.stop();
                self.tell(ExecutorEvent::Unavailable { cause })
            }
            _ => Ok(()),
        }
    }

    /// Ends a trial; of one whose device was lost, all trials, which go on once the program is started again.
    fn leave(&self, trial: TrialId, event: ExecutorEvent) -> Result<(), Gone> {
        self.line.is_over(trial);
        self.give_back();
        if let ExecutorEvent::Unavailable { .. } = &event {
            self.tell(ExecutorEvent::Paused(trial))?;
            self.line.stop();
        }
        self.tell(event)
    }

    /// Hands back what the trial has let go, to the machine and to the device: a device that has failed may say so now.
    fn give_back(&self) {
        memory::give_back();
        let given = catch_unwind(AssertUnwindSafe(|| self.workbench.clean_device()));
        if let Err(panic) = given {
            tracing::warn!(
                "memory of the device is not given back: {}",
                fault::told(panic.as_ref())
            );
        }
    }

    /// Ends a pruned trial, whose file stays: it may be asked to go on.
    fn put_aside(&self, training: Training<'a>, standing: Standing) -> Result<(), Gone> {
        self.keep(&training)?;
        let trial = training.trial();
        self.end(training, ExecutorEvent::Pruned(trial, standing))
    }

    /// A job's training, where it can begin; its first `told` epochs are known.
    fn begin(&self, job: &Job, told: u32) -> Result<Option<Training<'a>>, Gone> {
        let trial = job.trial;
        let mut refused = None;
        let begun = catch_unwind(AssertUnwindSafe(|| -> Result<_, TrainError> {
            match self.kept(job, |reason| refused = Some(reason))? {
                Some(training) => Ok(training),
                None => Ok(Held::new(trainer::Training::begin(self.workbench, job)?)),
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
                let news = training.reports().iter();
                for report in news.filter(|report| report.epoch > told) {
                    self.tell(ExecutorEvent::Epoch(trial, *report))?;
                }
                return Ok(Some(training));
            }
            Ok(Err(error)) => ExecutorEvent::of(trial, error.cause()),
            Err(panic) => ExecutorEvent::of(trial, self.cause_of(job, panic.as_ref())),
        };
        self.leave(trial, ended)?;
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
        let kept = trainer::Training::kept(self.workbench, job, &keep.folder, refused)?;
        Ok(kept.map(Held::new))
    }

    /// Keeps a training as a file. One that cannot be kept goes on all the same, and is worse off only if the program
    /// is killed.
    pub(super) fn keep(&self, training: &Training<'_>) -> Result<(), Gone> {
        let Some(keep) = self.workbench.under_way() else {
            return Ok(());
        };
        let kept = catch_unwind(AssertUnwindSafe(|| training.keep(&keep.folder)));
        let reason = match kept {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => fault::told(panic.as_ref()),
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
