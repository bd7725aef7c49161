//! An executor without threads: the real line, a director and lanes that take one step each time they are told to, as the
//! worker's do.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::*;
use crate::domain::Job;
use crate::executor::line::{Line, Memory, Turn, UnderWay, Wish};

/// Steps of a training.
const STEPS: u8 = 3;
/// Memory of the machine, in units of which a training needs one to five, by its number.
const WHOLE: u64 = 4;

/// A training under way.
pub(super) struct Trained {
    job: Job,
    steps_left: u8,
}

impl UnderWay for Trained {
    fn job(&self) -> &Job {
        &self.job
    }
}

struct Room {
    free: Cell<u64>,
}

fn needed(trial: TrialId) -> u64 {
    1 + u64::from(trial.0 * 3 % 5)
}

impl Memory for Room {
    fn needed(&self, job: &Job) -> Option<u64> {
        Some(needed(job.trial))
    }

    fn whole(&self) -> Option<u64> {
        Some(WHOLE)
    }

    fn free(&self) -> Option<u64> {
        Some(self.free.get())
    }

    fn give_back(&self) -> bool {
        false
    }
}

/// Between which of its steps a lane is.
enum Lane {
    Idle,
    /// It has a job, and has not told so.
    Begins(Job),
    /// It has a training that stood still, and has not told so.
    GoesOn(Trained),
    Trains(Trained),
    /// It told that the training stands still, and has not let it go.
    LetsGo(Trained),
    Ended,
}

/// What a lane did that must not happen while nothing may be under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Did {
    Nothing,
    /// It began a trial, or let it go on, or trained a step of it.
    Worked(TrialId),
    /// It did something else.
    Moved,
}

/// The executor.
pub(super) struct Lanes {
    line: Line<Trained>,
    lanes: Vec<Lane>,
    pub(super) commands: VecDeque<Effect>,
    pub(super) events: VecDeque<ExecutorEvent>,
    /// Trainings that have memory.
    alive: BTreeSet<TrialId>,
    /// What other programs take.
    taken_by_others: u64,
    now: Instant,
    stops: bool,
}

