//! Which key does what: the table of [`keys`](super::keys), with the user's own keys in place of its own.
//!
//! ```toml
//! palette = "light"            # dark, light, high-contrast, colour-blind, no-colour; else the terminal is asked
//! ascii = true                 # plain ASCII signs; else as the locale says
//! mouse = true                 # click to select, wheel to scroll; else the mouse is the terminal's alone
//! hide = ["device", "log"]     # panels not shown at first; their numbers bring them back
//!
//! [keys]
//! cancel = ["X", "Ctrl-x"]     # in place of the keys that the command had
//! suspend = []                 # without a key; `:` still finds it
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::KeyEvent;
use serde::Deserialize;

use super::keys::{Action, BINDINGS, Binding, Key};
use super::palette::Palette;

/// Every command with its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    bound: Vec<(usize, Vec<Key>)>,
}

/// What a user may set of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Which key does what.
    pub keymap: Keymap,
    /// Colours, where the user chose them.
    pub palette: Option<Palette>,
    /// ASCII only or not, where the user chose it.
    pub ascii: Option<bool>,
    /// Whether the mouse is used, where the user said so.
    pub mouse: Option<bool>,
    /// Panels that are not shown at first, by their places in the table of panels.
    pub hidden: BTreeSet<usize>,
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The text is no TOML, or holds other keys than these.
    #[error("{0}")]
    Syntax(String),
    /// There is no such command.
    #[error(
        "[keys] has no command `{name}`; did you mean `{nearest}`? `?` on the screen shows all"
    )]
    UnknownCommand {
        /// The name found.
        name: String,
        /// The most similar command.
        nearest: &'static str,
    },
    /// There is no such key.
    #[error(
        "`{key}` of `{command}` is no key: write a character, Ctrl-x, F1, or Space, Tab, Enter, Esc, Up, PgDn, Home, Del"
    )]
    UnknownKey {
        /// The command.
        command: &'static str,
        /// The text found.
        key: String,
    },
    /// A key does two things.
    #[error("`{key}` is bound to both `{first}` and `{second}`: give one of them another key")]
    Twice {
        /// The key.
        key: String,
        /// A command that has it.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A command without which the screen is a trap.
    #[error("`{0}` needs a key")]
    Needed(&'static str),
    /// There is no such panel to hide.
    #[error("`hide` has `{found}`; the panels that can be hidden are {known}")]
    Panel {
        /// The name found.
        found: String,
        /// All names.
        known: String,
    },
    /// There is no such palette.
    #[error("there is no palette `{found}`; there are {known}")]
    Palette {
        /// The name found.
        found: String,
        /// All names.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    palette: Option<String>,
    ascii: Option<bool>,
    mouse: Option<bool>,
    #[serde(default)]
    hide: Vec<String>,
    #[serde(default)]
    keys: BTreeMap<String, Vec<String>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = BINDINGS.iter().map(|binding| binding.keys.to_vec());
        Self {
            bound: bound.enumerate().collect(),
        }
    }
}

impl Settings {
    /// Reads settings, see the top of this file.
    ///
    /// # Errors
    /// Where anything in them cannot be meant; nothing is half applied.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let file: File =
            toml::from_str(text).map_err(|error| SettingsError::Syntax(told(text, &error)))?;
        let palette = file.palette.map(|name| {
            Palette::named(&name).ok_or_else(|| SettingsError::Palette {
                found: name,
                known: Palette::NAMES.join(", "),
            })
        });
        Ok(Self {
            keymap: Keymap::with(&file.keys)?,
            palette: palette.transpose()?,
            ascii: file.ascii,
            mouse: file.mouse,
            hidden: file.hide.iter().map(panel).collect::<Result<_, _>>()?,
        })
    }
}

/// What is wrong, and in which line; no more of it than anybody reads.
fn told(text: &str, error: &toml::de::Error) -> String {
    const LONGEST: usize = 2000;
    let before = |start: usize| text.bytes().take(start);
    let line = |start: usize| before(start).filter(|byte| *byte == b'\n').count() + 1;
    let message: String = error.message().chars().take(LONGEST).collect();
    match error.span() {
        Some(span) => format!("line {}: {message}", line(span.start)),
        None => message,
    }
}

/// The panel that is not to be shown; the trials always are.
fn panel(name: &String) -> Result<usize, SettingsError> {
    let panels = || {
        BINDINGS.iter().filter_map(|binding| match binding.action {
            Action::Panel(index) if index > 0 => Some((binding.id, index)),
            _ => None,
        })
    };
    let found = panels().find(|(id, _)| id == name).map(|(_, index)| index);
    found.ok_or_else(|| {
        let known: Vec<&str> = panels().map(|(id, _)| id).collect();
        SettingsError::Panel {
            found: name.clone(),
            known: known.join(", "),
        }
    })
}

impl From<Palette> for Settings {
    fn from(palette: Palette) -> Self {
        Self {
            palette: Some(palette),
            ..Self::default()
        }
    }
}

