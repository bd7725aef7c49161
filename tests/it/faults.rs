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
use autopeft::app::headless::Headless;
use autopeft::app::runtime::{Ending, Interface};
use autopeft::app::{Message, State};
use autopeft::domain::{Cause, Job, TrialId, TrialState};
use autopeft::executor::{Executor, ExecutorEvent};
use autopeft::journal::Record;
use crossbeam_channel::{Receiver, Select, Sender, bounded, unbounded};
use insta::assert_snapshot;

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

/// Runs the study in a shell that may write no file larger than `kibibytes`, as if the disk were full from there on.
fn run_on_small_disk(lab: &Lab, kibibytes: u32) -> Output {
    run_behind(lab, &format!("trap '' XFSZ; ulimit -f {kibibytes}"))
}

/// Runs the study after commands of a shell, which hold for it too.
fn run_behind(lab: &Lab, commands: &str) -> Output {
    let script = format!("{commands}; exec \"$@\"");
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
    // Nothing was wrong with the trials: once there is space, they get another attempt.
    let log = lab.text(&RUN);
    assert_eq!(
        log.matches(" is tried again: its weights").count(),
        3,
        "{log}"
    );
    assert_eq!(finished(&lab).len(), 6);
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
    error: cannot read runs/tiny/journal.jsonl: Not a directory (os error 20); a file is where a folder should be: move it away, or keep the runs elsewhere with --runs
    ");
}

