//! A paste that the terminal marks as one: `ESC [ 200 ~`, any text, `ESC [ 201 ~`.

/// What is kept of a text, in bytes.
pub(super) const KEPT: usize = 1 << 16;
/// What ends a paste.
const END: &[u8] = b"\x1b[201~";
const ESC: u8 = 0x1b;
const CONTROL_C: u8 = 3;

/// What has come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paste {
    text: Vec<u8>,
    /// So many bytes of its end have come.
    ending: usize,
}

/// Where it stands after a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pasted {
    /// It goes on.
    On,
    /// It ended.
    Whole(String),
    /// Its end never came, and somebody wants to go on.
    Dropped,
    /// The same, and the byte is no part of it.
    Left,
}

impl Paste {
    /// `alone`: nothing came with the byte, and nothing shortly before it: a hand pressed it.
    pub(super) fn take(&mut self, byte: u8, alone: bool) -> Pasted {
        if byte == END[self.ending] {
            self.ending += 1;
        } else if alone && byte == CONTROL_C {
            return Pasted::Dropped;
        } else if alone && self.ending == 1 {
            return Pasted::Left;
        } else {
            self.keep(&END[..self.ending]);
            self.ending = usize::from(byte == ESC);
            if byte != ESC {
                self.keep(&[byte]);
            }
        }
        if self.ending < END.len() {
            return Pasted::On;
        }
        Pasted::Whole(String::from_utf8_lossy(&self.text).into_owned())
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.text.len() < KEPT {
            self.text.extend_from_slice(bytes);
        }
    }
}
