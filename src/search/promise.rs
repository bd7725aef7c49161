//! The acquisition function over the points of a space: from scores and costs to objectives that are maximised.
//!
//! Objective 0 is the cost, negated and on a logarithmic scale, known everywhere; objective 1 is the score's normal
//! score, modelled. The reference point goes through the same two transforms.

use rand::Rng;

use super::acquisition::nehvi::{Nehvi, Objective, Site};
use super::fit::Fit;
use super::pareto::{Duplicates, non_dominated};
use crate::domain::{Point, ReferencePoint, Space};

/// Joint draws of the scores that the expectation is taken over, shared among the draws of the hyperparameters.
const WORLDS: usize = 256;

/// Costs below this share of the reference point's are nearly as good as none.
const OFFSET_SHARE: f64 = 1.0 / 256.0;

/// How promising each point is.
pub(super) struct Promise<'a> {
    space: &'a Space,
    cost: &'a dyn Fn(&Point) -> f64,
    scale: Scale,
    nehvi: Nehvi,
    front: Vec<Point>,
}

impl<'a> Promise<'a> {
    /// Over measured points and pending ones; none where the joint posterior is not finite.
    pub(super) fn new<R: Rng>(
        space: &'a Space,
        cost: &'a dyn Fn(&Point) -> f64,
        reference: ReferencePoint,
        fit: &Fit,
        scored: &[(Point, f64)],
        pending: &[Point],
        random: &mut R,
    ) -> Option<Self> {
        let scale = Scale::new(reference);
        let site = |point: &Point| Site {
            input: space.encode(point),
            known: scale.objective(cost(point)),
        };
        let mut measured: Vec<&Point> = scored.iter().map(|(point, _)| point).collect();
        measured.sort();
        measured.dedup();
        let worlds = (WORLDS / fit.processes.len()).max(1);
        let nehvi = Nehvi::new(
            [Objective::Known, Objective::Modelled(fit.processes.clone())],
            [
                scale.objective(reference.parameters_percent),
                fit.copula.transform(reference.score),
            ],
            measured.into_iter().map(site).collect(),
            worlds,
            random,
        )?
        .pruned()?
        .with(pending.iter().map(site).collect(), random)?;

        let values: Vec<[f64; 2]> = scored
            .iter()
            .map(|(point, score)| [-cost(point), *score])
            .collect();
        let front = scored
            .iter()
            .zip(non_dominated(&values, Duplicates::Drop))
            .filter(|(_, on_front)| *on_front)
            .map(|((point, _), _)| point.clone())
            .collect();
        Some(Self {
            space,
            cost,
            scale,
            nehvi,
            front,
        })
    }

    /// Expected hypervolume improvement by a point, in units of the two transformed objectives.
    pub(super) fn value(&self, point: &Point) -> f64 {
        self.nehvi.value(&self.site(point))
    }

    /// Counts a point as pending from now on; none where the joint posterior is not finite any more.
    pub(super) fn with_pending<R: Rng>(mut self, point: &Point, random: &mut R) -> Option<Self> {
        let site = self.site(point);
        self.nehvi = self.nehvi.with(vec![site], random)?;
        Some(self)
    }

    /// The measured points that no other measured point dominates.
    pub(super) fn front(&self) -> &[Point] {
        &self.front
    }

    fn site(&self, point: &Point) -> Site {
        Site {
            input: self.space.encode(point),
            known: self.scale.objective((self.cost)(point)),
        }
    }
}

/// How a cost becomes an objective to maximise: -log(cost + offset).
///
/// People compare 0.1 % with 1 % as they compare 1 % with 10 %: on a linear scale nearly all hypervolume lies where
/// costs are large. The offset, a small share of the reference point, keeps costs near 0 from outweighing the rest.
#[derive(Clone, Copy)]
struct Scale {
    offset: f64,
}

impl Scale {
    fn new(reference: ReferencePoint) -> Self {
        Self {
            offset: OFFSET_SHARE * reference.parameters_percent,
        }
    }

    fn objective(self, cost: f64) -> f64 {
        -(cost + self.offset).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_cost_is_a_better_objective_and_none_at_all_is_not_infinite() {
        let scale = Scale::new(ReferencePoint {
            score: 0.7,
            parameters_percent: 26.0,
        });
        let objectives: Vec<f64> = [0.0, 0.01, 0.1, 1.0, 26.0, 40.0]
            .iter()
            .map(|&cost| scale.objective(cost))
            .collect();
        assert!(objectives.is_sorted_by(|a, b| a > b));
        // From nothing to the reference point it is eight halvings of the cost.
        let range = objectives[0] - objectives[4];
        assert!((range - 257_f64.ln()).abs() < 1e-9);
    }
}
