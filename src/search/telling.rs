//! Which observations a surrogate is fitted to where there are more than it can take.
//!
//! A fit costs the square of their number in memory and the cube in time for every draw of the hyperparameters. Where
//! that is too much, half of what is taken is best, front after front, as gains are expected near the front; the rest
//! are the latest of the others, which came when the search knew most.

use super::early::{Told, early};
use super::encoding::Encoding;
use super::engine::Observation;
use super::method::{diverged, scored};
use super::pareto::{Duplicates, non_dominated};
use super::settings::EngineSettings;
use crate::domain::{Point, SurrogateModel};

/// Bytes that the covariances of all draws may take together: 1,536 observations for one draw, 384 for sixteen, which
/// take about half a minute of one core in 30 dimensions.
const BYTES: usize = 72 << 20;

/// What a history tells.
pub(super) struct Known {
    /// Points that were trained to the end and measured, with their scores; a point comes as often as it was measured.
    pub(super) scored: Vec<(Point, f64)>,
    /// These, and what never came to its end, as the surrogate is told them.
    pub(super) told: Vec<Told>,
    /// What people should know where not all of the history is taken.
    pub(super) of_many: Option<String>,
}

impl Known {
    /// What a history tells a fit that takes at most `limit` observations.
    pub(super) fn of(encoding: &Encoding<'_>, history: &[Observation], limit: usize) -> Self {
        let all = scored(history);
        let known = all.len();
        let scored = telling(encoding, all, limit);
        // What never came to its end takes what room is left, the latest first.
        let mut unfinished = complete(&diverged(history));
        unfinished.extend(early(history));
        let room = limit.saturating_sub(scored.len());
        unfinished.drain(..unfinished.len().saturating_sub(room));
        let of_many = (scored.len() < known).then(|| {
            format!(
                "fitted to {} of {known} trials, the best and the latest",
                scored.len()
            )
        });
        Self {
            told: [sampled(complete(&scored), history), unfinished].concat(),
            scored,
            of_many,
        }
    }
}

/// The same with the variance of the error that the number of measured rows leaves: the mean over a history, because that of
/// a single score is a guess of its own, and 0 where all rows are right.
fn sampled(told: Vec<Told>, history: &[Observation]) -> Vec<Told> {
    let errors = history.iter().filter_map(|observation| observation.error);
    let squares = errors
        .filter(|error| error.is_finite())
        .map(|error| error * error);
    let (sum, count) = squares.fold((0.0, 0.0), |(sum, count), square| {
        (sum + square, count + 1.0)
    });
    if sum == 0.0 {
        return told;
    }
    let with = |told: Told| told.sampled(sum / count);
    told.into_iter().map(with).collect()
}

/// Scores at the end of a training, as the surrogate is told them.
pub(super) fn complete(values: &[(Point, f64)]) -> Vec<Told> {
    let values = values.iter().cloned();
    values
        .map(|(point, score)| Told::full(point, score))
        .collect()
}

/// Observations that a fit takes at most.
pub(super) fn limit(settings: &EngineSettings) -> usize {
    let draws = match settings.surrogate {
        SurrogateModel::Gp => 1,
        SurrogateModel::Saas => (settings.posterior_draws / settings.thinning.max(1)).max(1),
    };
    // A matrix, its factor, and as much again while it is made.
    (BYTES / (4 * size_of::<f64>() * draws)).isqrt()
}

/// The observations to fit to, in their order: all, or `limit` of them.
pub(super) fn telling(
    encoding: &Encoding<'_>,
    scored: Vec<(Point, f64)>,
    limit: usize,
) -> Vec<(Point, f64)> {
    if scored.len() <= limit {
        return scored;
    }
    let objectives: Vec<[f64; 2]> = (scored.iter())
        .map(|(point, score)| [*score, -encoding.cost(point)])
        .collect();
    let mut taken = vec![false; scored.len()];
    let mut count = 0;
    while count < limit / 2 {
        let rest: Vec<usize> = (0..scored.len()).filter(|&i| !taken[i]).collect();
        let points: Vec<[f64; 2]> = rest.iter().map(|&i| objectives[i]).collect();
        let front = non_dominated(&points, Duplicates::Keep);
        for i in rest
            .iter()
            .zip(front)
            .filter_map(|(&i, on)| on.then_some(i))
        {
            taken[i] = true;
            count += 1;
        }
    }
    for i in (0..scored.len()).rev() {
        if count < limit && !taken[i] {
            taken[i] = true;
            count += 1;
        }
    }
    let kept = scored.into_iter().zip(taken);
    kept.filter_map(|(observation, taken)| taken.then_some(observation))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::engine::Cost;
    use super::*;
    use crate::domain::{Dimension, Space};

    #[test]
    fn the_best_and_the_latest_are_kept_in_their_order() {
        let space = Space {
            dimensions: vec![Dimension::ordinal("size", 1_000)],
            any_of: Vec::new(),
        };
        let cost: Cost = Arc::new(|point: &Point| f64::from(point.0[0]));
        let settings = EngineSettings::default();
        let encoding = Encoding::new(&space, &cost, &settings);
        // The first ten cost less the better they are; all others cost more and are worse.
        let scored: Vec<(Point, f64)> = (0..200u16)
            .map(|i| {
                (
                    Point(vec![i]),
                    if i < 10 {
                        0.9 + 0.001 * f64::from(i)
                    } else {
                        0.5
                    },
                )
            })
            .collect();
        let kept = telling(&encoding, scored.clone(), 30);
        assert_eq!(kept.len(), 30);
        let numbers: Vec<u16> = kept.iter().map(|(point, _)| point.0[0]).collect();
        assert!(numbers.is_sorted());
        assert_eq!(numbers[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(numbers[29], 199);
        assert_eq!(telling(&encoding, scored.clone(), 200), scored);
        assert_eq!(limit(&settings), 1_536);
    }
}
