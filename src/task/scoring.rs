//! Scores of predictions, told apart from scores that there are none of.

use serde::{Deserialize, Serialize};

use super::formulas::{accuracy, f1, is_constant, macro_f1, matthews, pearson, spearman};
use super::{Example, Label, Metric};

/// A metric on the classes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scoring {
    /// The metric.
    pub metric: Metric,
    /// Classes of the task; 1 for numbers.
    pub classes: usize,
    /// The class that F1 counts; other metrics do not look at it.
    pub positive: usize,
}

/// Why there is no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undefined {
    /// Nothing to measure on.
    #[error("there are no rows")]
    NoRows,
    /// A Matthews correlation with labels that do not vary.
    #[error("all {0} rows are of one class")]
    OneClass(usize),
    /// An F1 without a row to find.
    #[error("none of the {0} rows is of the class that counts")]
    NoPositive(usize),
    /// A correlation with amounts that do not vary.
    #[error("the amounts of all {0} rows are the same")]
    OneAmount(usize),
    /// A model that broke.
    #[error("the predictions of {broken} of {rows} rows are no finite numbers")]
    NotFinite {
        /// Rows with such a prediction.
        broken: usize,
        /// All rows.
        rows: usize,
    },
    /// A correlation with predictions that do not vary.
    #[error("the prediction is the same for all {0} rows")]
    OnePrediction(usize),
}

impl Scoring {
    /// Whether rows with these labels (`[n]`, classes by their numbers) can be measured at all, whatever is predicted.
    ///
    /// # Errors
    /// Why not.
    pub fn measures(&self, labels: &[f64]) -> Result<(), Undefined> {
        let rows = labels.len();
        let positive = self.positive as f64;
        match self.metric {
            _ if rows == 0 => Err(Undefined::NoRows),
            Metric::Matthews if is_constant(labels) => Err(Undefined::OneClass(rows)),
            Metric::F1 if !labels.contains(&positive) => Err(Undefined::NoPositive(rows)),
            Metric::Pearson | Metric::Spearman if is_constant(labels) => {
                Err(Undefined::OneAmount(rows))
            }
            _ => Ok(()),
        }
    }

    /// The score of `predictions` (`[n]`) against `labels` (`[n]`); classes are given by their numbers.
    ///
    /// A Matthews correlation with predictions of one class is 0, as in scikit-learn; one with labels of one class is
    /// undefined. Macro F1 counts a class that is neither labelled nor predicted as 0 (`zero_division=0`).
    ///
    /// # Errors
    /// Why there is none, by the labels or by the predictions.
    ///
    /// # Panics
    /// If the two lengths differ.
    pub fn score(&self, predictions: &[f64], labels: &[f64]) -> Result<f64, Undefined> {
        assert_eq!(predictions.len(), labels.len(), "one prediction per label");
        self.measures(labels)?;
        let rows = labels.len();
        let broken = predictions.iter().filter(|p| !p.is_finite()).count();
        if broken > 0 {
            return Err(Undefined::NotFinite { broken, rows });
        }
        let correlation = match self.metric {
            Metric::Accuracy => return Ok(accuracy(predictions, labels)),
            Metric::F1 => return Ok(f1(predictions, labels, self.positive)),
            Metric::MacroF1 => return Ok(macro_f1(predictions, labels, self.classes)),
            Metric::Matthews => return Ok(matthews(predictions, labels)),
            Metric::Pearson => pearson(predictions, labels),
            Metric::Spearman => spearman(predictions, labels),
        };
        correlation.ok_or(Undefined::OnePrediction(rows))
    }

    /// What a search works with: the score floored at 0, and 0 for predictions that are all the same.
    ///
    /// A model that predicts a constant has learned nothing, as one whose predictions correlate negatively; both must
    /// be comparable with the others, so neither may be undefined or below the worst useful score.
    ///
    /// # Errors
    /// The labels can measure nothing, or predictions are no finite numbers: neither is a score of 0.
    pub fn search_score(&self, predictions: &[f64], labels: &[f64]) -> Result<f64, Undefined> {
        match self.score(predictions, labels) {
            Err(Undefined::OnePrediction(_)) => Ok(0.0),
            score => score.map(|score| score.max(0.0)),
        }
    }
}

