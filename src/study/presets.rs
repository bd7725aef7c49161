//! Presets: what holds for the keys that a study file does not give.

use super::schema::{Fallback, Key};

/// Where values come from that the file does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    /// Our defaults.
    Default,
    /// The settings of the AutoPEFT paper (arXiv 2301.12132), as its authors' code runs them.
    Paper,
}

impl Preset {
    /// The preset of a name that the schema allows.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::Default),
            "paper" => Some(Self::Paper),
            _ => None,
        }
    }

    /// What this preset gives a key.
    pub(super) fn fallback(self, key: &Key) -> Fallback {
        match (self, key.paper) {
            (Self::Paper, Some(value)) => Fallback::Value(value),
            _ => key.default,
        }
    }
}
