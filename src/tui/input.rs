//! What comes from the terminal and from the shell: keys, pastes, resizes, and that the program stood still.
//!
//! Answers of the terminal to questions (OSC, DCS) that nobody waits for any more look like keys pressed with Alt and
//! a burst of others. They are swallowed: a colour sent late must not press `r`.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::Signals;

/// Events that may wait before the reader of the keyboard waits too.
const EVENTS_WAITING: usize = 256;

/// The parts of one sequence arrive together.
const BURST: Duration = Duration::from_millis(50);

/// No answer of a terminal is longer.
const LONGEST: usize = 4096;

/// One thing that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// From the terminal.
    Terminal(Event),
    /// The shell, or someone, asks the program to stand still.
    Suspend,
    /// The program goes on after it stood still.
    Continued,
    /// The terminal is gone.
    Gone,
}

/// Reads both, on a thread each.
///
/// # Errors
/// The threads cannot be started.
pub fn input() -> io::Result<Receiver<Input>> {
    let (sender, receiver) = bounded(EVENTS_WAITING);
    let mut signals = Signals::new([SIGTSTP, SIGCONT])?;
    let jobs = sender.clone();
    let told = move || {
        for signal in signals.forever() {
            let what = match signal {
                SIGTSTP => Input::Suspend,
                _ => Input::Continued,
            };
            if jobs.send(what).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("job control".into())
        .spawn(told)?;
    let keys = move || {
        read(&sender);
        let _ = sender.send(Input::Gone);
    };
    thread::Builder::new().name("keyboard".into()).spawn(keys)?;
    Ok(receiver)
}

/// Until the terminal is gone, or nobody listens.
fn read(sender: &Sender<Input>) {
    while let Ok(event) = event::read() {
        if begins_a_string(&event) {
            swallow(&mut || {
                let more = event::poll(BURST).unwrap_or(false);
                more.then(event::read)?.ok()
            });
        } else if sender.send(Input::Terminal(event)).is_err() {
            return;
        }
    }
}

/// Takes events off until the string's end, or until there is none in time.
fn swallow(next: &mut dyn FnMut() -> Option<Event>) {
    for _ in 0..LONGEST {
        match next() {
            Some(event) if !ends_a_string(&event) => {}
            _ => return,
        }
    }
}

fn key(event: &Event) -> Option<(char, KeyModifiers)> {
    match event {
        Event::Key(KeyEvent {
            code: KeyCode::Char(character),
            modifiers,
            ..
        }) => Some((*character, *modifiers)),
        _ => None,
    }
}

/// `ESC ]` (OSC), `ESC P` (DCS), `ESC _` (APC), `ESC ^` (PM), as they look from outside.
fn begins_a_string(event: &Event) -> bool {
    let alt = |modifiers: KeyModifiers| modifiers.contains(KeyModifiers::ALT);
    matches!(key(event), Some((']' | 'P' | '_' | '^', modifiers)) if alt(modifiers))
}

/// `BEL`, or `ESC \`.
fn ends_a_string(event: &Event) -> bool {
    match key(event) {
        Some(('g', modifiers)) => modifiers.contains(KeyModifiers::CONTROL),
        Some(('\\', modifiers)) => modifiers.contains(KeyModifiers::ALT),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Event> {
        let mut alt = false;
        let mut events = Vec::new();
        for character in text.chars() {
            let modifiers = match (character, alt) {
                ('\u{1b}', _) => {
                    alt = true;
                    continue;
                }
                ('\u{7}', _) => KeyModifiers::CONTROL,
                (_, true) => KeyModifiers::ALT,
                _ => KeyModifiers::NONE,
            };
            alt = false;
            let character = if character == '\u{7}' { 'g' } else { character };
            events.push(Event::Key(KeyEvent::new(
                KeyCode::Char(character),
                modifiers,
            )));
        }
        events
    }

    fn left_of(text: &str) -> usize {
        let mut events = keys(text).into_iter();
        let first = events.next();
        assert!(first.is_some_and(|event| begins_a_string(&event)));
        swallow(&mut || events.next());
        events.count()
    }

    #[test]
    fn late_answers_press_no_key() {
        assert_eq!(left_of("\u{1b}]11;rgb:ffff/rrrr/0000\u{1b}\\jk"), 2);
        assert_eq!(left_of("\u{1b}]11;rgb:ffff/ffff/0000\u{7}j"), 1);
        assert_eq!(left_of("\u{1b}P1+r544e\u{1b}\\"), 0);
        assert_eq!(left_of("\u{1b}]cut off"), 0);
        assert!(keys("P]_^e").iter().all(|event| !begins_a_string(event)));
    }
}
