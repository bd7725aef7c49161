//! The terminal after panics and under the noise of libraries, on a pseudo-terminal: this very test program, started
//! again, is the program on the screen.
#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use autopeft::app::screen::OnScreen;
use autopeft::app::{State, StudyFacts};
use autopeft::domain::{Job, Origin, PeftSpace, ReferenceRule};
use autopeft::executor::LocalExecutor;
use autopeft::journal::Record;
use autopeft::task::Label;
use autopeft::tui::{Palette, Screen, Terminal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::stub_study;
use crate::worker;

/// Which part the program on the screen plays; set for the second process only.
const PART: &str = "AUTOPEFT_TEST_PART";
/// Where its log is.
const LOG: &str = "AUTOPEFT_TEST_LOG";

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// What the program wrote to the terminal, and its log; the terminal's modes have to be as before.
fn play(part: &str) -> (String, String) {
    play_with_keys(part, |_, _| {})
}

/// The same, with somebody at the keyboard, who sees what the program leaves in a folder.
fn play_with_keys(part: &str, press: impl FnOnce(&Path, &mut File)) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.txt");
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    let name = ptsname(&terminal, Vec::new())
        .unwrap()
        .into_string()
        .unwrap();
    let end = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name)
        .unwrap();
    let before = tcgetattr(&end).unwrap();
    assert!(
        before
            .local_modes
            .contains(LocalModes::ICANON | LocalModes::ECHO)
    );
    let stdio = || Stdio::from(end.try_clone().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "terminal::the_program_on_the_screen",
            "--nocapture",
        ])
        .env(PART, part)
        .env(LOG, &log)
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .unwrap();
    let mut reader = File::from(terminal);
    let mut keyboard = reader.try_clone().unwrap();
    let written = thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        // Ends by an error once nobody has the other end open.
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    press(folder.path(), &mut keyboard);
    child.wait().unwrap();
    drop(keyboard);
    let after = tcgetattr(&end).unwrap();
    assert_eq!(before.local_modes, after.local_modes, "{part}");
    assert_eq!(before.input_modes, after.input_modes, "{part}");
    assert_eq!(before.output_modes, after.output_modes, "{part}");
    drop(end);
    (
        written.join().unwrap(),
        fs::read_to_string(&log).unwrap_or_default(),
    )
}

/// What was written while the alternate screen was on, and behind it.
fn parted(written: &str) -> (&str, &str) {
    let (_, during) = written.split_once(ENTER).expect("the screen was entered");
    during.split_once(LEAVE).expect("the screen was left")
}

/// Plays its part where it is told one; does nothing in the ordinary run of the tests.
#[test]
fn the_program_on_the_screen() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let log = std::env::var(LOG).unwrap();
    if part == "training panics" {
        return run_trainings_that_panic(Path::new(&log));
    }
    let state = State::new(StudyFacts {
        name: "pty".into(),
        seed: 1,
        space: PeftSpace {
            modules: Vec::new(),
            layers: 1,
            candidate_layers: vec![0],
            choose_layers: false,
            backbone_parameters: 1,
            learning_rates: Vec::new(),
        },
        reference_rule: ReferenceRule {
            score: Some(0.5),
            parameters_percent: Some(26.0),
        },
        format: 3,
        identity: None,
        settings: serde_json::Value::Null,
    });
    let mut screen = Screen::new(Palette::DARK);
    let mut terminal = Terminal::enter(Path::new(&log)).unwrap();
    terminal.draw(&mut screen, &state).unwrap();
    println!("noise of a library");
    eprintln!("noise of a driver");
    Command::new("echo")
        .arg("noise of a child")
        .status()
        .unwrap();
    match part.as_str() {
        "worker panics" => {
            let ended = thread::spawn(|| panic!("the worker's panic")).join();
            assert!(ended.is_err());
        }
        "screen panics" => panic!("the screen's panic"),
        _ => {}
    }
    screen.invalidate();
    terminal.draw(&mut screen, &state).unwrap();
    drop(terminal);
    println!("back in the shell");
}

/// The whole program but its command line, on rows of a class that the task does not have: every training panics.
fn run_trainings_that_panic(log: &Path) {
    let folder = log.parent().unwrap();
    let mut plan = worker::plan(folder, 1e-2, 1);
    for row in &mut plan.dataset.train {
        row.label = Label::Class(1000);
    }
    let executor = LocalExecutor::start(plan, 1).unwrap();
    let mut runtime = stub_study::runtime(folder, executor, 0).unwrap();
    for number in 0..8 {
        let Job {
            trial,
            configuration,
            ..
        } = worker::job(number);
        let origin = Origin::Manual;
        let queued = Record::TrialQueued {
            trial,
            configuration,
            origin,
        };
        runtime.state.apply(&queued).unwrap();
    }
    let mut screen = OnScreen::open(log, Palette::DARK.into()).unwrap();
    let ending = runtime.run(&mut screen).unwrap();
    drop(screen);
    println!("back in the shell: {ending:?}");
    for trial in &runtime.state.trials {
        println!(
            "{}: {}",
            trial.state.label(),
            trial.reason().unwrap_or_default()
        );
    }
}

#[test]
fn panics_of_the_training_worker_fail_their_trials_and_leave_the_terminal_usable() {
    let (written, _) = play_with_keys("training panics", |folder, keyboard| {
        let failed = || {
            let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
            journal.matches("\"trial_failed\"").count()
        };
        let begun = Instant::now();
        // After three the study pauses by itself.
        while failed() < 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "no failures");
            thread::sleep(Duration::from_millis(10));
        }
        keyboard.write_all(b"qy").unwrap();
    });
    let (during, behind) = parted(&written);
    assert!(!during.contains("panicked"), "{during:?}");
    assert!(
        behind.contains("back in the shell: Interrupted"),
        "{behind:?}"
    );
    let failed = behind.matches("failed: the training stopped unexpectedly: ");
    assert_eq!(failed.count(), 3, "{behind:?}");
}

#[test]
fn what_libraries_and_children_write_reaches_the_log_and_not_the_screen() {
    let (written, log) = play("noise");
    let (during, behind) = parted(&written);
    assert!(during.contains("pty"), "the study is drawn: {during:?}");
    assert!(!written.contains("noise"), "{written:?}");
    for who in ["library", "driver", "child"] {
        assert!(log.contains(&format!("noise of a {who}")), "{log:?}");
    }
    assert!(behind.contains("back in the shell"), "{behind:?}");
}

#[test]
fn a_panic_of_a_worker_leaves_the_screen_alone() {
    let (written, _) = play("worker panics");
    let (_, behind) = parted(&written);
    assert!(!written.contains("the worker's panic"), "{written:?}");
    assert!(
        behind.contains("back in the shell"),
        "the program went on: {behind:?}"
    );
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_before_it_is_told() {
    let (written, log) = play("screen panics");
    let (during, behind) = parted(&written);
    assert!(!during.contains("panic"), "{during:?}");
    assert!(behind.contains("the screen's panic"), "{behind:?}");
    assert!(
        behind.contains("The log is") && behind.contains("the same command goes on"),
        "{behind:?}"
    );
    assert!(!log.contains("back in the shell"));
}
