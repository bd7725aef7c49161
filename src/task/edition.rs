//! By which rules settings become rows and scores.

use serde::{Deserialize, Serialize};

/// The rules by which settings become rows and scores.
///
/// It is no key of the study file. A new study has the latest; one that was begun before goes on with those that it was
/// begun with, so that all its trials train and measure on the same rows. Records from before there were editions name
/// none, and mean the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// A validation share gives the nearest whole number of rows of each class, none of small ones; fewer rows are
    /// drawn from all classes alike; F1 counts class 1.
    #[default]
    First,
    /// Every class gets its part of the rows, small ones one row at least; F1 counts the class that is named.
    Second,
}

impl Edition {
    /// The one that new studies have.
    pub const LATEST: Self = Self::Second;

    /// Whether it is the first, which records leave out.
    pub(super) fn is_first(&self) -> bool {
        *self == Self::First
    }
}
