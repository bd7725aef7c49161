//! The normal-copula transform of an objective (Salinas et al. 2020, section 3; as AutoPEFT uses it).
//!
//! | symbol | meaning |
//! |---|---|
//! | F(y) | share of the observed values that are at most y: the empirical distribution function |
//! | z | Φ⁻¹(F(y) clamped to [1e-4, 1 - 1e-4]), the normal score |

use super::normal::{distribution, quantile};

/// How close to 0 and 1 a share may come.
const MARGIN: f64 = 1e-4;

/// The transform that belongs to one set of observed values.
#[derive(Clone, Debug, PartialEq)]
pub struct Copula {
    sorted: Vec<f64>,
}

impl Copula {
    /// The transform of the observed `values`: finite, at least one.
    pub fn new(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    /// The normal score of any value, observed or not.
    pub fn transform(&self, value: f64) -> f64 {
        let below = self.sorted.partition_point(|&y| y <= value);
        let share = below as f64 / self.sorted.len() as f64;
        quantile(share.clamp(MARGIN, 1.0 - MARGIN))
    }

    /// The value of a normal score, between observed values by straight lines, so that it rises with the score.
    pub fn inverse(&self, score: f64) -> f64 {
        let last = self.sorted.len() - 1;
        // F jumps to (i + 1) / n at the i-th value.
        let rank = (distribution(score) * self.sorted.len() as f64 - 1.0).clamp(0.0, last as f64);
        let lower = rank.floor() as usize;
        let upper = (lower + 1).min(last);
        self.sorted[lower] + (rank - lower as f64) * (self.sorted[upper] - self.sorted[lower])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_normal_score_of_the_rank() {
        let copula = Copula::new(&[3.0, 1.0, 2.0, 2.0]);
        assert!((copula.transform(1.0) - quantile(0.25)).abs() < 1e-15);
        assert!((copula.transform(2.0) - quantile(0.75)).abs() < 1e-15);
        assert!((copula.transform(2.9) - quantile(0.75)).abs() < 1e-15);
        assert!((copula.transform(9.0) - quantile(0.9999)).abs() < 1e-15);
        assert!((copula.transform(0.0) - quantile(0.0001)).abs() < 1e-15);
    }

    #[test]
    fn the_inverse_gives_back_what_was_observed() {
        let values = [0.3, 0.9, 0.5, 0.61, 0.62];
        let copula = Copula::new(&values);
        for value in values {
            assert!((copula.inverse(copula.transform(value)) - value).abs() < 1e-3);
        }
        assert_eq!(copula.inverse(f64::INFINITY), 0.9);
        assert_eq!(copula.inverse(f64::NEG_INFINITY), 0.3);
    }
}
