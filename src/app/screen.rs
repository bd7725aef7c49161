//! A run on the terminal screen.

use std::io;
use std::path::Path;

use crossbeam_channel::{Receiver, Select, TryRecvError};
use crossterm::event::Event;

use super::runtime::Interface;
use super::{Message, State};
use crate::journal::Record;
use crate::tui::{self, Palette, Screen, Terminal};

/// The terminal, what it shows, and its keyboard.
pub struct OnScreen {
    terminal: Terminal,
    screen: Screen,
    input: Receiver<Event>,
    input_is_open: bool,
}

impl OnScreen {
    /// Takes the terminal over, until dropped; a panic names `log` after giving it back.
    ///
    /// # Errors
    /// Where standard output is no terminal, or cannot be switched.
    pub fn open(log: &Path) -> io::Result<Self> {
        let palette = Palette::from_environment();
        let terminal = Terminal::enter(log)?;
        Ok(Self {
            terminal,
            screen: Screen::new(palette),
            input: tui::input()?,
            input_is_open: true,
        })
    }
}

impl Interface for OnScreen {
    fn take_messages(&mut self, state: &State) -> Vec<Message> {
        let mut messages = Vec::new();
        while self.input_is_open {
            match self.input.try_recv() {
                Ok(event) => messages.extend(self.screen.on_event(event, state)),
                Err(TryRecvError::Empty) => break,
                // The terminal is gone: as if the user had left.
                Err(TryRecvError::Disconnected) => {
                    self.input_is_open = false;
                    messages.push(Message::Quit);
                }
            }
        }
        messages
    }

    fn watch<'a>(&'a self, select: &mut Select<'a>) {
        if self.input_is_open {
            select.recv(&self.input);
        }
    }

    fn recorded(&mut self, _: &Record, _: &State) -> io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        self.screen.needs_redraw()
    }

    fn show(&mut self, state: &State) -> io::Result<()> {
        self.screen.invalidate();
        self.terminal.draw(&mut self.screen, state)
    }

    fn leaves_when_complete(&self) -> bool {
        false
    }
}
