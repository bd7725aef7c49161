//! Which trials the table shows: those that have every word, and meet every comparison.

use crate::app::State;
use crate::domain::{Trial, TrialId};

/// A filter, and the trials that pass it.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    text: String,
    conditions: Vec<Condition>,
    /// Configurations in words, in lower case: they never change, and there may be ten thousand.
    configurations: Vec<String>,
    passing: Vec<TrialId>,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    Marked,
    Front,
    Score(Comparison, f64),
    Parameters(Comparison, f64),
    /// In lower case; somewhere in number, state, configuration, reason or note.
    Word(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    More,
    Less,
}

impl Comparison {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::More => value > bound,
            Self::Less => value < bound,
        }
    }
}

impl Filter {
    /// A filter of the words in `text`; none where there is no word.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let conditions: Vec<Condition> = text.split_whitespace().map(condition).collect();
        (!conditions.is_empty()).then(|| Self {
            text: text.trim().to_owned(),
            conditions,
            ..Self::default()
        })
    }

    /// The same over what `before` knows already of the configurations.
    #[must_use]
    pub(super) fn after(mut self, before: Option<Self>) -> Self {
        self.configurations = before.map(|b| b.configurations).unwrap_or_default();
        self
    }

    /// What was typed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The trials that pass, ascending, as of the last [`Self::refresh`].
    pub(super) fn passing(&self) -> &[TrialId] {
        &self.passing
    }

    /// Looks through all trials anew.
    pub(super) fn refresh(&mut self, state: &State) {
        self.configurations.truncate(state.trials.len());
        let fresh = state.trials.iter().skip(self.configurations.len());
        let words = fresh.map(|trial| trial.configuration.to_string().to_lowercase());
        self.configurations.extend(words);
        self.passing.clear();
        let all = state.trials.iter().zip(&self.configurations);
        let passing = all.filter(|(trial, words)| {
            let mut conditions = self.conditions.iter();
            conditions.all(|condition| condition.holds(trial, words, state))
        });
        self.passing.extend(passing.map(|(trial, _)| trial.id));
    }
}

fn condition(word: &str) -> Condition {
    let word = word.to_lowercase();
    let compared = |name: &str, sign: char| -> Option<f64> {
        word.strip_prefix(name)?
            .strip_prefix(sign)?
            .trim_end_matches('%')
            .parse()
            .ok()
    };
    for (sign, comparison) in [('>', Comparison::More), ('<', Comparison::Less)] {
        if let Some(bound) = compared("score", sign) {
            return Condition::Score(comparison, bound);
        }
        if let Some(bound) = compared("params", sign) {
            return Condition::Parameters(comparison, bound);
        }
    }
    match word.as_str() {
        "marked" => Condition::Marked,
        "front" => Condition::Front,
        _ => Condition::Word(word),
    }
}

impl Condition {
    fn holds(&self, trial: &Trial, configuration: &str, state: &State) -> bool {
        match self {
            Self::Marked => state.marked.contains(&trial.id),
            Self::Front => state.front.contains(&trial.id),
            Self::Score(comparison, bound) => trial
                .measurement
                .is_some_and(|m| comparison.holds(m.objectives.score, *bound)),
            Self::Parameters(comparison, bound) => {
                comparison.holds(trial.parameters_percent, *bound)
            }
            Self::Word(word) => {
                let number = || {
                    let wanted = word.strip_prefix('#').and_then(|n| n.parse().ok());
                    wanted == Some(trial.id.0)
                };
                let has = |text: &str| text.to_lowercase().contains(word.as_str());
                trial.state.label().contains(word.as_str())
                    || configuration.contains(word.as_str())
                    || number()
                    || trial.reason().as_deref().is_some_and(has)
                    || state.notes.get(&trial.id).is_some_and(|note| has(note))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;
    use crate::tui::tests::studies;

    fn passing(text: &str, state: &State) -> Vec<u32> {
        let mut filter = Filter::parse(text).unwrap();
        filter.refresh(state);
        filter.passing().iter().map(|id| id.0).collect()
    }

    #[test]
    fn every_word_and_comparison_has_to_hold() {
        let mut state = studies::busy();
        state.marked.insert(TrialId(13));
        state.notes.insert(TrialId(2), "Odd loss".into());
        assert_eq!(passing("queued", &state), [14, 15]);
        assert_eq!(passing("MARKED", &state), [13]);
        assert_eq!(passing("#12", &state), [12]);
        assert_eq!(passing("memory", &state), [9], "the reason counts");
        assert_eq!(passing("odd", &state), [2], "the note counts");
        assert_eq!(passing("front", &state).len(), state.front.len());
        let all = passing("finished", &state);
        let good = passing("finished score>0.65", &state);
        assert!(!good.is_empty() && good.len() < all.len());
        let small = passing("finished params<0.5%", &state);
        let large = passing("finished params>0.5", &state);
        assert_eq!(small.len() + large.len(), all.len());
        assert!(passing("finished queued", &state).is_empty());
        assert!(Filter::parse("  ").is_none());
    }

    #[test]
    fn what_changes_is_seen_at_the_next_look() {
        let mut state = studies::busy();
        let mut filter = Filter::parse("running").unwrap();
        filter.refresh(&state);
        assert_eq!(filter.passing(), [TrialId(12)]);
        state.trials[12].state = crate::domain::TrialState::Finished;
        filter.refresh(&state);
        assert!(filter.passing().is_empty());
    }
}
