//! How far a study's front has come: its hypervolume, and what this is counted by.

use super::state::State;
use crate::domain::{
    Hypervolume, HypervolumeMeasure, Objectives, ReferencePoint, Trial, TrialId, extend_front,
};

impl State {
    /// The hypervolume reached, 0 before the first finished trial.
    pub fn hypervolume(&self) -> Hypervolume {
        match self.hypervolume_trace.last() {
            Some((_, reached)) => *reached,
            None => reached(&self.trials, &self.measured_front, &self.measure()),
        }
    }

    /// What the hypervolume is counted by: the bounds as they are known so far, and the scale of costs that the study's
    /// search counts by.
    pub fn measure(&self) -> HypervolumeMeasure {
        let space = &self.study.space;
        let (fewest, _) = space.parameter_range();
        let least_percent = 100.0 * fewest as f64 / space.backbone_parameters as f64;
        HypervolumeMeasure::new(self.reference(), self.study.cost_scale(), least_percent)
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

    /// Takes a trial that was just measured into the measured front, and what that reaches now into the trace.
    pub(super) fn extend_front(&mut self, trial: TrialId) {
        let trials = &self.trials;
        let front = &mut self.measured_front;
        extend_front(front, trial, |id| finished_objectives(trials, id));
        if self.reference_point.is_some() {
            let reached = reached(&self.trials, &self.measured_front, &self.measure());
            self.hypervolume_trace.push((trial, reached));
        }
        if self.beliefs.is_empty() {
            self.front.clone_from(&self.measured_front);
        }
    }

    /// The hypervolume after each finished trial, from the beginning, once its bounds are fixed.
    pub(super) fn retrace(&mut self) {
        let measure = self.measure();
        let (trials, mut front) = (&self.trials, Vec::new());
        let finished = self.over.iter().filter(|id| {
            let trial = trials.get(id.0 as usize);
            trial.is_some_and(|trial| trial.measurement.is_some())
        });
        self.hypervolume_trace = finished
            .map(|id| {
                extend_front(&mut front, *id, |id| finished_objectives(trials, id));
                (*id, reached(trials, &front, &measure))
            })
            .collect();
    }
}

/// What the trials of a front dominate.
fn reached(trials: &[Trial], front: &[TrialId], measure: &HypervolumeMeasure) -> Hypervolume {
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
