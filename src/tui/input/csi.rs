//! What a whole control sequence (`ESC [ … final`) or a single shift (`ESC O final`) means.
//!
//! Keys as xterm and its kin send them, `CSI u` (kitty, fixterms) and `CSI 27 ; … ~` (xterm's modifyOtherKeys) where the
//! user's terminal insists on them, SGR mouse reports. Everything else, such as answers to questions that others asked,
//! means nothing.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// What it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A key or the mouse.
    Event(Event),
    /// A paste begins.
    Paste,
    /// The answer to the question that every terminal answers (DA1).
    Answered,
    /// Nothing that is asked for here.
    Nothing,
}

/// Of `ESC [`, what follows it, and the final byte.
pub(super) fn control(between: &[u8], last: u8) -> Meaning {
    let event = match (between.first(), last) {
        (Some(b'?'), b'c') => return Meaning::Answered,
        (_, b'~') if between == b"200" => return Meaning::Paste,
        (Some(b'<'), b'M' | b'm') => mouse(&numbers(&between[1..]), last == b'm'),
        _ => key(&numbers(between), last),
    };
    event.map_or(Meaning::Nothing, Meaning::Event)
}

/// Of `ESC O` and the final byte.
pub(super) fn single_shift(last: u8) -> Meaning {
    let event = function(last).map(|code| Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    event.map_or(Meaning::Nothing, Meaning::Event)
}

/// Of `ESC [ [` and the final byte: the Linux console's first function keys.
pub(super) fn console(last: u8) -> Meaning {
    match last {
        b'A'..=b'E' => {
            let code = KeyCode::F(1 + last - b'A');
            Meaning::Event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
        }
        _ => Meaning::Nothing,
    }
}

/// A parameter: a number, and what follows it behind colons.
type Parameter = Vec<Option<u32>>;

/// The parameters; none where there is anything but numbers.
fn numbers(text: &[u8]) -> Option<Vec<Parameter>> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |part: &str| match part.is_empty() {
        true => Some(None),
        false if !part.bytes().all(|byte| byte.is_ascii_digit()) => None,
        false => part.parse().ok().map(Some),
    };
    let parameter = |part: &str| part.split(':').map(number).collect::<Option<Parameter>>();
    text.split(';').map(parameter).collect()
}

fn key(parameters: &Option<Vec<Parameter>>, last: u8) -> Option<Event> {
    let parameters = parameters.as_deref()?;
    let number = |at: usize| {
        parameters
            .get(at)
            .and_then(|p| p.first().copied().flatten())
    };
    let first = number(0);
    let (code, extra) = match (last, first) {
        (b'Z', None | Some(1)) => (KeyCode::BackTab, KeyModifiers::SHIFT),
        // With a row and a column this is where the cursor is, and without F3 is another sequence.
        (b'R', _) => return None,
        (_, None | Some(1)) if function(last).is_some() => (function(last)?, KeyModifiers::NONE),
        (b'~', Some(27)) => typed(number(2)?)?,
        (b'~', Some(first)) => (numbered(first)?, KeyModifiers::NONE),
        (b'u', Some(first)) => typed(first)?,
        _ => return None,
    };
    let modifiers = modifiers(number(1).unwrap_or(1))? | extra;
    let event = parameters.get(1).and_then(|p| p.get(1).copied().flatten());
    let kind = match event.unwrap_or(1) {
        1 => KeyEventKind::Press,
        2 => KeyEventKind::Repeat,
        3 => KeyEventKind::Release,
        _ => return None,
    };
    let (code, modifiers) = match code {
        KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => (KeyCode::BackTab, modifiers),
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::SHIFT) => {
            (KeyCode::Char(c.to_ascii_uppercase()), modifiers)
        }
        code => (code, modifiers),
    };
    Some(Event::Key(KeyEvent::new_with_kind(code, modifiers, kind)))
}

fn function(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P'..=b'S' => KeyCode::F(1 + last - b'P'),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23..=24 => KeyCode::F(number as u8 - 12),
        _ => return None,
    })
}

/// A key by the character that it types.
fn typed(code: u32) -> Option<(KeyCode, KeyModifiers)> {
    let code = match char::from_u32(code)? {
        '\u{1b}' => KeyCode::Esc,
        '\r' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '\u{7f}' => KeyCode::Backspace,
        // Kitty's names of keys that type nothing.
        '\u{e000}'..='\u{f8ff}' => return None,
        character if character.is_control() => return None,
        character => KeyCode::Char(character),
    };
    Some((code, KeyModifiers::NONE))
}

fn modifiers(number: u32) -> Option<KeyModifiers> {
    let mask = number.checked_sub(1).filter(|mask| *mask < 256)?;
    let flags = [
        KeyModifiers::SHIFT,
        KeyModifiers::ALT,
        KeyModifiers::CONTROL,
        KeyModifiers::SUPER,
        KeyModifiers::HYPER,
        KeyModifiers::META,
    ];
    let set = flags.into_iter().enumerate();
    let set = set.filter(|(bit, _)| mask & (1 << bit) != 0);
    Some(set.fold(KeyModifiers::NONE, |all, (_, flag)| all | flag))
}

/// An SGR report: button, column, row, the latter from 1.
fn mouse(parameters: &Option<Vec<Parameter>>, released: bool) -> Option<Event> {
    let [button, column, row] = parameters.as_deref()? else {
        return None;
    };
    let number = |parameter: &Parameter| parameter.first().copied().flatten();
    let place = |parameter| u16::try_from(number(parameter)?.checked_sub(1)?).ok();
    let kind = match (number(button)? & !0b1_1100, released) {
        (button @ 0..=2, released) => {
            let all = [MouseButton::Left, MouseButton::Middle, MouseButton::Right];
            let button = all[button as usize];
            match released {
                true => MouseEventKind::Up(button),
                false => MouseEventKind::Down(button),
            }
        }
        (64, false) => MouseEventKind::ScrollUp,
        (65, false) => MouseEventKind::ScrollDown,
        _ => return None,
    };
    Some(Event::Mouse(MouseEvent {
        kind,
        column: place(column)?,
        row: place(row)?,
        modifiers: KeyModifiers::NONE,
    }))
}
