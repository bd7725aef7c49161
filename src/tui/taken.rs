//! The terminal, taken and given back however the program ends.
//!
//! While the screen is up, standard output and error lead to the log: whatever a library, a driver or a child writes
//! there, it never reaches the screen, which is drawn through a handle of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::OwnedFd;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};
use std::thread;
use std::time::Duration;

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::threads::swallowed;
use crate::{durable, streams};

/// A terminal that takes nothing for so long is left as it is.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);

/// Whether the terminal is ours at this moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Where standard output and error lead when the terminal is not ours, and where while it is.
static STREAMS: OnceLock<Streams> = OnceLock::new();

struct Streams {
    /// What is drawn on.
    output: File,
    /// Where what libraries print leads.
    printed: OwnedFd,
    /// None where it is no terminal: then it cannot disturb the screen.
    error: Option<OwnedFd>,
    log: File,
}

/// Restores on drop: for the steps of taking the terminal that may fail half-way.
pub(super) struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// Opens what taking the terminal needs, and has every panic give it back and say that the log lies at `log`. What is
/// drawn on.
pub(super) fn open(log: &Path) -> io::Result<File> {
    let streams = opened(log)?;
    install_panic_hook(log.to_owned());
    streams.output.try_clone()
}

/// The streams as they were at the first call.
fn opened(log: &Path) -> io::Result<&'static Streams> {
    if let Some(streams) = STREAMS.get() {
        return Ok(streams);
    }
    let error = rustix::stdio::stderr();
    let error = error
        .is_terminal()
        .then(|| rustix::io::dup(error))
        .transpose()?;
    let streams = Streams {
        output: File::from(streams::output_descriptor()?),
        printed: rustix::io::dup(rustix::stdio::stdout())?,
        error,
        log: durable::open_own(OpenOptions::new().append(true).create(true), log)?,
    };
    Ok(STREAMS.get_or_init(|| streams))
}

/// Raw mode, the alternate screen, pastes as one event.
pub(super) fn take() -> io::Result<()> {
    let Some(mut streams) = STREAMS.get().map(Streams::parts) else {
        return Err(io::Error::other("the terminal was never entered"));
    };
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(
        streams.output,
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    )?;
    rustix::stdio::dup2_stdout(streams.log)?;
    if streams.error.is_some() {
        rustix::stdio::dup2_stderr(streams.log)?;
    }
    Ok(())
}

/// Gives the terminal back, once, from any thread. Errors are passed over: there is nobody left to tell. Where the terminal
/// is gone, or takes nothing, what is said goes on leading to the log: many libraries panic where they cannot print.
pub fn restore() {
    let Some(mut streams) = STREAMS.get().map(Streams::parts) else {
        return;
    };
    if TAKEN.swap(false, Ordering::SeqCst) {
        let shown = match takes_more(streams.output) {
            true => execute!(
                streams.output,
                EndSynchronizedUpdate,
                DisableBracketedPaste,
                DisableMouseCapture,
                LeaveAlternateScreen,
                cursor::Show
            ),
            false => Err(io::ErrorKind::TimedOut.into()),
        };
        let _ = disable_raw_mode();
        if shown.is_err() {
            return;
        }
        let _ = rustix::stdio::dup2_stdout(streams.printed);
        if let Some(error) = streams.error {
            let _ = rustix::stdio::dup2_stderr(error);
        }
    }
}

/// Whether a terminal takes output, now or soon: one that was stopped, or whose other end reads nothing, would hold the
/// program for ever.
fn takes_more(terminal: &File) -> bool {
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(PATIENCE.subsec_nanos()),
    };
    let mut waiting = [PollFd::new(terminal, PollFlags::OUT)];
    poll(&mut waiting, Some(&patience)).is_ok_and(|ready| ready > 0)
}

/// [`Streams`], so that a shared file can be written to.
struct Parts {
    output: &'static File,
    printed: &'static OwnedFd,
    error: Option<&'static OwnedFd>,
    log: &'static File,
}

impl Streams {
    fn parts(&'static self) -> Parts {
        Parts {
            output: &self.output,
            printed: &self.printed,
            error: self.error.as_ref(),
            log: &self.log,
        }
    }
}

/// A panic of the thread that draws ends the program: the terminal is given back before anything is said.
/// A panic of another thread is caught at that thread's edge: it goes to the log and leaves the screen alone; one that a
/// library swallows is only noted.
fn install_panic_hook(log: PathBuf) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let drawing = thread::current().id();
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if swallowed::is_here() {
                return previous(panic);
            }
            let on_screen = TAKEN.load(Ordering::SeqCst);
            let ends_the_program = thread::current().id() == drawing;
            if ends_the_program {
                restore();
            }
            tracing::error!("{panic}");
            // Line by line, for a line is what a log is made of.
            let trace = std::backtrace::Backtrace::force_capture().to_string();
            trace.lines().for_each(|line| tracing::error!("{line}"));
            if ends_the_program || !on_screen {
                previous(panic);
            }
            if ends_the_program && on_screen {
                let log = log.display();
                // Nobody may be there to read it.
                let _ = writeln!(
                    streams::error(),
                    "The log is {log}. Finished trials are saved; the same command goes on."
                );
            }
        }));
    });
}
