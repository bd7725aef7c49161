//! What is believed of the true scores of a study's trials, and the front by it.
//!
//! It follows from the records, is no record itself, and takes a fit of the search's model: until it is there, and for
//! trials that ended since, the front stays as it was. Before there is any, the front is the measured one.

use std::collections::HashMap;
use std::sync::Arc;

use super::launch::recorded_engine;
use super::state::State;
use super::update::question;
use crate::domain::{Belief, Point, TrialId};
use crate::search::{Estimate, Estimates, SearchError};

/// How what is believed stands to what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EstimateStatus {
    /// It rests on everything.
    #[default]
    Current,
    /// It does not, and is to be found anew.
    Due,
    /// That is under way.
    UnderWay,
    /// That is under way, and more was measured since.
    UnderWayAndDue,
}

impl State {
    /// What is believed of a trial's configuration; none before its measurement was taken into account.
    pub fn belief(&self, id: TrialId) -> Option<&Belief> {
        self.beliefs.get(&id)
    }

    /// The configuration of the front with the highest expected score.
    pub fn best(&self) -> Option<(TrialId, &Belief)> {
        let front = self.front.iter();
        let believed = front.filter_map(|id| Some((*id, self.belief(*id)?)));
        believed.max_by(|(_, a), (_, b)| a.score.total_cmp(&b.score))
    }

    /// Finds what is believed here and now, where that is not known: seconds after a thousand trials.
    ///
    /// # Errors
    /// Once `cancelled` says so.
    pub fn estimate(&mut self, cancelled: &dyn Fn() -> bool) -> Result<(), SearchError> {
        if self.estimating == EstimateStatus::Current {
            return Ok(());
        }
        let ask = question(self, 0);
        let estimates =
            recorded_engine(&self.study).estimate_of(&ask, &self.plain_points(), cancelled)?;
        self.believe(estimates);
        self.estimating = EstimateStatus::Current;
        Ok(())
    }

    /// What is believed does not rest on everything any more.
    pub(super) fn estimates_are_due(&mut self) {
        self.estimating = match self.estimating {
            EstimateStatus::Current | EstimateStatus::Due => EstimateStatus::Due,
            EstimateStatus::UnderWay | EstimateStatus::UnderWayAndDue => {
                EstimateStatus::UnderWayAndDue
            }
        };
    }

    /// Takes in what is believed, and makes the front by it: of every configuration on it, the trial that measured best.
    pub fn believe(&mut self, estimates: Estimates) {
        let places = estimates.points.iter().enumerate();
        let places: HashMap<&Point, usize> = places.map(|(i, e)| (&e.point, i)).collect();
        let mut front: Vec<Option<(TrialId, f64)>> = vec![None; estimates.points.len()];
        self.beliefs.clear();
        for trial in &self.trials {
            let score = trial.measurement.map(|m| m.objectives.score);
            let Some(score) = score.filter(|score| score.is_finite()) else {
                continue;
            };
            let point = self.study.space.point(&trial.configuration);
            let Some(&place) = point.and_then(|point| places.get(&point)) else {
                continue;
            };
            let estimate = &estimates.points[place];
            // Of one that ended since no more was asked than what is believed of it unmeasured.
            if estimate.measured.is_empty() {
                continue;
            }
            self.beliefs.insert(trial.id, belief(estimate));
            let best = &mut front[place];
            if estimate.on_front && best.is_none_or(|(_, highest)| score > highest) {
                *best = Some((trial.id, score));
            }
        }
        // By ascending cost, as the estimates' own front is.
        let members = estimates.front().into_iter();
        let members = members.filter_map(|member| front[*places.get(&member.point)?]);
        let members: Vec<TrialId> = members.map(|(id, _)| id).collect();
        if !members.is_empty() {
            self.front = members;
        }
        self.estimates = Arc::new(estimates);
        self.retrace();
    }
}

fn belief(estimate: &Estimate) -> Belief {
    Belief {
        score: estimate.score,
        low: estimate.interval.0,
        high: estimate.interval.1,
        measured: estimate.measured.clone(),
        repeats: estimate.measured.len().saturating_sub(1),
        front_probability: estimate.front_probability,
    }
}
