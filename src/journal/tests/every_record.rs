//! One record of every kind.

use std::collections::BTreeMap;

use crate::domain::{
    Cause, Configuration, Diagnostics, EncoderIdentity, EpochReport, Identity, LearningRate,
    Measurement, MemoryKills, ModuleAxis, Moment, Objectives, Origin, PeftSpace, ReferencePoint,
    ReferenceRule, RowsIdentity, Standing, TrialId,
};
use crate::journal::Record;

fn configuration(serial: usize, layers: Vec<usize>) -> Configuration {
    Configuration {
        modules: BTreeMap::from([("serial".to_owned(), serial)]),
        layers,
        ..Configuration::default()
    }
}

/// One of every kind, in an order that a study could have written.
pub(super) fn every_record() -> Vec<Record> {
    let mut records = of_format_4();
    if let Record::StudyCreated { format, .. } = &mut records[0] {
        *format = 5;
    }
    let rated = Configuration {
        learning_rate: rates().pop(),
        ..configuration(6, vec![0, 1])
    };
    let carried_over = Record::EarlierCarriedOver {
        study: "rte".to_owned(),
        scored: vec![(rated.clone(), 0.1 + 0.2), (rated, 0.75)],
    };
    records.insert(2, carried_over);
    records
}

/// One of every kind that the fourth format had.
pub(super) fn of_format_4() -> Vec<Record> {
    let mut records = of_format_3();
    records.push(Record::FormatRaised { format: 4 });
    records.push(Record::SessionStarted {
        program: "0.2.0".to_owned(),
        trials: 4,
    });
    records.push(Record::MemoryKillsCounted {
        kills: MemoryKills {
            boot: "0f6c2f6e-6d4b-4c9e-9d0f-1d0c5a3b7e21".to_owned(),
            group: "/user.slice/my job".to_owned(),
            in_group: None,
            on_machine: Some(3),
        },
    });
    records
}

/// One of every kind that the third format had.
pub(super) fn of_format_3() -> Vec<Record> {
    let mut records = of_format_2();
    if let Record::StudyCreated { format, .. } = &mut records[0] {
        *format = 3;
    }
    let fourth = TrialId(3);
    let cause = Cause::DeviceLost {
        said: "CUDA_ERROR_ECC_UNCORRECTABLE".to_owned(),
    };
    records.extend([
        Record::TrialStarted { trial: fourth },
        Record::TrialPaused { trial: fourth },
        Record::DeviceUnavailable { cause },
        Record::TrialResumed { trial: fourth },
        Record::TrialInfeasible {
            trial: fourth,
            cause: Cause::OutOfMemory {
                needed_bytes: Some(9_000_000_000),
                room_bytes: Some(8_000_000_000),
                said: Some("out of memory: \"ä\"".to_owned()),
            },
        },
        Record::TrialRetried { trial: fourth },
        Record::TrialStarted { trial: fourth },
        Record::TrialFinished {
            trial: fourth,
            measurement: Measurement {
                objectives: Objectives {
                    score: 0.5,
                    parameters_percent: 7.2,
                },
                best_epoch: 1,
                trained_parameters: 987,
                wall_seconds: 2.5,
                diverged: Some(Moment::Step(12)),
                score_error: None,
            },
        },
    ]);
    let rows = |count: usize| RowsIdentity {
        count,
        texts: "0a".repeat(32),
        labels: "1b".repeat(32),
        per_class: vec![count, 0],
    };
    let identity = Identity {
        classes: Some(vec!["no".to_owned(), "yes, \"indeed\"".to_owned()]),
        metric: "accuracy".to_owned(),
        train: rows(90),
        validation: rows(10),
        test: RowsIdentity::default(),
        encoder: EncoderIdentity {
            config: "2c".repeat(32),
            tokenizer: "3d".repeat(32),
            weights: "4e".repeat(32),
        },
    };
    let identity = Box::new(identity);
    records.insert(1, Record::StudyIdentified { identity });
    records
}

