//! From the terminal's bytes to what they mean, however they are cut and however late the pieces come.
//!
//! The grammar is ECMA-48's as terminals have it (see Williams' parser, vt100.net/emu/dec_ansi_parser): a sequence that
//! began is followed to its end, whatever it means, so that no part of it is ever a key. Only two things need a clock: `ESC`
//! alone is a key, and a sequence of which nothing more comes is given up.

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::Input;
use super::csi::{self, Meaning};
use crate::tui::background;

/// `ESC` behind which nothing comes for so long was pressed.
const ALONE: Duration = Duration::from_millis(100);
/// The next piece of a sequence comes within this time, also on a slow line.
const PIECE: Duration = Duration::from_secs(3);
/// The next piece of a text: an answer, a title.
const TEXT_PIECE: Duration = Duration::from_secs(10);
/// After so long in the middle of a text it is worth a word.
const SILENCE: Duration = Duration::from_secs(1);
/// For so long after a question its answer may begin with an `ESC` that comes alone.
const ANSWERABLE: Duration = Duration::from_secs(30);
/// An answer within this time comes over a line that cuts nothing.
const PROMPT: Duration = Duration::from_secs(1);
/// No sequence but a text is longer, in bytes.
const LONGEST: usize = 256;
/// What is kept of a text, in bytes.
const KEPT: usize = 1 << 16;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

const ESC: u8 = 0x1b;

/// Which text: what may end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// OSC: `ESC \`, or `BEL`.
    Command,
    /// DCS, APC, PM, SOS: `ESC \`.
    Other,
}

