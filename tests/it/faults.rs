//! What happens around the program: disks that fill up, folders that go, signals, workers that end. Each ends in a
//! message that says what to do, with everything finished safe.
#![cfg(unix)]

use crate::support::stub_study;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::support::lab::Lab;
use autopeft::app::State;
use autopeft::app::headless::Headless;
use autopeft::app::runtime::Ending;
use autopeft::domain::{Job, TrialId, TrialState};
use autopeft::executor::{Executor, ExecutorEvent};
use crossbeam_channel::{Receiver, Sender, bounded};
use insta::assert_snapshot;

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

/// Runs the study in a shell that may write no file larger than `kibibytes`, as if the disk were full from there on.
fn run_on_small_disk(lab: &Lab, kibibytes: u32) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"");
    let program = env!("CARGO_BIN_EXE_autopeft-tui");
    let mut shell = Command::new("bash");
    shell.args(["-c", &script, "bash", program]).args(RUN);
    shell.current_dir(lab.folder.path()).stdin(Stdio::null());
    shell.output().unwrap()
}

fn finished(lab: &Lab) -> Vec<(TrialId, f64)> {
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    let done = state.in_state(TrialState::Finished);
    done.map(|trial| (trial.id, trial.measurement.unwrap().objectives.score))
        .collect()
}

fn send(signal: &str, child: &Child) {
    let number = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &number])
            .status()
            .unwrap()
            .success()
    );
}

/// Starts a study that would take long, and waits until it trains.
fn training() -> (Lab, Child) {
    let lab = Lab::new(6, 5000);
    let mut command = lab.command(&RUN);
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until(|| lab.path("runs/tiny/journal.jsonl"), "trial_epoch");
    (lab, child)
}

