//! The records with which a session begins.

use super::{LaunchError, Resolved};
use crate::app::State;
use crate::domain::{Configuration, Killed, MemoryKills, Origin, TrialId};
use crate::journal::{FORMAT_VERSION, Record};
use crate::memory;

/// The records with which this session begins.
pub(super) fn opening(
    resolved: &Resolved,
    settings: &serde_json::Value,
    history: &[Record],
    carried_over: Vec<Record>,
) -> Vec<Record> {
    let created = history.is_empty().then(|| Record::StudyCreated {
        format: FORMAT_VERSION,
        name: resolved.study.name.as_str().to_owned(),
        seed: resolved.study.seed,
        settings: settings.clone(),
        space: resolved.space.clone(),
        reference_point: resolved.study.search.reference_point,
    });
    let format = history.iter().filter_map(Record::format).max();
    let raised = format.filter(|format| *format < FORMAT_VERSION);
    let raised = raised.map(|_| Record::FormatRaised {
        format: FORMAT_VERSION,
    });
    let is_identified = |record: &Record| matches!(record, Record::StudyIdentified { .. });
    let identified = (!history.iter().any(is_identified)).then(|| Record::StudyIdentified {
        identity: Box::new(resolved.identity.clone()),
    });
    let session = Record::SessionStarted {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        trials: resolved.study.search.trials,
    };
    let counted = counted().map(|kills| Record::MemoryKillsCounted { kills });
    (created.into_iter())
        .chain(raised)
        .chain(identified)
        .chain(carried_over)
        .chain([session])
        .chain(counted)
        .collect()
}

/// What the system's memory killer has done so far; none where the system does not tell.
fn counted() -> Option<MemoryKills> {
    let memory::Kills {
        boot,
        group,
        in_group,
        on_machine,
    } = memory::kills()?;
    Some(MemoryKills {
        boot,
        group,
        in_group,
        on_machine,
    })
}

/// What the memory killer did between the beginnings of the last two sessions; none where that is not known.
pub(super) fn killed<'a>(records: impl DoubleEndedIterator<Item = &'a Record>) -> Option<Killed> {
    let mut sessions = 0;
    let mut counts = records.rev().filter_map(|record| match record {
        Record::SessionStarted { .. } => {
            sessions += 1;
            None
        }
        Record::MemoryKillsCounted { kills } => Some((sessions, kills)),
        _ => None,
    });
    match (counts.next()?, counts.next()?) {
        ((0, now), (1, before)) => now.since(before),
        _ => None,
    }
}

/// The records that queue what was asked for and is not known yet, and a word on each that is.
///
/// # Errors
/// One of them is outside the study's space.
pub(super) fn wanted(
    state: &State,
    configurations: &[Configuration],
) -> Result<(Vec<Record>, Vec<String>), LaunchError> {
    let space = &state.study.space;
    let trials = state.trials.iter();
    let mut known: Vec<Configuration> = trials
        .map(|trial| trial.configuration.canonical())
        .collect();
    let (mut records, mut words) = (Vec::new(), Vec::new());
    for configuration in configurations {
        let admitted =
            space
                .admit(configuration)
                .map_err(|objection| LaunchError::OutsideSpace {
                    configuration: configuration.clone(),
                    objection,
                })?;
        if let Some(number) = known.iter().position(|other| *other == admitted) {
            let trial = TrialId(number as u32);
            words.push(format!(
                "trial {trial} is {admitted} already; it is not queued again"
            ));
            continue;
        }
        records.push(Record::TrialQueued {
            trial: TrialId(known.len() as u32),
            configuration: admitted.clone(),
            origin: Origin::Manual,
        });
        known.push(admitted);
    }
    Ok((records, words))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;
    use crate::app::StudyFacts;
    use crate::domain::{ModuleAxis, PeftSpace, ReferenceRule};

    fn study() -> State {
        let axis = |name: &str| ModuleAxis {
            name: name.into(),
            sizes: vec![0, 2, 4],
            weights_per_unit: 16,
        };
        State::new(StudyFacts {
            format: 3,
            identity: None,
            name: "s".into(),
            seed: 1,
            space: PeftSpace {
                modules: vec![axis("serial"), axis("prefix")],
                layers: 4,
                candidate_layers: vec![0, 1, 2, 3],
                choose_layers: true,
                backbone_parameters: 10_000,
                learning_rates: Vec::new(),
            },
            reference_rule: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
            settings: serde_json::Value::Null,
        })
    }

    fn read(json: &str) -> Configuration {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn one_configuration_is_one_trial_however_it_is_written() {
        let mut state = study();
        let spellings = [
            r#"{"modules": {"serial": 4}, "layers": [1, 2]}"#,
            r#"{"modules": {"serial": 4}, "layers": [2, 1]}"#,
            r#"{"modules": {"serial": 4}, "layers": [2, 2, 1]}"#,
            r#"{"modules": {"serial": 4, "prefix": 0}, "layers": [1, 2]}"#,
            r#"{"modules": {"serial": 4, "lora": 0}, "layers": [1, 2], "learning_rate": null}"#,
        ];
        let (records, words) = wanted(&state, &spellings.map(read)).unwrap();
        let expected = Record::TrialQueued {
            trial: TrialId(0),
            configuration: read(spellings[0]),
            origin: Origin::Manual,
        };
        assert_eq!(records, [expected]);
        assert_eq!(words.len(), 4);
        assert_eq!(
            words[0],
            "trial #0 is serial 4 in layers 1-2 already; it is not queued again"
        );
        state.apply(&records[0]).unwrap();
        let (records, words) = wanted(&state, &[read(spellings[2])]).unwrap();
        assert_eq!((records, words.len()), (vec![], 1));
    }

    #[test]
    fn a_journal_that_has_it_in_other_words_knows_it() {
        let mut state = study();
        let queued = Record::TrialQueued {
            trial: TrialId(0),
            configuration: read(r#"{"modules": {"prefix": 0, "serial": 2}, "layers": [3, 3]}"#),
            origin: Origin::Manual,
        };
        state.apply(&queued).unwrap();
        let same = read(r#"{"modules": {"serial": 2}, "layers": [3]}"#);
        assert_eq!(wanted(&state, &[same]).unwrap().0, []);
    }

    #[test]
    fn what_cannot_be_trained_is_refused_in_words() {
        let told = |json: &str| wanted(&study(), &[read(json)]).unwrap_err().to_string();
        let of = |modules, layers| format!(r#"{{"modules": {modules}, "layers": {layers}}}"#);
        for (modules, layers, expected) in [
            (
                r#"{"serial": 2}"#,
                "[4]",
                "the layers to choose from are 0, 1, 2, 3",
            ),
            (
                r#"{"serial": 2}"#,
                "[]",
                "at least one module and one layer",
            ),
            (
                r#"{"serial": 0}"#,
                "[1]",
                "at least one module and one layer",
            ),
            ("{}", "[1]", "at least one module and one layer"),
            (
                r#"{"serial": 3}"#,
                "[1]",
                "serial takes the sizes 0, 2, 4, not 3",
            ),
            (r#"{"lora": 2}"#, "[1]", "no module `lora` in this study"),
        ] {
            let told = told(&of(modules, layers));
            assert!(
                told.contains("not in the space") && told.contains(expected),
                "{told}"
            );
        }
    }
}
