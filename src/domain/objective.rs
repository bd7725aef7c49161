//! The two objectives of a study.

use serde::{Deserialize, Serialize};

/// What a finished trial achieved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objectives {
    /// Validation score in the metric's own units (0.83 is 83 % accuracy); to be maximised. The best of every metric is 1.
    #[serde(with = "super::number")]
    pub score: f64,
    /// Parameters as a percentage of the backbone, by the paper's formula; to be minimised.
    #[serde(with = "super::number")]
    pub parameters_percent: f64,
}

/// Percentages that can be some weights of a backbone; the other ends of their scales would be out of sight.
const PERCENTAGES: std::ops::RangeInclusive<f64> = 1e-12..=1e9;

impl Objectives {
    /// What no configuration has; none where all is well.
    pub fn fault(&self) -> Option<String> {
        let percent = self.parameters_percent;
        let is_share = percent == 0.0 || PERCENTAGES.contains(&percent);
        (!is_share).then(|| format!("its parameters are {percent:e} % of the backbone"))
    }

    /// Whether `self` is at least as good as `other` in both objectives and better in one.
    pub fn dominates(&self, other: &Self) -> bool {
        self.score >= other.score
            && self.parameters_percent <= other.parameters_percent
            && (self.score > other.score || self.parameters_percent < other.parameters_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_configuration_has_is_named() {
        let fault = |parameters_percent| {
            let objectives = Objectives {
                score: 0.5,
                parameters_percent,
            };
            objectives.fault().unwrap_or_default()
        };
        for percent in [14.4, 0.0, 1e-6] {
            assert_eq!(fault(percent), "");
        }
        for percent in [f64::NAN, f64::INFINITY, -1.0, 1e-310, 1e308] {
            let expected = format!("its parameters are {percent:e} % of the backbone");
            assert_eq!(fault(percent), expected);
        }
    }
}
