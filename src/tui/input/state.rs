//! Where the bytes of a terminal have led, and how long each place is kept.

use std::time::Duration;

use super::paste::Paste;
use super::text::Text;

/// `ESC` behind which nothing comes for so long was pressed.
pub(super) const ALONE: Duration = Duration::from_millis(50);
/// The same while an answer is awaited, whose `ESC` a line may have cut off: no longer, for a person waits.
pub(super) const ANSWER: Duration = Duration::from_millis(150);
/// The next piece of a sequence comes within this time, also on a slow line.
const PIECE: Duration = Duration::from_secs(3);
/// The next piece of a text: an answer, a title.
const TEXT_PIECE: Duration = Duration::from_secs(10);

/// Where the bytes read so far have led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
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
    /// `ESC ]` and its kin, and what follows.
    Text(Text),
    /// `ESC [ 200 ~`, and what is pasted.
    Paste(Paste),
}

impl State {
    /// How long it waits for the next byte; none: for ever. `answerable`: what comes may be an answer.
    pub(super) fn patience(&self, answerable: bool) -> Option<Duration> {
        match self {
            Self::Ground | Self::Paste(_) => None,
            Self::Escape { .. } if answerable => Some(ANSWER),
            Self::Escape { .. } | Self::Intermediate => Some(ALONE),
            Self::Text(text) if !text.escape => Some(TEXT_PIECE),
            _ => Some(PIECE),
        }
    }

    /// Whether it is a text, which has any length.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Paste(_))
    }
}
