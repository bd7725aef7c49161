//! Records and bytes of any content.

use std::path::Path;

use proptest::prelude::*;

use super::records;
use crate::domain::{
    Cause, Configuration, Diagnostics, EpochReport, LearningRate, Measurement, Objectives, Origin,
    TrialId,
};
use crate::journal::{Record, line, replay};

fn any_f64() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

fn any_configuration() -> impl Strategy<Value = Configuration> {
    let modules = proptest::collection::btree_map(".*", any::<usize>(), 0..4);
    let layers = proptest::collection::vec(any::<usize>(), 0..6);
    let rate = proptest::option::of((-9.0_f64..0.0).prop_map(|exponent| 10_f64.powf(exponent)));
    (modules, layers, rate).prop_map(|(modules, layers, rate)| Configuration {
        modules,
        layers,
        learning_rate: rate.and_then(|rate| LearningRate::try_from(rate).ok()),
    })
}

fn any_origin() -> impl Strategy<Value = Origin> {
    let diagnostics = (
        proptest::option::of((any_f64(), any_f64())),
        any_f64(),
        proptest::collection::vec((".*", any_f64()), 0..3),
        proptest::option::of(".*"),
    );
    prop_oneof![
        Just(Origin::Initial),
        Just(Origin::Manual),
        diagnostics.prop_map(|(predicted_score, acquisition, relevance, note)| {
            Origin::Proposed(Diagnostics {
                expected_gain: Some(0.0125),
                predicted_score,
                acquisition,
                relevance,
                fit_seconds: 0.1,
                search_seconds: 0.2,
                note,
            })
        }),
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let trial = any::<u32>().prop_map(TrialId);
    let report = (any::<u32>(), any_f64(), any_f64(), any_f64());
    let scored = proptest::collection::vec((any_configuration(), -1e300_f64..1e300), 0..4);
    prop_oneof![
        (".*", scored).prop_map(|(study, scored)| Record::EarlierCarriedOver { study, scored }),
        (trial.clone(), any_configuration(), any_origin()).prop_map(
            |(trial, configuration, origin)| Record::TrialQueued {
                trial,
                configuration,
                origin
            }
        ),
        (trial.clone(), report).prop_map(|(trial, (epoch, a, b, score))| Record::TrialEpoch {
            trial,
            report: EpochReport {
                epoch,
                train_loss: a,
                validation_loss: b,
                score,
                wall_seconds: 1.5
            }
        }),
        (trial.clone(), any_f64(), any_f64(), any::<u64>(), 0.0..1.0).prop_map(
            |(trial, score, parameters_percent, trained_parameters, error)| Record::TrialFinished {
                trial,
                measurement: Measurement {
                    objectives: Objectives {
                        score,
                        parameters_percent
                    },
                    best_epoch: 3,
                    trained_parameters,
                    wall_seconds: 0.1,
                    diverged: None,
                    score_error: (error > 0.3).then_some(error),
                }
            }
        ),
        (trial, ".*").prop_map(|(trial, said)| Record::TrialFailed {
            trial,
            cause: Cause::Error { said }
        }),
    ]
}

proptest! {
    #[test]
    fn any_record_comes_back_as_it_was(batch in proptest::collection::vec(any_record(), 1..5)) {
        let bytes = line::encode(&batch, 0.5).unwrap();
        let history = replay::replay(&bytes, Path::new("journal.jsonl")).unwrap();
        // By their text: a number that is not one equals nothing.
        prop_assert_eq!(format!("{:?}", records(&history)), format!("{batch:?}"));
    }

    #[test]
    fn any_bytes_open_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(history) = replay::replay(&bytes, Path::new("journal.jsonl")) {
            prop_assert!(history.records.is_empty());
        }
    }
}
