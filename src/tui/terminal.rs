//! The terminal: set up, drawn to, and given back however the program ends.
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

use crossbeam_channel::Receiver;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, cursor, execute, queue};
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Screen;
use super::background::QUESTION;
use super::surface::Surface;
use crate::app::State;
use crate::streams;

/// A terminal that takes nothing for so long is left as it is.
const PATIENCE: Duration = Duration::from_millis(300);

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

/// The terminal while it is ours: raw mode, alternate screen, pastes as one event. Given back on drop.
pub struct Terminal {
    inner: ratatui::Terminal<Surface>,
    /// Whether the terminal was told to tell of the mouse.
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal, and has every panic give it back and say that the log lies at `log`.
    ///
    /// # Errors
    /// Standard output is no terminal, or cannot be written to; the log cannot be written to.
    pub fn enter(log: &Path) -> io::Result<Self> {
        let streams = opened(log)?;
        install_panic_hook(log.to_owned());
        let taken = Taken;
        take()?;
        let output = streams.output.try_clone()?;
        let inner = ratatui::Terminal::new(Surface::new(output)?)?;
        std::mem::forget(taken);
        let mouse = false;
        Ok(Self { inner, mouse })
    }

    /// Asks the terminal for its background; the answers come as input.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn ask_background(&mut self) -> io::Result<()> {
        let surface = self.inner.backend_mut();
        surface.write_all(QUESTION)?;
        surface.hand_over()
    }

    /// Whether the terminal has taken what was drawn last; as long as it has not, nothing further is drawn.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn is_ready(&mut self) -> io::Result<bool> {
        self.inner.backend_mut().is_ready()
    }

    /// What announces that it has.
    pub fn written(&self) -> &Receiver<io::Result<()>> {
        self.inner.backend().written()
    }

    /// Draws what changed, in one synchronised update. Does nothing where the screen needs no drawing, or where the
    /// terminal has not taken what was drawn before: then it still needs it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, screen: &mut Screen, state: &State) -> io::Result<()> {
        if screen.take_suspension() {
            self.suspend()?;
            screen.invalidate();
        }
        if !self.is_ready()? {
            return Ok(());
        }
        if screen.take_clearing() {
            self.clear()?;
        }
        self.follow_mouse(screen.wants_mouse())?;
        if let Some(text) = screen.take_copy() {
            let inside_tmux = std::env::var_os("TMUX").is_some();
            self.inner
                .backend_mut()
                .write_all(clipboard(&text, inside_tmux).as_bytes())?;
        }
        if screen.needs_redraw() {
            self.inner.backend_mut().look_at_size();
            queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
            self.inner.draw(|frame| screen.draw(frame, state))?;
            queue!(self.inner.backend_mut(), EndSynchronizedUpdate)?;
        }
        self.inner.backend_mut().hand_over()
    }

    /// Takes the terminal anew after something else had it, such as a shell while the program stood still.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn retake(&mut self) -> io::Result<()> {
        // What it has not taken is drawn anew.
        let _ = self.inner.backend_mut().settle(PATIENCE);
        // The mode that is believed to be set is not the one that is.
        disable_raw_mode()?;
        take()?;
        self.mouse = false;
        self.clear()
    }

    /// Clicks and the wheel, as SGR reports. Not every movement, which `crossterm`'s own command asks for too: over a
    /// slow line that would be a flood that nobody reads.
    fn follow_mouse(&mut self, wanted: bool) -> io::Result<()> {
        if std::mem::replace(&mut self.mouse, wanted) == wanted {
            return Ok(());
        }
        match wanted {
            true => queue!(self.inner.backend_mut(), Print("\x1b[?1000h\x1b[?1006h")),
            false => queue!(self.inner.backend_mut(), DisableMouseCapture),
        }
    }

    /// Gives the terminal to the shell until the shell continues the program.
    fn suspend(&mut self) -> io::Result<()> {
        let _ = self.inner.backend_mut().settle(PATIENCE);
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        take()?;
        self.mouse = false;
        self.clear()
    }

    /// Has the next frame drawn whole, whatever the terminal shows. `ratatui`'s own `clear` asks the terminal where
    /// the cursor is, and the answer would go to the thread that reads the keyboard.
    fn clear(&mut self) -> io::Result<()> {
        self.inner.backend_mut().look_at_size();
        let size = self.inner.backend().size()?;
        self.inner.resize(Rect::from((Position::ORIGIN, size)))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.inner.backend_mut().settle(PATIENCE);
        restore();
    }
}

/// Restores on drop: for the steps of taking the terminal that may fail half-way.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// What asks the terminal to put a text into the clipboard of the machine at which the user sits (OSC 52). tmux
/// ignores it from programs inside unless told otherwise, and then passes on what is wrapped for it.
fn clipboard(text: &str, inside_tmux: bool) -> String {
    let mut sequence = String::new();
    // Writing to a text cannot fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
    if inside_tmux {
        let wrapped = sequence.replace('\u{1b}', "\u{1b}\u{1b}");
        sequence.push_str(&format!("\u{1b}Ptmux;{wrapped}\u{1b}\\"));
    }
    sequence
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
        log: OpenOptions::new().append(true).create(true).open(log)?,
    };
    Ok(STREAMS.get_or_init(|| streams))
}

fn take() -> io::Result<()> {
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
/// is gone, what libraries say goes on leading to the log: many of them panic where they cannot print.
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
            false => Ok(()),
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
/// A panic of another thread is caught at that thread's edge: it goes to the log and leaves the screen alone.
fn install_panic_hook(log: PathBuf) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let drawing = thread::current().id();
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let on_screen = TAKEN.load(Ordering::SeqCst);
            let ends_the_program = thread::current().id() == drawing;
            if ends_the_program {
                restore();
            }
            tracing::error!("{panic}\n{}", std::backtrace::Backtrace::force_capture());
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

#[cfg(test)]
mod tests {
    use super::clipboard;

    #[test]
    fn what_is_copied_travels_encoded_and_through_tmux() {
        assert_eq!(
            clipboard("serial 1", false),
            "\u{1b}]52;c;c2VyaWFsIDE=\u{1b}\\"
        );
        let both = clipboard("serial 1", true);
        assert!(both.ends_with("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;c2VyaWFsIDE=\u{1b}\u{1b}\\\u{1b}\\"));
    }
}
