//! The score of a training of an evaluation: one rule for what is kept, for the table and for its differences.

use super::Run;
use crate::task::{Metric, search_score};

/// What predictions are worth: as in the search, never below 0 and never undefined.
pub(super) fn score(metric: Metric, predictions: &[f64], labels: &[f64]) -> f64 {
    search_score(metric.score(predictions, labels))
}

/// A training's score, and what it would be on other rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored<'a> {
    /// On the rows as they are.
    pub score: f64,
    /// Of each row; none of a training that diverged, whose score is the same on any rows.
    pub predictions: Option<&'a [f64]>,
}

impl<'a> Scored<'a> {
    /// Of a training, where these are the labels that it was measured on; none where they cannot be.
    pub(super) fn of(run: &'a Run, metric: Metric, labels: &[f64]) -> Option<Self> {
        let predictions = (!run.has_diverged()).then_some(run.predictions.as_slice());
        let is_same = predictions.is_none_or(|predictions| {
            predictions.len() == labels.len() && score(metric, predictions, labels) == run.score
        });
        is_same.then_some(Self {
            score: run.score,
            predictions,
        })
    }

    /// On the rows drawn, whose labels are these.
    pub(super) fn on(&self, metric: Metric, rows: &[usize], labels: &[f64]) -> f64 {
        let Some(predictions) = self.predictions else {
            return self.score;
        };
        let drawn: Vec<f64> = rows.iter().map(|&row| predictions[row]).collect();
        score(metric, &drawn, labels)
    }
}
