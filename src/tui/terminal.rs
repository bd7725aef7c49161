//! The terminal while it is ours: drawn to, lent to the shell, and given back.

use std::io::{self, Write};
use std::path::Path;

use crossbeam_channel::Receiver;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::DisableMouseCapture;
use crossterm::style::Print;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate, disable_raw_mode};
use crossterm::{Command, queue};
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};

use super::Screen;
use super::background::QUESTION;
use super::surface::Surface;
use super::taken::{self, PATIENCE, Taken, restore, take};
use crate::app::State;

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
        let output = taken::open(log)?;
        let taken = Taken;
        take()?;
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
