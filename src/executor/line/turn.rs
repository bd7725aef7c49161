//! What a lane does next: what goes on goes first, and what begins waits for the memory that it needs.

use std::time::{Duration, Instant};

use super::{Inside, Running, UnderWay};
use crate::domain::{Cause, Job, TrialId};

/// How long a job waits for memory that others take, nothing else running here, before it is given up for now.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// What a lane does next.
pub(crate) enum Turn<T> {
    /// Begins a job.
    Begin(Job),
    /// Goes on with a training that stood still.
    GoOn(Box<T>),
    /// Tells that a job waits for memory: what it needs, and what is free.
    Defer(TrialId, u64, u64),
    /// Ends a job that cannot fit the device, even alone.
    Decline(Job, Cause),
    /// Ends a job that has waited long enough for memory that others take.
    GiveUp(Job, Cause),
    /// Ends.
    End,
}

impl<T: UnderWay> Turn<T> {
    /// The trial that the lane has by it.
    pub(crate) fn trial(&self) -> Option<TrialId> {
        match self {
            Self::Begin(job) | Self::Decline(job, _) | Self::GiveUp(job, _) => Some(job.trial),
            Self::GoOn(training) => Some(training.job().trial),
            Self::Defer(..) | Self::End => None,
        }
    }
}

/// What a job needs, and what there is, in bytes; none where nobody can tell.
pub(crate) trait Memory {
    /// What the job takes at most.
    fn needed(&self, job: &Job) -> Option<u64>;
    /// What there is for a job, whatever else runs now.
    fn whole(&self) -> Option<u64>;
    /// What is free now, everything included that was let go.
    fn free(&self) -> Option<u64>;
    /// Lets go what is kept for speed alone. False: there was nothing.
    fn give_back(&self) -> bool;
}

impl<T: UnderWay> Inside<T> {
    pub(super) fn turn(&mut self, memory: &dyn Memory, now: Instant) -> Option<Turn<T>> {
        if self.stopped {
            return Some(Turn::End);
        }
        if let Some(training) = self.resumed.pop_front() {
            let needed = memory.needed(training.job());
            self.takes_a_lane(training.job().trial, needed);
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
    fn defer(&mut self, needed: u64, free: u64, now: Instant) -> Option<Turn<T>> {
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

    /// A job that waited is gone, and the time that it waited for memory with it. False: it did not wait.
    pub(super) fn leaves_the_line(&mut self, trial: TrialId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|job| job.trial != trial);
        self.deferred = self.deferred.filter(|(deferred, _)| *deferred != trial);
        self.waiting.len() < before
    }

    fn takes_a_lane(&mut self, trial: TrialId, bytes: Option<u64>) {
        let running = Running {
            bytes: bytes.unwrap_or(0),
            ..Running::default()
        };
        self.running.insert(trial, running);
    }
}