/// The labels of rows: classes by their numbers, or the numbers themselves.
pub fn values(rows: &[Example]) -> Vec<f64> {
    let value = |row: &Example| match row.label {
        Label::Class(class) => class as f64,
        Label::Value(value) => f64::from(value),
    };
    rows.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scoring(metric: Metric) -> Scoring {
        Scoring {
            metric,
            classes: 3,
            positive: 1,
        }
    }

    #[test]
    fn labels_that_measure_nothing_are_told_from_a_score_of_0() {
        let same = [0.0, 0.0, 0.0];
        for (metric, why) in [
            (Metric::Matthews, Undefined::OneClass(3)),
            (Metric::F1, Undefined::NoPositive(3)),
            (Metric::Pearson, Undefined::OneAmount(3)),
            (Metric::Spearman, Undefined::OneAmount(3)),
        ] {
            let scoring = scoring(metric);
            assert_eq!(scoring.measures(&same), Err(why));
            for predictions in [same, [0.0, 1.0, 2.0], [f64::NAN; 3]] {
                assert_eq!(scoring.search_score(&predictions, &same), Err(why));
            }
        }
        for metric in Metric::ALL {
            let nothing = scoring(metric).search_score(&[], &[]);
            assert_eq!(nothing, Err(Undefined::NoRows));
        }
        assert_eq!(scoring(Metric::Accuracy).score(&same, &same), Ok(1.0));
        // All rows of the class that counts: defined, if easy.
        assert_eq!(scoring(Metric::F1).score(&[1.0; 3], &[1.0; 3]), Ok(1.0));
    }

    #[test]
    fn a_model_that_learned_nothing_is_the_worst_one_to_a_search() {
        let (constant, labels) = ([2.0; 3], [0.0, 1.0, 2.0]);
        for metric in [Metric::Pearson, Metric::Spearman] {
            let scoring = scoring(metric);
            let score = scoring.score(&constant, &labels);
            assert_eq!(score, Err(Undefined::OnePrediction(3)));
            assert_eq!(scoring.search_score(&constant, &labels), Ok(0.0));
            assert_eq!(scoring.search_score(&[2.0, 1.0, 0.0], &labels), Ok(0.0));
            let right = scoring.search_score(&labels, &labels);
            assert!(right.is_ok_and(|score| score > 0.999_999));
        }
        let matthews = scoring(Metric::Matthews);
        assert_eq!(matthews.score(&constant, &labels), Ok(0.0));
    }

    #[test]
    fn broken_predictions_have_no_score() {
        let labels = [1.0, 0.0, 2.0];
        for metric in Metric::ALL {
            for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let score = scoring(metric).search_score(&[1.0, broken, 2.0], &labels);
                let expected = Undefined::NotFinite { broken: 1, rows: 3 };
                assert_eq!(score, Err(expected), "{metric}");
            }
        }
    }

    #[test]
    fn f1_is_of_the_class_that_counts() {
        // scikit-learn: f1_score(labels, predictions, pos_label=...) is 0.5 for 0 and 0.75 for 1.
        let labels = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let predictions = [0.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let of = |positive| {
            let scoring = Scoring {
                metric: Metric::F1,
                classes: 2,
                positive,
            };
            scoring.score(&predictions, &labels)
        };
        assert_eq!((of(0), of(1)), (Ok(0.5), Ok(0.75)));
    }

    #[test]
    fn macro_f1_is_scikit_learns_over_all_classes_of_the_task() {
        // f1_score(labels, predictions, labels=range(K), average="macro", zero_division=0)
        let labels = [0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 0.0];
        let predictions = [0.0, 2.0, 2.0, 2.0, 1.0, 1.0, 0.0];
        for (classes, expected) in [(3, MACRO_OF_3), (4, MACRO_OF_4)] {
            let scoring = Scoring {
                metric: Metric::MacroF1,
                classes,
                positive: 1,
            };
            let score = scoring.score(&predictions, &labels);
            assert!(
                score.is_ok_and(|score| (score - expected).abs() < 1e-15),
                "{classes}: {score:?}"
            );
        }
    }

    const MACRO_OF_3: f64 = 0.7;
    const MACRO_OF_4: f64 = 0.525;
}
