//! What becomes of a command whose words nobody takes: closed pipes, full disks, terminals that are closed; and of what
//! libraries print.
#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use autopeft::app::headless::Headless;
use autopeft::app::runtime::Interface;
use autopeft::app::{Severity, State, StudyFacts};
use autopeft::domain::{ReferenceRule, TrialState};
use autopeft::streams;
use insta::{allow_duplicates, assert_snapshot};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::lab::Lab;
use crate::support::stub_study;

/// Standard output or error of which nobody has the other end.
fn closed() -> Stdio {
    let (_, writer) = io::pipe().unwrap();
    writer.into()
}

/// Standard output or error on a disk that is full.
fn full() -> Stdio {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

/// A command, with what came of it.
fn ended(lab: &Lab, arguments: &[&str], out: Stdio, err: Stdio) -> Output {
    let mut command = lab.command(arguments);
    command
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

/// A study of four trials that are over.
fn finished() -> Lab {
    let lab = Lab::new(4, 1);
    lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    lab
}

fn trials_finished(lab: &Lab) -> usize {
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    state.in_state(TrialState::Finished).count()
}

/// Commands that print.
const PRINTING: [&[&str]; 10] = [
    &["status", "study.toml"],
    &["status", "study.toml", "--json"],
    &["check", "study.toml", "--device", "cpu"],
    &["report", "study.toml"],
    &["export", "study.toml"],
    &["keys"],
    &["man"],
    &["completions", "bash"],
    &["--help"],
    &["run", "--help"],
];

#[test]
fn a_reader_that_has_had_enough_of_what_is_printed_is_no_failure() {
    let lab = finished();
    for arguments in PRINTING {
        let output = ended(&lab, arguments, closed(), Stdio::piped());
        allow_duplicates! { assert_snapshot!(lab.told(&output), @"exit code 0"); }
    }
    // All of the work is done, whoever has seen enough of it.
    for name in ["report.html", "report.md", "export/front.csv"] {
        assert!(lab.path("runs/tiny").join(name).is_file(), "{name}");
    }
}

#[test]
fn what_a_command_found_out_is_its_exit_code_whether_or_not_somebody_reads_why() {
    let lab = Lab::new(4, 1);
    let rows = "{\"text\": \"the red cat\", \"label\": 0}\n".repeat(8);
    for file in ["train.jsonl", "validation.jsonl"] {
        fs::write(lab.path(file), &rows).unwrap();
    }
    let check = ["check", "study.toml", "--device", "cpu"];
    for (out, err) in [(closed(), Stdio::piped()), (closed(), closed())] {
        assert_eq!(ended(&lab, &check, out, err).status.code(), Some(2));
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let lab = finished();
    for arguments in PRINTING {
        let output = ended(&lab, arguments, full(), Stdio::piped());
        allow_duplicates! {
            assert_snapshot!(lab.told(&output), @r"
            exit code 1
            error: cannot write to standard output: No space left on device (os error 28)
            ");
        }
        let output = ended(&lab, arguments, full(), full());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let output = ended(&lab, arguments, full(), closed());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn words_on_standard_error_that_are_lost_make_success_an_error_and_never_a_panic() {
    let lab = finished();
    // Nothing is to be said there.
    let status = ["status", "study.toml"];
    assert_eq!(
        ended(&lab, &status, Stdio::null(), full()).status.code(),
        Some(0)
    );
    // The study file asks for other rows than the study has.
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    fs::write(
        lab.path("study.toml"),
        study.replace("seed = 3", "seed = 4"),
    )
    .unwrap();
    assert_eq!(
        ended(&lab, &status, Stdio::null(), Stdio::piped())
            .status
            .code(),
        Some(0)
    );
    assert_eq!(
        ended(&lab, &status, Stdio::null(), full()).status.code(),
        Some(1)
    );
    assert_eq!(
        ended(&lab, &status, Stdio::null(), closed()).status.code(),
        Some(0)
    );
    for (arguments, code) in [
        (&["--nonsense"][..], 2),
        (&["status", "absent.toml"], 2),
        (&["run", "study.toml", "--headless"], 2),
    ] {
        for err in [full(), closed()] {
            let output = ended(&lab, arguments, Stdio::null(), err);
            assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        }
    }
}

#[test]
fn a_run_whose_lines_nobody_takes_stops_with_everything_saved() {
    let run = ["run", "study.toml", "--headless", "--device", "cpu"];
    let lab = Lab::new(4, 1);
    let output = ended(&lab, &run, closed(), Stdio::piped());
    assert_snapshot!(lab.told(&output), @r"
    exit code 130
    stopped after 0 of 4 trials: cannot write to standard output: Broken pipe (os error 32); the same command goes on from here
    ");
    let output = ended(&lab, &run, full(), Stdio::piped());
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    stopped after 0 of 4 trials: cannot write to standard output: No space left on device (os error 28); the same command goes on from here
    error: cannot write to standard output: No space left on device (os error 28)
    ");
    assert_eq!(
        ended(&lab, &run, closed(), closed()).status.code(),
        Some(130)
    );
    assert_eq!(ended(&lab, &run, full(), full()).status.code(), Some(1));
    assert_eq!(trials_finished(&lab), 0);
    lab.text(&run);
    // Of a study that is complete nothing is left to be done.
    assert_eq!(
        ended(&lab, &run, closed(), Stdio::piped()).status.code(),
        Some(0)
    );
    // But a file that could not be written is told.
    assert_snapshot!(lab.told(&ended(&lab, &run, full(), Stdio::piped())), @r"
    exit code 1
    error: cannot write to standard output: No space left on device (os error 28)
    ");
}

#[test]
fn a_pipe_that_does_not_wait_loses_no_line() {
    let (mut reader, writer) = io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let lab = Lab::new(1, 1);
    let child = lab.command(&["keys"]).stdout(Stdio::from(writer)).spawn();
    let mut child = child.unwrap();
    // Longer than the pipe is.
    thread::sleep(Duration::from_millis(300));
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(read, lab.text(&["keys"]));
}

#[test]
fn a_reader_that_reads_nothing_does_not_keep_the_run_from_stopping() {
    let (reader, mut writer) = io::pipe().unwrap();
    // Full, as after many lines.
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'\n'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let lab = Lab::new(6, 5000);
    let run = ["run", "study.toml", "--headless", "--device", "cpu"];
    let mut command = lab.command(&run);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let begun = Instant::now();
    while !lab.path("runs/tiny/journal.jsonl").exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it does not begin"
        );
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(300));
    let number = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &number]).status();
    assert!(sent.unwrap().success());
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it waits for its reader");
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(reader);
}

/// Runs the study on the screen of a terminal of its own, behind commands of a shell, and closes that while a trial is
/// trained. The exit code, the log, and what was left in the folder for temporary files.
fn hung_up(lab: &Lab, commands: &str) -> (Option<i32>, String, usize) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize {
        ws_row: 40,
        ws_col: 120,
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
    let stdio = || Stdio::from(end.try_clone().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let script = format!("{commands} exec \"$@\"");
    let mut child = Command::new("setsid")
        .args([
            "--ctty",
            "bash",
            "-c",
            &script,
            "bash",
            env!("CARGO_BIN_EXE_autopeft-tui"),
        ])
        .args(["study.toml", "--device", "cpu"])
        .current_dir(lab.folder.path())
        .env("TERM", "xterm-256color")
        .env("TMPDIR", temporary.path())
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .unwrap();
    drop(end);
    let mut reader = File::from(terminal);
    let begun = Instant::now();
    let under_way = || fs::read_to_string(lab.path("runs/tiny/journal.jsonl")).unwrap_or_default();
    while !under_way().contains("trial_epoch") {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing is trained"
        );
        let mut buffer = [0; 1 << 16];
        let _ = reader.read(&mut buffer);
    }
    drop(reader);
    let begun = Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if begun.elapsed() > Duration::from_secs(30) => {
                child.kill().unwrap();
                panic!("it goes on without its terminal");
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let log = fs::read_to_string(lab.path("runs/tiny/log.txt")).unwrap();
    (code, log, fs::read_dir(temporary.path()).unwrap().count())
}

#[test]
fn a_terminal_that_is_closed_stops_the_run_without_a_word() {
    // Also where the signal that tells of it is ignored.
    for commands in ["", "trap '' HUP;"] {
        let lab = Lab::new(6, 5000);
        let (code, log, left) = hung_up(&lab, commands);
        assert_eq!((code, left), (Some(130), 0), "{commands}");
        // The signal, the keyboard and the picture race for being the first to tell.
        let log = log.replace(
            ": the terminal is gone (Input/output error (os error 5))",
            "",
        );
        let log = log.replace(
            ": the terminal is gone (No such device or address (os error 6))",
            "",
        );
        allow_duplicates! {
            assert_snapshot!(log, @"stopped after 0 of 6 trials; the same command goes on from here");
        }
        assert!(lab.path("runs/tiny/under-way/trial-0.training").is_file());
        assert_eq!(trials_finished(&lab), 0);
    }
}

/// Asks the tensor library to print and to write everywhere.
const TALKATIVE: &str = r#"
[autodiff.logger]
level = "full"
stdout = true
stderr = true
file = "planted/autodiff.txt"
[fusion.logger]
level = "full"
stdout = true
file = "planted/fusion.txt"
[cubecl.compilation.logger]
level = "full"
stdout = true
file = "planted/cubecl.txt"
"#;

#[test]
fn files_that_others_leave_for_the_tensor_library_mean_nothing() {
    let text = |out: Vec<u8>| String::from_utf8(out).unwrap();
    for (name, place) in [
        ("burn.toml", "."),
        ("Burn.toml", "."),
        ("cubecl.toml", "."),
        ("burn.toml", "deep/down"),
    ] {
        let lab = Lab::new(4, 1);
        let folder = lab.path(place);
        fs::create_dir_all(&folder).unwrap();
        let study = lab.path("study.toml").display().to_string();
        let output = |command: &str| {
            let arguments = [command, &study, "--device", "cpu"];
            let mut command = lab.command(&arguments);
            command.current_dir(&folder).output().unwrap()
        };
        let plain = output("run");
        fs::rename(folder.join("runs"), lab.path("aside")).unwrap();
        for words in [TALKATIVE, "[autodiff\n"] {
            fs::write(lab.path(name), words).unwrap();
            for (command, length) in [
                ("run", plain.stdout.len()),
                ("check", 10_000),
                ("status", 10_000),
            ] {
                let ended = output(command);
                assert_eq!(lab.told(&ended), "exit code 0\n", "{name} {command}");
                let said = text(ended.stdout);
                let strange = said.contains("NodeId") || said.len() > length + 100;
                assert!(!strange, "{name} {command}: {said}");
            }
            fs::remove_dir_all(folder.join("runs")).unwrap();
        }
        assert!(!folder.join("planted").exists() && !lab.path("planted").exists());
    }
}

/// Set for the second process only.
const SECOND: &str = "AUTOPEFT_TEST_STREAMS";

/// Plays a program with a library that prints, where it is told to; does nothing in the ordinary run of the tests.
#[test]
fn a_program_with_a_library_that_prints() {
    if std::env::var_os(SECOND).is_none() {
        return;
    }
    streams::own().unwrap();
    for line in 0..3 {
        println!("printed by a library {line}");
        writeln!(streams::output(), "said by the program {line}").unwrap();
    }
    writeln!(streams::error(), "told by the program").unwrap();
    streams::finish().unwrap();
}

#[test]
fn what_a_library_prints_is_not_between_the_lines_of_standard_output() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "streams::a_program_with_a_library_that_prints",
            "--nocapture",
        ])
        .env(SECOND, "1")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    let said: String = (0..3)
        .map(|line| format!("said by the program {line}\n"))
        .collect();
    assert!(out.contains(&said) && !out.contains("library"), "{out}");
    assert_eq!(err.matches("printed by a library").count(), 3, "{err}");
    assert!(err.contains("told by the program\n"), "{err}");
}

#[test]
fn headless_goes_on_telling_after_hundreds_of_notices() {
    let mut state = State::new(StudyFacts {
        format: 3,
        name: "talkative".to_owned(),
        seed: 1,
        space: stub_study::space(),
        reference_rule: ReferenceRule {
            score: None,
            parameters_percent: None,
        },
        settings: serde_json::json!({}),
        identity: None,
    });
    let mut told = Vec::new();
    let mut headless = Headless::new(&mut told, false);
    for number in 0..1200 {
        state.notify(Severity::Warning, format!("notice {number}"));
        headless.show(&state).unwrap();
    }
    headless.show(&state).unwrap();
    for number in 1200..1900 {
        state.notify(Severity::Warning, format!("notice {number}"));
    }
    headless.show(&state).unwrap();
    let lines = (0..1200)
        .chain(1400..1900)
        .map(|number| format!("notice {number}\n"));
    let mut lines: Vec<String> = lines.collect();
    lines.insert(
        1200,
        "too many notices at once: 200 were left out\n".to_owned(),
    );
    let expected = format!("0 of 0 trials are over\n{}", lines.concat());
    assert_eq!(String::from_utf8(told).unwrap(), expected);
}
