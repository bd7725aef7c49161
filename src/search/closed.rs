//! Points that must not be proposed.

use std::collections::HashSet;

use super::engine::Fits;
use crate::domain::{Point, TrainingRoom};

/// Points that are tried, pending or proposed, and those that do not fit.
#[derive(Clone, Default)]
pub(super) struct Closed {
    used: HashSet<Point>,
    bounds: Option<(Fits, TrainingRoom)>,
}

impl Closed {
    /// These points, and where there are bounds all points that do not fit them.
    pub(super) fn new(used: HashSet<Point>, bounds: Option<(Fits, TrainingRoom)>) -> Self {
        Self { used, bounds }
    }

    /// Whether a valid point must not be proposed.
    pub(super) fn contains(&self, point: &Point) -> bool {
        self.used.contains(point) || !self.fits(point)
    }

    /// Whether a valid point fits the bounds, used or not.
    pub(super) fn fits(&self, point: &Point) -> bool {
        let fits = |(fits, room): &(Fits, TrainingRoom)| fits(point, *room);
        self.bounds.as_ref().is_none_or(fits)
    }

    /// Whether some points do not fit, however many.
    pub(super) fn is_bounded(&self) -> bool {
        self.bounds.is_some()
    }

    /// Closes one more.
    pub(super) fn insert(&mut self, point: Point) {
        self.used.insert(point);
    }
}

impl From<HashSet<Point>> for Closed {
    fn from(used: HashSet<Point>) -> Self {
        Self::new(used, None)
    }
}
