//! Why a study is paused, and how a run ends.
//!
//! Both are decided when the pause or the end is asked for, by who asks and why, and not later by what happens to lie
//! around then: a study that the user paused and left was interrupted, whatever failed before.

use super::{DeviceStatus, EstimateStatus, State};
use crate::domain::Cause;

/// Told where the executor is gone.
pub(super) const WORKER_LOST: &str =
    "the training worker ended unexpectedly; please report this with the log";

/// Why a study is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StudyPause {
    /// The user asked for it.
    Asked,
    /// Something outside the configurations failed; the text says what.
    Failed(String),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every trial wanted is over.
    Complete,
    /// Stopped before that, everything saved.
    Interrupted,
    /// Stopped because nobody can be told any more, everything saved; the text says why.
    Unheard(String),
    /// Nothing could begin: model, rows and settings do not fit each other; the text says how, and what to do.
    Refused(String),
    /// Something outside the configurations failed; the text says what.
    Failed(String),
}

impl State {
    /// Pauses the study, unless it is paused already. True: it was not.
    pub(super) fn pause(&mut self, why: StudyPause) -> bool {
        let goes_on = self.study_paused.is_none();
        self.study_paused.get_or_insert(why);
        goes_on
    }

    /// How a run ends that the user or the system asks to end.
    pub(super) fn ending_when_asked(&self) -> Ending {
        self.without_device().unwrap_or(Ending::Interrupted)
    }

    /// How a run ends that nobody attends to, where nothing is left to be done or nothing can be done any more. Before
    /// a complete study ends, its last results have come to the front.
    pub(super) fn ending_unattended(&self) -> Option<Ending> {
        if self.is_complete() {
            let is_current = self.estimating == EstimateStatus::Current;
            return is_current.then_some(Ending::Complete);
        }
        if self.places.taken() > 0 {
            return None;
        }
        self.without_device().or_else(|| match &self.study_paused {
            Some(StudyPause::Failed(said)) => Some(Ending::Failed(said.clone())),
            Some(StudyPause::Asked) | None => None,
        })
    }

    /// How the run ends, now that it does; the last trial may have ended while it stopped.
    pub(super) fn ending(&self) -> Ending {
        match &self.stopping {
            _ if self.is_complete() => Ending::Complete,
            Some(ending) => ending.clone(),
            None => Ending::Failed(WORKER_LOST.to_owned()),
        }
    }

    fn without_device(&self) -> Option<Ending> {
        match &self.device {
            DeviceStatus::Unavailable(Cause::Unusable { said }) => {
                Some(Ending::Refused(said.clone()))
            }
            DeviceStatus::Unavailable(cause) => Some(Ending::Failed(cause.to_string())),
            DeviceStatus::Loading | DeviceStatus::Ready(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::StudyFacts;
    use crate::domain::{PeftSpace, ReferenceRule};

    fn study(trials_wanted: usize) -> State {
        let mut state = State::new(StudyFacts {
            name: "s".into(),
            seed: 1,
            space: PeftSpace {
                modules: Vec::new(),
                layers: 1,
                candidate_layers: vec![0],
                choose_layers: false,
                backbone_parameters: 1,
                learning_rates: Vec::new(),
            },
            reference_rule: ReferenceRule {
                score: None,
                parameters_percent: None,
            },
            format: 3,
            identity: None,
            settings: serde_json::Value::Null,
        });
        state.trials_wanted = trials_wanted;
        state
    }

    fn failed(said: &str) -> Ending {
        Ending::Failed(said.to_owned())
    }

    /// Devices, and how a run ends on each whoever asks; none where that depends.
    fn devices() -> [(DeviceStatus, Option<Ending>); 5] {
        let said = || "of no use".to_owned();
        let unavailable = |cause: Cause| {
            let text = cause.to_string();
            (DeviceStatus::Unavailable(cause), Some(Ending::Failed(text)))
        };
        let unusable = DeviceStatus::Unavailable(Cause::Unusable { said: said() });
        [
            (DeviceStatus::Loading, None),
            (DeviceStatus::Ready("cpu".to_owned()), None),
            (unusable, Some(Ending::Refused(said()))),
            unavailable(Cause::DeviceLost { said: said() }),
            unavailable(Cause::Error { said: said() }),
        ]
    }

    fn pauses() -> [(Option<StudyPause>, Option<Ending>); 3] {
        let full = "the disk is full";
        [
            (None, None),
            (Some(StudyPause::Asked), None),
            (Some(StudyPause::Failed(full.into())), Some(failed(full))),
        ]
    }

    #[test]
    fn how_a_run_ends_is_decided_by_who_asks_it_to() {
        for trials_wanted in [0, 1] {
            for (device, by_device) in devices() {
                for (pause, by_pause) in pauses() {
                    for is_taken in [false, true] {
                        let mut state = study(trials_wanted);
                        state.device = device.clone();
                        state.study_paused = pause.clone();
                        if is_taken {
                            state.places.hand_over(crate::domain::TrialId(0));
                        }
                        let is_complete = trials_wanted == 0;
                        let case = format!(
                            "{trials_wanted} trials, {device:?}, {pause:?}, taken: {is_taken}"
                        );

                        let asked = by_device.clone().unwrap_or(Ending::Interrupted);
                        assert_eq!(state.ending_when_asked(), asked, "{case}");
                        let unattended = match is_complete {
                            true => Some(Ending::Complete),
                            false if is_taken => None,
                            false => by_device.clone().or(by_pause.clone()),
                        };
                        assert_eq!(state.ending_unattended(), unattended, "{case}");

                        // Nothing that comes to light later changes it, but that everything is done.
                        state.stopping = Some(asked.clone());
                        state.study_paused = Some(StudyPause::Failed("later".into()));
                        state.device = DeviceStatus::Unavailable(Cause::Unusable {
                            said: "later".into(),
                        });
                        let ends = match is_complete {
                            true => Ending::Complete,
                            false => asked,
                        };
                        assert_eq!(state.ending(), ends, "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_executor_that_ends_unasked_is_a_failure() {
        assert_eq!(study(1).ending(), failed(WORKER_LOST));
    }
}
