//! Valid points without repeats, random or evenly spread: the initial design, and what is left when nothing better is
//! known.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::closed::Closed;
use crate::domain::{Point, Space};

/// Draws before the space is walked through instead. Reached only where nearly all points are closed or invalid.
const DRAWS: usize = 1_000;

/// Steps of the walk where most points may not fit: a space may have more of those than anybody can walk past.
const STEPS: usize = 1 << 20;

/// Length of the Sobol sequence.
const SOBOL_LENGTH: u32 = 1 << 16;

/// A valid point outside `closed`; none where none is left. Uniform over them as long as they are not very rare and no
/// dimension depends on another one.
pub(super) fn random_point<R: Rng>(
    space: &Space,
    closed: &Closed,
    random: &mut R,
) -> Option<Point> {
    let free = |point: &Point| space.is_valid(point) && !closed.contains(point);
    for _ in 0..DRAWS {
        let point = any_point(space, random);
        if free(&point) {
            return Some(point);
        }
    }
    // What does not fit does so by its size, mostly: the first one met on a way down.
    if closed.is_bounded() {
        let found = (0..DRAWS).find_map(|_| on_the_way_down(space, &free, random));
        if found.is_some() {
            return found;
        }
    }
    // Rare points: the first one met on a walk through the whole product from a random start.
    let start = any_point(space, random);
    let mut point = start.clone();
    for taken in 1.. {
        if free(&point) {
            return Some(point);
        }
        step(space, &mut point);
        if point == start || (closed.is_bounded() && taken == STEPS) {
            break;
        }
    }
    None
}

/// Lowers the levels of a random point, one at a time in random order, until it is free; none where it never is.
fn on_the_way_down<R: Rng>(
    space: &Space,
    free: &dyn Fn(&Point) -> bool,
    random: &mut R,
) -> Option<Point> {
    let mut point = any_point(space, random);
    loop {
        let above: Vec<usize> = (0..point.0.len()).filter(|&i| point.0[i] > 0).collect();
        let lowered = *above.choose(random)?;
        point.0[lowered] = random.random_range(0..point.0[lowered]);
        space.settle(&mut point);
        if free(&point) {
            return Some(point);
        }
    }
}

/// The first valid point outside `closed` of a scrambled Sobol sequence; none where the sequence has no such point.
///
/// Each dimension's coordinate falls into as many equal parts as it has levels.
pub(super) fn sobol_point(space: &Space, closed: &Closed, seed: u64) -> Option<Point> {
    // The sequence's seed has 32 bits.
    let seed = (seed ^ (seed >> 32)) as u32;
    (0..SOBOL_LENGTH)
        .map(|index| {
            let levels = (0_u32..).zip(&space.dimensions).map(|(i, dimension)| {
                let coordinate = sobol_burley::sample(index, i, seed);
                let level = (f64::from(coordinate) * f64::from(dimension.levels)) as u16;
                level.min(dimension.levels - 1)
            });
            let mut point = Point(levels.collect());
            space.settle(&mut point);
            point
        })
        .find(|point| space.is_valid(point) && !closed.contains(point))
}

/// A uniform element of the product of the dimensions, valid or not, but for what has no meaning in it.
fn any_point<R: Rng>(space: &Space, random: &mut R) -> Point {
    let levels =
        (space.dimensions.iter()).map(|dimension| random.random_range(0..dimension.levels));
    let mut point = Point(levels.collect());
    space.settle(&mut point);
    point
}

/// The next element of the product, the last dimension running fastest, the first again after the last.
fn step(space: &Space, point: &mut Point) {
    for (level, dimension) in point.0.iter_mut().zip(&space.dimensions).rev() {
        *level += 1;
        if *level < dimension.levels {
            return;
        }
        *level = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::super::random::{Purpose, stream};
    use super::*;
    use crate::domain::{Dimension, TrainingRoom};

    fn space(levels: &[u16], any_of: Vec<Vec<usize>>) -> Space {
        let dimensions = levels
            .iter()
            .enumerate()
            .map(|(i, &levels)| Dimension::ordinal(format!("d{i}"), levels))
            .collect();
        Space { dimensions, any_of }
    }

    #[test]
    fn every_valid_point_comes_exactly_once() {
        let space = space(&[3, 2, 4], vec![vec![0, 1], vec![2]]);
        let mut closed = Closed::default();
        let mut count = 0.0;
        let mut random = stream(1, Purpose::Design, 0, 0);
        while let Some(point) = random_point(&space, &closed, &mut random) {
            assert!(space.is_valid(&point) && !closed.contains(&point));
            closed.insert(point);
            count += 1.0;
        }
        assert_eq!(count, space.valid_size());
    }

    #[test]
    fn a_space_without_valid_points_has_none_to_draw() {
        let space = space(&[1, 3], vec![vec![0]]);
        let mut random = stream(1, Purpose::Design, 0, 0);
        assert_eq!(random_point(&space, &Closed::default(), &mut random), None);
    }

    #[test]
    fn sobol_points_cover_every_level_evenly() {
        let space = space(&[4, 2, 3], vec![]);
        let mut seen = HashSet::new();
        let mut counts = [0; 4];
        let next = |seen: &HashSet<Point>| sobol_point(&space, &seen.clone().into(), 5);
        for _ in 0..8 {
            let point = next(&seen).expect("the space has 24 points");
            counts[usize::from(point.0[0])] += 1;
            assert!(seen.insert(point));
        }
        assert!(
            counts.iter().all(|&count| (1..=3).contains(&count)),
            "{counts:?}"
        );
        while let Some(point) = next(&seen) {
            assert!(seen.insert(point));
        }
        assert_eq!(seen.len(), 24);
    }

    #[test]
    fn draws_are_uniform_over_the_valid_points() {
        let space = space(&[3, 2], vec![vec![0, 1]]);
        let mut random = stream(7, Purpose::Design, 0, 0);
        let mut counts = std::collections::HashMap::new();
        for _ in 0..5_000 {
            let point = random_point(&space, &Closed::default(), &mut random);
            *counts.entry(point).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 5);
        // Five standard deviations of a count of 5000 draws of probability 1/5.
        assert!(counts.values().all(|&count| (count - 1000).abs() < 141));
    }

    #[test]
    fn what_hardly_ever_fits_is_found_all_the_same() {
        // Of 10^12 points some hundred fit, none of which a draw would meet.
        let space = space(&[10; 12], vec![(0..12).collect()]);
        let fits = |point: &Point, room: TrainingRoom| {
            let size: u64 = point.0.iter().map(|&level| u64::from(level)).sum();
            size <= room.bytes
        };
        let room = TrainingRoom {
            bytes: 2,
            tokens: 1,
        };
        let mut closed = Closed::new(HashSet::new(), Some((Arc::new(fits), room)));
        let mut random = stream(3, Purpose::Design, 0, 0);
        for _ in 0..60 {
            let point = random_point(&space, &closed, &mut random).expect("90 points fit");
            assert!(space.is_valid(&point) && fits(&point, room));
            assert!(!closed.contains(&point));
            closed.insert(point);
        }
        let room = TrainingRoom { bytes: 0, ..room };
        let closed = Closed::new(HashSet::new(), Some((Arc::new(fits), room)));
        assert_eq!(random_point(&space, &closed, &mut random), None);
    }
}
