//! How sure a difference of two scores is: a paired bootstrap over rows and seeds (Efron & Tibshirani 1993, chapter 13).
//!
//! | symbol | meaning |
//! |---|---|
//! | n, s | rows, seeds |
//! | A_k, B_k | predictions of the two sides with seed k, n each |
//! | m | the score, as the table has it: see [`Scored::on`] |
//!
//! The difference is that of the table's means. One draw takes n rows and s seeds with replacement, the same for both
//! sides, and gives mean over the drawn k of m(A_k) − m(B_k) on the drawn rows. Rows on which m is undefined, such as those
//! of one class only, say nothing and are left out.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Scored;
use crate::task::{Scoring, Undefined};

/// Draws: the ends of the interval are then sure to about a tenth of its width.
const DRAWS: u64 = 2000;
/// Probability that the interval leaves out on each side.
const TAIL: f64 = 0.025;

/// A difference with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The difference on the rows and seeds as they are.
    pub difference: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the interval leaves zero out.
    pub fn is_clear(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// m(A) − m(B) with its interval, of two sides with the same seeds in the same order; none without rows or seeds, or
/// where m is undefined on all rows drawn.
pub fn paired_difference(
    scoring: Scoring,
    labels: &[f64],
    a: &[Scored<'_>],
    b: &[Scored<'_>],
) -> Option<Interval> {
    let (rows, seeds) = (labels.len(), a.len().min(b.len()));
    if rows == 0 || seeds == 0 {
        return None;
    }
    let draw = |number: u64| -> Result<f64, Undefined> {
        let mut random = ChaCha8Rng::seed_from_u64(number);
        let mut take = |from: usize| -> Vec<usize> {
            (0..from).map(|_| random.random_range(0..from)).collect()
        };
        let (chosen, of) = (take(rows), take(seeds));
        let labels: Vec<f64> = chosen.iter().map(|&row| labels[row]).collect();
        scoring.measures(&labels)?;
        let on = |side: &Scored<'_>| side.on(scoring, &chosen, &labels);
        let gains = of.iter().map(|&k| Ok(on(&a[k])? - on(&b[k])?));
        Ok(gains.sum::<Result<f64, Undefined>>()? / seeds as f64)
    };
    let drawn = (0..DRAWS).into_par_iter().map(draw);
    let mut drawn: Vec<f64> = drawn.filter_map(Result::ok).collect();
    if drawn.is_empty() {
        return None;
    }
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn[(share * (drawn.len() - 1) as f64).round() as usize];
    Some(Interval {
        difference: mean(&a[..seeds]) - mean(&b[..seeds]),
        low: at(TAIL),
        high: at(1.0 - TAIL),
    })
}

/// The mean score of one side: what the table shows and what differences are made of.
pub(super) fn mean(side: &[Scored<'_>]) -> f64 {
    side.iter().map(|run| run.score).sum::<f64>() / side.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a broken expectation must fail its test"
    )]
    use super::*;
    use crate::task::Metric;

    fn scoring(metric: Metric) -> Scoring {
        Scoring {
            metric,
            classes: 2,
            positive: 1,
        }
    }

    #[test]
    fn draws_of_one_class_say_nothing_of_a_matthews_correlation() {
        // One row of eight is of class 1: a third of the draws hold none of it.
        let labels = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let found = difference(Metric::Matthews, &labels, &[&labels], &[&[0.0; 8]]).unwrap();
        assert_eq!((found.difference, found.low, found.high), (1.0, 1.0, 1.0));
        let ours = scored(Metric::Matthews, &labels, &[&labels]);
        let nothing = paired_difference(scoring(Metric::Matthews), &[0.0; 8], &ours, &ours);
        assert_eq!(nothing, None);
    }

    /// Predictions of a coin with this many right answers of 200, spread over the rows.
    fn right(labels: &[f64], count: usize, shift: usize) -> Vec<f64> {
        let wrong = labels.len() - count;
        let miss = |row: usize| (row * 7 + shift) % labels.len() < wrong;
        let answers = labels.iter().enumerate();
        answers
            .map(|(row, &l)| if miss(row) { 1.0 - l } else { l })
            .collect()
    }

    /// Trainings with these predictions.
    fn scored<'a>(metric: Metric, labels: &[f64], sides: &[&'a [f64]]) -> Vec<Scored<'a>> {
        let sides = sides.iter();
        sides
            .map(|predictions| Scored {
                score: scoring(metric).search_score(predictions, labels).unwrap(),
                predictions: Some(predictions),
            })
            .collect()
    }

    fn difference(metric: Metric, labels: &[f64], a: &[&[f64]], b: &[&[f64]]) -> Option<Interval> {
        let sides = [a, b].map(|side| scored(metric, labels, side));
        paired_difference(scoring(metric), labels, &sides[0], &sides[1])
    }

    #[test]
    fn the_interval_is_as_wide_as_theory_says() {
        // One seed, B always right: the difference is minus the share of A's errors, a binomial share.
        let labels: Vec<f64> = (0..400).map(|row| f64::from(row % 2)).collect();
        let a = right(&labels, 320, 3);
        let found = difference(Metric::Accuracy, &labels, &[&a], &[&labels]).unwrap();
        assert!((found.difference + 0.2).abs() < 1e-12);
        let deviation = (0.2f64 * 0.8 / 400.0).sqrt();
        for (end, expected) in [
            (found.low, -0.2 - 1.96 * deviation),
            (found.high, -0.2 + 1.96 * deviation),
        ] {
            assert!(
                (end - expected).abs() < 0.1 * 1.96 * deviation,
                "{end} {expected}"
            );
        }
        assert!(found.is_clear());
    }

    #[test]
    fn equal_sides_differ_by_nothing_and_a_coin_decides_nothing() {
        let labels: Vec<f64> = (0..200).map(|row| f64::from(row % 2)).collect();
        let (a, b) = (right(&labels, 150, 0), right(&labels, 150, 90));
        let same = difference(Metric::Matthews, &labels, &[&a, &b], &[&a, &b]).unwrap();
        assert_eq!((same.difference, same.low, same.high), (0.0, 0.0, 0.0));
        let other = difference(Metric::Accuracy, &labels, &[&a], &[&b]).unwrap();
        assert!(
            !other.is_clear() && other.low < 0.0 && other.high > 0.0,
            "{other:?}"
        );
        assert_eq!(difference(Metric::Accuracy, &labels, &[], &[&b]), None);
    }

    #[test]
    fn what_is_below_nothing_counts_as_in_the_table() {
        // B is worse than guessing and A is a constant: the table has both at 0, and so has the difference.
        let labels: Vec<f64> = (0..100).map(|row| f64::from(row % 2)).collect();
        let b: Vec<f64> = labels.iter().map(|l| 1.0 - l).collect();
        let found = difference(Metric::Matthews, &labels, &[&[0.0; 100]], &[&b]).unwrap();
        assert_eq!((found.difference, found.low, found.high), (0.0, 0.0, 0.0));
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let down: Vec<f64> = values.iter().map(|value| -value).collect();
        let found = difference(Metric::Spearman, &values, &[&[2.5; 100]], &[&down]).unwrap();
        assert_eq!((found.difference, found.low, found.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn a_training_that_diverged_has_its_score_on_any_rows() {
        let labels: Vec<f64> = (0..100).map(|row| f64::from(row % 2)).collect();
        let a = scored(Metric::Accuracy, &labels, &[&labels]);
        let diverged = [Scored {
            score: 0.0,
            predictions: None,
        }];
        let found = paired_difference(scoring(Metric::Accuracy), &labels, &a, &diverged).unwrap();
        assert_eq!((found.difference, found.low, found.high), (1.0, 1.0, 1.0));
    }
}
