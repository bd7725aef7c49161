//! The jobs of an executor, in line for its lanes: what waits, runs, stands still, and what was asked of it meanwhile.
//!
//! Whoever hands jobs over has a place for each; in line is only what a lane is about to take, or what waits for memory.

mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::held::Held;
use crate::domain::{Job, TrialId};
use crate::train::trainer;
pub(crate) use turn::{Memory, Turn};

/// A training, wherever it is let go of.
pub(super) type Training<'a> = Held<trainer::Training<'a>>;

/// How often memory is looked at meanwhile.
const LOOK: Duration = Duration::from_secs(2);

/// What can stand still in a line.
pub(crate) trait UnderWay {
    /// What is trained.
    fn job(&self) -> &Job;
}

impl UnderWay for Training<'_> {
    fn job(&self) -> &Job {
        trainer::Training::job(self)
    }
}

/// A line that all lanes of an executor share.
pub(crate) struct Line<T> {
    inside: Mutex<Inside<T>>,
    /// Something changed that a lane without work may wait for.
    changed: Condvar,
}

struct Inside<T> {
    waiting: VecDeque<Job>,
    resumed: VecDeque<T>,
    paused: BTreeMap<TrialId, T>,
    running: BTreeMap<TrialId, Running>,
    /// Free when nothing ran, as far as is known: what runs had not taken its memory yet.
    free_bytes: Option<u64>,
    /// The job that waits for memory, and since when it does so with nothing else running here.
    deferred: Option<(TrialId, Option<Instant>)>,
    stopped: bool,
}

/// A trial in a lane, and what was asked of it that the lane has not heard yet.
#[derive(Clone, Copy, Default)]
struct Running {
    /// It takes at most, as far as is known.
    bytes: u64,
    pause: bool,
    /// After the pause it goes on at once.
    resume: bool,
    cancel: bool,
}

/// What was asked of a running trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nothing.
    None,
    /// To stand still.
    Pause,
    /// To end.
    Cancel,
    /// To be kept, as everything ends.
    End,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            inside: Mutex::new(Inside {
                waiting: VecDeque::new(),
                resumed: VecDeque::new(),
                paused: BTreeMap::new(),
                running: BTreeMap::new(),
                free_bytes: None,
                deferred: None,
                stopped: false,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<T: UnderWay> Line<T> {
    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        // Every change below is whole before anything can panic.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job at the end.
    pub(crate) fn submit(&self, job: Job) {
        self.lock().waiting.push_back(job);
        self.changed.notify_all();
    }

    /// Lets a trial leave its place. True: it had not begun, or not gone on, and does not any more; one that runs stands
    /// still once its lane hears of it.
    pub(crate) fn pause(&self, trial: TrialId) -> bool {
        let mut inside = self.lock();
        if let Some(running) = inside.running.get_mut(&trial) {
            running.pause = true;
            // It stands still already where it was to go on, though its lane has not let it go.
            return std::mem::take(&mut running.resume);
        }
        let mut in_line = inside.resumed.iter();
        if let Some(place) = in_line.position(|training| training.job().trial == trial) {
            let training = inside.resumed.remove(place);
            let training = training.map(|training| (trial, training));
            inside.paused.extend(training);
            return true;
        }
        inside.leaves_the_line(trial)
    }

    /// Lets a trial that stands still go on before any waiting job.
    pub(crate) fn resume(&self, trial: TrialId) {
        let mut inside = self.lock();
        if let Some(running) = inside.running.get_mut(&trial) {
            running.resume = running.pause;
        }
        if let Some(training) = inside.paused.remove(&trial) {
            inside.resumed.push_back(training);
            self.changed.notify_all();
        }
    }

    /// Lets a trial end. True: it ended; one that runs ends once its lane hears of it.
    pub(crate) fn cancel(&self, trial: TrialId) -> bool {
        let mut inside = self.lock();
        if let Some(running) = inside.running.get_mut(&trial) {
            running.cancel = true;
            return false;
        }
        let stood_still = inside.paused.remove(&trial).is_some();
        let before = inside.resumed.len();
        inside
            .resumed
            .retain(|training| training.job().trial != trial);
        stood_still || inside.resumed.len() < before || inside.leaves_the_line(trial)
    }

    /// Lets every lane end.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The next thing to do, if there is any now.
    #[cfg(test)]
    pub(crate) fn try_next(&self, memory: &dyn Memory, now: Instant) -> Option<Turn<T>> {
        self.lock().turn(memory, now)
    }

    /// Waits for the next thing to do.
    pub(crate) fn next(&self, memory: &dyn Memory) -> Turn<T> {
        let mut inside = self.lock();
        loop {
            if let Some(turn) = inside.turn(memory, Instant::now()) {
                return turn;
            }
            inside = match inside.waiting.is_empty() {
                true => {
                    let woken = self.changed.wait(inside);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
                // Memory that others give back wakes nobody.
                false => {
                    let woken = self.changed.wait_timeout(inside, LOOK);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Whether more than one lane has a trial.
    pub(crate) fn runs_several(&self) -> bool {
        self.lock().running.len() > 1
    }

    /// What was asked of a trial that runs.
    pub(crate) fn wish(&self, trial: TrialId) -> Wish {
        let inside = self.lock();
        let running = inside.running.get(&trial).copied().unwrap_or_default();
        match running {
            Running { cancel: true, .. } => Wish::Cancel,
            Running { pause: true, .. } => Wish::Pause,
            _ if inside.stopped => Wish::End,
            _ => Wish::None,
        }
    }

    /// A trial leaves its lane and stands still, or waits to go on. False: it was asked to end meanwhile, and is gone.
    pub(crate) fn stands_still(&self, training: T) -> bool {
        let trial = training.job().trial;
        let mut inside = self.lock();
        let running = inside.running.remove(&trial).unwrap_or_default();
        if running.cancel {
            return false;
        }
        if running.resume {
            inside.resumed.push_back(training);
        } else {
            inside.paused.insert(trial, training);
        }
        self.changed.notify_all();
        true
    }

    /// A trial leaves its lane for good.
    pub(crate) fn is_over(&self, trial: TrialId) {
        self.lock().running.remove(&trial);
        self.changed.notify_all();
    }

    /// Everything that stands still or waits to go on, once the lanes have ended.
    pub(crate) fn rest(self) -> impl Iterator<Item = T> {
        let inside = self.inside.into_inner();
        let inside = inside.unwrap_or_else(PoisonError::into_inner);
        inside
            .resumed
            .into_iter()
            .chain(inside.paused.into_values())
    }
}

#[cfg(test)]
mod tests;