impl Keymap {
    fn with(own: &BTreeMap<String, Vec<String>>) -> Result<Self, SettingsError> {
        let mut map = Self::default();
        for (name, keys) in own {
            let index = BINDINGS
                .iter()
                .position(|binding| binding.id == name)
                .ok_or_else(|| unknown(name))?;
            let command = BINDINGS[index].id;
            let read = |text: &String| {
                Key::parse(text).ok_or_else(|| SettingsError::UnknownKey {
                    command,
                    key: text.clone(),
                })
            };
            map.bound[index].1 = keys.iter().map(read).collect::<Result<_, _>>()?;
        }
        map.check()?;
        Ok(map)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let all = self
            .bound
            .iter()
            .flat_map(|(index, keys)| keys.iter().map(|key| (*key, BINDINGS[*index].id)));
        let mut seen: Vec<(Key, &'static str)> = Vec::new();
        for (key, second) in all {
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == key) {
                return Err(SettingsError::Twice {
                    key: key.to_string(),
                    first,
                    second,
                });
            }
            seen.push((key, second));
        }
        let needed = [Action::Quit, Action::Back];
        let bare = needed
            .into_iter()
            .find(|action| self.keys(*action).is_empty());
        let name = bare
            .and_then(super::keys::binding)
            .map(|binding| binding.id);
        name.map_or(Ok(()), |name| Err(SettingsError::Needed(name)))
    }

    /// The action of a key, if it has one.
    pub(super) fn action(&self, event: KeyEvent) -> Option<Action> {
        let key = Key::of(event)?;
        self.entries()
            .find(|(_, keys)| keys.contains(&key))
            .map(|(binding, _)| binding.action)
    }

    /// Every command with its keys, in the order of the table.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        self.bound
            .iter()
            .map(|(index, keys)| (&BINDINGS[*index], keys.as_slice()))
    }

    fn keys(&self, action: Action) -> &[Key] {
        self.entries()
            .find(|(binding, _)| binding.action == action)
            .map(|(_, keys)| keys)
            .unwrap_or_default()
    }

    /// The first key of an action, for sentences such as "press P"; by way of the palette where it has none.
    pub(super) fn first_key(&self, action: Action) -> String {
        let key = self.keys(action).first().map(Key::to_string);
        let id = || super::keys::binding(action).map_or("", |binding| binding.id);
        key.unwrap_or_else(|| format!(":{}", id()))
    }
}

/// All keys, as the help shows them: `j ↓`.
pub(super) fn keys_text(keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
    keys.join(" ")
}

fn unknown(name: &str) -> SettingsError {
    let likeness = |binding: &&Binding| (1000.0 * strsim::jaro_winkler(binding.id, name)) as u32;
    SettingsError::UnknownCommand {
        name: name.to_owned(),
        nearest: BINDINGS.iter().max_by_key(likeness).map_or("", |b| b.id),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn press(map: &Keymap, code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        map.action(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn case_control_and_alt_tell_keys_apart() {
        let map = Keymap::default();
        let cases = [
            ('p', KeyModifiers::NONE, Some(Action::PauseTrial)),
            ('P', KeyModifiers::SHIFT, Some(Action::PauseStudy)),
            ('c', KeyModifiers::CONTROL, Some(Action::Quit)),
            ('c', KeyModifiers::NONE, Some(Action::Compare)),
            ('q', KeyModifiers::ALT, None),
            ('ü', KeyModifiers::NONE, None),
        ];
        for (character, modifiers, expected) in cases {
            let found = press(&map, KeyCode::Char(character), modifiers);
            assert_eq!(found, expected, "{character} {modifiers:?}");
        }
        let back = press(&map, KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(back, Some(Action::PreviousPanel));
    }

    #[test]
    fn every_key_of_the_table_leads_to_its_action() {
        let map = Keymap::default();
        for binding in BINDINGS {
            for key in binding.keys {
                let control = if key.control {
                    KeyModifiers::CONTROL
                } else {
                    KeyModifiers::NONE
                };
                assert_eq!(
                    press(&map, key.code, control),
                    Some(binding.action),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn own_keys_take_the_place_of_the_tables() {
        let text = "palette = \"light\"\n[keys]\ncancel = [\"X\", \"Ctrl-x\"]\nsuspend = []\nup = [\"Up\"]";
        let settings = Settings::parse(text).unwrap();
        let map = settings.keymap;
        assert_eq!(settings.palette, Some(Palette::LIGHT));
        assert_eq!(press(&map, KeyCode::Char('x'), KeyModifiers::NONE), None);
        let cancel = Some(Action::Cancel);
        assert_eq!(press(&map, KeyCode::Char('X'), KeyModifiers::SHIFT), cancel);
        assert_eq!(
            press(&map, KeyCode::Char('x'), KeyModifiers::CONTROL),
            cancel
        );
        assert_eq!(map.first_key(Action::Cancel), "X");
        assert_eq!(map.first_key(Action::Suspend), ":suspend");
        assert_eq!(
            press(&map, KeyCode::Up, KeyModifiers::NONE),
            Some(Action::Up)
        );
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
        let settings = Settings::parse("mouse = true\nhide = [\"log\", \"device\"]").unwrap();
        assert_eq!(settings.mouse, Some(true));
        assert_eq!(settings.hidden, [6, 7].into());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let told = |text: &str| Settings::parse(text).unwrap_err().to_string();
        let twice = told("[keys]\nexport = [\"x\"]");
        assert!(
            twice.contains("`x` is bound to both `cancel` and `export`"),
            "{twice}"
        );
        let twice = told("[keys]\nexport = [\"E\", \"E\"]");
        assert!(twice.contains("both `export` and `export`"), "{twice}");
        assert!(told("[keys]\ncancle = [\"X\"]").contains("did you mean `cancel`"));
        assert!(told("[keys]\ncancel = [\"Hyper-x\"]").contains("`Hyper-x` of `cancel` is no key"));
        assert_eq!(told("[keys]\nquit = []"), "`quit` needs a key");
        assert!(told("palette = \"pink\"").contains("there are dark, light"));
        assert!(told("hide = [\"trials\"]").contains("can be hidden are trial, curves, front"));
        assert!(
            told("colour = 1").contains("unknown field"),
            "{}",
            told("colour = 1")
        );
    }
}
