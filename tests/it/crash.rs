//! The program, killed at random instants, again and again: nothing is lost, nothing is doubled, and what comes out is
//! what an undisturbed run brings.
//!
//! `AUTOPEFT_KILLS=1000 cargo test --release --test it crash:: -- --nocapture` kills more often than the usual round, and
//! `AUTOPEFT_KILL_SEED=N` at other instants.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::support::lab::Lab;
use autopeft::app::{RecordedError, State};
use autopeft::domain::{EpochReport, Measurement, TrialId, TrialState};
use autopeft::journal::JournalError;
use autopeft::train::checkpoint;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Kills of the usual round.
const KILLS: u64 = 12;
/// No kill comes later than this; the start alone takes a good part of it.
const LATEST: Duration = Duration::from_millis(1500);

/// A study of seven short trials that keeps its trainings after every step.
fn laboratory() -> Lab {
    let lab = Lab::new(7, 2);
    lab.add_to_study("[output]\ncheckpoint_seconds = 0\n");
    lab
}

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

/// Where the study stands; none before its journal has a first whole record.
fn standing(lab: &Lab) -> Option<State> {
    match State::recorded(&lab.path("runs/tiny")) {
        Ok(state) => Some(state),
        Err(
            RecordedError::Journal(JournalError::Missing { .. }) | RecordedError::Replay { .. },
        ) if is_empty(&lab.path("runs/tiny/journal.jsonl")) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Whether a journal holds no whole line.
fn is_empty(journal: &Path) -> bool {
    !fs::read(journal).unwrap_or_default().contains(&b'\n')
}

fn finished(state: &State) -> BTreeMap<TrialId, Measurement> {
    let done = state.in_state(TrialState::Finished);
    done.map(|trial| (trial.id, trial.measurement.unwrap()))
        .collect()
}

/// Everything that a run brings but its times: configurations, epochs, results, front, weights.
fn outcome(lab: &Lab) -> impl PartialEq + std::fmt::Debug + use<> {
    let state = standing(lab).unwrap();
    let timeless = |report: &EpochReport| EpochReport {
        wall_seconds: 0.0,
        ..*report
    };
    let trials: Vec<_> = state
        .trials
        .iter()
        .map(|trial| {
            let measured = trial.measurement.map(|measurement| Measurement {
                wall_seconds: 0.0,
                ..measurement
            });
            let epochs: Vec<_> = trial.epochs.iter().map(timeless).collect();
            let times: Vec<f64> = trial
                .epochs
                .iter()
                .map(|epoch| epoch.wall_seconds)
                .collect();
            assert!(
                times.is_sorted(),
                "times of trial {} add up: {times:?}",
                trial.id
            );
            let weights = lab.path("runs/tiny/weights");
            let weights = fs::read(checkpoint::path(&weights, trial.id)).unwrap();
            let weights = crc32fast::hash(&weights);
            (trial.configuration.clone(), epochs, measured, weights)
        })
        .collect();
    (trials, state.front)
}

/// What must hold at any moment, beside what held before.
fn check(lab: &Lab, before: &BTreeMap<TrialId, Measurement>) -> BTreeMap<TrialId, Measurement> {
    let Some(state) = standing(lab) else {
        assert!(before.is_empty(), "the journal has gone");
        return BTreeMap::new();
    };
    let now = finished(&state);
    for (trial, measurement) in before {
        assert_eq!(
            now.get(trial),
            Some(measurement),
            "trial {trial} was lost or changed"
        );
    }
    for trial in now.keys() {
        let path = checkpoint::path(&lab.path("runs/tiny/weights"), *trial);
        checkpoint::load(&path).unwrap();
    }
    now
}

/// An export that was killed leaves whole files only.
fn check_export(folder: &Path) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) => return,
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_export(&path);
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        match path.extension().and_then(|e| e.to_str()) {
            Some("json") => drop(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()),
            Some("safetensors") => drop(checkpoint::load(&path).unwrap()),
            // The chunk with which a picture ends.
            Some("png") => assert!(bytes.ends_with(b"IEND\xaeB`\x82"), "{name}"),
            Some("svg") => assert!(bytes.trim_ascii_end().ends_with(b"</svg>"), "{name}"),
            _ => assert!(bytes.ends_with(b"\n"), "{name}"),
        }
    }
}

