//! The jobs of an executor, in line for its lanes: what waits, runs, stands still, and what was asked of it meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::domain::{Cause, Job, TrialId};
use crate::train::trainer::Training;

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
    /// Declines a job that cannot fit, even alone.
    Decline(Job, Cause),
    /// Ends.
    End,
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
    /// What is free now.
    fn free(&self) -> Option<u64>;
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
            if let Some(turn) = inside.turn(memory) {
                return turn;
            }
            let woken = self.changed.wait(inside);
            inside = woken.unwrap_or_else(PoisonError::into_inner);
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
    fn turn(&mut self, memory: &dyn Memory) -> Option<Turn<'a>> {
        if let Some(training) = self.resumed.pop_front() {
            let needed = memory.needed(training.job());
            self.takes_a_lane(training.trial(), needed);
            return Some(Turn::GoOn(Box::new(training)));
        }
        let job = self.waiting.front()?;
        let needed = memory.needed(job);
        if self.running.is_empty() {
            self.free_bytes = memory.free();
        }
        if let (Some(needed), Some(free)) = (needed, self.free_bytes) {
            if needed > free {
                let cause = Cause::OutOfMemory {
                    needed_bytes: Some(needed),
                    room_bytes: Some(free),
                    said: None,
                };
                let job = self.waiting.pop_front()?;
                self.takes_a_lane(job.trial, None);
                return Some(Turn::Decline(job, cause));
            }
            let taken: u64 = self.running.values().map(|running| running.bytes).sum();
            if taken + needed > free {
                return None;
            }
        }
        let job = self.waiting.pop_front()?;
        self.takes_a_lane(job.trial, needed);
        Some(Turn::Begin(job))
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
mod tests {
    use super::*;
    use crate::domain::{Configuration, Ladder};

    /// Every job needs as many bytes as its number says in millions.
    struct Room(u64);

    impl Memory for Room {
        fn needed(&self, job: &Job) -> Option<u64> {
            Some(u64::from(job.trial.0) * 1_000_000)
        }

        fn free(&self) -> Option<u64> {
            Some(self.0 * 1_000_000)
        }
    }

    fn job(number: u32) -> Job {
        Job {
            trial: TrialId(number),
            configuration: Configuration::default(),
            parameters_percent: 0.0,
            seed: 0,
            ladder: Ladder::default(),
        }
    }

    fn begun(line: &Line<'_>, room: &Room) -> String {
        match line.lock().turn(room) {
            Some(Turn::Begin(job)) => format!("{} begins", job.trial.0),
            Some(Turn::Decline(job, cause)) => format!("{}: {cause}", job.trial.0),
            Some(_) => "another turn".to_owned(),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn what_cannot_fit_beside_others_waits_and_what_cannot_fit_at_all_is_declined() {
        let (line, room) = (Line::default(), Room(10));
        for number in [7, 4, 12] {
            line.submit(job(number));
        }
        assert_eq!(begun(&line, &room), "7 begins");
        assert_eq!(begun(&line, &room), "nothing");
        line.is_over(TrialId(7));
        assert_eq!(begun(&line, &room), "4 begins");
        let declined = begun(&line, &room);
        assert_eq!(
            declined,
            "12: out of memory; its training needs about 12 MB, and there is room for 10 MB"
        );
    }

    #[test]
    fn wishes_reach_what_runs_and_end_what_waits() {
        let (line, room) = (Line::default(), Room(10));
        line.submit(job(1));
        line.submit(job(2));
        assert_eq!(begun(&line, &room), "1 begins");
        assert_eq!(line.wish(TrialId(1)), Wish::None);
        assert!(line.cancel(TrialId(2)), "it only waited");
        assert!(!line.cancel(TrialId(2)), "it is gone");
        line.pause(TrialId(1));
        assert_eq!(line.wish(TrialId(1)), Wish::Pause);
        line.stop();
        assert_eq!(line.wish(TrialId(1)), Wish::Pause);
        assert!(!line.cancel(TrialId(1)), "its lane will end it");
        assert_eq!(line.wish(TrialId(1)), Wish::Cancel);
        assert!(matches!(line.next(&room), Turn::End));
    }
}
