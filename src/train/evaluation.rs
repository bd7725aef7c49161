//! Predictions on the validation rows, and what they are worth.
//!
//! | symbol | meaning |
//! |---|---|
//! | z | logits of a row, `[C]` |
//! | y | its label |
//!
//! Loss of a row: −log softmax(z)_y for classes; (z − y)² for regression.

use crate::model::tensor::{Tensor, read_back};
use crate::task::{Label, Scoring, Undefined};

/// Predictions under way: logits stay on the device until they are read.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Of the rows that were read.
    pub predictions: Predictions,
    unread: Vec<Tensor<2>>,
    unread_rows: usize,
}

impl Evaluation {
    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.predictions.len() + self.unread_rows
    }

    /// Adds a batch's logits, [B, C].
    pub fn add(&mut self, logits: Tensor<2>) {
        self.unread_rows += logits.dims()[0];
        self.unread.push(logits);
    }

    /// Reads all logits that are on the device still; `labels` of their rows, in order. Waits for the device once.
    pub fn read(&mut self, labels: impl Iterator<Item = Label>) {
        let unread = std::mem::take(&mut self.unread);
        self.unread_rows = 0;
        let Some(first) = unread.first() else {
            return;
        };
        let [_, outputs] = first.dims();
        let logits: Vec<f32> = read_back(Tensor::cat(unread, 0));
        self.predictions.add(&logits, outputs, labels);
    }
}

/// What was predicted so far for rows in order.
#[derive(Clone, Debug, Default)]
pub struct Predictions {
    predicted: Vec<f64>,
    labels: Vec<f64>,
    loss: f64,
}

impl Predictions {
    /// Adds rows: their logits laid end to end, `outputs` for each label.
    pub fn add(&mut self, logits: &[f32], outputs: usize, labels: impl Iterator<Item = Label>) {
        for (logits, label) in logits.chunks_exact(outputs).zip(labels) {
            match label {
                Label::Class(class) => {
                    self.predicted.push(predicted(logits));
                    self.labels.push(class as f64);
                    self.loss += log_sum_exp(logits) - f64::from(logits[class]);
                }
                Label::Value(value) => {
                    let predicted = predicted(logits);
                    self.predicted.push(predicted);
                    self.labels.push(f64::from(value));
                    self.loss += (predicted - f64::from(value)).powi(2);
                }
            }
        }
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Mean loss of the rows.
    pub fn loss(&self) -> f64 {
        self.loss / self.len() as f64
    }

    /// The score as a search uses it.
    ///
    /// # Errors
    /// The rows can measure nothing, or a prediction is no finite number.
    pub fn score(&self, scoring: Scoring) -> Result<f64, Undefined> {
        scoring.search_score(&self.predicted, &self.labels)
    }

    /// How far that may be off by the choice of rows; none where nothing can be said. Costs about fifty scores.
    pub fn score_error(&self, scoring: Scoring) -> Option<f64> {
        scoring.sampling_error(&self.predicted, &self.labels)
    }
}

/// What a row's logits predict: the class of the largest, of equal ones the first; or the only number. NaN where one of
/// them is no finite number.
pub fn predicted(logits: &[f32]) -> f64 {
    if logits.iter().any(|logit| !logit.is_finite()) {
        return f64::NAN;
    }
    match logits {
        [value] => f64::from(*value),
        _ => (1..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best })
            as f64,
    }
}

fn log_sum_exp(logits: &[f32]) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let top = f64::from(top);
    top + logits
        .iter()
        .map(|&z| (f64::from(z) - top).exp())
        .sum::<f64>()
        .ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Metric;

    fn scoring(metric: Metric, classes: usize) -> Scoring {
        Scoring {
            metric,
            classes,
            positive: 1,
        }
    }

    #[test]
    fn logits_that_are_no_numbers_predict_nothing() {
        let mut predictions = Predictions::default();
        let labels = [Label::Class(0), Label::Class(1)];
        predictions.add(&[1.0, f32::NEG_INFINITY, 0.0, 1.0], 2, labels.into_iter());
        assert!(predictions.loss().is_finite());
        let broken = Undefined::NotFinite { broken: 1, rows: 2 };
        let score = predictions.score(scoring(Metric::Accuracy, 2));
        assert_eq!(score, Err(broken));
    }

    #[test]
    fn classes_are_the_largest_logit_and_the_loss_is_cross_entropy() {
        let mut predictions = Predictions::default();
        let labels = [Label::Class(0), Label::Class(1)];
        predictions.add(&[1.0, 0.0, 3.0, 1.0], 2, labels.into_iter());
        assert_eq!(predictions.score(scoring(Metric::Accuracy, 2)), Ok(0.5));
        let expected = ((1.0 + (-1.0f64).exp()).ln() + (1.0 + 2.0f64.exp()).ln()) / 2.0;
        assert!((predictions.loss() - expected).abs() < 1e-12);
    }

    #[test]
    fn regression_predicts_the_logit_itself() {
        let mut predictions = Predictions::default();
        predictions.add(
            &[1.0, 2.5],
            1,
            [Label::Value(2.0), Label::Value(2.5)].into_iter(),
        );
        assert_eq!(predictions.loss(), 0.5);
        let score = predictions.score(scoring(Metric::Pearson, 1));
        assert!(score.is_ok_and(|score| (score - 1.0).abs() < 1e-12));
    }
}
