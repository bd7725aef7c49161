//! Every command, once: dispatch, the help, the footer, the palette and the names in a file of own keys are all made
//! from this table.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Down,
    Up,
    HalfPageDown,
    HalfPageUp,
    First,
    Last,
    NextPanel,
    PreviousPanel,
    /// The panel with this number, from 0.
    Panel(usize),
    Zoom,
    Hide,
    Back,
    Filter,
    NextMatch,
    PreviousMatch,
    PauseTrial,
    Cancel,
    Retry,
    Raise,
    Lower,
    Add,
    Mark,
    Note,
    Compare,
    Why,
    Verdict,
    Copy,
    PauseStudy,
    Export,
    Evaluate,
    Freeze,
    Smooth,
    Logarithm,
    Palette,
    Ascii,
    Mouse,
    Commands,
    Help,
    Redraw,
    Suspend,
    Quit,
}

impl Action {
    /// Whether it asks something of the study, which a view that only watches cannot.
    pub(super) fn asks_of_the_study(self) -> bool {
        use Action as A;
        matches!(
            self,
            A::PauseTrial
                | A::Cancel
                | A::Retry
                | A::Raise
                | A::Lower
                | A::Add
                | A::Mark
                | A::Note
                | A::PauseStudy
                | A::Export
                | A::Evaluate
        )
    }
}

/// A key as the terminal reports it; Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) code: KeyCode,
    pub(super) control: bool,
}

/// A command, and the keys that it has unless the user gives it others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    /// Name in a file of own keys.
    pub(super) id: &'static str,
    pub(super) keys: &'static [Key],
    /// One or two words, for the footer.
    pub(super) name: &'static str,
    /// One line, for the help.
    pub(super) help: &'static str,
    pub(super) action: Action,
}

const fn char(character: char) -> Key {
    plain(KeyCode::Char(character))
}

const fn plain(code: KeyCode) -> Key {
    Key {
        code,
        control: false,
    }
}

const fn control(character: char) -> Key {
    Key {
        code: KeyCode::Char(character),
        control: true,
    }
}

macro_rules! bindings {
    ($($id:literal [$($key:expr),*] $name:literal $help:literal $action:expr;)+) => {
        &[$(Binding { id: $id, keys: &[$($key),*], name: $name, help: $help, action: $action }),+]
    };
}

/// The table, in the order of the help. The footer takes what works now in the same order, the study's keys first.
pub(super) const BINDINGS: &[Binding] = bindings! {
    "pause" [char('p'), char(' ')] "pause" "pause or resume the selected trial" Action::PauseTrial;
    "cancel" [char('x'), plain(KeyCode::Delete)] "cancel" "cancel the selected trial (asks)" Action::Cancel;
    "retry" [char('r')] "retry" "queue a trial again that failed, was cancelled or pruned, or lacked memory" Action::Retry;
    "raise" [char('+')] "sooner" "raise the selected trial in the queue" Action::Raise;
    "lower" [char('-')] "later" "lower it in the queue" Action::Lower;
    "add" [char('a')] "add" "add a trial: edit the selected trial's configuration" Action::Add;
    "pause-study" [char('P')] "pause study" "pause or resume the whole study" Action::PauseStudy;
    "export" [char('e')] "export" "export the front to the study's folder" Action::Export;
    "evaluate" [char('E')] "evaluate" "train the marked trials, or the front, anew over seeds beside baselines" Action::Evaluate;
    "filter" [char('/')] "filter" "show only trials with these words; score>0.8 params<1 marked front" Action::Filter;
    "next-match" [char('n')] "next" "next trial of the filter, from any panel" Action::NextMatch;
    "previous-match" [char('N')] "previous" "previous trial of the filter" Action::PreviousMatch;
    "mark" [char('m')] "mark" "mark the selected trial, or take the mark away" Action::Mark;
    "note" [char('M')] "note" "write a note beside it" Action::Note;
    "compare" [char('c')] "compare" "compare the marked trials side by side" Action::Compare;
    "why" [char('w')] "why" "why this trial: what the search expected of it" Action::Why;
    "verdict" [char('v')] "verdict" "is anything better than the plain choices, and by how much" Action::Verdict;
    "copy" [char('y')] "copy" "copy its configuration, over ssh and tmux too (OSC 52)" Action::Copy;
    "next-panel" [plain(KeyCode::Tab), char('l'), plain(KeyCode::Right)] "panel" "next panel" Action::NextPanel;
    "previous-panel" [plain(KeyCode::BackTab), char('h'), plain(KeyCode::Left)] "back" "previous panel" Action::PreviousPanel;
    "zoom" [plain(KeyCode::Enter), char('z')] "zoom" "give the whole screen to the panel, or take it back" Action::Zoom;
    "hide" [char('H')] "hide" "hide the panel; its number brings it back" Action::Hide;
    "back" [plain(KeyCode::Esc)] "back" "close, unzoom, drop the filter, back to the trials, follow the running trial" Action::Back;
    "down" [char('j'), plain(KeyCode::Down)] "down" "next trial; in the log: newer lines" Action::Down;
    "up" [char('k'), plain(KeyCode::Up)] "up" "previous trial; in the log: older lines" Action::Up;
    "half-page-down" [control('d'), plain(KeyCode::PageDown)] "half page" "half a page down" Action::HalfPageDown;
    "half-page-up" [control('u'), plain(KeyCode::PageUp)] "half page" "half a page up" Action::HalfPageUp;
    "first" [char('g'), plain(KeyCode::Home)] "first" "first trial" Action::First;
    "last" [char('G'), plain(KeyCode::End)] "last" "last trial" Action::Last;
    "trials" [char('1')] "trials" "go to the trials" Action::Panel(0);
    "trial" [char('2')] "trial" "go to the selected trial" Action::Panel(1);
    "curves" [char('3')] "curves" "go to its curves" Action::Panel(2);
    "front" [char('4')] "front" "go to the Pareto front" Action::Panel(3);
    "hypervolume" [char('5')] "hypervolume" "go to the hypervolume" Action::Panel(4);
    "search" [char('6')] "search" "go to the search" Action::Panel(5);
    "device" [char('7')] "device" "go to the device" Action::Panel(6);
    "log" [char('8')] "log" "go to the log" Action::Panel(7);
    "freeze" [char('f')] "freeze" "hold the picture still, or let it go on; work goes on behind it" Action::Freeze;
    "smooth" [char('s')] "smooth" "smooth the training loss, or show it as it is" Action::Smooth;
    "logarithm" [char('L')] "log axis" "losses on a logarithmic axis, or on a linear one" Action::Logarithm;
    "palette" [char('t')] "palette" "dark, light, high contrast, colour-blind or no colours" Action::Palette;
    "ascii" [] "ASCII" "plain ASCII signs, for fonts without braille and boxes" Action::Ascii;
    "mouse" [] "mouse" "click to select, wheel to scroll; text is then selected with Shift" Action::Mouse;
    "redraw" [control('l')] "redraw" "draw the screen anew" Action::Redraw;
    "suspend" [control('z')] "suspend" "stop the program until `fg`; training stands still too" Action::Suspend;
    "commands" [char(':')] "commands" "find any command by its words" Action::Commands;
    "help" [char('?'), plain(KeyCode::F(1))] "help" "show or hide this help" Action::Help;
    "quit" [char('q'), control('c')] "quit" "quit; asks while trials are unfinished" Action::Quit;
};