/// One of every kind that the second format had.
pub(super) fn of_format_2() -> Vec<Record> {
    let mut records = of_format_1();
    if let Record::StudyCreated {
        format,
        space,
        reference_point,
        ..
    } = &mut records[0]
    {
        *format = 2;
        space.learning_rates = rates();
        reference_point.score = None;
    }
    let third = TrialId(2);
    let rated = Configuration {
        learning_rate: rates().pop(),
        ..configuration(3, vec![1])
    };
    records.extend([
        Record::DeviceChosen {
            device: "cpu: no GPU was found".to_owned(),
        },
        Record::TrialStarted { trial: third },
        Record::TrialPruned {
            trial: third,
            standing: Standing {
                rung: 2,
                rungs: 3,
                epoch: 4,
                rank: 3,
                of: 9,
            },
        },
        Record::TrialRetried { trial: third },
        Record::TrialQueued {
            trial: TrialId(3),
            configuration: rated,
            origin: Origin::Manual,
        },
        Record::ReferencePointDerived {
            reference_point: ReferencePoint {
                score: 0.4375,
                parameters_percent: 26.0,
            },
        },
    ]);
    records
}

fn rates() -> Vec<LearningRate> {
    let rates = [1e-4, 3e-4].map(|rate| LearningRate::try_from(rate).ok());
    rates.into_iter().flatten().collect()
}

/// One of every kind that the first format had.
pub(super) fn of_format_1() -> Vec<Record> {
    let first = TrialId(0);
    let second = TrialId(1);
    let report = EpochReport {
        epoch: 1,
        train_loss: 0.731_058_578_630_004_9,
        validation_loss: 0.1 + 0.2,
        score: 0.625,
        wall_seconds: 4.5,
    };
    let proposed = Origin::Proposed(Diagnostics {
        expected_gain: None,
        predicted_score: Some((0.71, 0.03)),
        acquisition: f64::NEG_INFINITY,
        relevance: vec![("serial".to_owned(), 1.25), ("layer 1".to_owned(), 0.5)],
        fit_seconds: 2.0,
        search_seconds: 0.25,
        note: Some("the fit \"fell back\"\nto fewer draws: ä 語".to_owned()),
    });
    vec![
        Record::StudyCreated {
            format: 1,
            name: "quickstart".to_owned(),
            seed: u64::MAX,
            settings: serde_json::json!({"training": {"learning_rate": 1e-4}, "model": "embedded"}),
            space: PeftSpace {
                modules: vec![ModuleAxis {
                    name: "serial".to_owned(),
                    sizes: vec![0, 1, 3, 6],
                    weights_per_unit: 24,
                }],
                layers: 2,
                candidate_layers: vec![0, 1],
                choose_layers: true,
                backbone_parameters: 1_000,
                learning_rates: Vec::new(),
            },
            reference_point: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
        },
        Record::SessionStarted {
            program: "0.1.0".to_owned(),
            trials: 2,
        },
        Record::TrialQueued {
            trial: first,
            configuration: configuration(3, vec![0, 1]),
            origin: Origin::Initial,
        },
        Record::TrialStarted { trial: first },
        Record::TrialEpoch {
            trial: first,
            report,
        },
        Record::TrialPaused { trial: first },
        Record::TrialResumed { trial: first },
        Record::TrialFinished {
            trial: first,
            measurement: Measurement {
                objectives: Objectives {
                    score: 0.625,
                    parameters_percent: 14.4,
                },
                best_epoch: 1,
                trained_parameters: 1_234,
                wall_seconds: 4.5,
                diverged: None,
                score_error: None,
            },
        },
        Record::TrialQueued {
            trial: second,
            configuration: configuration(6, vec![1]),
            origin: proposed,
        },
        Record::TrialStarted { trial: second },
        Record::TrialFailed {
            trial: second,
            cause: Cause::Error {
                said: "device lost".to_owned(),
            },
        },
        Record::TrialRetried { trial: second },
        Record::TrialCancelled { trial: second },
        Record::TrialRetried { trial: second },
        Record::TrialStarted { trial: second },
        Record::TrialInfeasible {
            trial: second,
            cause: Cause::Diverged { at: None },
        },
        Record::TrialQueued {
            trial: TrialId(2),
            configuration: configuration(1, vec![0]),
            origin: Origin::Manual,
        },
        Record::Exported {
            folder: "runs/quickstart/export".to_owned(),
            front: vec![first],
        },
        Record::TrialPrioritised {
            trial: second,
            priority: -1,
        },
        Record::TrialMarked {
            trial: first,
            marked: true,
        },
        Record::TrialNoted {
            trial: first,
            note: "the \"best\" so far: ä".to_owned(),
        },
    ]
}