fn wait_until(path: impl Fn() -> std::path::PathBuf, word: &str) {
    let begun = Instant::now();
    while !fs::read_to_string(path())
        .unwrap_or_default()
        .contains(word)
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "no {word}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end(child: Child) -> (Output, Duration) {
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    (output, begun.elapsed())
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing() {
    let lab = Lab::new(6, 3);
    lab.add_to_study("[output]\nkeep_adapters = false\ncheckpoint_seconds = 3600\n");
    let full = run_on_small_disk(&lab, 6);
    assert_snapshot!(lab.told(&full), @r"
    exit code 1
    error: cannot write to runs/tiny/journal.jsonl: File too large (os error 27); raise the limit on the size of files (`ulimit -f`). Everything before it is safe: run the same command again to go on
    ");
    let before = finished(&lab);
    assert!(!before.is_empty());
    lab.text(&RUN);
    let after = finished(&lab);
    assert_eq!(after.len(), 6);
    assert_eq!(after[..before.len()], before);
}

#[test]
fn weights_that_do_not_fit_on_the_disk_pause_the_study() {
    let lab = Lab::new(6, 1);
    // The weights of every configuration are larger than the journal.
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = study.replace("sizes = [0, 1, 4, 16]", "sizes = [64, 128]");
    fs::write(lab.path("study.toml"), study).unwrap();
    let full = run_on_small_disk(&lab, 12);
    assert_snapshot!(lab.told(&full), @r"
    exit code 1
    error: cannot keep the trained weights in runs/tiny/weights/trial-2.safetensors: File too large (os error 27); free some space there, or keep the runs elsewhere with --runs
    ");
    let weights = fs::read_dir(lab.path("runs/tiny/weights")).unwrap();
    assert_eq!(weights.count(), 0, "no file is left that is not whole");
}

#[test]
fn a_folder_that_may_not_be_written_is_refused() {
    let lab = Lab::new(4, 1);
    let program = lab.path("program");
    fs::copy(env!("CARGO_BIN_EXE_autopeft-tui"), &program).unwrap();
    for path in [lab.path("."), program.clone()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
    }
    let mut command = Command::new(&program);
    command
        .args(RUN)
        .current_dir(lab.folder.path())
        .stdin(Stdio::null());
    // Permissions mean nothing to the superuser: become nobody.
    let is_superuser = fs::write(lab.path("written"), "").is_ok();
    if is_superuser {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    fs::set_permissions(lab.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    error: cannot create runs/tiny: Permission denied (os error 13); change its permissions, or keep the runs in a folder of your own with --runs
    ");
}

#[test]
fn runs_that_are_a_file_are_refused() {
    let lab = Lab::new(4, 1);
    fs::write(lab.path("runs"), "").unwrap();
    assert_snapshot!(lab.told(&lab.output(&RUN)), @r"
    exit code 1
    error: cannot create runs/tiny: File exists (os error 17); a file is where a folder should be: move it away, or keep the runs elsewhere with --runs
    ");
}

#[test]
fn a_folder_that_vanishes_ends_the_run() {
    let (lab, child) = training();
    fs::rename(lab.path("runs"), lab.path("elsewhere")).unwrap();
    let (output, _) = end(child);
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    error: cannot write to runs/tiny/journal.jsonl: No such file or directory (os error 2); the folder has gone: put it back, or start anew in another one with --runs. Everything before it is safe: run the same command again to go on
    ");
}

#[test]
fn a_hang_up_or_an_interruption_stops_the_run_resumably() {
    for signal in ["-HUP", "-INT"] {
        let (lab, child) = training();
        send(signal, &child);
        let (output, _) = end(child);
        insta::allow_duplicates! {
        assert_snapshot!(lab.told(&output), @r"
    exit code 130
    stopped after 0 of 6 trials; the same command goes on from here
    ");
                }
        assert!(lab.path("runs/tiny/under-way/trial-0.training").is_file());
    }
}

#[test]
fn a_second_interruption_ends_the_run_at_once() {
    let (lab, child) = training();
    send("-INT", &child);
    send("-INT", &child);
    let (output, time) = end(child);
    assert_eq!(output.status.code(), Some(130));
    assert!(time < Duration::from_secs(5), "{time:?}");
    assert!(finished(&lab).is_empty());
}

#[test]
fn a_reader_that_has_had_enough_stops_the_run_resumably() {
    let lab = Lab::new(6, 5000);
    let mut command = lab.command(&RUN);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("epoch") {}
    drop(lines);
    let (output, _) = end(child);
    assert_snapshot!(lab.told(&output), @"exit code 0");
    assert!(lab.path("runs/tiny/under-way/trial-0.training").is_file());
}

#[test]
fn a_death_without_a_word_is_told_at_the_next_start() {
    let (lab, mut child) = training();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut command = lab.command(&RUN);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.find_map(|line| {
        line.unwrap()
            .split_once("without a word")
            .map(|(_, rest)| rest.to_owned())
    });
    while !lines.next().unwrap().unwrap().contains("epoch") {}
    // Asked to stop, it leaves no such doubt.
    send("-TERM", &child);
    while lines.next().is_some() {}
    end(child);
    assert_snapshot!(told.unwrap(), @" while trial #0 was under way, 1 times in a row: it was killed, or the machine ran out of memory or power. The trial goes on from its last checkpoint; cancel it if it is to blame");
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    assert!(state.deaths.is_empty(), "{:?}", state.deaths);
}

#[test]
fn a_second_start_says_who_works_there_and_offers_to_watch() {
    let (lab, mut child) = training();
    let second = lab.output(&RUN);
    let number = format!("process {} on ", child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    let told = lab.told(&second);
    let (before, after) = told.split_once(&number).unwrap();
    let (_, after) = after.split_once(';').unwrap();
    assert_snapshot!(format!("{before}PROCESS ON HOST;{after}"), @r"
    exit code 1
    error: another program is working on this study: PROCESS ON HOST; watch it with `autopeft-tui watch STUDY.toml`, wait for it, or stop it there (the lock is runs/tiny/lock)
    ");
}

/// Takes one job, begins it and ends without a word.
struct Vanishing {
    sender: Mutex<Option<Sender<ExecutorEvent>>>,
    events: Receiver<ExecutorEvent>,
}

impl Vanishing {
    fn start() -> Self {
        let (sender, events) = bounded(256);
        let device = "a formula".to_owned();
        sender.send(ExecutorEvent::Ready { device }).unwrap();
        Self {
            sender: Mutex::new(Some(sender)),
            events,
        }
    }
}

impl Executor for Vanishing {
    fn capacity(&self) -> usize {
        1
    }

    fn submit(&self, job: Job) {
        if let Some(sender) = self.sender.lock().unwrap().take() {
            sender.send(ExecutorEvent::Started(job.trial)).unwrap();
        }
    }

    fn pause(&self, _: TrialId) {}

    fn resume(&self, _: TrialId) {}

    fn cancel(&self, _: TrialId) {}

    fn stop(&self) {}

    fn events(&self) -> &Receiver<ExecutorEvent> {
        &self.events
    }
}

#[test]
fn a_worker_that_ends_without_a_word_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut runtime = stub_study::runtime(folder.path(), Vanishing::start(), 3).unwrap();
    let ending = runtime
        .run(&mut Headless::new(std::io::sink(), false))
        .unwrap();
    let Ending::Failed(reason) = ending else {
        panic!("{ending:?}");
    };
    assert_snapshot!(reason, @"the training worker ended unexpectedly; please report this with the log");
}
