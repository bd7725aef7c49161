//! How many trials a study is to have: new configurations, and the confirmation of the front that ends it.
//!
//! | symbol | meaning |
//! |---|---|
//! | N | trials wanted |
//! | r | share of them that is kept for the confirmation, at their end |
//! | n | trials until the search had nothing more to gain that is worth a trial; the confirmation may follow at once |

use super::state::State;
use crate::domain::{Origin, TrialId};

/// Proposals in a row that must promise too little for the search to end.
const PROPOSALS: usize = 5;

impl State {
    /// The trials that the study is to have: N, or where the search has nothing more to gain, n and as many repeats as are
    /// a share r of both together.
    pub fn budget(&self) -> usize {
        let Some(settled) = self.settled_after() else {
            return self.trials_wanted;
        };
        let share = self.study.repeats();
        let repeats = (settled as f64 * share / (1.0 - share)) as usize;
        self.trials_wanted.min(settled + repeats)
    }

    /// n; none where there is no bound, or proposals still promise more.
    fn settled_after(&self) -> Option<usize> {
        let bound = self.stop_below?;
        let mut in_a_row = 0;
        for trial in &self.trials {
            let Origin::Proposed(diagnostics) = &trial.origin else {
                continue;
            };
            in_a_row = match diagnostics.expected_gain {
                Some(gain) if gain < bound => in_a_row + 1,
                _ => 0,
            };
            if in_a_row == PROPOSALS {
                return Some(trial.id.0 as usize + 1);
            }
        }
        None
    }

    /// Why no further configurations are tried though there is room for more trials, in words.
    pub fn settled(&self) -> Option<String> {
        let bound = self.stop_below?;
        let trial = self.settled_after()?.checked_sub(1)?;
        let last = TrialId(trial as u32);
        Some(format!(
            "up to {last}, each of {PROPOSALS} proposals in a row was expected to add less than {} % to the hypervolume \
             (`search.stop_below`): no further configurations are tried",
            100.0 * bound
        ))
    }

    /// Which trial of the confirmation this one is, from 1, and of how many; none where it comes before that.
    pub fn confirming(&self, id: TrialId) -> Option<(usize, usize)> {
        let budget = self.budget();
        let kept = (self.study.repeats() * budget as f64) as usize;
        let place = (id.0 as usize + 1).checked_sub(budget - kept)?;
        (1..=kept).contains(&place).then_some((place, kept))
    }

    /// The same of the latest trial, while the study is not complete.
    pub fn confirmation(&self) -> Option<(usize, usize)> {
        let latest = self.trials.last().filter(|_| !self.is_complete())?;
        self.confirming(latest.id)
    }
}
