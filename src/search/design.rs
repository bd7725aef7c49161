//! Valid points without repeats, random or evenly spread: the initial design, and what is left when nothing better is
//! known.

use std::collections::HashSet;

use rand::{Rng, RngExt};

use crate::domain::{Point, Space};

/// Draws before the space is walked through instead. Reached only where nearly all points are used or invalid.
const DRAWS: usize = 1_000;

/// Length of the Sobol sequence.
const SOBOL_LENGTH: u32 = 1 << 16;

/// A valid point outside `used`; none where none is left. Uniform over them as long as they are not very rare and no
/// dimension depends on another one.
pub(super) fn random_point<R: Rng>(
    space: &Space,
    used: &HashSet<Point>,
    random: &mut R,
) -> Option<Point> {
    let free = |point: &Point| space.is_valid(point) && !used.contains(point);
    for _ in 0..DRAWS {
        let point = any_point(space, random);
        if free(&point) {
            return Some(point);
        }
    }
    // Rare points: the first one met on a walk through the whole product from a random start.
    let start = any_point(space, random);
    let mut point = start.clone();
    loop {
        if free(&point) {
            return Some(point);
        }
        step(space, &mut point);
        if point == start {
            return None;
        }
    }
}

/// The first valid point outside `used` of a scrambled Sobol sequence; none where the sequence has no such point.
///
/// Each dimension's coordinate falls into as many equal parts as it has levels.
pub(super) fn sobol_point(space: &Space, used: &HashSet<Point>, seed: u64) -> Option<Point> {
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
        .find(|point| space.is_valid(point) && !used.contains(point))
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
    use super::super::random::{Purpose, stream};
    use super::*;
    use crate::domain::Dimension;

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
        let mut used = HashSet::new();
        let mut random = stream(1, Purpose::Design, 0, 0);
        while let Some(point) = random_point(&space, &used, &mut random) {
            assert!(space.is_valid(&point));
            assert!(used.insert(point));
        }
        assert_eq!(used.len() as f64, space.valid_size());
    }

    #[test]
    fn a_space_without_valid_points_has_none_to_draw() {
        let space = space(&[1, 3], vec![vec![0]]);
        let mut random = stream(1, Purpose::Design, 0, 0);
        assert_eq!(random_point(&space, &HashSet::new(), &mut random), None);
    }

    #[test]
    fn sobol_points_cover_every_level_evenly() {
        let space = space(&[4, 2, 3], vec![]);
        let mut used = HashSet::new();
        let mut counts = [0; 4];
        for _ in 0..8 {
            let point = sobol_point(&space, &used, 5).expect("the space has 24 points");
            counts[usize::from(point.0[0])] += 1;
            assert!(used.insert(point));
        }
        assert!(
            counts.iter().all(|&count| (1..=3).contains(&count)),
            "{counts:?}"
        );
        while let Some(point) = sobol_point(&space, &used, 5) {
            assert!(used.insert(point));
        }
        assert_eq!(used.len(), 24);
    }

    #[test]
    fn draws_are_uniform_over_the_valid_points() {
        let space = space(&[3, 2], vec![vec![0, 1]]);
        let mut random = stream(7, Purpose::Design, 0, 0);
        let mut counts = std::collections::HashMap::new();
        for _ in 0..5_000 {
            let point = random_point(&space, &HashSet::new(), &mut random);
            *counts.entry(point).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 5);
        // Five standard deviations of a count of 5000 draws of probability 1/5.
        assert!(counts.values().all(|&count| (count - 1000).abs() < 141));
    }
}
