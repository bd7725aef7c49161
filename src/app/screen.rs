//! A run on the terminal screen.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, bounded};

use super::runtime::Interface;
use super::{Message, State};
use crate::journal::Record;
use crate::tui::{self, ANSWER_PATIENCE, Input, Palette, Screen, Settings, Terminal};

/// So long leaving waits for an answer that has not come yet.
const LAST_PATIENCE: Duration = Duration::from_millis(200);

/// The terminal, what it shows, and its keyboard.
pub struct OnScreen {
    terminal: Terminal,
    screen: Screen,
    input: Receiver<Input>,
    /// What came before the first frame.
    early: VecDeque<Input>,
    /// Has always something to say.
    at_once: Receiver<()>,
    /// Whether the terminal has not answered yet.
    is_asked: bool,
    retake: bool,
    /// Whether the terminal takes a further frame.
    is_ready: bool,
    /// Why the terminal is gone.
    lost: Option<io::Error>,
}

impl OnScreen {
    /// Threads that a run on the screen has besides: the keyboard, job control, what is drawn, and the look at the devices.
    pub const THREADS: usize = 4;

    /// Takes the terminal over, until dropped; a panic names `log` after giving it back. What the settings leave open
    /// is asked of the environment and of the terminal; an answer that comes late is taken when it comes.
    ///
    /// # Errors
    /// Where standard output is no terminal, or cannot be switched.
    pub fn open(log: &Path, mut settings: Settings) -> io::Result<Self> {
        let mut terminal = Terminal::enter(log)?;
        let palette = settings.palette.or_else(Palette::from_environment);
        let asks = palette.is_none();
        settings.palette = palette;
        settings.ascii = settings.ascii.or_else(|| Some(!tui::draws_unicode()));
        let input = tui::input(asks)?;
        let mut screen = Screen::new(settings);
        let mut early = VecDeque::new();
        let mut is_asked = asks;
        if asks {
            terminal.ask_background()?;
            (early, is_asked) = await_answers(&input, &mut screen);
        }
        Ok(Self {
            terminal,
            screen,
            input,
            early,
            at_once: bounded(0).1,
            is_asked,
            retake: false,
            is_ready: true,
            lost: None,
        })
    }

    /// The same for a study on which another program works.
    #[must_use]
    pub fn watching(mut self) -> Self {
        self.screen.watch();
        self
    }
}

impl OnScreen {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        if std::mem::take(&mut self.retake) {
            self.terminal.retake()?;
        }
        self.screen.invalidate();
        self.terminal.draw(&mut self.screen, state)?;
        self.is_ready = self.terminal.is_ready()?;
        Ok(())
    }
}

impl Drop for OnScreen {
    /// An answer that is still on its way would be typed into the shell.
    fn drop(&mut self) {
        let deadline = Instant::now() + LAST_PATIENCE;
        while self.is_asked
            && let Ok(came) = self.input.recv_deadline(deadline)
        {
            self.is_asked = !matches!(came, Input::Answered | Input::Gone);
        }
    }
}

/// Waits a moment for the terminal's answers; what else comes meanwhile is returned, and whether they have not come.
fn await_answers(input: &Receiver<Input>, screen: &mut Screen) -> (VecDeque<Input>, bool) {
    let deadline = Instant::now() + ANSWER_PATIENCE;
    let mut others = VecDeque::new();
    while let Ok(came) = input.recv_deadline(deadline) {
        match came {
            Input::Answered => return (others, false),
            Input::Background(background) => screen.suit(background),
            other => others.push_back(other),
        }
    }
    (others, true)
}

impl Interface for OnScreen {
    fn take_messages(&mut self, state: &State) -> Vec<Message> {
        match self.terminal.is_ready() {
            Ok(is_ready) => self.is_ready = is_ready,
            Err(error) => self.lost = Some(error),
        }
        let mut messages = Vec::new();
        // One at a time: what the next key means depends on what this one leads to.
        while messages.is_empty()
            && let Some(input) = self
                .early
                .pop_front()
                .or_else(|| self.input.try_recv().ok())
        {
            match input {
                Input::Terminal(event) => messages.extend(self.screen.on_event(event, state)),
                Input::Burst(text) => messages.extend(self.screen.on_burst(&text, state)),
                Input::Background(background) => self.screen.suit(background),
                Input::Answered => self.is_asked = false,
                Input::Unfinished => self.screen.tell_unfinished(),
                Input::Resized => self.screen.invalidate(),
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
        select.recv(self.terminal.written());
        if !self.early.is_empty() {
            select.recv(&self.at_once);
        }
    }

    fn recorded(&mut self, _: &Record, _: &State) -> io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        self.lost.is_some() || (self.is_ready && self.screen.needs_redraw())
    }

    fn show(&mut self, state: &State) -> io::Result<()> {
        let drawn = match self.lost.take() {
            Some(error) => Err(error),
            None => self.draw(state),
        };
        drawn.map_err(|error| {
            io::Error::new(error.kind(), format!("the terminal is gone ({error})"))
        })
    }

    fn leaves_when_complete(&self) -> bool {
        false
    }
}
