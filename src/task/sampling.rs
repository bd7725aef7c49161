//! How far a score may be off because it was measured on so few rows: its standard error over rows drawn from the same
//! source, the trained model as it is.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `n` | rows |
//! | `p` | share of rows predicted right |
//! | `G`, `m_j` | groups of rows, rows of group `j` |
//! | `h_j` | `n / m_j` |
//! | `θ`, `θ_(j)` | the score on all rows, and on all but those of group `j` |
//! | `v` | variance of the score |
//!
//! Accuracy is a mean, so `v = p (1 − p) / n`. All other metrics are smooth functions of means or of ranks, for which the
//! delete-a-group jackknife holds, with groups of unequal size (Busing, Meijer & van der Leeden 1999, "Delete-m jackknife
//! for unequal m", equations 5–7):
//!
//! ```text
//! θ_J = G θ − Σ_j (1 − 1/h_j) θ_(j)
//! v   = 1/G Σ_j (h_j θ − (h_j − 1) θ_(j) − θ_J)² / (h_j − 1)
//! ```
//!
//! With [`GROUPS`] groups the error is itself known to about `1/√(2 (G − 1))`, a tenth. Nothing in it is random: rows are
//! dealt to the groups by a fixed shuffle, so that neighbours, which are of like length, are not dealt alike.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Metric, Scoring, Undefined};

/// Groups of rows, as far as there are so many rows.
const GROUPS: usize = 50;

