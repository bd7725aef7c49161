//! Scores of predictions.

use serde::{Deserialize, Serialize};

/// A score to maximise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of right classes.
    Accuracy,
    /// F1 of class 1 against the rest.
    F1,
    /// Matthews correlation.
    Matthews,
    /// Pearson correlation.
    Pearson,
    /// Spearman rank correlation.
    Spearman,
}
