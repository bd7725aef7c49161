//! The keys of single bytes.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::Input;

/// A key.
pub(super) fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Terminal(Event::Key(KeyEvent::new(code, modifiers)))
}

/// The key of an ASCII byte, as a terminal in raw mode sends it.
pub(super) fn ascii(byte: u8) -> (KeyCode, KeyModifiers) {
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
