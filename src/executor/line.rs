//! The jobs of an executor, in line for its lanes: what waits, runs, stands still, and what was asked of it meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::held::Held;
use crate::domain::{Cause, Job, TrialId};
use crate::train::trainer;

/// A training, wherever it is let go of.
pub(super) type Training<'a> = Held<trainer::Training<'a>>;

/// How long a job waits for memory that others take, nothing else running here, before it is given up for now.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often memory is looked at meanwhile.
const LOOK: Duration = Duration::from_secs(2);

/// A line that all lanes of an executor share.
#[derive(Default)]
pub(super) struct Line<'a> {
    inside: Mutex<Inside<'a>>,
    /// Something changed that a lane without work may wait for.
    changed: Condvar,
}

#[derive(Default)]
struct Inside<'a> {
    waiting: VecDeque<Job>,
    resumed: VecDeque<Training<'a>>,
    paused: BTreeMap<TrialId, Training<'a>>,
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

/// What a lane does next.
pub(super) enum Turn<'a> {
    /// Begins a job.
    Begin(Job),
    /// Goes on with a training that stood still.
    GoOn(Box<Training<'a>>),
    /// Tells that a job waits for memory: what it needs, and what is free.
    Defer(TrialId, u64, u64),
    /// Ends a job that cannot fit the device, even alone.
    Decline(Job, Cause),
    /// Ends a job that has waited long enough for memory that others take.
    GiveUp(Job, Cause),
    /// Ends.
    End,
}

impl Turn<'_> {
    /// The trial that the lane has by it.
    pub(super) fn trial(&self) -> Option<TrialId> {
        match self {
            Self::Begin(job) | Self::Decline(job, _) | Self::GiveUp(job, _) => Some(job.trial),
            Self::GoOn(training) => Some(training.trial()),
            Self::Defer(..) | Self::End => None,
        }
    }
}

/// What was asked of a running trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing.
    None,
    /// To stand still.
    Pause,
    /// To end.
    Cancel,
    /// To be kept, as everything ends.
    End,
}

/// What a job needs, and what there is, in bytes; none where nobody can tell.
pub(super) trait Memory {
    /// What the job takes at most.
    fn needed(&self, job: &Job) -> Option<u64>;
    /// What there is for a job, whatever else runs now.
    fn whole(&self) -> Option<u64>;
    /// What is free now, everything included that was let go.
    fn free(&self) -> Option<u64>;
    /// Lets go what is kept for speed alone. False: there was nothing.
    fn give_back(&self) -> bool;
}