#[test]
fn a_folder_that_vanishes_ends_the_run() {
    let (lab, child) = training();
    fs::rename(lab.path("runs"), lab.path("elsewhere")).unwrap();
    let (output, _) = end(child);
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    error: runs/tiny/journal.jsonl was moved away, or its folder was, while this program worked: nothing further is written there. What it holds is safe where it lies now: move away what may lie in its place by now, move it back, and run the same command again to go on
    ");
    // The advice leads back: nothing came into the folder's place meanwhile.
    assert!(!lab.path("runs").exists());
    fs::rename(lab.path("elsewhere"), lab.path("runs")).unwrap();
    lab.text(&["status", "study.toml"]);
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
    assert_snapshot!(lab.told(&output), @r"
    exit code 130
    stopped after 0 of 6 trials: cannot write to standard output: Broken pipe (os error 32); the same command goes on from here
    ");
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
    // What the system counted of its memory killer meanwhile is this machine's.
    let told = told.unwrap();
    let (before, after) = told.split_once(": ").unwrap();
    let (why, after) = after.split_once(". ").unwrap();
    assert!(why.contains("killed"), "{why}");
    assert_snapshot!(format!("{before}: WHY. {after}"), @" while trial #0 was under way, 1 times in a row: WHY. The trial goes on from its last checkpoint; cancel it if it is to blame");
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    assert!(state.deaths.is_empty(), "{:?}", state.deaths);
}

#[test]
fn a_trial_for_which_memory_does_not_suffice_is_set_aside_and_the_study_goes_on() {
    let lab = Lab::new(4, 1);
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = study.replace("sizes = [0, 1, 4, 16]", "sizes = [65536]");
    let study = study.replace("batch_size = 8", "batch_size = 160");
    fs::write(lab.path("study.toml"), study).unwrap();
    // The system promises no memory beyond this: the first large tensor ends the program.
    let run = || run_behind(&lab, "ulimit -c 0; ulimit -v 380000");
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for _ in 0..5 {
        let output = run();
        assert_eq!(output.status.code(), None, "{}", told(&output));
        assert!(
            told(&output).contains("memory allocation of"),
            "{}",
            told(&output)
        );
    }
    let sixth = String::from_utf8(run().stdout).unwrap();
    let failed = sixth.lines().find(|line| line.contains("failed")).unwrap();
    assert_snapshot!(failed, @"trial #0 failed: the program ended without a word while this trial was under way, 5 times in a row and before anything of it was kept: it was killed, or the machine ran out of memory. It is set aside; retry it once the cause is mended");
    // The others need more, which is foretold.
    let rest = "every configuration of the space that fits the device's memory was tried";
    assert!(sixth.contains(rest), "{sixth}");
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    assert_eq!(state.trials[0].state, TrialState::Failed);
}

#[test]
fn a_clock_that_was_set_back_changes_nothing() {
    let lab = Lab::new(6, 3);
    lab.text(&[&RUN[..], &["--trials", "3"]].concat());
    let before = finished(&lab);
    // Everything was written a century from now.
    let path = lab.path("runs/tiny/journal.jsonl");
    let mut ahead = String::new();
    let journal = fs::read_to_string(&path).unwrap();
    for text in journal.trim_end().split(['\n', '\t']) {
        let (_, rest) = text[9..].split_once(',').unwrap();
        let json = format!("{{\"unix_seconds\":4900000000.5,{rest}");
        ahead.push_str(&format!(
            "{:08x} {json}\n",
            crc32fast::hash(json.as_bytes())
        ));
    }
    fs::write(&path, ahead).unwrap();
    lab.text(&["watch", "study.toml", "--picture", "screen.svg"]);
    let picture = fs::read_to_string(lab.path("screen.svg")).unwrap();
    assert!(picture.contains("within\u{a0}the\u{a0}last"), "{picture}");
    lab.text(&RUN);
    let after = finished(&lab);
    assert_eq!((after.len(), &after[..3]), (6, &before[..]));
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    for trial in &state.trials {
        let times = trial.epochs.iter().map(|epoch| epoch.wall_seconds);
        assert!(times.clone().all(|time| time > 0.0) && times.is_sorted());
    }
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

/// Takes one job, begins it and ends: without a word, or because its device was lost.
struct Failing {
    lost: Option<String>,
    sender: Mutex<Option<Sender<ExecutorEvent>>>,
    events: Receiver<ExecutorEvent>,
}

impl Failing {
    fn start(lost: Option<&str>) -> Self {
        let (sender, events) = bounded(256);
        let device = "a formula".to_owned();
        sender
            .send(ExecutorEvent::Ready { device, room: None })
            .unwrap();
        Self {
            lost: lost.map(str::to_owned),
            sender: Mutex::new(Some(sender)),
            events,
        }
    }
}

impl Executor for Failing {
    fn capacity(&self) -> usize {
        1
    }

    fn submit(&self, job: Job) {
        let mut sender = self.sender.lock().unwrap();
        let Some(events) = sender.take() else { return };
        events.send(ExecutorEvent::Started(job.trial)).unwrap();
        if let Some(said) = self.lost.clone() {
            events.send(ExecutorEvent::Paused(job.trial)).unwrap();
            let cause = Cause::DeviceLost { said };
            events.send(ExecutorEvent::Unavailable { cause }).unwrap();
            *sender = Some(events);
        }
    }

    fn pause(&self, _: TrialId) {}

    fn resume(&self, _: TrialId) {}

    fn cancel(&self, _: TrialId) {}

    fn stop(&self) {
        if let Some(events) = &*self.sender.lock().unwrap() {
            events.send(ExecutorEvent::Stopped).unwrap();
        }
    }

    fn events(&self) -> &Receiver<ExecutorEvent> {
        &self.events
    }
}

/// How a run ends whose executor fails, and the study afterwards.
fn ended(executor: Failing) -> (String, State) {
    let folder = tempfile::tempdir().unwrap();
    let mut runtime = stub_study::runtime(folder.path(), executor, 3).unwrap();
    let ending = runtime
        .run(&mut Headless::new(std::io::sink(), false))
        .unwrap();
    drop(runtime);
    let Ending::Failed(reason) = ending else {
        panic!("{ending:?}");
    };
    (reason, State::recorded(folder.path()).unwrap())
}

#[test]
fn a_worker_that_ends_without_a_word_ends_the_run() {
    let (reason, _) = ended(Failing::start(None));
    assert_snapshot!(reason, @"the training worker ended unexpectedly; please report this with the log");
}

#[test]
fn a_lost_device_ends_the_run_and_its_trial_goes_on_at_the_next_start() {
    let (reason, state) = ended(Failing::start(Some("CUDA_ERROR_ECC_UNCORRECTABLE")));
    let expected = "the device was lost (CUDA_ERROR_ECC_UNCORRECTABLE)";
    assert!(reason.starts_with(expected), "{reason}");
    assert_eq!(state.trials[0].state, TrialState::Queued);
    assert_eq!(state.in_state(TrialState::Failed).count(), 0);
}

/// Somebody who presses a key now and then, and counts how long the answers take.
struct AtTheKeys {
    keys: Receiver<Instant>,
    waiting: Vec<Instant>,
    answers: Vec<Duration>,
}

impl Interface for AtTheKeys {
    fn take_messages(&mut self, _: &State) -> Vec<Message> {
        self.waiting.extend(self.keys.try_iter());
        Vec::new()
    }

    fn watch<'a>(&'a self, select: &mut Select<'a>) {
        select.recv(&self.keys);
    }

    fn recorded(&mut self, _: &Record, _: &State) -> std::io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn show(&mut self, _: &State) -> std::io::Result<()> {
        let answered = self.waiting.drain(..);
        self.answers
            .extend(answered.map(|pressed| pressed.elapsed()));
        Ok(())
    }

    fn leaves_when_complete(&self) -> bool {
        true
    }
}

#[test]
fn a_disk_that_takes_its_time_does_not_keep_the_keys_waiting() {
    const SYNCHRONISATION: Duration = Duration::from_millis(700);
    let folder = tempfile::tempdir().unwrap();
    let executor = stub_study::StubExecutor::start(2);
    let mut runtime =
        stub_study::runtime_on_slow_disk(folder.path(), executor, 2, SYNCHRONISATION).unwrap();
    let (sender, keys) = unbounded();
    // Ends once nobody takes the keys any more.
    std::thread::spawn(move || {
        while sender.send(Instant::now()).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let mut screen = AtTheKeys {
        keys,
        waiting: Vec::new(),
        answers: Vec::new(),
    };
    assert_eq!(runtime.run(&mut screen).unwrap(), Ending::Complete);
    drop(runtime);
    let longest = screen.answers.iter().max().unwrap();
    assert!(screen.answers.len() > 20, "{}", screen.answers.len());
    assert!(*longest < SYNCHRONISATION / 2, "{longest:?}");
    let state = State::recorded(folder.path()).unwrap();
    assert_eq!(state.in_state(TrialState::Finished).count(), 2);
}
