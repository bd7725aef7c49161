//! A peak learning rate as a choice: one of a few values on a logarithmic scale.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Values of a range for a factor of ten: neighbours are a factor of 1.8 apart, which is about what trainings can tell.
const PER_DECADE: f64 = 4.0;

/// No study chooses among more learning rates: a search of a few hundred trials tells fewer apart.
pub const MOST_RATES: usize = 100;

/// A learning rate above 0 and at most 1. Two are the same where they are the same number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct LearningRate(f64);

/// Why a number is no learning rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a learning rate must be a number above 0 and at most 1; found {0}")]
pub struct LearningRateError(String);

impl LearningRate {
    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }

    /// From `low` to `high`, both included, at equal steps of the logarithm; what lies between is rounded to two digits,
    /// so that people can say and type it: 1e-5, 1.8e-5, 3.2e-5, 5.6e-5, 1e-4.
    ///
    /// # Errors
    /// How many they are, where they are more than [`MOST_RATES`]; none is made then.
    pub fn range(low: Self, high: Self) -> Result<Vec<Self>, usize> {
        if high <= low {
            return Ok(vec![low]);
        }
        // Of the numbers at the two ends of all there are, the quotient is infinite and the difference is not.
        let decades = match high.0 / low.0 {
            quotient if quotient.is_finite() => quotient.log10(),
            _ => high.0.log10() - low.0.log10(),
        };
        // A range of whole decades has whole steps, whatever the last digit of the logarithm.
        let steps = (PER_DECADE * decades - 1e-9).ceil().max(1.0) as u32;
        if steps as usize >= MOST_RATES {
            return Err(steps as usize + 1);
        }
        let between = (1..steps).map(|step| {
            let exact = low.0 * (high.0 / low.0).powf(f64::from(step) / f64::from(steps));
            // What is written with two digits can be read.
            Self(format!("{exact:.1e}").parse().unwrap_or(exact))
        });
        Ok([low].into_iter().chain(between).chain([high]).collect())
    }
}

impl TryFrom<f64> for LearningRate {
    type Error = LearningRateError;

    fn try_from(value: f64) -> Result<Self, LearningRateError> {
        if value > 0.0 && value <= 1.0 {
            Ok(Self(value))
        } else {
            Err(LearningRateError(value.to_string()))
        }
    }
}

impl From<LearningRate> for f64 {
    fn from(rate: LearningRate) -> Self {
        rate.0
    }
}

impl FromStr for LearningRate {
    type Err = LearningRateError;

    /// Reads `3e-4` and `0.0003` alike.
    fn from_str(text: &str) -> Result<Self, LearningRateError> {
        let value: f64 = text
            .parse()
            .map_err(|_| LearningRateError(format!("`{text}`")))?;
        Self::try_from(value)
    }
}

impl fmt::Display for LearningRate {
    /// `3e-4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e}", self.0)
    }
}

// All are positive and finite, so they have a total order, and equal ones have equal bits.
impl PartialEq for LearningRate {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for LearningRate {}

impl PartialOrd for LearningRate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LearningRate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Hash for LearningRate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    fn rate(value: f64) -> LearningRate {
        LearningRate::try_from(value).unwrap()
    }

    fn shown(low: f64, high: f64) -> Vec<String> {
        let range = LearningRate::range(rate(low), rate(high)).unwrap();
        range.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_range_has_four_values_a_decade_and_its_own_ends() {
        assert_eq!(
            shown(1e-5, 1e-3),
            [
                "1e-5", "1.8e-5", "3.2e-5", "5.6e-5", "1e-4", "1.8e-4", "3.2e-4", "5.6e-4", "1e-3"
            ]
        );
        assert_eq!(shown(2e-4, 2.05e-4), ["2e-4", "2.05e-4"]);
        assert_eq!(shown(3e-4, 3e-4), ["3e-4"]);
    }

    #[test]
    fn a_range_of_too_many_is_counted_and_not_made() {
        let count = |low, high| LearningRate::range(rate(low), rate(high)).unwrap_err();
        assert_eq!(count(1e-25, 1.0), 101);
        assert_eq!(count(1e-310, 1.0), 1241);
        assert_eq!(count(f64::from_bits(1), 1.0), 1295);
        let all = LearningRate::range(rate(1e-24), rate(0.5)).unwrap();
        assert!(all.len() <= MOST_RATES, "{}", all.len());
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["0", "-1e-4", "1.5", "NaN", "inf", "fast"] {
            assert!(text.parse::<LearningRate>().is_err(), "{text}");
            let json = format!("{{\"rate\":{text}}}");
            #[derive(Deserialize)]
            struct Holder {
                #[allow(dead_code, reason = "only whether it can be read counts")]
                rate: LearningRate,
            }
            assert!(serde_json::from_str::<Holder>(&json).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ranges_ascend_and_every_value_comes_back_from_its_words(
            low in -7.0_f64..-0.1,
            decades in 0.0_f64..4.0,
        ) {
            let (low, high) = (10_f64.powf(low), 10_f64.powf((low + decades).min(0.0)));
            let range = LearningRate::range(rate(low), rate(high)).unwrap();
            proptest::prop_assert!(range.is_sorted_by(|a, b| a < b), "{range:?}");
            for value in range {
                proptest::prop_assert_eq!(value.to_string().parse(), Ok(value));
                let json = serde_json::to_string(&value).unwrap();
                proptest::prop_assert_eq!(serde_json::from_str::<LearningRate>(&json).unwrap(), value);
            }
        }
    }
}
