//! NSGA-II (Deb et al. 2002), one child at a time: parents are the best of everything tried so far.
//!
//! | symbol | meaning |
//! |---|---|
//! | rank | 0 on the front of all points, 1 on the front of the rest, and so on |
//! | crowding | distance to the neighbours on the same front, summed over the objectives, each scaled by its span |

use rand::seq::IteratorRandom;
use rand::{Rng, RngExt};

use super::super::cost_scale::CostObjective;
use super::super::engine::Ask;
use super::super::pareto::{Duplicates, non_dominated};
use super::super::random::{Purpose, stream};
use super::super::round::Round;
use super::{NOTHING_LEARNT, scored};
use crate::domain::{Diagnostics, InitialDesign, Point, Space};

/// Points that may become parents.
const POPULATION: usize = 20;

/// Share of children that two parents have.
const CROSSOVER: f64 = 0.9;

/// Children that are drawn before a random point takes their place: all of them were tried already, or are invalid.
const TRIALS: usize = 200;

/// Adds children until there are as many points as asked for.
pub(in super::super) fn propose(round: &mut Round<'_>, ask: &Ask) {
    let engine = round.engine;
    let scored = scored(&ask.history);
    let costs: Vec<f64> = scored
        .iter()
        .map(|(point, _)| (engine.cost)(point))
        .collect();
    if costs.len() < 2 {
        round.add_designed(round.wanted(), InitialDesign::Random, Some(NOTHING_LEARNT));
        return;
    }
    let settings = &engine.settings;
    let objective = CostObjective::new(settings, &costs);
    let objectives: Vec<[f64; 2]> = (costs.iter().zip(&scored))
        .map(|(&cost, (_, score))| [objective.of(cost), *score])
        .collect();
    // Best first.
    let parents: Vec<&Point> = (selected(&objectives).into_iter())
        .map(|i| &scored[i].0)
        .collect();
    while round.wanted() > 0 {
        let started = (engine.clock)();
        let index = round.told() + ask.count - round.wanted();
        let mut random = stream(engine.seed, Purpose::Acquisition, index, 0);
        let child = (0..TRIALS)
            .map(|_| child(&engine.space, &parents, &mut random))
            .find(|child| engine.space.is_valid(child) && !round.closed().contains(child));
        let Some(child) = child else {
            let before = round.wanted();
            round.add_designed(1, InitialDesign::Random, None);
            if round.wanted() == before {
                return;
            }
            continue;
        };
        let diagnostics = Diagnostics {
            search_seconds: (engine.clock)() - started,
            ..Diagnostics::default()
        };
        round.add(child, diagnostics);
    }
}

/// The indices of the best points, by rank and then by crowding.
fn selected(objectives: &[[f64; 2]]) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut left: Vec<usize> = (0..objectives.len()).collect();
    while chosen.len() < POPULATION && !left.is_empty() {
        let points: Vec<[f64; 2]> = left.iter().map(|&i| objectives[i]).collect();
        let on_front = non_dominated(&points, Duplicates::Keep);
        let (front, rest): (Vec<usize>, Vec<usize>) = {
            let mut mask = on_front.iter();
            left.iter().partition(|_| mask.next() == Some(&true))
        };
        let crowding = crowding(&front, objectives);
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| crowding[b].total_cmp(&crowding[a]));
        chosen.extend(order.into_iter().map(|i| front[i]));
        left = rest;
    }
    chosen.truncate(POPULATION);
    chosen
}

/// Crowding of each point of a front; infinite at its ends.
fn crowding(front: &[usize], objectives: &[[f64; 2]]) -> Vec<f64> {
    let mut crowding = vec![0.0; front.len()];
    let one: fn(&[f64; 2]) -> f64 = |objectives| objectives[0];
    for objective in [one, |objectives| objectives[1]] {
        let value = |i: usize| objective(&objectives[front[i]]);
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let span = (value(last) - value(first)).max(f64::MIN_POSITIVE);
        crowding[first] = f64::INFINITY;
        crowding[last] = f64::INFINITY;
        for three in order.windows(3) {
            crowding[three[1]] += (value(three[2]) - value(three[0])) / span;
        }
    }
    crowding
}

/// A child of two tournaments' winners: uniform crossover, then one level in about one dimension drawn anew.
fn child<R: Rng>(space: &Space, parents: &[&Point], random: &mut R) -> Point {
    let mut tournament = || {
        (0..parents.len())
            .sample(random, 2)
            .into_iter()
            .min()
            .unwrap_or(0)
    };
    let (mother, father) = (parents[tournament()], parents[tournament()]);
    let mut child = mother.clone();
    if random.random_bool(CROSSOVER) {
        for (level, other) in child.0.iter_mut().zip(&father.0) {
            if random.random_bool(0.5) {
                *level = *other;
            }
        }
    }
    let rate = 1.0 / space.dimensions.len() as f64;
    for (level, dimension) in child.0.iter_mut().zip(&space.dimensions) {
        if random.random_bool(rate) {
            *level = random.random_range(0..dimension.levels);
        }
    }
    space.settle(&mut child);
    child
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_comes_first_and_its_ends_before_its_middle() {
        let objectives = [
            [0.0, 0.0],
            [1.0, 3.0],
            [2.0, 2.0],
            [2.1, 1.9],
            [3.0, 1.0],
            [0.5, 0.5],
        ];
        let order = selected(&objectives);
        assert_eq!(order.len(), 6);
        let mut ends = order[..2].to_vec();
        ends.sort_unstable();
        assert_eq!(ends, [1, 4]);
        assert_eq!(order[4..], [5, 0]);
    }
}