/// Where the bytes read so far have led.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Ground,
    /// The first bytes of a character, and how many it has. `alt`: `ESC` came before it.
    Character {
        bytes: Vec<u8>,
        length: usize,
        alt: bool,
    },
    /// `ESC`, or `ESC ESC`.
    Escape {
        twice: bool,
    },
    /// `ESC`, which was told as a key; a piece of a sequence may follow yet.
    Pressed,
    /// `ESC` and a byte from space to `/`.
    Intermediate,
    /// `ESC O`.
    SingleShift,
    /// `ESC [`, and what follows it.
    Control(Vec<u8>),
    /// `ESC [ [`.
    Console,
    /// `ESC [ M`, and how many bytes follow.
    OldMouse(usize),
    /// `ESC ]` and its kin; `escape`: and an `ESC`, which may be half of its end. `c1`: begun by one byte, as which it ends.
    Text {
        kind: Kind,
        c1: bool,
        text: Vec<u8>,
        escape: bool,
    },
    /// `ESC [ 200 ~`; `ending`: so many bytes of its end have come.
    Paste {
        text: Vec<u8>,
        ending: usize,
    },
}

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
        let speaks = !self.said && matches!(self.state, State::Text { .. } | State::Paste { .. });
        match speaks {
            true => Some(latest + SILENCE),
            false => self.patience(latest).map(|patience| latest + patience),
        }
    }

    /// How long the state at hand waits for the next byte.
    fn patience(&self, latest: Instant) -> Option<Duration> {
        let is_answerable =
            (self.asked).is_some_and(|asked| latest.saturating_duration_since(asked) < ANSWERABLE);
        match self.state {
            State::Ground | State::Paste { .. } => None,
            State::Escape { .. } if is_answerable => Some(PIECE),
            State::Escape { .. } | State::Intermediate => Some(ALONE),
            State::Text { escape: false, .. } => Some(TEXT_PIECE),
            _ => Some(PIECE),
        }
    }

    /// What follows from nothing having come until now.
    pub(super) fn lapse(&mut self, now: Instant) -> Vec<Input> {
        let mut heard = Vec::new();
        let Some(latest) = self.latest else {
            return heard;
        };
        let silence = now.saturating_duration_since(latest);
        let is_text = matches!(self.state, State::Text { .. } | State::Paste { .. });
        if is_text && !self.said && silence >= SILENCE {
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
            State::Text {
                kind,
                c1,
                text,
                escape: false,
            } => self.text(kind, c1, text, byte, alone),
            State::Text { kind, text, .. } => match byte {
                b'\\' => self.end_text(kind, &text),
                // The end of it never came.
                _ if paused => self.pressed(byte),
                _ => self.escape(byte, false),
            },
            State::Paste { text, ending } => self.paste(text, ending, byte, alone),
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
        let mut text = |kind| {
            self.state = State::Text {
                kind,
                c1: true,
                text: Vec::new(),
                escape: false,
            };
        };
        match byte {
            0x9d => text(Kind::Command),
            0x90 | 0x98 | 0x9e | 0x9f => text(Kind::Other),
            0x8f => self.state = State::SingleShift,
            0x9b => self.state = State::Control(Vec::new()),
            _ => {}
        }
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
        let text = |kind| State::Text {
            kind,
            c1: false,
            text: Vec::new(),
            escape: false,
        };
        self.state = match byte {
            b'[' => State::Control(Vec::new()),
            b']' => text(Kind::Command),
            b'P' | b'_' | b'^' | b'X' => text(Kind::Other),
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
            Meaning::Paste => {
                self.state = State::Paste {
                    text: Vec::new(),
                    ending: 0,
                }
            }
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

    fn text(&mut self, kind: Kind, c1: bool, mut text: Vec<u8>, byte: u8, alone: bool) {
        match byte {
            0x07 if kind == Kind::Command => return self.end_text(kind, &text),
            0x9c if c1 => {
                // It may be written as UTF-8.
                let text = text.strip_suffix(b"\xc2").unwrap_or(&text);
                return self.end_text(kind, text);
            }
            // Cancelled by the terminal, or by a hand.
            0x18 | 0x1a => return,
            0x00..=0x1f if byte != ESC && alone => return self.begin(byte, false),
            ESC => {}
            _ if text.len() < KEPT => text.push(byte),
            _ => {}
        }
        self.state = State::Text {
            kind,
            c1,
            text,
            escape: byte == ESC,
        };
    }

    fn end_text(&mut self, kind: Kind, text: &[u8]) {
        let background = match kind {
            Kind::Command => background::answered(text),
            Kind::Other => None,
        };
        if background.is_some() && self.asked.is_some() {
            self.asked = self.latest;
        }
        self.heard.extend(background.map(Input::Background));
    }

    fn paste(&mut self, mut text: Vec<u8>, ending: usize, byte: u8, alone: bool) {
        const CONTROL_C: u8 = 3;
        let mut keep = |bytes: &[u8]| {
            if text.len() < KEPT {
                text.extend_from_slice(bytes);
            }
        };
        let ending = match byte {
            _ if byte == PASTE_END[ending] => ending + 1,
            // Its end never came, and somebody wants to go on.
            CONTROL_C if alone => return,
            _ if ending == 1 && alone => return self.pressed(byte),
            ESC => {
                keep(&PASTE_END[..ending]);
                1
            }
            _ => {
                keep(&PASTE_END[..ending]);
                keep(&[byte]);
                0
            }
        };
        if ending < PASTE_END.len() {
            self.state = State::Paste { text, ending };
            return;
        }
        let pasted = String::from_utf8_lossy(&text).into_owned();
        self.heard.push(Input::Terminal(Event::Paste(pasted)));
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Terminal(Event::Key(KeyEvent::new(code, modifiers)))
}

/// The key of an ASCII byte, as a terminal in raw mode sends it.
fn ascii(byte: u8) -> (KeyCode, KeyModifiers) {
    let control = |character| (KeyCode::Char(character), KeyModifiers::CONTROL);
    let plain = |code| (code, KeyModifiers::NONE);
    match byte {
        0 => control(' '),
        b'\r' => plain(KeyCode::Enter),
        b'\t' => plain(KeyCode::Tab),
        0x7f => plain(KeyCode::Backspace),
        0x01..=0x1a => control(char::from(byte - 1 + b'a')),
        0x1b..=0x1f => control(char::from(byte - 0x1c + b'4')),
        b'A'..=b'Z' => (KeyCode::Char(char::from(byte)), KeyModifiers::SHIFT),
        _ => plain(KeyCode::Char(char::from(byte))),
    }
}
