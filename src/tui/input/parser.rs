//! From the terminal's bytes to what they mean, however they are cut and however late the pieces come.
//!
//! The grammar is ECMA-48's as terminals have it (see Williams' parser, vt100.net/emu/dec_ansi_parser): a sequence that
//! began is followed to its end, whatever it means, so that no part of it is ever a key. Only two things need a clock: `ESC`
//! alone is a key, and a sequence of which nothing more comes is given up.

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyModifiers};

use super::Input;
use super::ascii::{ascii, key};
use super::csi::{self, Meaning};
use super::paste::{Paste, Pasted};
use super::state::{ALONE, State};
use super::text::{Text, Told};
use crate::tui::background;

/// After so long in the middle of a text it is worth a word.
const SILENCE: Duration = Duration::from_secs(1);
/// For so long after a question its answer may begin with an `ESC` that comes alone.
const ANSWERABLE: Duration = Duration::from_secs(30);
/// An answer within this time comes over a line that cuts nothing.
const PROMPT: Duration = Duration::from_secs(1);
/// No sequence but a text is longer, in bytes.
const LONGEST: usize = 256;

const ESC: u8 = 0x1b;

/// Reads bytes.
#[derive(Debug)]
pub(super) struct Parser {
    state: State,
    /// When the latest byte came.
    latest: Option<Instant>,
    /// When something was asked that is not answered yet.
    asked: Option<Instant>,
    /// Whether a sequence came in pieces.
    cuts: bool,
    /// Whether it was said that a text does not go on.
    said: bool,
    heard: Vec<Input>,
}

impl Parser {
    /// Before the first byte; `asked`: when the terminal was asked something.
    pub(super) fn new(asked: Option<Instant>) -> Self {
        Self {
            state: State::Ground,
            latest: None,
            asked,
            cuts: false,
            said: false,
            heard: Vec::new(),
        }
    }

    /// What bytes mean that came with one reading.
    pub(super) fn read(&mut self, bytes: &[u8], now: Instant) -> Vec<Input> {
        let pause = self
            .latest
            .map(|latest| now.saturating_duration_since(latest));
        // What should have been done meanwhile, had the clock been looked at in time.
        self.heard = self.lapse(now);
        self.latest = Some(now);
        self.said = false;
        self.cuts |= !matches!(self.state, State::Ground | State::Pressed);
        let mut is_alone = pause.is_none_or(|pause| pause >= ALONE);
        for &byte in bytes {
            self.take(byte, is_alone && bytes.len() == 1, is_alone);
            is_alone = false;
        }
        std::mem::take(&mut self.heard)
    }

