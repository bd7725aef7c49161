//! What the journal costs: durable events a second, through the loop of the program, and the time that a long journal
//! takes to open.
//!
//! `cargo bench --bench journal [-- TRIALS [EPOCHS]]` (10,000 trials of 5 epochs unless told otherwise)
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

#[path = "../tests/support/stub_study.rs"]
mod stub_study;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use autopeft::app::State;
use autopeft::app::headless::Headless;
use autopeft::domain::{Configuration, Diagnostics, Job, Ladder, Origin, TrialId};
use autopeft::journal::{self, Journal, Record};

use stub_study::StubExecutor;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let trials: u32 = numbers.next().unwrap_or(10_000);
    let epochs: u32 = numbers.next().unwrap_or(5);
    one_by_one();
    through_the_loop(200, 100);
    open(trials, epochs);
}

/// Every record with a synchronisation of its own: what the disk allows without grouping.
fn one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    let begun = Instant::now();
    for number in 0..200 {
        let trial = TrialId(number);
        journal.append(&[Record::TrialStarted { trial }]).unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "one record a synchronisation  {:10.0} durable records/s",
        200.0 / seconds
    );
}

/// As a study runs, with trainings that take no time at all.
fn through_the_loop(trials: u32, epochs: u32) {
    let folder = tempfile::tempdir().unwrap();
    let executor = StubExecutor::start(epochs);
    let waited = Arc::clone(&executor.waited);
    let mut runtime = stub_study::runtime(folder.path(), executor, trials as usize).unwrap();
    let begun = Instant::now();
    runtime
        .run(&mut Headless::new(std::io::sink(), false))
        .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    drop(runtime);
    let records = journal::read(folder.path()).unwrap().records.len() as f64;
    println!(
        "through the program's loop    {:10.0} durable records/s",
        records / seconds
    );
    let event = waited.load(Ordering::Relaxed) as f64 / 1e3 / records;
    println!("the worker waits              {event:10.2} microseconds an event");
}

/// The time from a folder to the state of its study.
fn open(trials: u32, epochs: u32) {
    let folder = tempfile::tempdir().unwrap();
    let bytes = write_long(folder.path(), trials, epochs);
    for _ in 0..5 {
        let begun = Instant::now();
        let state = State::recorded(folder.path()).unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        assert_eq!(state.trials.len(), trials as usize);
        println!(
            "{trials} trials of {epochs} epochs, {:.1} MB  open in {:.0} ms",
            bytes as f64 / 1e6,
            1e3 * seconds
        );
    }
}

/// A journal as the search writes it, with what it knew at every proposal; its length in bytes.
fn write_long(folder: &Path, trials: u32, epochs: u32) -> u64 {
    let (mut journal, _) = Journal::open(folder).unwrap();
    let space = stub_study::space();
    let mut records = stub_study::opening(trials as usize, true);
    for number in 0..trials {
        let trial = TrialId(number);
        let level = |at: u32| space.modules[0].sizes[(number / 11_u32.pow(at) % 11) as usize];
        let configuration = Configuration {
            modules: [
                ("serial".to_owned(), level(0)),
                ("prefix".to_owned(), level(1)),
            ]
            .into(),
            layers: (0..12).filter(|layer| number >> layer & 1 == 0).collect(),
            ..Configuration::default()
        };
        let job = Job {
            trial,
            parameters_percent: space.parameters_percent(&configuration),
            configuration: configuration.clone(),
            seed: u64::from(number),
            ladder: Ladder::default(),
        };
        let known = Diagnostics {
            expected_gain: None,
            predicted_score: Some((0.712_345_678_9, 0.031_234_567_8)),
            acquisition: -3.123_456_789,
            relevance: (0..15)
                .map(|i| (format!("layer {i}"), 1.0 / f64::from(i + 3)))
                .collect(),
            fit_seconds: 1.234_567,
            search_seconds: 0.456_789,
            note: None,
        };
        records.push(Record::TrialQueued {
            trial,
            configuration,
            origin: Origin::Proposed(known),
        });
        records.push(Record::TrialStarted { trial });
        records.extend((1..=epochs).map(|epoch| Record::TrialEpoch {
            trial,
            report: stub_study::report(&job, epoch),
        }));
        records.push(Record::TrialFinished {
            trial,
            measurement: stub_study::measurement(&job, epochs),
        });
    }
    journal.append(&records).unwrap();
    std::fs::metadata(journal.path()).unwrap().len()
}
