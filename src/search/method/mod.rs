//! How points are chosen after the initial design: one file per method that learns from the history.

pub(super) mod bayesian;
pub(super) mod nsga2;
pub(super) mod parego;

use super::engine::{Observation, Outcome};
use crate::domain::Point;

/// Why proposals are random where nothing can be learnt.
const NOTHING_LEARNT: &str = "random: there are no two different scores to learn from yet";

/// What can be learnt from: points with a score at the end of their training that is a number.
pub(super) fn scored(history: &[Observation]) -> Vec<(Point, f64)> {
    let learnable = |observation: &Observation| match observation.outcome {
        Outcome::Score(score) if score.is_finite() => Some((observation.point.clone(), score)),
        Outcome::Score(_) | Outcome::Pruned | Outcome::Infeasible => None,
    };
    history.iter().filter_map(learnable).collect()
}

/// The third objective of points where it is a number, turned to be maximised.
fn third(history: &[Observation]) -> Vec<(Point, f64)> {
    let learnable = |observation: &Observation| match observation.outcome {
        Outcome::Score(_) => Some((observation.point.clone(), -observation.third?)),
        Outcome::Pruned | Outcome::Infeasible => None,
    };
    let found = history.iter().filter_map(learnable);
    found.filter(|(_, value)| value.is_finite()).collect()
}
