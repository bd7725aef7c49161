//! The point that bounds the hypervolume: given by the study, or derived from what its initial design measures.
//!
//! | symbol | meaning |
//! |---|---|
//! | s, q, b | measured scores, their lower quartile, the best of them |
//! | p | parameters of the most expensive configuration of the space, in percent of the backbone |
//!
//! Derived, the point is (q − (b − q) / 10, 1.1 p). A tenth beyond the worst that matters is the usual distance (Ishibuchi,
//! Imada, Setoguchi, Nojima 2018; BoTorch's `infer_reference_point`); the quartile stands for that worst, because a
//! training that learnt nothing is no end of a front. Whatever the metric, most of what was measured counts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Objectives, PeftSpace};

/// How far beyond what was measured the point lies.
const BEYOND: f64 = 0.1;
/// Decimals of a derived score.
const DECIMALS: f64 = 1e4;
/// Of a sum that should be round, not more than this is missing.
const DUST: f64 = 1e-6;
/// Where no configuration has parameters, their bound says nothing; it must only not be zero.
const OF_NOTHING: f64 = 1.0;

/// The worst point still of interest: only what is better in both objectives counts for the hypervolume.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferencePoint {
    /// Lowest score of interest.
    pub score: f64,
    /// Highest parameter percentage of interest.
    pub parameters_percent: f64,
}

/// What a study says of its reference point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRule {
    /// Lowest score of interest; none: derived from the initial design.
    pub score: Option<f64>,
    /// Highest parameter percentage of interest; none: a little more than any configuration has.
    pub parameters_percent: Option<f64>,
}

impl ReferencePoint {
    /// What bounds nothing; none where all is well.
    pub fn fault(&self) -> Option<String> {
        let Self {
            score,
            parameters_percent,
        } = *self;
        if !score.is_finite() {
            return Some(format!("its score is {score}"));
        }
        let point = Objectives {
            score,
            parameters_percent,
        };
        point.fault()
    }
}

impl fmt::Display for ReferencePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (score, percent) = (self.score, self.parameters_percent);
        write!(
            f,
            "scores above {score} with less than {percent} % of the parameters"
        )
    }
}

impl ReferenceRule {
    /// What bounds nothing; none where all is well.
    pub fn fault(&self) -> Option<String> {
        let point = ReferencePoint {
            score: self.score.unwrap_or(0.0),
            parameters_percent: self.parameters_percent.unwrap_or(OF_NOTHING),
        };
        point.fault()
    }

    /// The point, where it needs no measurement.
    pub fn given(self, space: &PeftSpace) -> Option<ReferencePoint> {
        Some(ReferencePoint {
            score: self.score?,
            parameters_percent: self.most_parameters(space),
        })
    }

    /// The point, given the scores that were measured; those that are no numbers say nothing.
    pub fn derived(
        self,
        space: &PeftSpace,
        scores: impl IntoIterator<Item = f64>,
    ) -> ReferencePoint {
        ReferencePoint {
            score: self.score.unwrap_or_else(|| below(scores)),
            parameters_percent: self.most_parameters(space),
        }
    }

    fn most_parameters(self, space: &PeftSpace) -> f64 {
        let (_, most) = space.parameter_range();
        let percent = (1.0 + BEYOND) * 100.0 * most as f64 / space.backbone_parameters as f64;
        self.parameters_percent
            .unwrap_or_else(|| match percent > 0.0 {
                true => rounded_up(percent),
                false => OF_NOTHING,
            })
    }
}

/// A little below the lower quartile; 0 without a score.
fn below(scores: impl IntoIterator<Item = f64>) -> f64 {
    let mut scores: Vec<f64> = scores.into_iter().filter(|s| s.is_finite()).collect();
    scores.sort_by(f64::total_cmp);
    let (Some(best), Some(quartile)) = (scores.last(), scores.get((scores.len().max(1) - 1) / 4))
    else {
        return 0.0;
    };
    let score = quartile - BEYOND * (best - quartile);
    (score * DECIMALS + DUST).floor() / DECIMALS
}

/// The next number of two digits.
fn rounded_up(value: f64) -> f64 {
    let unit = 10f64.powf(value.log10().floor() - 1.0);
    let digits = (value / unit - DUST).ceil();
    // A quotient by a power of ten is the nearest number to what people write; a product is not.
    if unit < 1.0 {
        digits / (1.0 / unit).round()
    } else {
        digits * unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ModuleAxis;

    const DERIVED: ReferenceRule = ReferenceRule {
        score: None,
        parameters_percent: None,
    };

    fn space(weights_per_unit: u64) -> PeftSpace {
        PeftSpace {
            modules: vec![ModuleAxis {
                name: "serial".to_owned(),
                sizes: vec![0, 2],
                weights_per_unit,
            }],
            layers: 2,
            candidate_layers: vec![0, 1],
            choose_layers: true,
            backbone_parameters: 1_000,
            learning_rates: Vec::new(),
        }
    }

    #[test]
    fn most_of_what_was_measured_counts_whatever_the_metric() {
        // Matthews correlations of random configurations, two of which learnt nothing.
        let scores = [0.0, 0.0, 0.31, 0.42, 0.38, 0.47, 0.35, 0.44, 0.29];
        let point = DERIVED.derived(&space(10), scores);
        // q = 0.29, b = 0.47.
        assert_eq!((point.score, point.parameters_percent), (0.272, 4.4));
        let counted = scores.iter().filter(|score| **score > point.score);
        assert_eq!(counted.count(), 7);
        // Where all are equal, whatever is better counts.
        assert_eq!(DERIVED.derived(&space(10), [0.0, 0.0]).score, 0.0);
        assert_eq!(DERIVED.derived(&space(10), [f64::NAN]).score, 0.0);
        assert_eq!(DERIVED.derived(&space(10), [-0.3, 0.5]).score, -0.38);
    }

    #[test]
    fn what_the_study_gives_stays() {
        let given = ReferenceRule {
            score: Some(0.7),
            parameters_percent: Some(26.0),
        };
        let point = given.derived(&space(10), [0.1, 0.2]);
        assert_eq!((point.score, point.parameters_percent), (0.7, 26.0));
        assert_eq!(given.given(&space(10)), Some(point));
        assert_eq!(DERIVED.given(&space(10)), None);
    }

    #[test]
    fn every_configuration_has_fewer_parameters_than_the_bound() {
        for (weights, bound) in [(0, 1.0), (1, 0.44), (1_234, 550.0)] {
            let point = DERIVED.derived(&space(weights), [0.5]);
            assert_eq!(point.parameters_percent, bound);
            assert!(bound > 100.0 * 4.0 * weights as f64 / 1_000.0);
        }
    }
}
