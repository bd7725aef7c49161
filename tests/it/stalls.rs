//! What would be waited for ever: a journal, a lock or a log that is a pipe. None is, and no signal is needed.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::support::lab::Lab;

fn pipe(lab: &Lab, name: &str) {
    let path = lab.path(name);
    let _ = fs::remove_file(&path);
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
}

/// The exit code and what is said, at once.
fn told(lab: &Lab, arguments: &[&str]) -> String {
    let begun = Instant::now();
    let mut child = lab
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    lab.told(&child.wait_with_output().unwrap())
}

#[test]
fn a_journal_that_is_no_file_is_an_error_at_once() {
    let lab = Lab::new(4, 1);
    fs::create_dir_all(lab.path("runs/tiny")).unwrap();
    pipe(&lab, "runs/tiny/journal.jsonl");
    let run = ["run", "study.toml", "--headless", "--device", "cpu"];
    let first = told(&lab, &run);
    for other in [
        &["watch", "study.toml"][..],
        &["status", "study.toml"],
        &["report", "study.toml"],
        &["export", "study.toml"],
        &["study.toml"],
    ] {
        assert_eq!(told(&lab, other), first, "{other:?}");
    }
    assert_snapshot!(first, @r"
    exit code 1
    error: cannot read runs/tiny/journal.jsonl: it is a named pipe; expected a file; move it away, or keep the runs elsewhere with --runs
    ");
    fs::remove_file(lab.path("runs/tiny/journal.jsonl")).unwrap();
    fs::create_dir(lab.path("runs/tiny/journal.jsonl")).unwrap();
    assert_snapshot!(told(&lab, &run), @r"
    exit code 1
    error: cannot read runs/tiny/journal.jsonl: it is a folder; expected a file; move it away, or keep the runs elsewhere with --runs
    ");
    fs::remove_dir(lab.path("runs/tiny/journal.jsonl")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", lab.path("runs/tiny/journal.jsonl")).unwrap();
    assert_snapshot!(told(&lab, &run), @r"
    exit code 1
    error: cannot read runs/tiny/journal.jsonl: it is a device; expected a file; move it away, or keep the runs elsewhere with --runs
    ");
    assert_snapshot!(told(&lab, &["watch", "study.toml"]), @r"
    exit code 1
    error: cannot read runs/tiny/journal.jsonl: it is a device; expected a file; move it away, or keep the runs elsewhere with --runs
    ");
}

#[test]
fn a_lock_that_is_no_file_is_waited_for_by_nobody() {
    let lab = Lab::new(4, 1);
    let run = ["run", "study.toml", "--headless", "--device", "cpu"];
    lab.text(&run);
    pipe(&lab, "runs/tiny/lock");
    for command in ["status", "report", "export"] {
        let told = told(&lab, &[command, "study.toml"]);
        assert!(told.starts_with("exit code 0"), "{command}: {told}");
    }
    assert!(told(&lab, &run).starts_with("exit code"), "it ends");
}

#[test]
fn a_manifest_that_is_no_file_is_an_error_at_once() {
    let lab = Lab::new(4, 1);
    lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    let export = ["export", "study.toml", "--format", "csv,manifest"];
    lab.text(&export);
    pipe(&lab, "runs/tiny/export/manifest.json");
    let first = told(&lab, &export);
    assert_eq!(told(&lab, &["verify", "runs/tiny/export"]), first);
    assert_snapshot!(first, @"
    exit code 1
    error: cannot read runs/tiny/export/manifest.json: it is a named pipe; expected a file
    ");
}
