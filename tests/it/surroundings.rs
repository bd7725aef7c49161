//! What the program inherits from whoever starts it: signals that are ignored, terminals that cannot be drawn on, names
//! that a terminal would obey.
#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::lab::Lab;

/// Runs the study behind commands of a shell until it trains.
fn training_behind(lab: &Lab, commands: &str) -> Child {
    let mut shell = Command::new("bash");
    let script = format!("{commands} exec \"$@\"");
    shell.args(["-c", &script, "bash", env!("CARGO_BIN_EXE_autopeft-tui")]);
    shell.args(["run", "study.toml", "--headless", "--device", "cpu"]);
    shell.current_dir(lab.folder.path());
    let child = (shell.stdin(Stdio::null()).stdout(Stdio::null()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = lab.path("runs/tiny/journal.jsonl");
    let begun = Instant::now();
    while !fs::read_to_string(&journal)
        .unwrap_or_default()
        .contains("trial_epoch")
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "no epoch");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

fn send(signal: &str, child: &Child) {
    let number = child.id().to_string();
    let sent = Command::new("kill").args([signal, &number]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_signal_that_was_ignored_stays_ignored_and_the_others_are_heard() {
    let lab = Lab::new(6, 5000);
    let mut child = training_behind(&lab, "trap '' HUP INT;");
    for signal in ["-HUP", "-INT", "-HUP"] {
        send(signal, &child);
    }
    // Two signals that are heard end the process within two seconds.
    thread::sleep(Duration::from_secs(3));
    assert_eq!(child.try_wait().unwrap(), None, "it goes on");
    send("-TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_signal_that_was_not_ignored_stops_the_run() {
    let lab = Lab::new(6, 5000);
    let mut child = training_behind(&lab, "");
    send("-HUP", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// What the program writes to a terminal of this kind; `keyboard`: whether standard input is that terminal too. The
/// terminal controls no process.
fn on_terminal(lab: &Lab, kind: &str, keyboard: bool, arguments: &[&str]) -> (Option<i32>, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let name = name.into_string().unwrap();
    let end = (OpenOptions::new().read(true).write(true))
        .open(name)
        .unwrap();
    let stdio = || Stdio::from(end.try_clone().unwrap());
    let mut child = Command::new("setsid")
        .args(["--wait", env!("CARGO_BIN_EXE_autopeft-tui")])
        .args(arguments)
        .current_dir(lab.folder.path())
        .env("TERM", kind)
        .stdin(if keyboard { stdio() } else { Stdio::null() })
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .unwrap();
    drop(end);
    let mut reader = File::from(terminal);
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // Ends by an error once nobody has the other end open.
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    let written = String::from_utf8_lossy(&bytes).into_owned();
    (child.wait().unwrap().code(), written)
}

#[test]
fn where_no_screen_can_be_drawn_the_study_runs_without_and_says_so() {
    let run = ["study.toml", "--device", "cpu"];
    for (kind, keyboard, word) in [
        ("dumb", true, "TERM is `dumb`"),
        ("", true, "TERM is not set"),
        ("xterm", false, "there is no keyboard"),
    ] {
        let lab = Lab::new(4, 1);
        let (code, written) = on_terminal(&lab, kind, keyboard, &run);
        assert_eq!(code, Some(0), "{written:?}");
        assert!(!written.contains('\u{1b}'), "{written:?}");
        assert!(
            written.contains("running without the screen") && written.contains(word),
            "{written:?}"
        );
        assert_eq!(written.matches("finished: score").count(), 4, "{written:?}");
        let (code, written) = on_terminal(&lab, kind, keyboard, &["watch", "study.toml"]);
        assert_eq!(code, Some(1), "{written:?}");
        assert!(
            written.contains("no screen can be drawn") && written.contains("status"),
            "{written:?}"
        );
    }
}

#[test]
fn names_from_data_cannot_command_the_terminal() {
    let lab = Lab::new(4, 1);
    let hostile = "te\u{1b}]0;taken\u{7}\u{1b}[2J\u{9b}31m\u{202e}xt";
    let table = format!("{hostile},label\nthe red cat,0\nthe blue cat,1\n");
    fs::write(lab.path("own.csv"), table).unwrap();
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = (study.replace("train.jsonl", "own.csv")).replace("validation.jsonl", "own.csv");
    fs::write(lab.path("study.toml"), study).unwrap();
    for arguments in [
        &["check", "study.toml"][..],
        &["run", "study.toml", "--headless"],
    ] {
        let output = lab.output(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(r"te\u001b]0;taken\u0007"), "{told:?}");
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!told.contains(obeyed), "{told:?}");
    }
}
