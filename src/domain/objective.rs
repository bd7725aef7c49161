//! The two objectives of a study.

use serde::{Deserialize, Serialize};

/// What a finished trial achieved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objectives {
    /// Validation score in the metric's own units (0.83 is 83 % accuracy); to be maximised.
    #[serde(with = "super::number")]
    pub score: f64,
    /// Parameters as a percentage of the backbone, by the paper's formula; to be minimised.
    #[serde(with = "super::number")]
    pub parameters_percent: f64,
}

impl Objectives {
    /// Whether `self` is at least as good as `other` in both objectives and better in one.
    pub fn dominates(&self, other: &Self) -> bool {
        self.score >= other.score
            && self.parameters_percent <= other.parameters_percent
            && (self.score > other.score || self.parameters_percent < other.parameters_percent)
    }
}
