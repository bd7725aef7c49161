//! A text that the terminal sends: `ESC ]` (OSC), `ESC P` (DCS) and their kin, up to `ESC \`.

use super::paste::KEPT;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// Cancel, and substitute: the terminal takes back what it began.
const CANCELLED: [u8; 2] = [0x18, 0x1a];
/// `ESC \` as one byte.
const STRING_TERMINATOR: u8 = 0x9c;

/// What has come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// An operating system command, which `BEL` ends too.
    is_command: bool,
    /// Begun by one byte, as which it may end.
    is_single: bool,
    text: Vec<u8>,
    /// An `ESC` came, which may be half of its end.
    pub(super) escape: bool,
}

/// Where it stands after a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It goes on.
    On,
    /// It ended; none: it is no command.
    Whole(Option<Vec<u8>>),
    /// It was taken back.
    Cancelled,
    /// Its end never came, and the byte is no part of it; it is the one behind an `ESC`, or else begins something.
    Left { behind_escape: bool },
}

impl Text {
    /// Begun by `ESC` and this byte; none: that begins none.
    pub(super) fn begun_by(byte: u8) -> Option<Self> {
        matches!(byte, b']' | b'P' | b'_' | b'^' | b'X').then(|| Self {
            is_command: byte == b']',
            is_single: false,
            text: Vec::new(),
            escape: false,
        })
    }

    /// Begun by this byte alone, which stands for `ESC` and another.
    pub(super) fn begun_by_single(byte: u8) -> Option<Self> {
        let begun = Self::begun_by(byte.checked_sub(0x40)?)?;
        Some(Self {
            is_single: true,
            ..begun
        })
    }

    /// `paused`: nothing came shortly before the byte; `alone`: nor with it: a hand pressed it.
    pub(super) fn take(&mut self, byte: u8, paused: bool, alone: bool) -> Told {
        match byte {
            b'\\' if self.escape => return self.whole(),
            _ if self.escape => {
                return Told::Left {
                    behind_escape: !paused,
                };
            }
            BEL if self.is_command => return self.whole(),
            STRING_TERMINATOR if self.is_single => {
                // It may be written as UTF-8.
                if self.text.ends_with(b"\xc2") {
                    self.text.pop();
                }
                return self.whole();
            }
            ESC => self.escape = true,
            _ if CANCELLED.contains(&byte) => return Told::Cancelled,
            0x00..=0x1f if alone => {
                return Told::Left {
                    behind_escape: false,
                };
            }
            _ if self.text.len() < KEPT => self.text.push(byte),
            _ => {}
        }
        Told::On
    }

    fn whole(&mut self) -> Told {
        let text = std::mem::take(&mut self.text);
        Told::Whole(self.is_command.then_some(text))
    }
}
