//! The terminal: set up, drawn to, and given back however the program ends.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::Receiver;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

use super::Screen;
use crate::app::State;

/// Events that may wait before the reader of the keyboard waits too.
const EVENTS_WAITING: usize = 256;

/// Whether the terminal is ours at this moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours: raw mode, alternate screen, pastes as one event. Given back on drop.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Terminal {
    /// Takes the terminal, and has every panic give it back and say that the log lies at `log`.
    ///
    /// # Errors
    /// Standard output is no terminal, or cannot be written to.
    pub fn enter(log: &Path) -> io::Result<Self> {
        install_panic_hook(log.to_owned());
        let taken = Taken;
        take()?;
        let inner = ratatui::Terminal::new(CrosstermBackend::new(BufWriter::new(io::stdout())))?;
        std::mem::forget(taken);
        Ok(Self { inner })
    }

    /// Draws what changed, in one synchronised update. Does nothing where the screen needs no drawing.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, screen: &mut Screen, state: &State) -> io::Result<()> {
        if screen.take_suspension() {
            self.suspend()?;
            screen.invalidate();
        }
        if screen.take_clearing() {
            self.clear()?;
        }
        if !screen.needs_redraw() {
            return Ok(());
        }
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(|frame| screen.draw(frame, state))?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    /// Gives the terminal to the shell until the shell continues the program.
    fn suspend(&mut self) -> io::Result<()> {
        restore();
        #[cfg(unix)]
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        take()?;
        self.clear()
    }

    /// Has the next frame drawn whole, whatever the terminal shows. `ratatui`'s own `clear` asks the terminal where
    /// the cursor is, and the answer would go to the thread that reads the keyboard.
    fn clear(&mut self) -> io::Result<()> {
        let size = self.inner.size()?;
        self.inner.resize(Rect::from((Position::ORIGIN, size)))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
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

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    )
}

/// Gives the terminal back, once, from any thread. Errors are passed over: there is nobody left to tell.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = queue!(
            out,
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = out.flush();
        let _ = disable_raw_mode();
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
                // Nobody may be there to read it; `eprintln` would panic once more.
                let _ = writeln!(
                    io::stderr(),
                    "The log is {log}. Finished trials are saved; the same command goes on."
                );
            }
        }));
    });
}

/// Reads keyboard, pastes and resizes on a thread of its own. The channel closes when the terminal is gone.
///
/// # Errors
/// The thread cannot be started.
pub fn input() -> io::Result<Receiver<Event>> {
    let (sender, receiver) = crossbeam_channel::bounded(EVENTS_WAITING);
    let read = move || {
        while let Ok(event) = event::read() {
            if sender.send(event).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().name("keyboard".into()).spawn(read)?;
    Ok(receiver)
}
