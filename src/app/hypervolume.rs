//! How far a study's front has come: its hypervolume, and the bounds that this is measured against.

use super::state::State;
use crate::domain::{Objectives, ReferencePoint, Trial, TrialId, extend_front, hypervolume};

impl State {
    /// The hypervolume reached, 0 before the first finished trial.
    pub fn hypervolume(&self) -> f64 {
        match self.hypervolume_trace.last() {
            Some((_, value)) => *value,
            None => hypervolume_of(&self.trials, &self.front, self.reference()),
        }
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

    /// Takes a trial that was just measured into the front, and what that reaches now into the trace.
    pub(super) fn extend_front(&mut self, trial: TrialId) {
        let trials = &self.trials;
        extend_front(&mut self.front, trial, |id| finished_objectives(trials, id));
        if let Some(reference) = self.reference_point {
            let reached = hypervolume_of(trials, &self.front, reference);
            self.hypervolume_trace.push((trial, reached));
        }
    }

    /// The hypervolume after each finished trial, from the beginning.
    pub(super) fn retrace(&mut self, reference: ReferencePoint) {
        let (trials, mut front) = (&self.trials, Vec::new());
        let finished = self.over.iter().filter(|id| {
            let trial = trials.get(id.0 as usize);
            trial.is_some_and(|trial| trial.measurement.is_some())
        });
        self.hypervolume_trace = finished
            .map(|id| {
                extend_front(&mut front, *id, |id| finished_objectives(trials, id));
                (*id, hypervolume_of(trials, &front, reference))
            })
            .collect();
    }
}

/// What the trials of a front dominate.
fn hypervolume_of(trials: &[Trial], front: &[TrialId], reference: ReferencePoint) -> f64 {
    let achieved = front.iter().map(|id| finished_objectives(trials, *id));
    hypervolume(&achieved.collect::<Vec<Objectives>>(), reference)
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
