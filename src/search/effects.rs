//! What each dimension does to the score, by the surrogate: partial dependence (Friedman 2001) with its uncertainty.
//!
//! | symbol | meaning |
//! |---|---|
//! | x_1 … x_n | the measured points |
//! | x_i[d := l] | x_i with dimension d at level l |
//! | f | the score, a Gaussian process |
//!
//! Effect of level l: the mean over i of f(x_i[d := l]), over those i for which that is valid; Gaussian, with mean and
//! variance from the joint posterior at all of them.

use super::encoding::Encoding;
use super::engine::{Engine, Observation};
use super::fit::Fit;
use super::random::{Purpose, stream};
use super::telling::{Known, limit};
use super::{SearchError, posterior};

/// A longer dimension is shown at this many of its levels.
const LEVELS: u16 = 16;

/// What a dimension does.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Its name.
    pub dimension: String,
    /// Levels with the score to be expected at them, on average over the measured points, and its standard deviation.
    pub levels: Vec<(u16, f64, f64)>,
}

impl Effect {
    /// From the worst level's expected score to the best one's.
    pub fn range(&self) -> f64 {
        let scores = || self.levels.iter().map(|(_, score, _)| *score);
        scores().fold(f64::NEG_INFINITY, f64::max) - scores().fold(f64::INFINITY, f64::min)
    }
}

impl Engine {
    /// What each dimension does, of a history as [`Engine::ask`] takes it; none where it is too short to tell anything.
    ///
    /// # Errors
    /// The surrogate cannot be fitted.
    pub fn effects(&self, history: &[Observation]) -> Result<Option<Vec<Effect>>, SearchError> {
        let encoding = Encoding::new(&self.space, &self.cost, &self.settings);
        let known = Known::of(&encoding, history, limit(&self.settings));
        let mut random = stream(self.seed, Purpose::Surrogate, history.len(), 0);
        let reference = self.settings.reference_point.score;
        let fit = Fit::new(
            &encoding,
            &known.told,
            reference,
            &self.settings,
            &mut random,
            &|| false,
        )?;
        let Some(fit) = fit else {
            return Ok(None);
        };
        let of_level = |dimension: usize, level: u16| {
            let moved = known.scored.iter().map(|(point, _)| {
                let mut point = point.clone();
                point.0[dimension] = level;
                point
            });
            let valid = moved.filter(|point| self.space.is_valid(point));
            let inputs: Vec<Vec<f64>> = valid.map(|point| encoding.of(&point)).collect();
            let (score, deviation) = fit.mean_over(&inputs)?;
            Some((level, score, deviation))
        };
        let dimensions = self.space.dimensions.iter().enumerate();
        let effects = dimensions.map(|(place, dimension)| {
            let step = dimension.levels.div_ceil(LEVELS).max(1);
            let levels = (0..dimension.levels).step_by(usize::from(step));
            Effect {
                dimension: dimension.name.clone(),
                levels: levels.filter_map(|level| of_level(place, level)).collect(),
            }
        });
        Ok(Some(effects.collect()))
    }
}

impl Fit {
    /// Expected mean of the scores at some inputs, and its standard deviation; none without an input.
    fn mean_over(&self, inputs: &[Vec<f64>]) -> Option<(f64, f64)> {
        if inputs.is_empty() {
            return None;
        }
        let count = inputs.len() as f64;
        let joints = self.processes.iter().map(|process| {
            let joint = process.joint(&process.project(inputs.iter().map(Vec::as_slice)));
            posterior::Joint {
                mean: vec![joint.mean.iter().sum::<f64>() / count],
                covariance: vec![joint.covariance.iter().sum::<f64>() / (count * count)],
            }
        });
        let joints: Vec<posterior::Joint> = joints.collect();
        let (mean, variance) = posterior::mixture(&joints)[0];
        let deviation = variance.max(0.0).sqrt();
        let upper = self.objective.inverse(mean + deviation);
        let lower = self.objective.inverse(mean - deviation);
        Some((self.objective.inverse(mean), 0.5 * (upper - lower)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::sync::Arc;

    use super::*;
    use crate::domain::{Dimension, Point, Space};
    use crate::search::{EngineSettings, Outcome};

    /// Two dimensions of which one raises the score by 0.1 a level, and one does nothing.
    fn engine() -> (Engine, Vec<Observation>) {
        let dimensions = ["raises", "idle"].map(|name| Dimension::ordinal(name, 4));
        let space = Space {
            dimensions: dimensions.to_vec(),
            any_of: Vec::new(),
        };
        let points = (0..4).flat_map(|a| (0..4).map(move |b| Point(vec![a, b])));
        let observe = |point: Point| Observation {
            error: None,
            outcome: Outcome::Score(0.5 + 0.1 * f64::from(point.0[0])),
            point,
            third: None,
            early: Vec::new(),
        };
        let history = points.map(observe).collect();
        let cost = |point: &Point| 1.0 + f64::from(point.0[1]);
        let settings = EngineSettings::default();
        let engine = Engine::new(space, Arc::new(cost), settings, 3, Arc::new(|| 0.0));
        (engine, history)
    }

    #[test]
    fn the_dimension_that_matters_is_told_from_the_one_that_does_not() {
        let (engine, history) = engine();
        let effects = engine.effects(&history).unwrap().unwrap();
        let names: Vec<&str> = effects.iter().map(|e| e.dimension.as_str()).collect();
        assert_eq!(names, ["raises", "idle"]);
        for (level, score, deviation) in &effects[0].levels {
            let expected = 0.5 + 0.1 * f64::from(*level);
            assert!(
                (score - expected).abs() < 0.02,
                "{level}: {score} ± {deviation}"
            );
            assert!(*deviation > 0.0 && *deviation < 0.05);
        }
        assert!(effects[1].range() < 0.02, "{:?}", effects[1]);
        assert_eq!(engine.effects(&history[..1]).unwrap(), None);
    }
}
