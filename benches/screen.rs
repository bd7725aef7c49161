//! What a frame of a large study costs: `cargo bench --bench screen`.
//!
//! A study of 10,000 finished trials is folded from its records, and a trial with a million losses runs. Frames of
//! 200 × 60 are drawn through the same library as on a terminal, escape sequences included; between two
//! of them a loss arrives and a key is pressed. `benches/screen.py` measures the program as a whole, from outside.
#![allow(clippy::unwrap_used, reason = "a failed measurement is to be seen")]

use std::time::{Duration, Instant};

use autopeft::app::{DeviceStatus, Event, State, update};
use autopeft::domain::{
    Configuration, Diagnostics, EpochReport, Measurement, ModuleAxis, Objectives, Origin,
    PeftSpace, Progress, ReferenceRule, TrialId,
};
use autopeft::executor::ExecutorEvent;
use autopeft::journal::{FORMAT_VERSION, Journal, Record};
use autopeft::tui::{Palette, Screen};
use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::{CrosstermBackend, TestBackend};

const TRIALS: u32 = 10_000;
const POINTS: u64 = 1_000_000;
const FRAMES: usize = 1000;

fn main() {
    let records = records();
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&records).unwrap();
    let bytes = std::fs::metadata(journal.path()).unwrap().len();
    drop(journal);

    let before = resident_bytes();
    let begun = Instant::now();
    let mut state = State::recorded(folder.path()).unwrap();
    let replayed = begun.elapsed();
    let mut screen = Screen::new(Palette::DARK);
    drop(frame_of(&mut screen, &state));
    let first = begun.elapsed();
    println!(
        "journal of {TRIALS} trials, {} records, {:.1} MB: state after {:.0?}, first frame after {:.0?}",
        records.len(),
        bytes as f64 / 1e6,
        replayed,
        first
    );
    drop(records);

    let begun = Instant::now();
    (1..=POINTS).for_each(|step| progress(&mut state, step));
    println!(
        "{POINTS} losses taken in: {:.0?} each",
        begun.elapsed() / POINTS as u32
    );
    match before.zip(resident_bytes()) {
        Some((before, after)) => {
            println!(
                "memory: {:.1} MB more than before the journal was read",
                (after.saturating_sub(before)) as f64 / 1e6
            );
        }
        None => println!("memory: not told by this system"),
    }

    for (what, keys) in [
        ("trials, selection moving", "jjjjjjjk"),
        ("a filter typed", "/1"),
        ("curves smoothed, zoomed", "3zs"),
        ("front zoomed", "4z"),
    ] {
        measure(what, keys, &mut state);
    }
    let model = TestBackend::new(200, 60);
    let mut terminal = Terminal::new(model).unwrap();
    let begun = Instant::now();
    (0..100).for_each(|_| {
        terminal.draw(|frame| screen.draw(frame, &state)).unwrap();
    });
    println!(
        "without the terminal's escape sequences: {:.2?} a frame",
        begun.elapsed() / 100
    );
}

/// Frames of a screen on which a key is pressed and a loss arrives before each.
fn measure(what: &str, keys: &str, state: &mut State) {
    let mut screen = Screen::new(Palette::DARK);
    let options = ratatui::TerminalOptions {
        viewport: ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 200, 60)),
    };
    let backend = CrosstermBackend::new(std::io::sink());
    let mut terminal = Terminal::with_options(backend, options).unwrap();
    let mut times = Vec::with_capacity(FRAMES);
    let before = processor_time();
    let mut step = POINTS;
    let press = |screen: &mut Screen, key: char, state: &State| {
        let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        screen.on_event(TerminalEvent::Key(event), state);
    };
    keys.chars().for_each(|key| press(&mut screen, key, state));
    for frame in 0..FRAMES {
        step += 1;
        progress(state, step);
        let begun = Instant::now();
        press(&mut screen, if frame % 7 < 4 { 'j' } else { 'k' }, state);
        terminal.draw(|frame| screen.draw(frame, state)).unwrap();
        times.push(begun.elapsed());
    }
    let worked = processor_time().saturating_sub(before) / FRAMES as u32;
    let (told, worked) = (quantiles(times), millis(worked));
    println!("{what}: {told}; {worked:.2} ms of the processor each");
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| millis(times[(times.len() - 1) * share / 100]);
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms",
        at(50),
        at(99),
        at(100)
    )
}

