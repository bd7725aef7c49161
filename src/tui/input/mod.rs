//! What comes from the terminal and from the shell: keys, pastes, answers, resizes, and that the program stood still.
//!
//! ```text
//! bytes ──▶ parser (sequences, whole however they are cut) ──▶ burst (what no hand types) ──▶ Input
//!              └─ csi: what a whole sequence means
//! ```

mod ascii;
mod burst;
mod csi;
mod parser;
mod paste;
mod state;
#[cfg(test)]
mod tests;
mod text;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};
use crossterm::event::Event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::background::Background;
use crate::threads;
use burst::Bursts;
use parser::Parser;

/// Events that may wait before the reader of the keyboard waits too.
const EVENTS_WAITING: usize = 256;

/// One thing that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key, a click, a paste.
    Terminal(Event),
    /// Text that came faster than anybody types, and is not marked as a paste.
    Burst(String),
    /// What the terminal says is behind its text.
    Background(Background),
    /// The terminal answered the last question.
    Answered,
    /// The terminal began a sequence and keeps silent in the middle of it.
    Unfinished,
    /// The terminal has another size.
    Resized,
    /// The shell, or someone, asks the program to stand still.
    Suspend,
    /// The program goes on after it stood still.
    Continued,
    /// The terminal is gone.
    Gone,
}

/// Reads the terminal and the shell's signals, on a thread each. `asked`: the terminal is going to be asked something, and
/// what looks like an answer is one, however late and in however many pieces it comes.
///
/// # Errors
/// The threads cannot be started, or there is no terminal to read from.
pub fn input(asked: bool) -> io::Result<Receiver<Input>> {
    let (sender, receiver) = bounded(EVENTS_WAITING);
    let mut signals = Signals::new([SIGTSTP, SIGCONT, SIGWINCH])?;
    let jobs = sender.clone();
    let told = move || {
        for signal in signals.forever() {
            let what = match signal {
                SIGTSTP => Input::Suspend,
                SIGWINCH => Input::Resized,
                _ => Input::Continued,
            };
            if jobs.send(what).is_err() {
                return;
            }
        }
    };
    threads::start("job control", told)?;
    let keyboard = Keyboard::find()?;
    let parser = Parser::new(asked.then(Instant::now));
    let keys = move || {
        // Ends with the terminal, or where nobody listens.
        let _ = read(keyboard.file(), parser, &sender);
        let _ = sender.send(Input::Gone);
    };
    threads::start("keyboard", keys)?;
    Ok(receiver)
}

/// Where keys are read from.
enum Keyboard {
    Standard(io::Stdin),
    Controlling(File),
}

impl Keyboard {
    /// Standard input, or else the terminal that controls the process.
    fn find() -> io::Result<Self> {
        let standard = io::stdin();
        match standard.is_terminal() {
            true => Ok(Self::Standard(standard)),
            false => Ok(Self::Controlling(File::open("/dev/tty")?)),
        }
    }

    fn file(&self) -> BorrowedFd<'_> {
        match self {
            Self::Standard(standard) => standard.as_fd(),
            Self::Controlling(terminal) => terminal.as_fd(),
        }
    }
}

/// Until the terminal is gone, or nobody listens.
fn read(keyboard: BorrowedFd, mut parser: Parser, sender: &Sender<Input>) -> io::Result<()> {
    let mut bursts = Bursts::default();
    let mut bytes = [0; 4096];
    loop {
        let heard = match is_ready(keyboard, parser.deadline())? {
            true => {
                let count = match rustix::io::read(keyboard, &mut bytes) {
                    Ok(0) => return Ok(()),
                    Ok(count) => count,
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(error) => return Err(error.into()),
                };
                let now = Instant::now();
                bursts.gather(parser.read(&bytes[..count], now), now)
            }
            false => parser.lapse(Instant::now()),
        };
        for input in heard {
            if sender.send(input).is_err() {
                return Ok(());
            }
        }
    }
}

/// Waits until there is something to read; false: the moment came before.
fn is_ready(keyboard: BorrowedFd, until: Option<Instant>) -> io::Result<bool> {
    let left = until.map(|until| {
        let left = until.saturating_duration_since(Instant::now());
        Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        }
    });
    let mut waiting = [PollFd::new(&keyboard, PollFlags::IN)];
    match poll(&mut waiting, left.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