/// The line of an action; every action has one, which a test holds.
pub(super) fn binding(action: Action) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.action == action)
}

impl Key {
    /// The key of an event; none with Alt, which also begins stray escape sequences.
    pub(super) fn of(event: KeyEvent) -> Option<Self> {
        (!event.modifiers.contains(KeyModifiers::ALT)).then(|| Self {
            code: event.code,
            control: event.modifiers.contains(KeyModifiers::CONTROL),
        })
    }

    /// Reads what [`Display`](fmt::Display) writes, and the arrows by their names.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (control, name) = match text.strip_prefix("Ctrl-") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let mut characters = name.chars();
        let code = match (name, characters.next(), characters.next()) {
            ("↓", ..) => KeyCode::Down,
            ("↑", ..) => KeyCode::Up,
            ("←", ..) => KeyCode::Left,
            ("→", ..) => KeyCode::Right,
            (_, Some(character), None) if !character.is_control() => KeyCode::Char(character),
            _ => NAMED
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, code)| *code)
                .or_else(|| function_key(name))?,
        };
        Some(Self { code, control })
    }
}

fn function_key(name: &str) -> Option<KeyCode> {
    let number: u8 = name.strip_prefix(['F', 'f'])?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

/// Keys with names, as they are written in a file of own keys.
const NAMED: [(&str, KeyCode); 15] = [
    ("Space", KeyCode::Char(' ')),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Down", KeyCode::Down),
    ("Up", KeyCode::Up),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgDn", KeyCode::PageDown),
    ("PgUp", KeyCode::PageUp),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Del", KeyCode::Delete),
    ("Backspace", KeyCode::Backspace),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            code => match NAMED.iter().find(|(_, named)| *named == code) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "{code}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::panels::PANELS;
    use super::*;

    #[test]
    fn no_key_no_action_and_no_name_is_there_twice() {
        let keys: Vec<Key> = BINDINGS
            .iter()
            .flat_map(|b| b.keys.iter().copied())
            .collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{key} is bound twice");
            assert_eq!(Key::parse(&key.to_string()), Some(*key), "{key}");
        }
        for (i, one) in BINDINGS.iter().enumerate() {
            let before = &BINDINGS[..i];
            assert!(before.iter().all(|other| other.action != one.action));
            assert!(before.iter().all(|other| other.id != one.id), "{}", one.id);
        }
    }

    #[test]
    fn every_panel_has_its_number() {
        for (i, panel) in PANELS.iter().enumerate() {
            let key = binding(Action::Panel(i)).map(|binding| binding.keys[0].to_string());
            assert_eq!(key, Some((i + 1).to_string()), "{}", panel.name);
        }
        assert!(binding(Action::Panel(PANELS.len())).is_none());
    }
}
