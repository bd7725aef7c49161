//! A study told on one page: the front, how the search came to it, what matters, the evaluation, the costs.
//!
//! One HTML file that needs nothing else, no network and no other file; and the tables of it in Markdown.

mod markdown;
mod page;
mod picture;
mod scale;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::{
    Belief, Hypervolume, HypervolumeMeasure, Measurement, PeftSpace, Trial, TrialId, TrialState,
};
use crate::evaluation;
use crate::search::Effect;

/// What a report tells.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    /// Name of the study.
    pub name: &'a str,
    /// What is to be known beside the trials: names with values.
    pub facts: Vec<(&'static str, String)>,
    /// Name of the score, for people.
    pub metric: String,
    /// The space.
    pub space: &'a PeftSpace,
    /// What the hypervolume is counted by.
    pub measure: HypervolumeMeasure,
    /// All trials, in whatever state.
    pub trials: &'a [Trial],
    /// The front, by ascending parameters.
    pub front: &'a [TrialId],
    /// What is believed of the configurations of finished trials.
    pub beliefs: &'a BTreeMap<TrialId, Belief>,
    /// Whether anything is better than the plain choices, for people, a paragraph each.
    pub verdict: Vec<String>,
    /// The hypervolume after each finished trial.
    pub hypervolume_trace: &'a [(TrialId, Hypervolume)],
    /// What each dimension does, by the surrogate; none where too little is known.
    pub effects: Option<Vec<Effect>>,
    /// The evaluation over seeds, if there was one.
    pub evaluation: Option<evaluation::Report>,
}

impl Contents<'_> {
    /// The page.
    pub fn html(&self) -> String {
        page::page(self)
    }

    /// The tables, for a pull request.
    pub fn markdown(&self) -> String {
        markdown::document(self)
    }

    /// Finished trials with their results, by number.
    fn finished(&self) -> Vec<(&Trial, Measurement)> {
        let measured = self
            .trials
            .iter()
            .map(|trial| Some((trial, trial.measurement?)));
        measured.flatten().collect()
    }

    /// The front's trials with their results, by ascending parameters.
    fn members(&self) -> Vec<(&Trial, Measurement)> {
        let find = |id: &TrialId| {
            self.finished()
                .into_iter()
                .find(|(trial, _)| trial.id == *id)
        };
        self.front.iter().filter_map(find).collect()
    }

    /// The expected true score of a trial's configuration, or its measured one where there is none.
    fn believed(&self, trial: &Trial, measured: &Measurement) -> f64 {
        let belief = self.beliefs.get(&trial.id);
        belief.map_or(measured.objectives.score, |belief| belief.score)
    }

    /// Trials, their ends and their seconds, in one sentence.
    fn costs(&self) -> String {
        let count = |state: TrialState| self.trials.iter().filter(|t| t.state == state).count();
        let finished = self.finished();
        let is_trained =
            |trial: &&Trial| matches!(trial.state, TrialState::Finished | TrialState::Pruned);
        let trained = || {
            self.trials
                .iter()
                .filter(is_trained)
                .filter_map(Trial::seconds)
        };
        let seconds = trained().fold(0.0, |sum, seconds| sum + seconds);
        let pruned = match count(TrialState::Pruned) {
            0 => String::new(),
            pruned => format!("{pruned} pruned, "),
        };
        format!(
            "{} trials: {} finished, {pruned}{} infeasible, {} failed. Training took {}, {} for a trial on average.",
            self.trials.len(),
            finished.len(),
            count(TrialState::Infeasible),
            count(TrialState::Failed),
            duration(seconds),
            duration(seconds / trained().count().max(1) as f64)
        )
    }
}

/// `1 h 5 min`, `12 min`, `3.4 s`.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        60.. => format!("{} h {} min", minutes / 60, minutes % 60),
        2.. => format!("{minutes} min"),
        _ => format!("{seconds:.1} s"),
    }
}
