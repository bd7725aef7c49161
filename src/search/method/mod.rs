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
        _ => None,
    };
    history.iter().filter_map(learnable).collect()
}

/// Points whose training diverged, each with the worst score of the history; nothing where there is none.
pub(super) fn diverged(history: &[Observation]) -> Vec<(Point, f64)> {
    let scores = scored(history).into_iter().map(|(_, score)| score);
    let Some(worst) = scores.min_by(f64::total_cmp) else {
        return Vec::new();
    };
    let broken_down = history
        .iter()
        .filter(|observation| observation.outcome == Outcome::Diverged);
    broken_down
        .map(|observation| (observation.point.clone(), worst))
        .collect()
}

/// The third objective of points where it is a number, turned to be maximised.
fn third(history: &[Observation]) -> Vec<(Point, f64)> {
    let learnable = |observation: &Observation| match observation.outcome {
        Outcome::Score(_) => Some((observation.point.clone(), -observation.third?)),
        _ => None,
    };
    let found = history.iter().filter_map(learnable);
    found.filter(|(_, value)| value.is_finite()).collect()
}