impl<'a> Line<'a> {
    fn lock(&self) -> MutexGuard<'_, Inside<'a>> {
        // Every change below is whole before anything can panic.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job at the end.
    pub(super) fn submit(&self, job: Job) {
        self.lock().waiting.push_back(job);
        self.changed.notify_all();
    }

    /// Lets a trial stand still, once its lane hears of it.
    pub(super) fn pause(&self, trial: TrialId) {
        let mut inside = self.lock();
        if let Some(running) = inside.running.get_mut(&trial) {
            running.pause = true;
            running.resume = false;
        }
        // One that waited to go on stands still already.
        let mut in_line = inside.resumed.iter();
        if let Some(place) = in_line.position(|training| training.trial() == trial) {
            let training = inside.resumed.remove(place);
            let training = training.map(|training| (trial, training));
            inside.paused.extend(training);
        }
    }

    /// Lets a trial that stands still go on before any waiting job.
    pub(super) fn resume(&self, trial: TrialId) {
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
    pub(super) fn cancel(&self, trial: TrialId) -> bool {
        let mut inside = self.lock();
        if let Some(running) = inside.running.get_mut(&trial) {
            running.cancel = true;
            return false;
        }
        let in_line =
            |inside: &Inside<'_>| inside.waiting.len() + inside.resumed.len() + inside.paused.len();
        let before = in_line(&inside);
        inside.waiting.retain(|job| job.trial != trial);
        inside.resumed.retain(|training| training.trial() != trial);
        inside.paused.remove(&trial);
        in_line(&inside) < before
    }

    /// Lets every lane end.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits for the next thing to do.
    pub(super) fn next(&self, memory: &dyn Memory) -> Turn<'a> {
        let mut inside = self.lock();
        loop {
            if inside.stopped {
                return Turn::End;
            }
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
    pub(super) fn runs_several(&self) -> bool {
        self.lock().running.len() > 1
    }

    /// What was asked of a trial that runs.
    pub(super) fn wish(&self, trial: TrialId) -> Wish {
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
    pub(super) fn stands_still(&self, training: Training<'a>) -> bool {
        let trial = training.trial();
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
    pub(super) fn is_over(&self, trial: TrialId) {
        self.lock().running.remove(&trial);
        self.changed.notify_all();
    }

    /// Everything that stands still or waits to go on, once the lanes have ended.
    pub(super) fn rest(self) -> impl Iterator<Item = Training<'a>> {
        let inside = self.inside.into_inner();
        let inside = inside.unwrap_or_else(PoisonError::into_inner);
        inside
            .resumed
            .into_iter()
            .chain(inside.paused.into_values())
    }
}

impl<'a> Inside<'a> {
    fn turn(&mut self, memory: &dyn Memory, now: Instant) -> Option<Turn<'a>> {
        if let Some(training) = self.resumed.pop_front() {
            let needed = memory.needed(training.job());
            self.takes_a_lane(training.trial(), needed);
            return Some(Turn::GoOn(Box::new(training)));
        }
        let job = self.waiting.front()?;
        let needed = memory.needed(job);
        if let Some(needed) = needed {
            if let Some(whole) = memory.whole().filter(|whole| needed > *whole) {
                let (job, cause) = self.ends(needed, whole)?;
                return Some(Turn::Decline(job, cause));
            }
            let mut free = self.free_for_another(memory);
            // Alone, it may have what is kept for speed as well.
            if self.running.is_empty()
                && free.is_some_and(|free| needed > free)
                && memory.give_back()
            {
                free = self.free_for_another(memory);
            }
            if let Some(free) = free.filter(|free| needed > *free) {
                return self.defer(needed, free, now);
            }
        }
        self.deferred = None;
        let job = self.waiting.pop_front()?;
        self.takes_a_lane(job.trial, needed);
        Some(Turn::Begin(job))
    }

    /// What is free for one more training: now, and once those that run have taken what they take at most.
    fn free_for_another(&mut self, memory: &dyn Memory) -> Option<u64> {
        let now = memory.free();
        if self.running.is_empty() {
            self.free_bytes = now;
        }
        let taken: u64 = self.running.values().map(|running| running.bytes).sum();
        let then = self.free_bytes.map(|free| free.saturating_sub(taken));
        now.zip(then).map(|(now, then)| now.min(then))
    }

    /// The first job waits, which is told once; or it has waited long enough.
    fn defer(&mut self, needed: u64, free: u64, now: Instant) -> Option<Turn<'a>> {
        let trial = self.waiting.front()?.trial;
        let waits = self.deferred.filter(|(deferred, _)| *deferred == trial);
        let alone = self.running.is_empty();
        let since = waits.and_then(|(_, since)| since).filter(|_| alone);
        if since.is_some_and(|since| now.duration_since(since) >= PATIENCE) {
            let (job, cause) = self.ends(needed, free)?;
            return Some(Turn::GiveUp(job, cause));
        }
        self.deferred = Some((trial, alone.then(|| since.unwrap_or(now))));
        waits.is_none().then_some(Turn::Defer(trial, needed, free))
    }

    /// The first job takes a lane to end there.
    fn ends(&mut self, needed: u64, room: u64) -> Option<(Job, Cause)> {
        self.deferred = None;
        let job = self.waiting.pop_front()?;
        self.takes_a_lane(job.trial, None);
        let cause = Cause::OutOfMemory {
            needed_bytes: Some(needed),
            room_bytes: Some(room),
            said: None,
        };
        Some((job, cause))
    }

    fn takes_a_lane(&mut self, trial: TrialId, bytes: Option<u64>) {
        let running = Running {
            bytes: bytes.unwrap_or(0),
            ..Running::default()
        };
        self.running.insert(trial, running);
    }
}

#[cfg(test)]
mod tests;
