//! A finite search space of anonymous dimensions, as the search engine sees it.

use serde::{Deserialize, Serialize};

/// One dimension: a name for people and its number of levels.
///
/// Level 0 means "off" (a module that is absent, a layer without modules); higher levels are ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Name for diagnostics, for instance `serial` or `layer 3`.
    pub name: String,
    /// Number of levels, at least 1. Two levels make a binary choice.
    pub levels: u16,
}

/// One element of a [`Space`]: the level of each dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Point(pub Vec<u16>);

/// The set of valid points: the product of the dimensions, less those that miss a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The dimensions, in the order of a point's levels.
    pub dimensions: Vec<Dimension>,
    /// Groups of dimension indices; in each group at least one dimension must be on (level above 0).
    pub any_of: Vec<Vec<usize>>,
}

impl Space {
    /// Whether `point` has the right length, every level exists and every requirement is met.
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
    }

    /// The point on the unit cube: level divided by the highest level, 0 for a dimension with one level.
    pub fn encode(&self, point: &Point) -> Vec<f64> {
        point
            .0
            .iter()
            .zip(&self.dimensions)
            .map(|(&level, dimension)| f64::from(level) / f64::from((dimension.levels - 1).max(1)))
            .collect()
    }

    /// Number of points of the whole product, valid or not, as a float since it may be large.
    pub fn size(&self) -> f64 {
        self.dimensions
            .iter()
            .map(|d| f64::from(d.levels))
            .product()
    }

    /// Number of valid points. Exact where the requirement groups share no dimension.
    pub fn valid_size(&self) -> f64 {
        let grouped: Vec<usize> = self.any_of.iter().flatten().copied().collect();
        let free: f64 = (0..self.dimensions.len())
            .filter(|i| !grouped.contains(i))
            .map(|i| f64::from(self.dimensions[i].levels))
            .product();
        self.any_of
            .iter()
            .map(|group| {
                let all: f64 = group
                    .iter()
                    .map(|&i| f64::from(self.dimensions[i].levels))
                    .product();
                all - 1.0
            })
            .product::<f64>()
            * free
    }

    /// Every valid point that differs from `point` in exactly one dimension (one exchange).
    pub fn neighbours(&self, point: &Point) -> Vec<Point> {
        let mut found = Vec::new();
        for (i, dimension) in self.dimensions.iter().enumerate() {
            for level in (0..dimension.levels).filter(|&level| level != point.0[i]) {
                let mut neighbour = point.clone();
                neighbour.0[i] = level;
                if self.is_valid(&neighbour) {
                    found.push(neighbour);
                }
            }
        }
        found
    }
}
