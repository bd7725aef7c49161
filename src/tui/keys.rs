//! Every key, once: dispatch, the help and the footer are all made from this table.

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
    Back,
    PauseTrial,
    Cancel,
    Retry,
    PauseStudy,
    Export,
    Palette,
    Help,
    Redraw,
    Suspend,
    Quit,
}

/// A key as the terminal reports it; Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    code: KeyCode,
    control: bool,
}

/// Keys and what they do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
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
    ($([$($key:expr),+] $name:literal $help:literal $action:expr;)+) => {
        &[$(Binding { keys: &[$($key),+], name: $name, help: $help, action: $action }),+]
    };
}

/// The table, in the order of the help. The footer takes what works now in the same order, the study's keys first.
pub(super) const BINDINGS: &[Binding] = bindings! {
    [char('p'), char(' ')] "pause" "pause or resume the selected trial" Action::PauseTrial;
    [char('x'), plain(KeyCode::Delete)] "cancel" "cancel the selected trial (asks)" Action::Cancel;
    [char('r')] "retry" "queue a failed or cancelled trial again" Action::Retry;
    [char('P')] "pause study" "pause or resume the whole study" Action::PauseStudy;
    [char('e')] "export" "export the front to the study's folder" Action::Export;
    [plain(KeyCode::Tab), char('l'), plain(KeyCode::Right)] "panel" "next panel" Action::NextPanel;
    [plain(KeyCode::BackTab), char('h'), plain(KeyCode::Left)] "back" "previous panel" Action::PreviousPanel;
    [plain(KeyCode::Enter), char('z')] "zoom" "give the whole screen to the panel, or take it back" Action::Zoom;
    [plain(KeyCode::Esc)] "back" "close, unzoom, back to the trials, follow the running trial" Action::Back;
    [char('j'), plain(KeyCode::Down)] "down" "next trial; in the log: newer lines" Action::Down;
    [char('k'), plain(KeyCode::Up)] "up" "previous trial; in the log: older lines" Action::Up;
    [control('d'), plain(KeyCode::PageDown)] "half page" "half a page down" Action::HalfPageDown;
    [control('u'), plain(KeyCode::PageUp)] "half page" "half a page up" Action::HalfPageUp;
    [char('g'), plain(KeyCode::Home)] "first" "first trial" Action::First;
    [char('G'), plain(KeyCode::End)] "last" "last trial" Action::Last;
    [char('1')] "trials" "go to the trials" Action::Panel(0);
    [char('2')] "trial" "go to the selected trial" Action::Panel(1);
    [char('3')] "curves" "go to its curves" Action::Panel(2);
    [char('4')] "front" "go to the Pareto front" Action::Panel(3);
    [char('5')] "hypervolume" "go to the hypervolume" Action::Panel(4);
    [char('6')] "search" "go to search and device" Action::Panel(5);
    [char('7')] "log" "go to the log" Action::Panel(6);
    [char('t')] "palette" "dark, light or no colours" Action::Palette;
    [control('l')] "redraw" "draw the screen anew" Action::Redraw;
    [control('z')] "suspend" "stop the program until `fg`; training stands still too" Action::Suspend;
    [char('?'), plain(KeyCode::F(1))] "help" "show or hide this help" Action::Help;
    [char('q'), control('c')] "quit" "quit; asks while trials are unfinished" Action::Quit;
};

/// The action of a key, if it has one.
pub(super) fn action(event: KeyEvent) -> Option<Action> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    if event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let key = Key {
        code: event.code,
        control,
    };
    BINDINGS
        .iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.action)
}

/// The first key of an action, for sentences such as "press P".
pub(super) fn first_key(action: Action) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding
        .map(|binding| binding.keys[0].to_string())
        .unwrap_or_default()
}

impl Binding {
    /// All keys, as the help shows them: `j ↓`.
    pub(super) fn keys_text(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(Key::to_string).collect();
        keys.join(" ")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::Delete => f.write_str("Del"),
            code => write!(f, "{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::panels::PANELS;
    use super::*;

    #[test]
    fn no_key_and_no_action_is_bound_twice() {
        let keys: Vec<Key> = BINDINGS
            .iter()
            .flat_map(|b| b.keys.iter().copied())
            .collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{key} is bound twice");
        }
        let actions: Vec<Action> = BINDINGS.iter().map(|b| b.action).collect();
        for (i, action) in actions.iter().enumerate() {
            assert!(!actions[..i].contains(action), "{action:?} has two lines");
        }
    }

    #[test]
    fn every_panel_has_its_number() {
        for (i, panel) in PANELS.iter().enumerate() {
            assert_ne!(first_key(Action::Panel(i)), "", "{} has no key", panel.name);
        }
        assert_eq!(first_key(Action::Panel(PANELS.len())), "");
    }

    #[test]
    fn case_control_and_alt_tell_keys_apart() {
        let press = |code, modifiers| action(KeyEvent::new(code, modifiers));
        assert_eq!(
            press(KeyCode::Char('p'), KeyModifiers::NONE),
            Some(Action::PauseTrial)
        );
        assert_eq!(
            press(KeyCode::Char('P'), KeyModifiers::SHIFT),
            Some(Action::PauseStudy)
        );
        assert_eq!(
            press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Action::Quit)
        );
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(press(KeyCode::Char('q'), KeyModifiers::ALT), None);
        assert_eq!(
            press(KeyCode::BackTab, KeyModifiers::SHIFT),
            Some(Action::PreviousPanel)
        );
    }
}
