//! What a terminal sends besides keys never presses one: the program itself on a pseudo-terminal, over a line that is slow
//! and cuts.
#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::lab::Lab;

const ANSWER: &[u8] = b"\x1b]11;rgb:eeee/eeee/eeee\x1b\\";
/// The first word of a study that is complete, in the header.
const COMPLETE: &str = "complete";

/// The program on a terminal, and whoever sits before it.
struct Seat {
    child: Child,
    terminal: File,
    written: Arc<Mutex<Vec<u8>>>,
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Seat {
    fn take(lab: &Lab, size: Winsize) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        tcsetwinsize(&terminal, size).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = name.into_string().unwrap();
        let end = (OpenOptions::new().read(true).write(true))
            .open(name)
            .unwrap();
        let stdio = || Stdio::from(end.try_clone().unwrap());
        // The terminal controls the program, as it would after a log-in.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_autopeft-tui")])
            .args(["study.toml", "--device", "cpu"])
            .current_dir(lab.folder.path())
            .env("TERM", "xterm-256color")
            .env("XDG_CONFIG_HOME", lab.path("no-settings"))
            .env_remove("NO_COLOR")
            .env_remove("COLORFGBG")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let terminal = File::from(terminal);
        let mut reader = terminal.try_clone().unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&written);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        Self {
            child,
            terminal,
            written,
        }
    }

    fn written(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, what: &str) {
        let begun = Instant::now();
        while !self.written().contains(what) {
            let written = self.written();
            assert!(begun.elapsed() < Duration::from_secs(60), "{written:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn send(&mut self, bytes: &[u8], pause: Duration) {
        self.terminal.write_all(bytes).unwrap();
        thread::sleep(pause);
    }

    /// The exit code; `q` leaves.
    fn leave(mut self) -> Option<i32> {
        self.send(b"q", Duration::ZERO);
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "still there");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn exports(lab: &Lab) -> usize {
    let journal = fs::read_to_string(lab.path("runs/tiny/journal.jsonl")).unwrap();
    journal.matches("\"exported\"").count()
}

/// A study that is complete: every key does at once what it does.
fn complete() -> Lab {
    let lab = Lab::new(4, 1);
    lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    lab
}

#[test]
fn late_cut_and_foreign_sequences_press_no_key_and_a_late_answer_sets_the_colours() {
    let lab = complete();
    let mut seat = Seat::take(&lab, size(80, 24));
    seat.wait_for(COMPLETE);
    let short = Duration::from_millis(2);
    let long = Duration::from_millis(300);
    for (pieces, pause) in [
        (vec![ANSWER], short),
        (ANSWER.chunks(1).collect(), short),
        (vec![&ANSWER[..1], &ANSWER[1..]], long),
        (vec![&ANSWER[..12], &ANSWER[12..]], long),
        (
            vec![&ANSWER[..ANSWER.len() - 1], &ANSWER[ANSWER.len() - 1..]],
            long,
        ),
        (vec![b"\x9d11;rgb:1e1e/eeee/2e2e\x9c"], short),
        (vec![b"\x1b[>0;276;0c", b"\x1b[?2026;2$y"], short),
        (vec![b"\x1bP1$r", b"eee\x1b\\"], long),
        (vec![b"\x1b[<0;0;0M", b"\x1b[<0;1", b"0;5M"], long),
        (vec![b"\x1b[200~ePq", b"e\x1b[201~"], long),
        (vec![b"Please export everything\n"], short),
    ] {
        for piece in pieces {
            seat.send(piece, pause);
        }
        seat.send(b"", long);
    }
    // A word: what is blank already is not drawn.
    seat.wait_for("presses");
    // Blue, which the dark colours do not have.
    seat.wait_for("38;5;4;49m");
    assert_eq!(exports(&lab), 0);
    seat.send(b"e", Duration::ZERO);
    let begun = Instant::now();
    while exports(&lab) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "keys still work");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(seat.leave(), Some(0));
    assert_eq!(exports(&lab), 1);
}

#[test]
fn every_size_of_a_terminal_can_be_worked_with() {
    let lab = complete();
    let seat = Seat::take(&lab, size(0, 0));
    seat.wait_for(COMPLETE);
    for (columns, rows) in [(1, 1), (u16::MAX, u16::MAX), (0, 0), (u16::MAX, 1), (0, 30)] {
        tcsetwinsize(&seat.terminal, size(columns, rows)).unwrap();
        thread::sleep(Duration::from_millis(200));
    }
    tcsetwinsize(&seat.terminal, size(20, 6)).unwrap();
    seat.wait_for("20×6;");
    // `setsid` has become the program: it was no leader of a group.
    let status = fs::read_to_string(format!("/proc/{}/status", seat.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .and_then(|peak| peak.split_whitespace().next()?.parse().ok())
        .unwrap();
    assert!(peak < 600_000, "{peak} kB");
    assert_eq!(seat.leave(), Some(0));
}

#[test]
fn a_log_that_is_a_pipe_is_an_error_at_once() {
    let lab = complete();
    let log = lab.path("runs/tiny/log.txt");
    let _ = fs::remove_file(&log);
    let made = Command::new("mkfifo").arg(&log).status();
    assert!(made.unwrap().success());
    let mut seat = Seat::take(&lab, size(80, 24));
    assert_eq!(seat.child.wait().unwrap().code(), Some(1));
    seat.wait_for("cannot write the log runs/tiny/log.txt: it is no regular file; move it away");
}
