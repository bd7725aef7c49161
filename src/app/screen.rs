//! A run on the terminal screen.

use std::io;
use std::path::Path;

use crossbeam_channel::{Receiver, Select};

use super::runtime::Interface;
use super::{Message, State};
use crate::journal::Record;
use crate::tui::{self, Input, Palette, Screen, Settings, Terminal};

/// The terminal, what it shows, and its keyboard.
pub struct OnScreen {
    terminal: Terminal,
    screen: Screen,
    input: Receiver<Input>,
    retake: bool,
}

impl OnScreen {
    /// Takes the terminal over, until dropped; a panic names `log` after giving it back. What the settings leave open
    /// is asked of the environment and of the terminal.
    ///
    /// # Errors
    /// Where standard output is no terminal, or cannot be switched.
    pub fn open(log: &Path, mut settings: Settings) -> io::Result<Self> {
        let mut terminal = Terminal::enter(log)?;
        let palette = settings.palette.or_else(Palette::from_environment);
        settings.palette = palette.or_else(|| Some(Palette::for_background(terminal.background())));
        settings.ascii = settings.ascii.or_else(|| Some(!tui::draws_unicode()));
        Ok(Self {
            terminal,
            screen: Screen::new(settings),
            input: tui::input()?,
            retake: false,
        })
    }

    /// The same for a study on which another program works.
    #[must_use]
    pub fn watching(mut self) -> Self {
        self.screen = self.screen.watching();
        self
    }
}

impl Interface for OnScreen {
    fn take_messages(&mut self, state: &State) -> Vec<Message> {
        let mut messages = Vec::new();
        // One at a time: what the next key means depends on what this one leads to.
        while messages.is_empty()
            && let Ok(input) = self.input.try_recv()
        {
            match input {
                Input::Terminal(event) => messages.extend(self.screen.on_event(event, state)),
                Input::Suspend => self.screen.suspend(),
                Input::Continued => {
                    self.retake = true;
                    self.screen.invalidate();
                }
                // As if the user had left.
                Input::Gone => messages.push(Message::Quit),
            }
        }
        messages
    }

    fn watch<'a>(&'a self, select: &mut Select<'a>) {
        select.recv(&self.input);
    }

    fn recorded(&mut self, _: &Record, _: &State) -> io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        self.screen.needs_redraw()
    }

    fn show(&mut self, state: &State) -> io::Result<()> {
        let retaken = match std::mem::take(&mut self.retake) {
            true => self.terminal.retake(),
            false => Ok(()),
        };
        self.screen.invalidate();
        let drawn = retaken.and_then(|()| self.terminal.draw(&mut self.screen, state));
        drawn.map_err(|error| {
            io::Error::new(error.kind(), format!("the terminal is gone ({error})"))
        })
    }

    fn leaves_when_complete(&self) -> bool {
        false
    }
}
