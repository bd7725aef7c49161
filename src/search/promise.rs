//! The acquisition function over the points of a space: from scores and costs to objectives that are maximised.
//!
//! Objective 0 comes of the cost and is known everywhere ([`CostObjective`]); objective 1 is the score's normal score,
//! modelled. The reference point goes through the same two transforms.

use rand::Rng;

use super::acquisition::nehvi::{Nehvi, Objective, Site};
use super::cost_scale::CostObjective;
use super::engine::EngineSettings;
use super::fit::Fit;
use super::pareto::{Duplicates, non_dominated};
use crate::domain::{Point, Space};

/// Joint draws of the scores that the expectation is taken over, shared among the draws of the hyperparameters.
const WORLDS: usize = 256;

/// How promising each point is.
pub(super) struct Promise<'a> {
    space: &'a Space,
    cost: &'a dyn Fn(&Point) -> f64,
    objective: CostObjective,
    nehvi: Nehvi,
    front: Vec<Point>,
}

impl<'a> Promise<'a> {
    /// Over measured points and pending ones; none where the joint posterior is not finite.
    pub(super) fn new<R: Rng>(
        space: &'a Space,
        cost: &'a dyn Fn(&Point) -> f64,
        settings: &EngineSettings,
        fit: &Fit,
        scored: &[(Point, f64)],
        pending: &[Point],
        random: &mut R,
    ) -> Option<Self> {
        let reference = settings.reference_point;
        let costs: Vec<f64> = scored.iter().map(|(point, _)| cost(point)).collect();
        let objective =
            CostObjective::new(settings.cost_scale, &costs, reference.parameters_percent);
        let site = |point: &Point| Site {
            input: space.encode(point),
            known: objective.of(cost(point)),
        };
        let mut measured: Vec<&Point> = scored.iter().map(|(point, _)| point).collect();
        measured.sort();
        measured.dedup();
        let worlds = (WORLDS / fit.processes.len()).max(1);
        let nehvi = Nehvi::new(
            [Objective::Known, Objective::Modelled(fit.processes.clone())],
            [
                objective.of(reference.parameters_percent),
                fit.copula.transform(reference.score),
            ],
            measured.into_iter().map(site).collect(),
            worlds,
            random,
        )?
        .pruned()?
        .with(pending.iter().map(site).collect(), random)?;

        let values: Vec<[f64; 2]> = (costs.iter().zip(scored))
            .map(|(cost, (_, score))| [-cost, *score])
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
            objective,
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
            known: self.objective.of((self.cost)(point)),
        }
    }
}
