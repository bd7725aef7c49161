//! Requests of the operating system to stop.

use std::io::{self, Write};
use std::process::exit;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{streams, threads, tui};

/// What a second request leaves for the step at hand before the process ends without it.
const PATIENCE: Duration = Duration::from_secs(1);
/// Exit code of an interrupted run.
const INTERRUPTED: i32 = 130;

/// One message for each SIGINT, SIGTERM or SIGHUP from now on, but for those that are ignored already: whoever started
/// the program with `nohup`, or in the background of a script, meant it. The first asks to stop; a second ends the process,
/// whatever it is doing: after a second at the latest, and with the terminal given back where that is still possible.
///
/// # Errors
/// Where the system refuses the handlers or the thread.
pub fn stop_requests() -> io::Result<Receiver<()>> {
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter();
    let mut signals = Signals::new(heard.filter(|&signal| !is_ignored(signal)))?;
    let (sender, receiver) = unbounded();
    threads::start("signals", move || {
        for (earlier, _) in signals.forever().enumerate() {
            streams::hurry();
            if sender.send(()).is_err() {
                return;
            }
            if earlier == 1 {
                end_soon();
            }
        }
    })?;
    Ok(receiver)
}

/// A file that may not grow beyond a limit of the process (`ulimit -f`) is an error of that write from now on, told as such;
/// unasked, the system ends the process by a signal, and the terminal stays as it is.
pub fn limits_are_errors() {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Whether a signal is ignored, as it was inherited.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: zeros are a value of this plain structure, and without a new action the call only fills it in.
    let (asked, action) = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let asked = libc::sigaction(signal, std::ptr::null(), &raw mut action);
        (asked, action)
    };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// Ends the process unless it ends by itself. Every file is whole or not there, so nothing is lost but steps.
fn end_soon() -> ! {
    thread::sleep(PATIENCE);
    // A terminal that takes no more output must not keep the process alive either.
    if threads::start("last words", last_words).is_ok() {
        thread::sleep(PATIENCE);
    }
    exit(INTERRUPTED);
}

/// Gives the terminal back and ends the process.
fn last_words() {
    tui::restore();
    // Nobody may be there to read it.
    let _ = writeln!(
        streams::error(),
        "stopped at once; everything recorded is safe, and the same command goes on"
    );
    exit(INTERRUPTED);
}
