//! A paste that the terminal does not mark as one: more keys at once than anybody types.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::Input;

/// As many characters at once are no typing, ...
const LEAST: usize = 8;
/// ... unless they are few different ones: a key that is held down on a slow line.
const DIFFERENT: usize = 5;
/// The parts of one paste follow each other this closely.
const PAUSE: Duration = Duration::from_millis(100);

/// Finds them in what comes.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    /// When the last part of one came.
    latest: Option<Instant>,
}

impl Bursts {
    /// What came with one reading; keys that no hand presses are one text.
    pub(super) fn gather(&mut self, inputs: Vec<Input>, now: Instant) -> Vec<Input> {
        let mut gathered = Vec::with_capacity(inputs.len());
        let mut run = Vec::new();
        for input in inputs {
            if character(&input).is_some() {
                run.push(input);
            } else {
                self.end(&mut run, &mut gathered, now);
                gathered.push(input);
            }
        }
        self.end(&mut run, &mut gathered, now);
        gathered
    }

    fn end(&mut self, run: &mut Vec<Input>, gathered: &mut Vec<Input>, now: Instant) {
        let text: String = run.iter().filter_map(character).collect();
        let different: BTreeSet<char> = text.chars().collect();
        let goes_on = (self.latest).is_some_and(|latest| now.duration_since(latest) < PAUSE);
        let is_burst = run.len() >= LEAST && different.len() >= DIFFERENT;
        if !run.is_empty() && (is_burst || goes_on) {
            self.latest = Some(now);
            gathered.push(Input::Burst(text));
            run.clear();
        } else {
            gathered.append(run);
        }
    }
}

/// The character of a key that types one.
fn character(input: &Input) -> Option<char> {
    let Input::Terminal(Event::Key(KeyEvent {
        code, modifiers, ..
    })) = input
    else {
        return None;
    };
    let plain = KeyModifiers::SHIFT.contains(*modifiers);
    match code {
        KeyCode::Char(character) if plain => Some(*character),
        // A line's end, where the terminal leaves it as it is.
        KeyCode::Char('j') if *modifiers == KeyModifiers::CONTROL => Some('\n'),
        KeyCode::Enter if plain => Some('\n'),
        KeyCode::Tab if plain => Some('\t'),
        _ => None,
    }
}
