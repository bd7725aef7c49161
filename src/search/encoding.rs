//! How the surrogate sees a point.

use super::earlier::Foretelling;
use super::engine::Cost;
use super::settings::EngineSettings;
use super::surrogate::InputKind;
use crate::domain::{Dimension, DimensionKind, LogCost, Point, Space};

/// From points to inputs of a Gaussian process, and their costs.
#[derive(Clone)]
pub(super) struct Encoding<'a> {
    space: &'a Space,
    cost: &'a Cost,
    /// The scale of costs, where the logarithm of the cost is an input of its own.
    scale: Option<LogCost>,
    /// What earlier studies foretell is part of an input.
    earlier: &'a [Foretelling],
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
            earlier: &[],
        }
    }

    /// The same where inputs end with what these earlier studies foretell.
    pub(super) fn with_earlier(self, earlier: &'a [Foretelling]) -> Self {
        Self { earlier, ..self }
    }

    /// The exact cost of a point.
    pub(super) fn cost(&self, point: &Point) -> f64 {
        (self.cost)(point)
    }

    /// The input of a point: numbers about in the unit interval, then what each earlier study foretells of it.
    pub(super) fn of(&self, point: &Point) -> Vec<f64> {
        let mut input = self.space.encode(point);
        if let Some(scale) = self.scale {
            input.push(scale.position(self.cost(point)));
        }
        let foretold = self.earlier.iter();
        input.extend(foretold.map(|study| study.of(self.space, self.cost, point)));
        input
    }

    /// The dimension that each number of an input belongs to, but for those of earlier studies, which belong to none.
    pub(super) fn dimensions(&self) -> Vec<usize> {
        let mut dimensions = self.space.columns();
        dimensions.extend(self.scale.map(|_| self.space.dimensions.len()));
        dimensions
    }

    /// What each dimension is; the cost is an amount.
    pub(super) fn kinds(&self) -> Vec<InputKind> {
        let dimensions = self.space.dimensions.iter();
        dimensions
            .map(kind)
            .chain(self.scale.map(|_| InputKind::Amount))
            .collect()
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

fn kind(dimension: &Dimension) -> InputKind {
    match dimension.kind {
        DimensionKind::Categorical => InputKind::Category,
        DimensionKind::Ordinal | DimensionKind::LogReal { .. } if dimension.levels > 2 => {
            InputKind::Amount
        }
        DimensionKind::Ordinal | DimensionKind::LogReal { .. } => InputKind::Switch,
    }
}
