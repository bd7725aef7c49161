//! What is believed of a configuration's true score.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What all measurements, its own and those of its neighbours, say of the true score of a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// The expected true score, in the metric's units.
    pub score: f64,
    /// Below the true score with a probability of 95 %.
    pub low: f64,
    /// Above the true score with a probability of 95 %.
    pub high: f64,
    /// The scores that its trials measured, by their numbers.
    pub measured: Vec<f64>,
    /// How often it was measured again.
    pub repeats: usize,
    /// The probability that no other measured configuration is better with no more parameters.
    pub front_probability: f64,
}

/// The expected score and half the width of the interval.
impl fmt::Display for Belief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.score, (self.high - self.low) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_with_half_its_interval() {
        let belief = Belief {
            score: 0.7712,
            low: 0.7602,
            high: 0.7822,
            measured: vec![0.78],
            repeats: 0,
            front_probability: 1.0,
        };
        assert_eq!(belief.to_string(), "0.7712 ± 0.0110");
    }
}
