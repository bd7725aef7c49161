//! Random valid points without repeats: the initial design, and what is left when nothing better is known.

use std::collections::HashSet;

use rand::{Rng, RngExt};

use crate::domain::{Point, Space};

/// Draws before the space is walked through instead. Reached only where nearly all points are used or invalid.
const DRAWS: usize = 1_000;

/// A valid point outside `used`, uniform over them as long as they are not very rare; none where none is left.
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

/// A uniform element of the product of the dimensions, valid or not.
fn any_point<R: Rng>(space: &Space, random: &mut R) -> Point {
    Point(
        space
            .dimensions
            .iter()
            .map(|dimension| random.random_range(0..dimension.levels))
            .collect(),
    )
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
            .map(|(i, &levels)| Dimension {
                name: format!("d{i}"),
                levels,
            })
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
