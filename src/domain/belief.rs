//! What is believed of a configuration's true score.

use serde::Serialize;

/// What all measurements, its own and those of its neighbours, say of the true score of a configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

impl Belief {
    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}
