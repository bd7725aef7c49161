//! Scores of predictions.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `n` | rows |
//! | `tp`, `fp`, `fn` | rows predicted 1 and labelled 1, predicted 1 only, labelled 1 only |
//! | `c` | rows predicted right |
//! | `t_k`, `p_k` | rows labelled, predicted as class `k` |
//! | `r` | correlation |

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Labels;

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

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 5] = [
        Self::Accuracy,
        Self::F1,
        Self::Matthews,
        Self::Pearson,
        Self::Spearman,
    ];

    /// The name in study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::F1 => "f1",
            Self::Matthews => "matthews",
            Self::Pearson => "pearson",
            Self::Spearman => "spearman",
        }
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::F1 => "F1",
            Self::Matthews => "Matthews correlation",
            Self::Pearson => "Pearson correlation",
            Self::Spearman => "Spearman correlation",
        }
    }

    /// Whether labels of this kind can be scored by it.
    pub fn fits(self, labels: &Labels) -> bool {
        match self {
            Self::Accuracy | Self::Matthews => matches!(labels, Labels::Classes(_)),
            Self::F1 => matches!(labels, Labels::Classes(names) if names.len() == 2),
            Self::Pearson | Self::Spearman => matches!(labels, Labels::Regression),
        }
    }

    /// The score of `predictions` (`[n]`) against `labels` (`[n]`); classes are given by their numbers.
    ///
    /// Edge cases: F1 is 0 where class 1 is neither labelled nor predicted; Matthews is 0 where all labels or all
    /// predictions are of one class; a correlation with a constant side, or of fewer than two rows, or with a
    /// value that is not finite, is NaN; every score of no rows is NaN. See [`search_score`].
    ///
    /// # Panics
    /// If the two lengths differ.
    pub fn score(self, predictions: &[f64], labels: &[f64]) -> f64 {
        assert_eq!(predictions.len(), labels.len(), "one prediction per label");
        if labels.is_empty() {
            return f64::NAN;
        }
        match self {
            Self::Accuracy => right(predictions, labels) / labels.len() as f64,
            Self::F1 => f1(predictions, labels),
            Self::Matthews => matthews(predictions, labels),
            Self::Pearson => pearson(predictions, labels),
            Self::Spearman => spearman(predictions, labels),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        let named = Self::ALL.into_iter().find(|metric| metric.name() == text);
        named.ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

/// No metric has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no metric is called `{0}`; there are accuracy, f1, matthews, pearson, spearman")]
pub struct UnknownMetric(pub String);

/// What a search works with: the score floored at 0, and 0 where the score is undefined (NaN).
///
/// A model that predicts a constant has learned nothing, as one whose predictions correlate negatively; both must
/// be comparable with the others, so neither may be NaN or below the worst useful score.
pub fn search_score(score: f64) -> f64 {
    // `max` returns its other argument for NaN.
    score.max(0.0)
}

/// `c`.
fn right(predictions: &[f64], labels: &[f64]) -> f64 {
    let same = predictions.iter().zip(labels).filter(|(p, t)| p == t);
    same.count() as f64
}

/// `2 tp / (2 tp + fp + fn)`.
fn f1(predictions: &[f64], labels: &[f64]) -> f64 {
    let positive = |values: &[f64]| values.iter().filter(|&&v| v == 1.0).count();
    let both = predictions.iter().zip(labels);
    let tp = both.filter(|&(&p, &t)| p == 1.0 && t == 1.0).count();
    // (tp + fp) + (tp + fn)
    let found_and_sought = positive(predictions) + positive(labels);
    if found_and_sought == 0 {
        return 0.0;
    }
    2.0 * tp as f64 / found_and_sought as f64
}

/// `(c n - sum_k p_k t_k) / sqrt((n^2 - sum_k p_k^2) (n^2 - sum_k t_k^2))`, the form for any number of classes
/// (Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient").
fn matthews(predictions: &[f64], labels: &[f64]) -> f64 {
    let mut counts: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (p, t) in predictions.iter().zip(labels) {
        counts.entry(p.to_bits()).or_default().0 += 1.0;
        counts.entry(t.to_bits()).or_default().1 += 1.0;
    }
    let sum = |of: fn(&(f64, f64)) -> f64| counts.values().map(of).sum::<f64>();
    let n = labels.len() as f64;
    let covariance = right(predictions, labels) * n - sum(|(p, t)| p * t);
    let spread = (n * n - sum(|(p, _)| p * p)) * (n * n - sum(|(_, t)| t * t));
    if spread == 0.0 {
        return 0.0;
    }
    covariance / spread.sqrt()
}

/// `sum (x - mean x)(y - mean y) / (|x - mean x| |y - mean y|)`.
fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let constant = |values: &[f64]| values.iter().all(|&v| v == values[0]);
    let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
    if constant(x) || constant(y) || !finite(x) || !finite(y) {
        return f64::NAN;
    }
    let centred = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let centred: Vec<f64> = values.iter().map(|v| v - mean).collect();
        let norm = centred.iter().map(|v| v * v).sum::<f64>().sqrt();
        (centred, norm)
    };
    let ((x, x_norm), (y, y_norm)) = (centred(x), centred(y));
    // Divided one by one, so that the product of two large norms cannot overflow.
    let r: f64 = x
        .iter()
        .zip(&y)
        .map(|(x, y)| (x / x_norm) * (y / y_norm))
        .sum();
    r.clamp(-1.0, 1.0)
}

/// Pearson's `r` of the ranks.
fn spearman(x: &[f64], y: &[f64]) -> f64 {
    if x.iter().chain(y).any(|v| !v.is_finite()) {
        return f64::NAN;
    }
    pearson(&average_ranks(x), &average_ranks(y))
}

/// Ranks from 1; equal values share the mean of their ranks.
fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let end = start + tie.len();
        // The mean of start + 1 ..= end.
        let rank = (start + 1 + end) as f64 / 2.0;
        for &row in tie {
            ranks[row] = rank;
        }
        start = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_score_is_the_worst_score_to_a_search() {
        let undefined = Metric::Spearman.score(&[2.0, 2.0, 2.0], &[1.0, 2.0, 3.0]);
        assert!(undefined.is_nan());
        assert_eq!(search_score(undefined), 0.0);
        assert_eq!(search_score(-0.2), 0.0);
        assert_eq!(search_score(0.7), 0.7);
    }

    #[test]
    fn diverged_predictions_have_no_correlation() {
        let labels = [1.0, 2.0, 3.0];
        for metric in [Metric::Pearson, Metric::Spearman] {
            assert!(metric.score(&[1.0, f64::NAN, 2.0], &labels).is_nan());
            assert!(metric.score(&[1.0, f64::INFINITY, 2.0], &labels).is_nan());
        }
        assert!(Metric::Accuracy.score(&[], &[]).is_nan());
    }

    #[test]
    fn names_are_read_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        let error = "auc".parse::<Metric>().map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("`auc`") && text.contains("spearman")));
    }
}
