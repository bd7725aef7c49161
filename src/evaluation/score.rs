//! The score of a training of an evaluation: one rule for what is kept, for the table and for its differences.

use super::Run;
use crate::task::{Scoring, Undefined};

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
    pub(super) fn of(run: &'a Run, scoring: Scoring, labels: &[f64]) -> Option<Self> {
        let predictions = (!run.has_diverged()).then_some(run.predictions.as_slice());
        let is_same = predictions.is_none_or(|predictions| {
            predictions.len() == labels.len()
                && scoring.search_score(predictions, labels) == Ok(run.score)
        });
        is_same.then_some(Self {
            score: run.score,
            predictions,
        })
    }

    /// On the rows drawn, whose labels are these.
    ///
    /// # Errors
    /// There is no score on such rows.
    pub(super) fn on(
        &self,
        scoring: Scoring,
        rows: &[usize],
        labels: &[f64],
    ) -> Result<f64, Undefined> {
        let Some(predictions) = self.predictions else {
            return Ok(self.score);
        };
        let drawn: Vec<f64> = rows.iter().map(|&row| predictions[row]).collect();
        scoring.search_score(&drawn, labels)
    }
}