/// A program at work, and what it says.
struct AtWork {
    child: Child,
    log: PathBuf,
}

impl AtWork {
    fn start(lab: &Lab, arguments: &[&str]) -> Self {
        let log = lab.path(&format!("{}.log", arguments[0]));
        let file = fs::File::create(&log).unwrap();
        let mut command = lab.command(arguments);
        let child = command
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Kills it. True: it had ended well before.
    fn kill(mut self) -> bool {
        // SIGKILL, of which the program learns nothing; one that has ended already is not harmed.
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(
            status.success() || status.code().is_none(),
            "{status}: {}",
            fs::read_to_string(&self.log).unwrap()
        );
        status.success()
    }
}

/// The files of an export, whole or not, by what they are on the disk: a file that was replaced is another one.
fn exported(folder: &Path) -> BTreeSet<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| match path.is_dir() {
        true => exported(&path),
        false => [fs::symlink_metadata(path).unwrap().ino()].into(),
    };
    paths.flat_map(of).collect()
}

#[test]
fn killed_at_random_instants_it_brings_what_an_undisturbed_run_brings() {
    let run = ["run", "study.toml", "--headless", "--device", "cpu"];
    let export = ["export", "study.toml", "--format", "all", "--out", "front"];
    let undisturbed = laboratory();
    undisturbed.text(&run);
    let expected = outcome(&undisturbed);

    let (wanted, seed) = (
        number("AUTOPEFT_KILLS", KILLS),
        number("AUTOPEFT_KILL_SEED", 1),
    );
    println!("instants of number {seed}");
    let begun = Instant::now();
    undisturbed.text(&export);
    let longest = begun.elapsed();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut instant = |longest: Duration| longest.mul_f64(random.random_range(0.0..1.0));
    let (mut kills, mut exports, mut half_way, mut studies) = (0, 0, 0, 0);
    while kills < wanted || studies == 0 {
        let lab = laboratory();
        let mut before = BTreeMap::new();
        loop {
            // Once enough were killed, the last one may end.
            let ended = match kills < wanted {
                true => {
                    let worker = AtWork::start(&lab, &run);
                    std::thread::sleep(instant(LATEST));
                    worker.kill()
                }
                false => !lab.text(&run).is_empty(),
            };
            kills += u64::from(!ended);
            before = check(&lab, &before);
            if kills < wanted && !before.is_empty() && instant(LATEST) < LATEST / 3 {
                let held = exported(&lab.path("front"));
                let exporter = AtWork::start(&lab, &export);
                // Half of them beside the study at work, which dies with them.
                let worker = (instant(LATEST) < LATEST / 2).then(|| AtWork::start(&lab, &run));
                std::thread::sleep(instant(longest));
                let ended = exporter.kill();
                let survived = worker.is_none_or(AtWork::kill);
                kills += u64::from(!ended) + u64::from(!survived);
                exports += u64::from(!ended);
                half_way += u64::from(!ended && exported(&lab.path("front")) != held);
                check_export(&lab.path("front"));
                before = check(&lab, &before);
            }
            if ended {
                break;
            }
        }
        studies += 1;
        assert_eq!(outcome(&lab), expected);
        lab.text(&export);
        check_export(&lab.path("front"));
        let left: Vec<_> = fs::read_dir(lab.path("runs/tiny/under-way"))
            .map(|entries| entries.map(|entry| entry.unwrap().file_name()).collect())
            .unwrap_or_default();
        assert!(left.is_empty(), "left behind: {left:?}");
        println!(
            "{kills} kills, {exports} of them of exports, {half_way} half way; {studies} studies complete and as expected"
        );
    }
}
