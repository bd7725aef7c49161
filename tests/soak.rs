//! Thousands of short trials in one process: memory and open files stay as they are, and the journal tells it all.
//!
//! `AUTOPEFT_SOAK=10000 cargo test --release --test soak -- --nocapture` runs more than the usual round.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/stub_study.rs"]
#[allow(dead_code, reason = "not every test needs all of it")]
mod stub_study;

use std::fs;

use autopeft::app::headless::Headless;
use autopeft::app::runtime::{Ending, Interface};
use autopeft::app::{Message, State};
use autopeft::domain::TrialState;
use autopeft::journal::Record;
use crossbeam_channel::Select;
use stub_study::StubExecutor;

/// Trials of the usual round.
const TRIALS: usize = 3000;
/// Until then, more and more trials are judged at once.
const SETTLED: usize = 1000;
/// Trials between two looks.
const BETWEEN: u32 = 20;
/// What a trial may add to the process for good: its configuration, epochs and place on the screen.
const BYTES_PER_TRIAL: u64 = 8 << 10;

/// What the judging of a front holds at a moment and gives back: no look need find all of it given back.
const SLACK_BYTES: u64 = 16 << 20;

/// Resident memory of this process, bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kibibytes = line.split_whitespace().nth(1).unwrap();
    kibibytes.parse::<u64>().unwrap() << 10
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Headless, and notes memory and open files every few trials.
struct Weighing {
    inner: Headless<std::io::Sink>,
    notes: Vec<(usize, u64, usize)>,
}

impl Interface for Weighing {
    fn take_messages(&mut self, state: &State) -> Vec<Message> {
        self.inner.take_messages(state)
    }

    fn watch<'a>(&'a self, select: &mut Select<'a>) {
        self.inner.watch(select);
    }

    fn recorded(&mut self, record: &Record, state: &State) -> std::io::Result<()> {
        if let Record::TrialFinished { trial, .. } = record
            && (trial.0 + 1).is_multiple_of(BETWEEN)
        {
            self.notes
                .push((trial.0 as usize + 1, resident(), open_files()));
        }
        self.inner.recorded(record, state)
    }

    fn wants_showing(&self) -> bool {
        self.inner.wants_showing()
    }

    fn show(&mut self, state: &State) -> std::io::Result<()> {
        self.inner.show(state)
    }

    fn leaves_when_complete(&self) -> bool {
        true
    }
}

#[test]
fn memory_and_open_files_stay_as_they_are() {
    let trials = std::env::var("AUTOPEFT_SOAK").map_or(TRIALS, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut interface = Weighing {
        inner: Headless::new(std::io::sink(), false),
        notes: Vec::new(),
    };
    let mut runtime = stub_study::runtime(folder.path(), StubExecutor::start(3), trials).unwrap();
    let ending = runtime.run(&mut interface).unwrap();
    assert_eq!(ending, Ending::Complete);
    drop(runtime);
    // The least of many looks: between two of them the judging takes some megabytes and gives them back.
    let middle = usize::midpoint(SETTLED, trials);
    let least = |from: usize, to: usize| {
        let looks = interface
            .notes
            .iter()
            .filter(|(trial, ..)| (from..to).contains(trial));
        let (bytes, files) = looks.fold((u64::MAX, usize::MAX), |least, look| {
            (least.0.min(look.1), least.1.min(look.2))
        });
        println!(
            "from trial {from} to {to}: {:.1} MB, {files} open files",
            bytes as f64 / 1e6
        );
        (bytes, files)
    };
    let (first, last) = (least(SETTLED, middle), least(middle, trials + 1));
    assert_eq!(first.1, last.1, "open files");
    let grown = last.0.saturating_sub(first.0 + SLACK_BYTES) / (trials - middle) as u64;
    assert!(grown < BYTES_PER_TRIAL, "{grown} bytes a trial");

    let state = State::recorded(folder.path()).unwrap();
    assert_eq!(state.in_state(TrialState::Finished).count(), trials);
    let mut configurations: Vec<_> = state
        .trials
        .iter()
        .map(|t| t.configuration.to_string())
        .collect();
    configurations.sort_unstable();
    configurations.dedup();
    assert_eq!(
        configurations.len(),
        trials,
        "no configuration is tried twice"
    );
}