/// What this thread has worked, whatever else the machine does; 0 where the system does not tell.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn frame_of(screen: &mut Screen, state: &State) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    terminal.draw(|frame| screen.draw(frame, state)).unwrap();
    terminal
}

fn progress(state: &mut State, step: u64) {
    let trial = TrialId(TRIALS);
    let loss = 0.3 + 0.4 / (1.0 + step as f64 / 1e5) + 0.05 * (step * 37 % 17) as f64 / 17.0;
    let progress = Progress {
        trial,
        step,
        steps: 2 * POINTS,
        epoch: 1,
        loss,
        wall_seconds: step as f64 * 0.01,
    };
    update(state, Event::Executor(ExecutorEvent::Progress(progress)));
    state.device = DeviceStatus::Ready("bench".into());
}

/// What Linux says of this process.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn space() -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.into(),
        sizes: vec![0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768],
        weights_per_unit: 1536,
    };
    PeftSpace {
        modules: ["serial", "parallel", "prefix"].map(axis).into(),
        layers: 12,
        candidate_layers: (0..12).collect(),
        choose_layers: true,
        backbone_parameters: 109_482_240,
        learning_rates: Vec::new(),
    }
}

/// A number in 0..1 that looks random and is the same every time.
fn noise(seed: u32) -> f64 {
    let mixed = seed.wrapping_mul(0x9E37_79B9) ^ (seed.wrapping_mul(0x85EB_CA6B) >> 13);
    f64::from(mixed.wrapping_mul(0xC2B2_AE35) >> 8) / f64::from(1_u32 << 24)
}

fn records() -> Vec<Record> {
    let space = space();
    let mut records = vec![
        Record::StudyCreated {
            format: FORMAT_VERSION,
            name: "large".into(),
            seed: 1,
            settings: serde_json::json!({"task": {"name": "rte"}, "model": {"hub": {"id": "bert-base-uncased"}}}),
            space: space.clone(),
            reference_point: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
        },
        Record::SessionStarted {
            program: "0.1.0".into(),
            trials: TRIALS as usize + 1,
        },
    ];
    for number in 0..=TRIALS {
        let size =
            |offset: u32| space.modules[0].sizes[(noise(number * 3 + offset) * 11.0) as usize];
        let modules = [
            ("serial", size(0)),
            ("parallel", size(1)),
            ("prefix", 1 + size(2) / 2),
        ];
        let configuration = Configuration {
            modules: modules
                .into_iter()
                .filter(|(_, s)| *s > 0)
                .map(|(n, s)| (n.to_owned(), s))
                .collect(),
            layers: (0..12)
                .filter(|layer| (layer * 7 + number as usize) % 5 < 3)
                .collect(),
            ..Configuration::default()
        };
        records.extend(trial(number, configuration, &space));
    }
    records
}

fn trial(number: u32, configuration: Configuration, space: &PeftSpace) -> Vec<Record> {
    let trial = TrialId(number);
    let parameters_percent = space.parameters_percent(&configuration);
    let score = 0.5 + 0.3 * (number as f64 / 3000.0).tanh() * noise(number);
    let origin = if number < 20 {
        Origin::Initial
    } else {
        Origin::Proposed(Diagnostics {
            expected_gain: None,
            predicted_score: Some((score + 0.01, 0.02)),
            acquisition: -3.2,
            relevance: (0..15)
                .map(|i| (format!("layer {i}"), 1.0 / f64::from(i + 1)))
                .collect(),
            fit_seconds: 0.4,
            search_seconds: 0.2,
            note: None,
        })
    };
    let mut records = vec![
        Record::TrialQueued {
            trial,
            configuration,
            origin,
        },
        Record::TrialStarted { trial },
    ];
    records.extend((1..=4).map(|epoch| Record::TrialEpoch {
        trial,
        report: EpochReport {
            epoch,
            train_loss: 0.7 / f64::from(epoch),
            validation_loss: 0.72 / f64::from(epoch),
            score: score - 0.02 * f64::from(4 - epoch),
            wall_seconds: f64::from(epoch),
        },
    }));
    if number < TRIALS {
        let measurement = Measurement {
            objectives: Objectives {
                score,
                parameters_percent,
            },
            best_epoch: 4,
            trained_parameters: 12_345,
            wall_seconds: 4.0,
            diverged: None,
            score_error: None,
        };
        records.push(Record::TrialFinished { trial, measurement });
    }
    records
}
