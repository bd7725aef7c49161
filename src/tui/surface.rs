//! What is drawn on: the terminal behind a thread that writes to it, so that one which takes nothing for a while holds
//! nobody up, and with a size that can be drawn on, whatever it says.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use rustix::termios::tcgetwinsize;

use crate::threads;

/// The size of a terminal that tells none.
const USUAL: Size = Size {
    width: 80,
    height: 24,
};
/// No screen is larger, in characters; what a terminal tells beyond is not drawn on.
const LARGEST: Size = Size {
    width: 1000,
    height: 500,
};

/// The terminal, as it is drawn on.
pub(super) struct Surface {
    backend: CrosstermBackend<Frame>,
    frame: Frame,
    /// Asked for its size only.
    terminal: File,
    size: Size,
    frames: Sender<Vec<u8>>,
    written: Receiver<io::Result<()>>,
    is_writing: bool,
}

impl Surface {
    /// Of a terminal; the thread ends with the surface, and with a terminal that is gone.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn new(terminal: File) -> io::Result<Self> {
        let (frames, due) = bounded::<Vec<u8>>(1);
        let (sender, written) = bounded(1);
        let mut output = terminal.try_clone()?;
        let write = move || {
            for frame in due {
                let done = output.write_all(&frame);
                if sender.send(done).is_err() {
                    return;
                }
            }
        };
        threads::start("terminal", write)?;
        let frame = Frame::default();
        let mut surface = Self {
            backend: CrosstermBackend::new(frame.clone()),
            frame,
            terminal,
            size: USUAL,
            frames,
            written,
            is_writing: false,
        };
        surface.look_at_size();
        Ok(surface)
    }

    /// Takes the terminal's size over; one that tells none keeps the last.
    pub(super) fn look_at_size(&mut self) {
        let told = tcgetwinsize(&self.terminal).ok();
        let told = told.map(|told| Size::new(told.ws_col, told.ws_row));
        self.size = drawable(told, self.size);
    }

    /// What announces that the terminal took what was handed over.
    pub(super) fn written(&self) -> &Receiver<io::Result<()>> {
        &self.written
    }

    /// Whether the terminal has taken everything that was handed over.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn is_ready(&mut self) -> io::Result<bool> {
        if !self.is_writing {
            return Ok(true);
        }
        match self.written.try_recv() {
            Ok(done) => self.is_written(done).map(|()| true),
            Err(TryRecvError::Empty) => Ok(false),
            Err(TryRecvError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits until the terminal has taken everything, but not for longer than that.
    pub(super) fn settle(&mut self, patience: Duration) -> io::Result<()> {
        if !self.is_writing {
            return Ok(());
        }
        match self.written.recv_timeout(patience) {
            Ok(done) => self.is_written(done),
            Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn is_written(&mut self, done: io::Result<()>) -> io::Result<()> {
        self.is_writing = false;
        done
    }

    /// Hands over what was drawn since the last time. Only where the terminal is ready.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.frame.bytes());
        if frame.is_empty() {
            return Ok(());
        }
        self.is_writing = true;
        let gone = |_| io::ErrorKind::BrokenPipe.into();
        self.frames.send(frame).map_err(gone)
    }
}

/// A size that can be drawn on.
fn drawable(told: Option<Size>, last: Size) -> Size {
    match told {
        Some(Size { width, height }) if width > 0 && height > 0 => Size {
            width: width.min(LARGEST.width),
            height: height.min(LARGEST.height),
        },
        _ => last,
    }
}

/// What is drawn and not handed over yet.
#[derive(Clone, Default)]
struct Frame(Arc<Mutex<Vec<u8>>>);

impl Frame {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Surface {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Backend for Surface {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.backend.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.backend.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.backend.show_cursor()
    }

    /// Not asked of the terminal: the cursor is hidden, and the answer would come as input.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.backend.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.backend.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.backend.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let pixels = Size::ZERO;
        Ok(WindowSize {
            columns_rows: self.size,
            pixels,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_can_be_drawn_on() {
        let size = Size::new;
        let last = size(120, 40);
        for (told, drawn) in [
            (None, last),
            (Some(size(0, 0)), last),
            (Some(size(0, 40)), last),
            (Some(size(100, 0)), last),
            (Some(size(1, 1)), size(1, 1)),
            (Some(size(u16::MAX, u16::MAX)), LARGEST),
            (Some(size(u16::MAX, 30)), size(1000, 30)),
        ] {
            assert_eq!(drawable(told, last), drawn, "{told:?}");
        }
    }
}
