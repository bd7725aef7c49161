//! What the end of the last session means for its trials.
//!
//! A trial that was under way when the program ended without a word, killed from outside or by the system for want of
//! memory, is begun or gone on with once more. Whoever ended the program leaves no trace in it, so the first deaths are
//! only told, with what the system counted of its memory killer meanwhile. But a trial that brought the program down again and again before anything of it was kept would do so at every
//! start, and the study would never go on: it is set aside as failed. One that is kept gets further each time, and is
//! never given up unasked.
//!
//! A trial that failed only because its weights found no room gets another attempt: whoever starts the program again
//! has mended that, and if not, is told once more.

use std::collections::BTreeSet;

use super::{Severity, State};
use crate::domain::{Cause, Killed, TrialId, TrialState};
use crate::journal::Record;

/// Deaths in a row after which a trial of which nothing was kept is set aside.
const MOST: u32 = 5;

/// The records that set trials aside; `kept` are those whose training goes on from a checkpoint.
pub(super) fn set_aside(state: &State, kept: &BTreeSet<TrialId>) -> Vec<Record> {
    let hopeless = |(trial, deaths): &(&TrialId, &u32)| **deaths >= MOST && !kept.contains(trial);
    let hopeless = state.deaths.iter().filter(hopeless);
    hopeless
        .map(|(trial, deaths)| Record::TrialFailed {
            trial: *trial,
            cause: Cause::ProgramEnded { times: *deaths },
        })
        .collect()
}

/// The records that give trials another attempt.
pub(super) fn try_again(state: &State) -> Vec<Record> {
    let failed = state.in_state(TrialState::Failed);
    let unkept = failed.filter(|trial| matches!(trial.cause, Some(Cause::WeightsNotKept { .. })));
    unkept
        .map(|trial| Record::TrialRetried { trial: trial.id })
        .collect()
}

/// Tells of these records, which are part of the state, and of the deaths before this session; `killed` is what the
/// system's memory killer did meanwhile, where that is known.
pub(super) fn tell(state: &mut State, records: &[Record], killed: Option<&Killed>) {
    for record in records {
        match record {
            Record::TrialFailed { trial, cause } => {
                state.notify(Severity::Error, format!("trial {trial} failed: {cause}"));
            }
            Record::TrialRetried { trial } => {
                let text = format!("trial {trial} is tried again: its weights could not be kept");
                state.notify(Severity::Info, text);
            }
            _ => {}
        }
    }
    let why = killed.map_or_else(
        || "it was killed, or the machine ran out of memory or power".to_owned(),
        Killed::to_string,
    );
    for (trial, times) in state.deaths.clone() {
        let text = format!(
            "the program ended without a word while trial {trial} was under way, {times} times in a row: {why}. The \
             trial goes on from its last checkpoint; cancel it if it is to blame"
        );
        state.notify(Severity::Warning, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::StudyFacts;
    use crate::domain::{Configuration, Origin, PeftSpace, ReferenceRule};

    fn play(state: &mut State, record: &Record) {
        assert_eq!(state.apply(record), Ok(()));
    }

    /// A study whose one trial was under way at so many deaths.
    fn died(times: u32) -> State {
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
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
            format: 3,
            identity: None,
            settings: serde_json::Value::Null,
        });
        let trial = TrialId(0);
        let configuration = Configuration {
            modules: [].into(),
            layers: Vec::new(),
            ..Configuration::default()
        };
        let origin = Origin::Initial;
        play(
            &mut state,
            &Record::TrialQueued {
                trial,
                configuration,
                origin,
            },
        );
        for _ in 0..times {
            play(&mut state, &Record::TrialStarted { trial });
            let program = "test".into();
            play(&mut state, &Record::SessionStarted { program, trials: 2 });
        }
        state
    }

    #[test]
    fn a_death_is_told_with_what_the_memory_killer_did_meanwhile() {
        let words = |killed: Option<Killed>| {
            let mut state = died(2);
            tell(&mut state, &[], killed.as_ref());
            let notice = state.notices.pop_back();
            notice.map_or(String::new(), |notice| notice.text)
        };
        let told = [
            words(None),
            words(Some(Killed::InGroup(1, "/job".to_owned()))),
            words(Some(Killed::OnMachine(3))),
            words(Some(Killed::Nobody)),
        ];
        insta::assert_snapshot!(told.join("\n"), @r"
        the program ended without a word while trial #0 was under way, 2 times in a row: it was killed, or the machine ran out of memory or power. The trial goes on from its last checkpoint; cancel it if it is to blame
        the program ended without a word while trial #0 was under way, 2 times in a row: since then the system's memory killer has ended one process of control group /job, and this program with all likelihood. The trial goes on from its last checkpoint; cancel it if it is to blame
        the program ended without a word while trial #0 was under way, 2 times in a row: since then the system's memory killer has ended 3 processes on this machine, perhaps this program. The trial goes on from its last checkpoint; cancel it if it is to blame
        the program ended without a word while trial #0 was under way, 2 times in a row: it was killed or it crashed; the system's memory killer has ended nobody since then. The trial goes on from its last checkpoint; cancel it if it is to blame
        ");
    }

    #[test]
    fn only_a_trial_of_which_nothing_is_kept_is_set_aside_and_a_retry_begins_afresh() {
        let none = BTreeSet::new();
        assert_eq!(set_aside(&died(MOST - 1), &none), []);
        assert_eq!(set_aside(&died(MOST), &[TrialId(0)].into()), []);
        let mut state = died(MOST);
        let records = set_aside(&state, &none);
        assert_eq!(records.len(), 1);
        play(&mut state, &records[0]);
        assert_eq!(state.trials[0].state, TrialState::Failed);
        assert!(state.deaths.is_empty());
        play(&mut state, &Record::TrialRetried { trial: TrialId(0) });
        assert_eq!(state.trials[0].state, TrialState::Queued);
        assert_eq!(set_aside(&state, &none), []);
    }
}
