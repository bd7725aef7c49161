//! Maximising a function over the points of a space by one-exchange local search with a fixed budget.
//!
//! A quarter of the budget goes to raw samples, half of them uniform and half neighbours of the points that are good
//! already. The best of them start the climbs, which share what is left evenly; what one climb leaves over goes to
//! the next. A climb looks at the neighbours (one dimension changed) in random order and moves to the first better
//! one, until none is better. No point is evaluated twice.

use std::collections::HashMap;

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};

use super::closed::Closed;
use super::design::random_point;
use super::settings::EngineSettings;
use crate::domain::{Point, Space};

/// How much to spend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Evaluations in all, at least one.
    pub(super) evaluations: usize,
    /// Climbs, at least one.
    pub(super) starts: usize,
}

impl Budget {
    /// What a study allows per proposal.
    pub(super) fn new(settings: &EngineSettings) -> Self {
        Self {
            evaluations: settings.acquisition_evaluations,
            starts: settings.local_search_starts,
        }
    }
}

/// The best point outside `closed` that was found, with its value; none where no point is left or `cancelled` says so.
///
/// `near` are the points around which better ones are likely; they may be in `closed`.
pub(super) fn maximise<R: Rng>(
    space: &Space,
    closed: &Closed,
    near: &[Point],
    value: &mut dyn FnMut(&Point) -> f64,
    budget: Budget,
    random: &mut R,
    cancelled: &dyn Fn() -> bool,
) -> Option<(Point, f64)> {
    let mut search = Search {
        value,
        known: HashMap::new(),
        left: budget.evaluations.max(1),
        cancelled,
    };
    let samples = (budget.evaluations / 4).max(1);
    let mut starts: Vec<(Point, f64)> = Vec::new();
    for i in 0..samples {
        let neighbour = near
            .choose(random)
            .filter(|_| i % 2 == 1)
            .and_then(|centre| space.neighbours(centre).choose(random).cloned());
        let point = match neighbour {
            Some(point) if !closed.contains(&point) => point,
            _ => random_point(space, closed, random)?,
        };
        if !search.known.contains_key(&point) {
            let found = search.evaluate(&point)?;
            starts.push((point, found));
        }
    }
    // Stable, so that equal values keep the order of the stream.
    starts.sort_by(|a, b| b.1.total_cmp(&a.1));
    starts.truncate(budget.starts.max(1));
    let mut best = starts.first().cloned()?;
    let climbs = starts.len();
    for (i, start) in starts.into_iter().enumerate() {
        let share = search.left / (climbs - i);
        let top = search.climb(space, closed, start, share, random)?;
        if top.1 > best.1 {
            best = top;
        }
    }
    Some(best)
}

struct Search<'a> {
    value: &'a mut dyn FnMut(&Point) -> f64,
    known: HashMap<Point, f64>,
    left: usize,
    cancelled: &'a dyn Fn() -> bool,
}

impl Search<'_> {
    /// The value of a new point, a NaN counting as the worst; none once cancelled.
    fn evaluate(&mut self, point: &Point) -> Option<f64> {
        if (self.cancelled)() {
            return None;
        }
        let found = (self.value)(point);
        let found = if found.is_nan() {
            f64::NEG_INFINITY
        } else {
            found
        };
        self.left = self.left.saturating_sub(1);
        self.known.insert(point.clone(), found);
        Some(found)
    }

    /// Moves from `start` to better neighbours until there is none or `share` evaluations are spent.
    fn climb<R: Rng>(
        &mut self,
        space: &Space,
        closed: &Closed,
        start: (Point, f64),
        share: usize,
        random: &mut R,
    ) -> Option<(Point, f64)> {
        let mut at = start;
        let floor = self.left.saturating_sub(share);
        'moves: loop {
            let mut neighbours = space.neighbours(&at.0);
            neighbours.shuffle(random);
            for neighbour in neighbours {
                if closed.contains(&neighbour) {
                    continue;
                }
                let found = match self.known.get(&neighbour) {
                    Some(&found) => found,
                    None if self.left <= floor => return Some(at),
                    None => self.evaluate(&neighbour)?,
                };
                if found > at.1 {
                    at = (neighbour, found);
                    continue 'moves;
                }
            }
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::collections::HashSet;

    use super::super::random::{Purpose, stream};
    use super::*;
    use crate::domain::Dimension;

    fn space() -> Space {
        let dimension = |i: usize| Dimension::ordinal(format!("d{i}"), 6);
        Space {
            dimensions: (0..8).map(dimension).collect(),
            any_of: vec![vec![0, 1]],
        }
    }

    /// Highest where every level is 4.
    fn hill(point: &Point) -> f64 {
        -point
            .0
            .iter()
            .map(|&v| (f64::from(v) - 4.0).powi(2))
            .sum::<f64>()
    }

    const BUDGET: Budget = Budget {
        evaluations: 600,
        starts: 3,
    };

    #[test]
    fn climbs_the_hill_within_its_budget() {
        let mut evaluations = 0;
        let mut value = |point: &Point| {
            evaluations += 1;
            hill(point)
        };
        let mut random = stream(1, Purpose::Acquisition, 0, 0);
        let found = maximise(
            &space(),
            &Closed::default(),
            &[],
            &mut value,
            BUDGET,
            &mut random,
            &|| false,
        );
        assert_eq!(found, Some((Point(vec![4; 8]), 0.0)));
        assert!(evaluations <= BUDGET.evaluations);
    }

    #[test]
    fn never_returns_a_used_point() {
        let top = Point(vec![4; 8]);
        let used = Closed::from(HashSet::from([top.clone()]));
        let mut random = stream(1, Purpose::Acquisition, 0, 0);
        let found = maximise(
            &space(),
            &used,
            &[top],
            &mut |point| hill(point),
            BUDGET,
            &mut random,
            &|| false,
        );
        assert_eq!(found.unwrap().1, -1.0, "next to the top");
    }

    #[test]
    fn an_undefined_value_is_the_worst() {
        let mut value = |point: &Point| {
            if point.0[2] == 0 {
                f64::NAN
            } else {
                hill(point)
            }
        };
        let mut random = stream(1, Purpose::Acquisition, 0, 0);
        let near = [Point(vec![1, 1, 0, 0, 0, 0, 0, 0])];
        let used = Closed::default();
        let found = maximise(
            &space(),
            &used,
            &near,
            &mut value,
            BUDGET,
            &mut random,
            &|| false,
        );
        assert!(found.unwrap().1.is_finite());
    }
}
