use std::cell::Cell;

use super::turn::PATIENCE;
use super::*;
use crate::domain::{Configuration, Ladder};

/// A training that stands still.
struct Standing(Job);

impl UnderWay for Standing {
    fn job(&self) -> &Job {
        &self.0
    }
}

/// Every job needs as many bytes as its number says in millions; so many there are, are free, and are kept for speed.
struct Room {
    whole: u64,
    free: Cell<u64>,
    kept: Cell<u64>,
}

impl Room {
    fn of(whole: u64, free: u64, kept: u64) -> Self {
        Self {
            whole,
            free: Cell::new(free),
            kept: Cell::new(kept),
        }
    }
}

const MILLION: u64 = 1_000_000;

impl Memory for Room {
    fn needed(&self, job: &Job) -> Option<u64> {
        Some(u64::from(job.trial.0) * MILLION)
    }

    fn whole(&self) -> Option<u64> {
        Some(self.whole * MILLION)
    }

    fn free(&self) -> Option<u64> {
        Some(self.free.get() * MILLION)
    }

    fn give_back(&self) -> bool {
        let kept = self.kept.replace(0);
        self.free.set(self.free.get() + kept);
        kept > 0
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

fn line(jobs: &[u32]) -> Line<Standing> {
    let line = Line::default();
    for &number in jobs {
        line.submit(job(number));
    }
    line
}

fn at(line: &Line<Standing>, room: &Room, now: Instant) -> String {
    let megabytes = |bytes: u64| bytes / MILLION;
    match line.try_next(room, now) {
        Some(Turn::Begin(job)) => format!("{} begins", job.trial.0),
        Some(Turn::Defer(trial, needed, free)) => {
            let (needed, free) = (megabytes(needed), megabytes(free));
            format!("{} waits: {needed} of {free}", trial.0)
        }
        Some(Turn::Decline(job, cause)) => format!("{} declined: {cause}", job.trial.0),
        Some(Turn::GiveUp(job, cause)) => format!("{} given up: {cause}", job.trial.0),
        Some(Turn::GoOn(_) | Turn::End) => "another turn".to_owned(),
        None => "nothing".to_owned(),
    }
}

fn next(line: &Line<Standing>, room: &Room) -> String {
    at(line, room, Instant::now())
}

#[test]
fn what_cannot_fit_beside_others_waits_and_what_cannot_fit_the_device_is_declined() {
    let (line, room) = (line(&[7, 4, 12]), Room::of(10, 10, 0));
    assert_eq!(next(&line, &room), "7 begins");
    assert_eq!(next(&line, &room), "4 waits: 4 of 3");
    assert_eq!(next(&line, &room), "nothing", "that was told");
    line.is_over(TrialId(7));
    assert_eq!(next(&line, &room), "4 begins");
    let declined = "out of memory; its training needs about 12 MB, and there is room for 10 MB";
    assert_eq!(next(&line, &room), format!("12 declined: {declined}"));
}

#[test]
fn what_others_take_is_waited_for() {
    let (line, room) = (line(&[7]), Room::of(10, 5, 0));
    assert_eq!(next(&line, &room), "7 waits: 7 of 5");
    room.free.set(8);
    assert_eq!(next(&line, &room), "7 begins");
}

#[test]
fn the_wait_for_others_ends_once_and_does_not_count_while_trials_run_here() {
    let (line, room) = (line(&[3, 7, 5]), Room::of(10, 8, 0));
    let begun = Instant::now();
    let after = |times: u32| begun + PATIENCE * times;
    assert_eq!(at(&line, &room, begun), "3 begins");
    assert_eq!(at(&line, &room, begun), "7 waits: 7 of 5");
    assert_eq!(at(&line, &room, after(2)), "nothing", "3 still runs");
    line.is_over(TrialId(3));
    room.free.set(6);
    assert_eq!(at(&line, &room, after(3)), "nothing");
    let lacks = "out of memory; its training needs about 7 MB, and there is room for 6 MB";
    assert_eq!(at(&line, &room, after(4)), format!("7 given up: {lacks}"));
    line.is_over(TrialId(7));
    assert_eq!(at(&line, &room, after(4)), "5 begins");
}

#[test]
fn what_is_kept_for_speed_is_given_back_before_anybody_waits_alone() {
    let (line, room) = (line(&[7, 3]), Room::of(10, 5, 3));
    assert_eq!(next(&line, &room), "7 begins");
    assert_eq!(room.kept.get(), 0);
    room.kept.set(2);
    assert_eq!(next(&line, &room), "3 waits: 3 of 1");
    assert_eq!(room.kept.get(), 2, "what runs may use it");
}

#[test]
fn wishes_reach_what_runs_and_end_what_waits() {
    let (line, room) = (line(&[1, 2]), Room::of(10, 10, 0));
    assert_eq!(next(&line, &room), "1 begins");
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

#[test]
fn what_waits_can_be_taken_back_and_its_wait_for_memory_begins_anew() {
    let (line, room) = (line(&[7]), Room::of(10, 5, 0));
    let begun = Instant::now();
    assert_eq!(at(&line, &room, begun), "7 waits: 7 of 5");
    assert!(line.pause(TrialId(7)), "it has not begun");
    assert!(!line.pause(TrialId(7)), "it is gone");
    room.free.set(10);
    assert_eq!(at(&line, &room, begun), "nothing");
    room.free.set(5);
    line.submit(job(7));
    let later = begun + PATIENCE * 2;
    assert_eq!(at(&line, &room, later), "7 waits: 7 of 5");
    room.free.set(8);
    assert_eq!(at(&line, &room, later), "7 begins");
}

#[test]
fn a_trial_that_is_to_go_on_is_given_back_before_its_lane_has_let_it_go() {
    let (line, room) = (line(&[1]), Room::of(10, 10, 0));
    assert_eq!(next(&line, &room), "1 begins");
    assert!(!line.pause(TrialId(1)), "it runs");
    line.resume(TrialId(1));
    assert!(line.pause(TrialId(1)), "it was told to stand still already");
    assert!(line.stands_still(Standing(job(1))));
    assert_eq!(next(&line, &room), "nothing");
    line.resume(TrialId(1));
    assert!(line.pause(TrialId(1)), "it has not gone on");
    line.resume(TrialId(1));
    assert_eq!(next(&line, &room), "another turn");
}
