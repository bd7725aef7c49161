//! The acquisition function over the points of a space: from scores and costs to objectives that are maximised.
//!
//! Objective 0 comes of the cost and is known everywhere ([`CostObjective`]); objective 1 comes of the score and is
//! modelled ([`super::score_scale::ScoreObjective`]), and so is objective 2, where a study has a third one. The reference
//! point goes through the same transforms.

use rand::Rng;

use super::acquisition::nehvi::{Nehvi, Objective, Site};
use super::cost_scale::CostObjective;
use super::encoding::Encoding;
use super::fit::Fit;
use super::pareto::{Duplicates, non_dominated};
use super::settings::EngineSettings;
use crate::domain::{Acquisition, Point};

/// Joint draws of the scores that the expectation is taken over, shared among the draws of the hyperparameters.
const WORLDS: usize = 64;

/// How promising each point is.
pub(super) struct Promise<'a> {
    encoding: &'a Encoding<'a>,
    objective: CostObjective,
    nehvi: Nehvi,
    acquisition: Acquisition,
    front: Vec<Point>,
}

impl<'a> Promise<'a> {
    /// Over measured points and pending ones; none where the joint posterior is not finite.
    pub(super) fn new<R: Rng>(
        encoding: &'a Encoding<'a>,
        settings: &EngineSettings,
        fit: &Fit,
        third: Option<&Fit>,
        scored: &[(Point, f64)],
        pending: &[Point],
        random: &mut R,
    ) -> Option<Self> {
        let reference = settings.reference_point;
        let costs: Vec<f64> = scored
            .iter()
            .map(|(point, _)| encoding.cost(point))
            .collect();
        let objective = CostObjective::new(settings, &costs);
        let site = |point: &Point| Site {
            input: encoding.of(point),
            known: objective.of(encoding.cost(point)),
        };
        let mut measured: Vec<&Point> = scored.iter().map(|(point, _)| point).collect();
        measured.sort();
        measured.dedup();
        let worlds = (WORLDS / fit.processes.len()).max(1);
        let mut objectives = vec![Objective::Known, Objective::Modelled(fit.processes.clone())];
        let mut bounds = vec![
            objective.of(reference.parameters_percent),
            fit.objective.of(reference.score),
        ];
        if let (Some(third), Some(highest)) = (third, settings.third_reference) {
            objectives.push(Objective::Modelled(third.processes.clone()));
            bounds.push(third.objective.of(-highest));
        }
        let nehvi = Nehvi::new(
            objectives,
            bounds,
            measured.into_iter().map(site).collect(),
            worlds,
            random,
        )?
        .pruned()?
        .with(pending.iter().map(site).collect())?;

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
            encoding,
            objective,
            acquisition: settings.acquisition,
            nehvi,
            front,
        })
    }

    /// Expected hypervolume improvement by a point, in units of the two transformed objectives, or its logarithm.
    pub(super) fn value(&self, point: &Point) -> f64 {
        let site = self.site(point);
        match self.acquisition {
            Acquisition::Nehvi => self.nehvi.value(&site),
            Acquisition::LogNehvi => self.nehvi.log_value(&site),
        }
    }

    /// Expected hypervolume improvement by a point, whatever is maximised.
    pub(super) fn gain(&self, point: &Point) -> f64 {
        self.nehvi.value(&self.site(point))
    }

    /// A gain as a share of the expected hypervolume of the front, the pending points included; none where that is 0.
    pub(super) fn share(&self, gain: f64) -> Option<f64> {
        let volume = self.nehvi.volume();
        (volume > 0.0 && gain.is_finite()).then(|| gain / volume)
    }

    /// Counts a point as pending from now on; none where the joint posterior is not finite any more.
    pub(super) fn with_pending(mut self, point: &Point) -> Option<Self> {
        let site = self.site(point);
        self.nehvi = self.nehvi.with(vec![site])?;
        Some(self)
    }

    /// The measured points that no other measured point dominates.
    pub(super) fn front(&self) -> &[Point] {
        &self.front
    }

    fn site(&self, point: &Point) -> Site {
        Site {
            input: self.encoding.of(point),
            known: self.objective.of(self.encoding.cost(point)),
        }
    }
}