impl Scoring {
    /// The standard error of the [score](Self::score) of `predictions` (`[n]`) against `labels` (`[n]`), in the metric's
    /// units; none where there is no score, also without one of the groups of rows, and of a single row.
    ///
    /// It is that of the score before a search floors it at 0. Where all rows are predicted right, or all the same, it is 0:
    /// the rows show no variation.
    ///
    /// # Panics
    /// If the two lengths differ.
    pub fn sampling_error(&self, predictions: &[f64], labels: &[f64]) -> Option<f64> {
        let score = self.unless_constant(predictions, labels)?;
        let n = labels.len();
        if n < 2 {
            return None;
        }
        if self.metric == Metric::Accuracy {
            return Some((score * (1.0 - score) / n as f64).sqrt());
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
        let groups = GROUPS.min(n);
        // Of each group: h, and the score without it.
        let without = (0..groups).map(|group| {
            let others = || {
                (0..n)
                    .filter(|place| place % groups != group)
                    .map(|place| order[place])
            };
            let of = |values: &[f64]| others().map(|row| values[row]).collect::<Vec<f64>>();
            let left = of(labels);
            let h = n as f64 / (n - left.len()) as f64;
            Some((h, self.unless_constant(&of(predictions), &left)?))
        });
        let without = without.collect::<Option<Vec<(f64, f64)>>>()?;
        let count = groups as f64;
        let weighted = without.iter().map(|(h, part)| (1.0 - 1.0 / h) * part);
        let jackknifed = count * score - weighted.sum::<f64>();
        let squares = without.iter().map(|(h, part)| {
            let pseudo = h * score - (h - 1.0) * part;
            (pseudo - jackknifed).powi(2) / (h - 1.0)
        });
        Some((squares.sum::<f64>() / count).sqrt())
    }

    /// The score, 0 where the predictions are all the same; none where there is none.
    fn unless_constant(&self, predictions: &[f64], labels: &[f64]) -> Option<f64> {
        match self.score(predictions, labels) {
            Err(Undefined::OnePrediction(_)) => Some(0.0),
            score => score.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn scoring(metric: Metric, classes: usize) -> Scoring {
        Scoring {
            metric,
            classes,
            positive: 1,
        }
    }

    /// Labels, and predictions that often agree: numbers for correlations, classes for the others.
    fn rows(metric: Metric, n: usize, random: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>) {
        let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let both = (0..n).map(|_| {
            let label = normal();
            (label + normal(), label)
        });
        let classes = |(a, b): (f64, f64)| match metric {
            Metric::Pearson | Metric::Spearman => (a, b),
            Metric::MacroF1 | Metric::Matthews => {
                let class = |x: f64| f64::from(u8::from(x > -0.5) + u8::from(x > 0.8));
                (class(a), class(b))
            }
            _ => (f64::from(u8::from(a > 0.5)), f64::from(u8::from(b > 0.5))),
        };
        both.map(classes).unzip()
    }

    #[test]
    fn it_is_the_spread_of_the_score_over_fresh_rows() {
        const N: usize = 203;
        const REPEATS: u64 = 400;
        for metric in Metric::ALL {
            let scoring = scoring(metric, 3);
            let (mut scores, mut errors) = (Vec::new(), Vec::new());
            for repeat in 0..REPEATS {
                let (predictions, labels) = rows(metric, N, &mut ChaCha8Rng::seed_from_u64(repeat));
                scores.push(scoring.score(&predictions, &labels).unwrap_or(f64::NAN));
                errors.push(
                    scoring
                        .sampling_error(&predictions, &labels)
                        .unwrap_or(f64::NAN),
                );
            }
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let centre = mean(&scores);
            let squares: Vec<f64> = scores.iter().map(|s| (s - centre).powi(2)).collect();
            let spread = mean(&squares).sqrt();
            // The spread of 400 is known to 3.5 %.
            let ratio = mean(&errors) / spread;
            assert!((ratio - 1.0).abs() < 0.12, "{metric}: {ratio}");
        }
    }

    #[test]
    fn accuracy_and_the_jackknife_are_their_formulas() {
        let random = &mut ChaCha8Rng::seed_from_u64(7);
        let (predictions, labels) = rows(Metric::Accuracy, 120, random);
        let right = (predictions.iter().zip(&labels)).filter(|(p, l)| p == l);
        let p = right.count() as f64 / 120.0;
        let error = scoring(Metric::Accuracy, 2).sampling_error(&predictions, &labels);
        assert_eq!(error, Some((p * (1.0 - p) / 120.0).sqrt()));

        // With no more rows than groups every row is one: the plain jackknife, (n − 1)/n Σ (θ_(i) − mean)².
        for metric in [
            Metric::F1,
            Metric::MacroF1,
            Metric::Matthews,
            Metric::Pearson,
            Metric::Spearman,
        ] {
            let scoring = scoring(metric, 3);
            let (predictions, labels) = rows(metric, 40, random);
            let without =
                |values: &[f64], row: usize| [&values[..row], &values[row + 1..]].concat();
            let parts: Vec<f64> = (0..40)
                .map(|row| scoring.score(&without(&predictions, row), &without(&labels, row)))
                .collect::<Result<_, _>>()
                .unwrap_or_default();
            let mean = parts.iter().sum::<f64>() / 40.0;
            let squares: f64 = parts.iter().map(|part| (part - mean).powi(2)).sum();
            let expected = (squares * 39.0 / 40.0).sqrt();
            let error = scoring
                .sampling_error(&predictions, &labels)
                .unwrap_or(f64::NAN);
            assert!(
                (error / expected - 1.0).abs() < 1e-9,
                "{metric}: {error} {expected}"
            );
        }
    }

    #[test]
    fn rows_that_show_no_error_have_none() {
        let labels = [0.0, 1.0, 1.0, 0.0];
        let error = |metric, predictions: &[f64], labels: &[f64]| {
            scoring(metric, 2).sampling_error(predictions, labels)
        };
        for metric in Metric::ALL {
            assert_eq!(error(metric, &[], &[]), None, "{metric}: no rows");
            assert_eq!(error(metric, &[1.0], &[1.0]), None, "{metric}: one row");
            let broken = [f64::NAN, 1.0, 1.0, 0.0];
            assert_eq!(error(metric, &broken, &labels), None, "{metric}");
        }
        let alone = [0.0, 1.0, 0.0, 0.0];
        assert_eq!(
            error(Metric::F1, &alone, &alone),
            None,
            "F1 needs its only row"
        );
        assert_eq!(error(Metric::Spearman, &[2.0; 4], &labels), Some(0.0));
        assert_eq!(error(Metric::Matthews, &labels, &labels), Some(0.0));
    }
}
