//! One dimension of a search space, as the search engine sees it.

use serde::{Deserialize, Serialize};

/// Steps that a logarithmic dimension is divided into: the value is resolved to a few thousandths of its range.
const LOGARITHMIC_STEPS: u16 = 256;

/// Longest dimension of which an exchange tries every level; of a longer one it tries steps of 1, 2, 4 and so on.
const SHORT: u16 = 32;

/// One dimension: a name for people and what its levels mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    /// Name for diagnostics, for instance `serial` or `layer 3`.
    pub name: String,
    /// Number of levels, at least 1. Level 0 means "off" where a requirement or another dimension asks.
    pub levels: u16,
    /// What the levels mean.
    pub kind: DimensionKind,
    /// The dimension, earlier in the space, that must be on for this one to have a meaning; else its level is 0.
    pub only_if: Option<usize>,
}

/// What the levels of a dimension mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionKind {
    /// Higher levels are more of something. Two levels make a binary choice.
    Ordinal,
    /// Levels have no order.
    Categorical,
    /// A positive number between two bounds, its logarithm cut into equal steps.
    LogReal {
        /// The value of level 0.
        low: f64,
        /// The value of the highest level.
        high: f64,
    },
}

impl Dimension {
    /// A dimension whose levels are ordered.
    pub fn ordinal(name: impl Into<String>, levels: u16) -> Self {
        Self::of_kind(name, levels, DimensionKind::Ordinal)
    }

    /// A dimension whose levels have no order.
    pub fn categorical(name: impl Into<String>, levels: u16) -> Self {
        Self::of_kind(name, levels, DimensionKind::Categorical)
    }

    /// A number between `low` and `high`, both positive, on a logarithmic scale.
    pub fn log_real(name: impl Into<String>, low: f64, high: f64) -> Self {
        let kind = DimensionKind::LogReal { low, high };
        Self::of_kind(name, LOGARITHMIC_STEPS + 1, kind)
    }

    /// The same dimension with a meaning only where dimension `parent` is on.
    #[must_use]
    pub fn only_if(mut self, parent: usize) -> Self {
        self.only_if = Some(parent);
        self
    }

    fn of_kind(name: impl Into<String>, levels: u16, kind: DimensionKind) -> Self {
        Self {
            name: name.into(),
            levels,
            kind,
            only_if: None,
        }
    }

    /// The number that a level of a logarithmic dimension stands for; of another one, the level itself.
    pub fn value(&self, level: u16) -> f64 {
        match self.kind {
            DimensionKind::LogReal { low, high } => low * (high / low).powf(self.share(level)),
            DimensionKind::Ordinal | DimensionKind::Categorical => f64::from(level),
        }
    }

    /// How many numbers encode a level.
    pub(super) fn columns(&self) -> usize {
        match self.kind {
            DimensionKind::Categorical => usize::from(self.levels),
            DimensionKind::Ordinal | DimensionKind::LogReal { .. } => 1,
        }
    }

    /// Appends the numbers that encode a level, or that it has no meaning: the middle, as far from one end as from the
    /// other. Two different categories are as far apart as the ends of an ordinal dimension.
    pub(super) fn encode(&self, level: u16, meaningful: bool, input: &mut Vec<f64>) {
        match self.kind {
            DimensionKind::Ordinal | DimensionKind::LogReal { .. } => {
                input.push(if meaningful { self.share(level) } else { 0.5 });
            }
            DimensionKind::Categorical => input.extend((0..self.levels).map(|other| {
                if meaningful && other == level {
                    std::f64::consts::FRAC_1_SQRT_2
                } else {
                    0.0
                }
            })),
        }
    }

    /// The levels that one exchange leads to.
    pub(super) fn exchanges(&self, level: u16) -> Vec<u16> {
        if self.levels <= SHORT || self.kind == DimensionKind::Categorical {
            return (0..self.levels).filter(|&other| other != level).collect();
        }
        let strides = (0..16).map(|power| 1_u16 << power);
        strides
            .flat_map(|stride| [level.checked_sub(stride), level.checked_add(stride)])
            .flatten()
            .filter(|&other| other < self.levels)
            .collect()
    }

    /// How far up a level is, from 0 to 1.
    fn share(&self, level: u16) -> f64 {
        f64::from(level) / f64::from((self.levels - 1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_dimension_is_even_in_the_exponent() {
        let rate = Dimension::log_real("learning rate", 1e-5, 1e-3);
        assert!((rate.value(0) / 1e-5 - 1.0).abs() < 1e-12);
        assert!((rate.value(128) / 1e-4 - 1.0).abs() < 1e-12);
        assert!((rate.value(256) / 1e-3 - 1.0).abs() < 1e-12);
        let near = rate.exchanges(200);
        assert!(near.contains(&199) && near.contains(&232) && near.contains(&72));
        assert!(
            near.iter()
                .all(|&level| level < rate.levels && level != 200)
        );
    }

    #[test]
    fn categories_are_equally_far_apart() {
        let kind = Dimension::categorical("kind", 3);
        let encoded = |level| {
            let mut input = Vec::new();
            kind.encode(level, true, &mut input);
            input
        };
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let squared: f64 = (encoded(a).iter().zip(encoded(b)))
                .map(|(x, y)| (x - y).powi(2))
                .sum();
            assert!((squared - 1.0).abs() < 1e-12);
        }
    }
}