    /// When the clock is to be looked at, if nothing comes before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let latest = self.latest?;
        let speaks = !self.said && self.state.is_text();
        match speaks {
            true => Some(latest + SILENCE),
            false => self.patience(latest).map(|patience| latest + patience),
        }
    }

    /// How long the state at hand waits for the next byte.
    fn patience(&self, latest: Instant) -> Option<Duration> {
        let since_asked = self
            .asked
            .map(|asked| latest.saturating_duration_since(asked));
        self.state
            .patience(since_asked.is_some_and(|since| since < ANSWERABLE))
    }

    /// What follows from nothing having come until now.
    pub(super) fn lapse(&mut self, now: Instant) -> Vec<Input> {
        let mut heard = Vec::new();
        let Some(latest) = self.latest else {
            return heard;
        };
        let silence = now.saturating_duration_since(latest);
        if self.state.is_text() && !self.said && silence >= SILENCE {
            self.said = true;
            heard.push(Input::Unfinished);
        }
        while self
            .patience(latest)
            .is_some_and(|patience| silence >= patience)
        {
            self.state = match self.state {
                State::Escape { .. } => {
                    heard.push(key(KeyCode::Esc, KeyModifiers::NONE));
                    State::Pressed
                }
                _ => State::Ground,
            };
        }
        heard
    }

    /// `alone`: nothing came with the byte, and nothing shortly before it; `paused`: nothing shortly before it.
    fn take(&mut self, byte: u8, alone: bool, paused: bool) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => self.begin(byte, false),
            State::Character { bytes, length, alt } => self.character(bytes, length, alt, byte),
            State::Escape { .. } if paused => {
                // It was held back for an answer, and was none's beginning, unless this goes on like one.
                if !matches!(byte, b'[' | b']') {
                    self.heard.push(key(KeyCode::Esc, KeyModifiers::NONE));
                }
                self.pressed(byte);
            }
            State::Escape { twice } => self.escape(byte, twice),
            State::Pressed => self.pressed(byte),
            State::Intermediate if matches!(byte, 0x20..=0x7e) => {}
            State::SingleShift => match byte {
                b'0'..=b';' => self.state = State::SingleShift,
                0x20..=0x7e => self.mean(csi::single_shift(byte)),
                _ => self.begin(byte, false),
            },
            State::Control(between) => self.control(between, byte),
            State::Console if matches!(byte, 0x20..=0x7e) => self.mean(csi::console(byte)),
            State::OldMouse(left @ 2..) => self.state = State::OldMouse(left - 1),
            State::OldMouse(_) => {}
            State::Text(mut text) => match text.take(byte, paused, alone) {
                Told::On => self.state = State::Text(text),
                Told::Whole(command) => self.command(command.as_deref().unwrap_or_default()),
                Told::Cancelled => {}
                Told::Left {
                    behind_escape: true,
                } => self.escape(byte, false),
                Told::Left { .. } => self.pressed(byte),
            },
            State::Paste(mut paste) => match paste.take(byte, alone) {
                Pasted::On => self.state = State::Paste(paste),
                Pasted::Whole(text) => self.heard.push(Input::Terminal(Event::Paste(text))),
                Pasted::Dropped => {}
                Pasted::Left => self.pressed(byte),
            },
            State::Intermediate | State::Console => self.begin(byte, false),
        }
    }

    /// A byte that nothing was begun before; `alt`: but `ESC`.
    fn begin(&mut self, byte: u8, alt: bool) {
        let modifier = match alt {
            true => KeyModifiers::ALT,
            false => KeyModifiers::NONE,
        };
        let length = match byte {
            ESC => {
                self.state = State::Escape { twice: alt };
                return;
            }
            0..=0x7f => {
                let (code, own) = ascii(byte);
                self.heard.push(key(code, own | modifier));
                return;
            }
            0x80..=0x9f => return self.single(byte),
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return,
        };
        self.state = State::Character {
            bytes: vec![byte],
            length,
            alt,
        };
    }

    /// One of the control characters above ASCII, which stand for `ESC` and another.
    fn single(&mut self, byte: u8) {
        self.state = match byte {
            0x8f => State::SingleShift,
            0x9b => State::Control(Vec::new()),
            _ => Text::begun_by_single(byte).map_or(State::Ground, State::Text),
        };
    }

    fn character(&mut self, mut bytes: Vec<u8>, length: usize, alt: bool, byte: u8) {
        if !matches!(byte, 0x80..=0xbf) {
            return self.begin(byte, false);
        }
        bytes.push(byte);
        if bytes.len() < length {
            self.state = State::Character { bytes, length, alt };
            return;
        }
        match std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.chars().next())
        {
            Some(character) if character.is_control() => self.single(byte),
            Some(_) if alt => {}
            Some(character) => {
                let modifiers = match character.is_uppercase() {
                    true => KeyModifiers::SHIFT,
                    false => KeyModifiers::NONE,
                };
                self.heard.push(key(KeyCode::Char(character), modifiers));
            }
            None => {}
        }
    }

    /// Directly behind `ESC`.
    fn escape(&mut self, byte: u8, twice: bool) {
        if let Some(text) = Text::begun_by(byte) {
            self.state = State::Text(text);
            return;
        }
        self.state = match byte {
            b'[' => State::Control(Vec::new()),
            b'O' => State::SingleShift,
            0x20..=0x2f => State::Intermediate,
            ESC => {
                if twice {
                    self.heard.push(key(KeyCode::Esc, KeyModifiers::NONE));
                }
                State::Escape { twice: true }
            }
            _ => return self.begin(byte, true),
        };
    }

    /// Behind an `ESC` that was taken for a key: what nobody has as a key goes on with a sequence.
    fn pressed(&mut self, byte: u8) {
        match byte {
            b'[' | b']' | b'O' => self.escape(byte, false),
            _ => self.begin(byte, false),
        }
    }

    fn control(&mut self, mut between: Vec<u8>, byte: u8) {
        match byte {
            b'[' if between.is_empty() => self.state = State::Console,
            b'M' if between.is_empty() => self.state = State::OldMouse(3),
            0x20..=0x3f => {
                if between.len() < LONGEST {
                    between.push(byte);
                }
                self.state = State::Control(between);
            }
            0x40..=0x7e if between.len() < LONGEST => self.mean(csi::control(&between, byte)),
            0x40..=0x7e => {}
            _ => self.begin(byte, false),
        }
    }

    fn mean(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Event(event) => self.heard.push(Input::Terminal(event)),
            Meaning::Paste => self.state = State::Paste(Paste::default()),
            Meaning::Answered => {
                // On a slow line, or one that cuts, further pieces may follow yet.
                let is_prompt = |asked: Instant| {
                    (self.latest).is_some_and(|now| now.saturating_duration_since(asked) < PROMPT)
                };
                self.asked = self.asked.filter(|asked| self.cuts || !is_prompt(*asked));
                self.heard.push(Input::Answered);
            }
            Meaning::Nothing => {}
        }
    }

    /// A whole operating system command.
    fn command(&mut self, text: &[u8]) {
        let background = background::answered(text);
        if background.is_some() && self.asked.is_some() {
            self.asked = self.latest;
        }
        self.heard.extend(background.map(Input::Background));
    }
}
