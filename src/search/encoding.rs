//! How the surrogate sees a point.

use super::engine::Cost;
use super::settings::EngineSettings;
use crate::domain::{LogCost, Point, Space};

/// From points to inputs of a Gaussian process, and their costs.
pub(super) struct Encoding<'a> {
    space: &'a Space,
    cost: &'a Cost,
    /// The scale of costs, where the logarithm of the cost is an input of its own.
    scale: Option<LogCost>,
}

impl<'a> Encoding<'a> {
    pub(super) fn new(space: &'a Space, cost: &'a Cost, settings: &EngineSettings) -> Self {
        let reference = settings.reference_point.parameters_percent;
        Self {
            space,
            cost,
            scale: settings
                .cost_input
                .then(|| LogCost::between(settings.least_cost, reference)),
        }
    }

    /// The exact cost of a point.
    pub(super) fn cost(&self, point: &Point) -> f64 {
        (self.cost)(point)
    }

    /// The input of a point, each number about in the unit interval.
    pub(super) fn of(&self, point: &Point) -> Vec<f64> {
        let mut input = self.space.encode(point);
        if let Some(scale) = self.scale {
            input.push(scale.position(self.cost(point)));
        }
        input
    }

    /// The dimension that each number of an input belongs to.
    pub(super) fn dimensions(&self) -> Vec<usize> {
        let mut dimensions = self.space.columns();
        dimensions.extend(self.scale.map(|_| self.space.dimensions.len()));
        dimensions
    }

    /// Name of each dimension, the cost last where it is one.
    pub(super) fn names(&self) -> Vec<String> {
        let dimensions = self.space.dimensions.iter();
        dimensions
            .map(|dimension| dimension.name.clone())
            .chain(self.scale.map(|_| "parameters".to_owned()))
            .collect()
    }
}
