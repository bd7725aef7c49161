//! What a key of a study file may hold, in types: the table itself is in `keys`.

use std::fmt;

use super::keys::KEYS;

/// One key of a study file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// The table it stands in, dotted: `training`, `search.reference_point`.
    pub(super) section: &'static str,
    /// Its name in that table.
    pub(super) name: &'static str,
    /// What it may hold.
    pub(super) kind: Kind,
    /// What holds where the file does not give it.
    pub(super) default: Fallback,
    /// What `preset = "paper"` gives it, as TOML; none: the default.
    pub(super) paper: Option<&'static str>,
    /// What it means, in a sentence or two.
    pub(super) documentation: &'static str,
}

/// What a key may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Any text but the empty one.
    Text,
    /// A path, relative to the study file's folder.
    Path,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second, both included.
    Count(u64, u64),
    /// A number.
    Real(Interval),
    /// `true` or `false`.
    Switch,
    /// A list of texts.
    Texts,
    /// One of several forms, in words.
    Forms(&'static str),
}

/// An interval of numbers, either end open or closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    /// Lower end.
    pub(super) low: f64,
    /// Whether the lower end itself is allowed.
    pub(super) low_included: bool,
    /// Upper end.
    pub(super) high: f64,
    /// Whether the upper end itself is allowed.
    pub(super) high_included: bool,
}

/// What holds where the file does not give a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// Nothing: the file must give it.
    Required,
    /// This value, as TOML.
    Value(&'static str),
    /// No value; the words say what happens then.
    Unset(&'static str),
}

impl Interval {
    /// From `low` to `high`, both included.
    pub(super) const fn closed(low: f64, high: f64) -> Self {
        Self {
            low,
            low_included: true,
            high,
            high_included: true,
        }
    }

    /// From `low`, included, to below `high`.
    pub(super) const fn from_to_below(low: f64, high: f64) -> Self {
        Self {
            low,
            low_included: true,
            high,
            high_included: false,
        }
    }

    /// Above `low`, to `high`, included.
    pub(super) const fn above_to(low: f64, high: f64) -> Self {
        Self {
            low,
            low_included: false,
            high,
            high_included: true,
        }
    }

    /// Whether `value` lies inside. NaN does not.
    pub(super) fn contains(self, value: f64) -> bool {
        let above = value > self.low || (self.low_included && value == self.low);
        let below = value < self.high || (self.high_included && value == self.high);
        above && below && value.is_finite()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = if self.low_included {
            "of at least"
        } else {
            "above"
        };
        let high = if self.high_included {
            "at most"
        } else {
            "below"
        };
        write!(f, "{low} {} and {high} {}", self.low, self.high)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a text"),
            Self::Path => f.write_str("a path"),
            Self::Choice(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                match quoted.as_slice() {
                    [one] => f.write_str(one),
                    [one, other] => write!(f, "{one} or {other}"),
                    _ => write!(f, "one of {}", quoted.join(", ")),
                }
            }
            Self::Count(low, high) => write!(f, "a whole number from {low} to {high}"),
            Self::Real(interval) => write!(f, "a number {interval}"),
            Self::Switch => f.write_str("true or false"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Forms(words) => f.write_str(words),
        }
    }
}

/// The key of a section by its name.
pub(super) fn key(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.section == section && key.name == name)
}

/// What stands in a section: its keys, and the tables inside it, in the table's order.
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for key in KEYS {
        let name = if key.section == section {
            key.name
        } else {
            let rest = match section {
                "" => Some(key.section),
                _ => key
                    .section
                    .strip_prefix(section)
                    .and_then(|rest| rest.strip_prefix('.')),
            };
            match rest.and_then(|rest| rest.split('.').next()) {
                Some(table) => table,
                None => continue,
            }
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether some key stands in this table or in a table inside it.
pub(super) fn is_section(section: &str) -> bool {
    KEYS.iter().any(|key| {
        key.section == section
            || key
                .section
                .strip_prefix(section)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}
