//! A finite search space of anonymous dimensions, as the search engine sees it.

use serde::{Deserialize, Serialize};

use super::Dimension;

/// One element of a [`Space`]: the level of each dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Point(pub Vec<u16>);

/// The set of valid points: the product of the dimensions, less those that miss a requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    /// The dimensions, in the order of a point's levels.
    pub dimensions: Vec<Dimension>,
    /// Groups of dimension indices; in each group at least one dimension must be on (level above 0).
    pub any_of: Vec<Vec<usize>>,
}

impl Space {
    /// Whether `point` has the right length, every level exists, every requirement is met, and what has no meaning is at
    /// level 0: two valid points are never the same in effect.
    pub fn is_valid(&self, point: &Point) -> bool {
        point.0.len() == self.dimensions.len()
            && point
                .0
                .iter()
                .zip(&self.dimensions)
                .all(|(&level, dimension)| level < dimension.levels)
            && self
                .any_of
                .iter()
                .all(|group| group.iter().any(|&i| point.0[i] > 0))
            && (0..point.0.len()).all(|i| point.0[i] == 0 || self.is_meaningful(point, i))
    }

    /// Whether dimension `i` of `point` has a meaning: it depends on no other one, or that one has a meaning and is on.
    fn is_meaningful(&self, point: &Point, i: usize) -> bool {
        let parent = self.dimensions[i].only_if;
        parent.is_none_or(|parent| point.0[parent] > 0 && self.is_meaningful(point, parent))
    }

    /// Sets what has no meaning in `point` to level 0.
    pub fn settle(&self, point: &mut Point) {
        for i in 0..point.0.len() {
            if !self.is_meaningful(point, i) {
                point.0[i] = 0;
            }
        }
    }

    /// The numbers that a surrogate sees of a valid point, each in the unit interval.
    pub fn encode(&self, point: &Point) -> Vec<f64> {
        let mut input = Vec::with_capacity(self.dimensions.len());
        for (i, dimension) in self.dimensions.iter().enumerate() {
            dimension.encode(point.0[i], self.is_meaningful(point, i), &mut input);
        }
        input
    }

    /// The dimension that each number of [`Self::encode`] belongs to.
    pub fn columns(&self) -> Vec<usize> {
        let dimensions = self.dimensions.iter().enumerate();
        dimensions
            .flat_map(|(i, dimension)| vec![i; dimension.columns()])
            .collect()
    }

    /// Number of points of the whole product, valid or not, as a float since it may be large.
    pub fn size(&self) -> f64 {
        self.dimensions
            .iter()
            .map(|d| f64::from(d.levels))
            .product()
    }

    /// Number of valid points. Exact where the requirement groups share no dimension and name none that depends on
    /// another one.
    pub fn valid_size(&self) -> f64 {
        // Ways to set a dimension and all that depends on it.
        let mut ways = vec![1.0; self.dimensions.len()];
        for i in (0..self.dimensions.len()).rev() {
            let children = (i + 1..ways.len()).filter(|&c| self.dimensions[c].only_if == Some(i));
            let below: f64 = children.map(|c| ways[c]).product();
            ways[i] = 1.0 + f64::from(self.dimensions[i].levels - 1) * below;
        }
        let grouped: Vec<usize> = self.any_of.iter().flatten().copied().collect();
        let free: f64 = (0..ways.len())
            .filter(|i| !grouped.contains(i) && self.dimensions[*i].only_if.is_none())
            .map(|i| ways[i])
            .product();
        self.any_of
            .iter()
            .map(|group| group.iter().map(|&i| ways[i]).product::<f64>() - 1.0)
            .product::<f64>()
            * free
    }

    /// The valid points that one exchange leads to: another level of one dimension, and what follows from it.
    ///
    /// What gets a meaning by that begins in its middle.
    pub fn neighbours(&self, point: &Point) -> Vec<Point> {
        let mut found = Vec::new();
        for (i, dimension) in self.dimensions.iter().enumerate() {
            if !self.is_meaningful(point, i) {
                continue;
            }
            for level in dimension.exchanges(point.0[i]) {
                let mut neighbour = point.clone();
                neighbour.0[i] = level;
                for (child, dependent) in self.dimensions.iter().enumerate().skip(i + 1) {
                    if dependent.only_if.is_some() && !self.is_meaningful(point, child) {
                        neighbour.0[child] = dependent.levels / 2;
                    }
                }
                self.settle(&mut neighbour);
                if self.is_valid(&neighbour) {
                    found.push(neighbour);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A module, its learning rate's category, a shape of that, and a free choice.
    fn nested() -> Space {
        Space {
            dimensions: vec![
                Dimension::ordinal("module", 3),
                Dimension::categorical("schedule", 3).only_if(0),
                Dimension::ordinal("restarts", 4).only_if(1),
                Dimension::ordinal("free", 2),
            ],
            any_of: vec![vec![0, 3]],
        }
    }

    fn every_point(space: &Space) -> Vec<Point> {
        let mut points = vec![Point(Vec::new())];
        for dimension in &space.dimensions {
            let longer = |point: &Point| {
                (0..dimension.levels)
                    .map(|level| Point([point.0.as_slice(), &[level]].concat()))
                    .collect::<Vec<_>>()
            };
            points = points.iter().flat_map(longer).collect();
        }
        points
    }

    #[test]
    fn what_is_the_same_in_effect_is_one_point() {
        let space = nested();
        let mut settled = HashSet::new();
        for mut point in every_point(&space) {
            space.settle(&mut point);
            let valid = space.is_valid(&point);
            assert_eq!(valid, point.0[0] > 0 || point.0[3] > 0);
            if valid {
                settled.insert(point);
            }
        }
        assert_eq!(settled.len() as f64, space.valid_size());
    }

    #[test]
    fn neighbours_are_valid_and_lead_everywhere() {
        let space = nested();
        let mut reached = HashSet::from([Point(vec![0, 0, 0, 1])]);
        let mut ahead: Vec<Point> = reached.iter().cloned().collect();
        while let Some(point) = ahead.pop() {
            for neighbour in space.neighbours(&point) {
                assert!(space.is_valid(&neighbour) && neighbour != point);
                if reached.insert(neighbour.clone()) {
                    ahead.push(neighbour);
                }
            }
        }
        assert_eq!(reached.len() as f64, space.valid_size());
    }

    #[test]
    fn encodings_have_a_number_per_column() {
        let space = nested();
        assert_eq!(space.columns(), [0, 1, 1, 1, 2, 3]);
        let without = space.encode(&Point(vec![0, 0, 0, 1]));
        assert_eq!(without, [0.0, 0.0, 0.0, 0.0, 0.5, 1.0]);
    }
}
