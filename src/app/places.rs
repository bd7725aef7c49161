//! Which trials the executor was handed, and which of them take a place there.
//!
//! ```text
//!            Started              Paused
//!  Handed ─────────────▶ Runs ────────────▶ Stands
//!    │                   ▲  ▲                ▲  │ asked
//!    │ Deferred          │  │ Resumed        │  │ to go on
//!    ▼                   │  │       Returned │  ▼
//!  Deferred ─────────────┘  └─────────────── GoesOn
//!  Returned: gone from here, and queued again
//! ```
//!
//! A trial has its place from the moment it is handed over, or asked to go on, until the executor tells that it left it;
//! what stands still has none. Nothing is handed over and nothing asked to go on without a place of its own, so that the
//! queue is here alone, and what the executor has can be asked back. A trial is asked to leave its place once, and not
//! asked to go on before the answer: that it stands still, that it had not begun, or its end. So a request never
//! meets an answer to another one.

use std::collections::BTreeMap;

use crate::domain::TrialId;

/// What the executor does with a trial, as far as was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// About to begin.
    Handed,
    /// About to begin once there is memory.
    Deferred,
    /// Trains.
    Runs,
    /// Stands still, without a place.
    Stands,
    /// About to go on.
    GoesOn,
}

/// What a trial was asked that it has not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    ToLeave,
    ToEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    stage: Stage,
    asked: Asked,
}

impl Held {
    fn takes_a_place(self) -> bool {
        self.stage != Stage::Stands
    }

    fn is_free_to(self, stage: Stage) -> bool {
        (self.stage, self.asked) == (stage, Asked::Nothing)
    }
}

/// The trials that the executor has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    held: BTreeMap<TrialId, Held>,
}

impl Places {
    /// Whether the executor has this trial.
    pub fn has(&self, trial: TrialId) -> bool {
        self.held.contains_key(&trial)
    }

    /// Places that are taken.
    pub fn taken(&self) -> usize {
        let taking = self.held.values().filter(|held| held.takes_a_place());
        taking.count()
    }

    /// A job takes a place.
    pub fn hand_over(&mut self, trial: TrialId) {
        self.put(trial, Stage::Handed);
    }

    /// A trial that stands still takes a place again.
    pub(super) fn let_go_on(&mut self, trial: TrialId) {
        self.put(trial, Stage::GoesOn);
    }

    fn put(&mut self, trial: TrialId, stage: Stage) {
        let asked = Asked::Nothing;
        self.held.insert(trial, Held { stage, asked });
    }

    /// Asks every trial that has a place and may not keep it to leave it; those are returned.
    pub(super) fn clear(&mut self, may_stay: impl Fn(TrialId) -> bool) -> Vec<TrialId> {
        let held = self.held.iter_mut();
        let leaving = held.filter(|(trial, held)| {
            held.takes_a_place() && held.asked == Asked::Nothing && !may_stay(**trial)
        });
        leaving
            .map(|(trial, held)| {
                held.asked = Asked::ToLeave;
                *trial
            })
            .collect()
    }

    /// Asks a trial to end. False: it was asked already.
    pub(super) fn ask_to_end(&mut self, trial: TrialId) -> bool {
        let held = self.held.get_mut(&trial);
        let held = held.filter(|held| held.asked != Asked::ToEnd);
        held.map(|held| held.asked = Asked::ToEnd).is_some()
    }

    /// The trials that stand still and were not asked to end, by their numbers.
    pub(super) fn standing(&self) -> Vec<TrialId> {
        self.all(|held| held.is_free_to(Stage::Stands))
    }

    /// The trials that wait for memory in their places, by their numbers.
    pub(super) fn deferred(&self) -> Vec<TrialId> {
        self.all(|held| held.is_free_to(Stage::Deferred))
    }

    /// Places that will be free once the executor has answered.
    pub(super) fn leaving(&self) -> usize {
        let leaving = |held: Held| held.takes_a_place() && held.asked != Asked::Nothing;
        self.all(leaving).len()
    }

    fn all(&self, which: impl Fn(Held) -> bool) -> Vec<TrialId> {
        let held = self.held.iter().filter(|(_, held)| which(**held));
        held.map(|(trial, _)| *trial).collect()
    }

    /// A trial began, or went on.
    pub(super) fn runs(&mut self, trial: TrialId) {
        let held = self.held.get(&trial);
        let asked = held.map_or(Asked::Nothing, |held| held.asked);
        let stage = Stage::Runs;
        self.held.insert(trial, Held { stage, asked });
    }

    /// A job waits for memory.
    pub(super) fn waits_for_memory(&mut self, trial: TrialId) {
        if let Some(held) = self.held.get_mut(&trial) {
            held.stage = Stage::Deferred;
        }
    }

    /// A trial left its place and stands still.
    pub(super) fn stands(&mut self, trial: TrialId) {
        if let Some(held) = self.held.get_mut(&trial) {
            *held = held.without_place();
        }
    }

    /// A trial was given back as it was. True: it had not begun, was asked to end as well, and nobody else will tell of it.
    pub(super) fn is_returned(&mut self, trial: TrialId) -> bool {
        let Some(held) = self.held.get_mut(&trial) else {
            return false;
        };
        if held.stage == Stage::GoesOn {
            *held = held.without_place();
            return false;
        }
        let ends = held.asked == Asked::ToEnd;
        self.held.remove(&trial);
        ends
    }

    /// The executor has this trial no more.
    pub(super) fn is_over(&mut self, trial: TrialId) {
        self.held.remove(&trial);
    }

    /// The executor takes no requests any more: only of what runs it will still tell.
    pub(super) fn are_lost(&mut self) {
        self.held.retain(|_, held| held.stage == Stage::Runs);
    }
}

impl Held {
    /// It left its place: what it was asked for is done, unless that was to end.
    fn without_place(self) -> Self {
        let asked = match self.asked {
            Asked::ToEnd => Asked::ToEnd,
            Asked::Nothing | Asked::ToLeave => Asked::Nothing,
        };
        let stage = Stage::Stands;
        Self { stage, asked }
    }
}