impl Lanes {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            line: Line::default(),
            lanes: (0..lanes).map(|_| Lane::Idle).collect(),
            commands: VecDeque::new(),
            events: VecDeque::new(),
            alive: BTreeSet::new(),
            taken_by_others: 0,
            now: Instant::now(),
            stops: false,
        }
    }

    pub(super) fn others_take(&mut self, units: u64) {
        self.taken_by_others = units;
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// Whether a lane is at work on something.
    pub(super) fn is_busy(&self) -> bool {
        let mut lanes = self.lanes.iter();
        lanes.any(|lane| !matches!(lane, Lane::Idle | Lane::LetsGo(_) | Lane::Ended))
    }

    /// The director takes a command. False: there is none, or it listens no more.
    pub(super) fn direct(&mut self) -> bool {
        if self.stops {
            self.commands.clear();
        }
        let Some(command) = self.commands.pop_front() else {
            return false;
        };
        match command {
            Effect::Submit(job) => self.line.submit(job),
            Effect::Pause(trial) if self.line.pause(trial) => {
                self.events.push_back(ExecutorEvent::Returned(trial));
            }
            Effect::Resume(trial) => self.line.resume(trial),
            Effect::Cancel(trial) if self.line.cancel(trial) => {
                self.alive.remove(&trial);
                self.events.push_back(ExecutorEvent::Cancelled(trial));
            }
            Effect::Stop => {
                self.line.stop();
                self.stops = true;
            }
            _ => {}
        }
        true
    }

    /// One lane takes a step; `chance` decides how a training ends.
    pub(super) fn step(&mut self, lane: usize, chance: u8) -> Did {
        let lane = lane % self.lanes.len();
        let found = std::mem::replace(&mut self.lanes[lane], Lane::Idle);
        let (next, did) = self.moved(found, chance);
        self.lanes[lane] = next;
        let ended = |lane: &Lane| matches!(lane, Lane::Ended);
        if did == Did::Moved && self.lanes.iter().all(ended) {
            self.events.push_back(ExecutorEvent::Stopped);
        }
        did
    }

    fn moved(&mut self, lane: Lane, chance: u8) -> (Lane, Did) {
        match lane {
            Lane::Idle => self.turn(),
            Lane::Begins(job) => {
                self.events.push_back(ExecutorEvent::Started(job.trial));
                let steps_left = STEPS;
                (Lane::Trains(Trained { job, steps_left }), Did::Moved)
            }
            Lane::GoesOn(training) => {
                let trial = training.job.trial;
                self.events.push_back(ExecutorEvent::Resumed(trial));
                (Lane::Trains(training), Did::Moved)
            }
            Lane::Trains(training) => self.train(training, chance),
            Lane::LetsGo(training) => {
                let trial = training.job.trial;
                if !self.line.stands_still(training) {
                    self.end(ExecutorEvent::Cancelled(trial), trial);
                }
                (Lane::Idle, Did::Moved)
            }
            Lane::Ended => (Lane::Ended, Did::Nothing),
        }
    }

    fn turn(&mut self) -> (Lane, Did) {
        let alive: u64 = self.alive.iter().map(|trial| needed(*trial)).sum();
        let free = WHOLE.saturating_sub(alive + self.taken_by_others);
        let room = Room {
            free: Cell::new(free),
        };
        let Some(turn) = self.line.try_next(&room, self.now) else {
            return (Lane::Idle, Did::Nothing);
        };
        match turn {
            Turn::Begin(job) => {
                let trial = job.trial;
                self.alive.insert(trial);
                (Lane::Begins(job), Did::Worked(trial))
            }
            Turn::GoOn(training) => {
                let trial = training.job.trial;
                (Lane::GoesOn(*training), Did::Worked(trial))
            }
            Turn::Defer(trial, needed_bytes, free_bytes) => {
                let deferred = ExecutorEvent::Deferred {
                    trial,
                    needed_bytes,
                    free_bytes,
                };
                self.events.push_back(deferred);
                (Lane::Idle, Did::Moved)
            }
            Turn::Decline(job, cause) => {
                self.events.push_back(ExecutorEvent::Started(job.trial));
                self.end(ExecutorEvent::Infeasible(job.trial, cause), job.trial);
                (Lane::Idle, Did::Worked(job.trial))
            }
            Turn::GiveUp(job, cause) => {
                self.events.push_back(ExecutorEvent::Started(job.trial));
                self.end(ExecutorEvent::Failed(job.trial, cause), job.trial);
                (Lane::Idle, Did::Worked(job.trial))
            }
            Turn::End => (Lane::Ended, Did::Moved),
        }
    }

    fn train(&mut self, mut training: Trained, chance: u8) -> (Lane, Did) {
        let trial = training.job.trial;
        match self.line.wish(trial) {
            Wish::Cancel => {
                self.end(ExecutorEvent::Cancelled(trial), trial);
                (Lane::Idle, Did::Moved)
            }
            Wish::Pause => {
                self.events.push_back(ExecutorEvent::Paused(trial));
                (Lane::LetsGo(training), Did::Moved)
            }
            Wish::End => {
                self.events.push_back(ExecutorEvent::Paused(trial));
                (Lane::Idle, Did::Moved)
            }
            Wish::None if training.steps_left > 0 => {
                training.steps_left -= 1;
                (Lane::Trains(training), Did::Worked(trial))
            }
            Wish::None => {
                self.end(end(trial, chance), trial);
                (Lane::Idle, Did::Worked(trial))
            }
        }
    }

    fn end(&mut self, event: ExecutorEvent, trial: TrialId) {
        self.line.is_over(trial);
        self.alive.remove(&trial);
        self.events.push_back(event);
    }
}

/// How a training ends.
fn end(trial: TrialId, chance: u8) -> ExecutorEvent {
    let standing = Standing {
        rung: 1,
        rungs: 2,
        epoch: 1,
        rank: 2,
        of: 2,
    };
    let said = || "disk".to_owned();
    match chance % 16 {
        0 => ExecutorEvent::Infeasible(trial, diverged()),
        1 => ExecutorEvent::Pruned(trial, standing),
        2..=4 => ExecutorEvent::Failed(trial, Cause::Error { said: said() }),
        _ => match finished(trial.0, 0.7, f64::from(trial.0)) {
            Event::Executor(event) => event,
            _ => unreachable!("made just above"),
        },
    }
}
