//! How far a study's front has come: its hypervolume, and what this is counted by.

use std::collections::HashMap;

use super::state::State;
use crate::domain::{
    Hypervolume, HypervolumeMeasure, Objectives, Point, ReferencePoint, Trial, TrialId,
    extend_front,
};
use crate::search::Estimates;

impl State {
    /// The hypervolume reached, 0 before the first finished trial.
    pub fn hypervolume(&self) -> Hypervolume {
        match self.hypervolume_trace.last() {
            Some((_, reached)) => *reached,
            None => self.measured_hypervolume(),
        }
    }

    /// The hypervolume of what was measured, luck included: what compares with other ways to choose that measure once.
    pub fn measured_hypervolume(&self) -> Hypervolume {
        measured(&self.trials, &self.measured_front, &self.measure())
    }

    /// What the hypervolume is counted by: the bounds as they are known so far, and the scale of costs that the study's
    /// search counts by.
    pub fn measure(&self) -> HypervolumeMeasure {
        let space = &self.study.space;
        HypervolumeMeasure::new(
            self.reference(),
            self.study.cost_scale(),
            space.least_percent(),
        )
    }

    /// Bounds of the hypervolume: as fixed, or as they follow from what is measured so far.
    pub fn reference(&self) -> ReferencePoint {
        self.reference_point.unwrap_or_else(|| {
            let over = self.over.iter();
            let measured = over.filter_map(|id| self.trial(*id)?.measurement);
            let scores = measured.map(|m| m.objectives.score);
            self.study.reference_rule.derived(&self.study.space, scores)
        })
    }

    /// Takes a trial that was just measured into the measured front, and what that reaches now into the trace. What is
    /// believed of the others says nothing of the new one: until it does, nothing is gained.
    pub(super) fn extend_front(&mut self, trial: TrialId) {
        let trials = &self.trials;
        let front = &mut self.measured_front;
        extend_front(front, trial, |id| finished_objectives(trials, id));
        if self.beliefs.is_empty() {
            self.front.clone_from(&self.measured_front);
        }
        if self.reference_point.is_some() {
            let latest = self.hypervolume_trace.last();
            let reached = match latest.filter(|_| !self.beliefs.is_empty()) {
                Some((_, reached)) => *reached,
                None => self.measured_hypervolume(),
            };
            self.hypervolume_trace.push((trial, reached));
        }
    }

    /// The hypervolume after each finished trial, from the beginning, once its bounds are fixed.
    ///
    /// By what is believed now, where anything is: the value after trial k is that of the front of the first k trials, by
    /// the estimates of today and not by those that there were then. It needs no other estimates than the latest, so that
    /// a study that is opened again shows the curve of one that was never closed, and luck that was found out since is
    /// taken out of its past too. Otherwise by what was measured.
    pub(super) fn retrace(&mut self) {
        if self.reference_point.is_none() {
            return;
        }
        let finished = self.over.iter().copied().filter(|id| {
            let trial = self.trial(*id);
            trial.is_some_and(|trial| trial.measurement.is_some())
        });
        let finished: Vec<TrialId> = finished.collect();
        self.hypervolume_trace = match self.beliefs.is_empty() {
            true => self.measured_trace(&finished),
            false => self.believed_trace(&finished, &self.estimates),
        };
    }

    fn measured_trace(&self, finished: &[TrialId]) -> Vec<(TrialId, Hypervolume)> {
        let measure = self.measure();
        let mut front = Vec::new();
        let reached = finished.iter().map(|id| {
            extend_front(&mut front, *id, |id| finished_objectives(&self.trials, id));
            (*id, measured(&self.trials, &front, &measure))
        });
        reached.collect()
    }

    fn believed_trace(
        &self,
        finished: &[TrialId],
        estimates: &Estimates,
    ) -> Vec<(TrialId, Hypervolume)> {
        let measure = self.measure();
        let points = estimates.points.iter().enumerate();
        let places: HashMap<&Point, usize> = points.map(|(i, e)| (&e.point, i)).collect();
        let place = |id: TrialId| {
            let point = self.study.space.point(&self.trial(id)?.configuration)?;
            places.get(&point).copied()
        };
        let believed = |i: usize| Objectives {
            score: estimates.points[i].score,
            parameters_percent: estimates.points[i].cost,
        };
        let mut front: Vec<usize> = Vec::new();
        let mut reached = Hypervolume::exact(0.0);
        let trace = finished.iter().map(|id| {
            // What ended since the estimates were made has none.
            let place =
                place(*id).filter(|place| self.beliefs.contains_key(id) && !front.contains(place));
            if let Some(place) = place {
                let before = front.clone();
                extend_front(&mut front, place, believed);
                if front != before {
                    reached = estimates.dominated(&front, &measure);
                }
            }
            (*id, reached)
        });
        trace.collect()
    }
}

/// What the trials of a front dominate by their measurements.
fn measured(trials: &[Trial], front: &[TrialId], measure: &HypervolumeMeasure) -> Hypervolume {
    let achieved = front.iter().map(|id| finished_objectives(trials, *id));
    Hypervolume::exact(measure.share(&achieved.collect::<Vec<Objectives>>()))
}
/// What a trial of the front achieved.
fn finished_objectives(trials: &[Trial], id: TrialId) -> Objectives {
    let measurement = trials
        .get(id.0 as usize)
        .and_then(|trial| trial.measurement);
    // Only measured trials are on the front or come to it; what is no number would be passed over.
    measurement.map_or(
        Objectives {
            score: f64::NAN,
            parameters_percent: f64::NAN,
        },
        |m| m.objectives,
    )
}
