//! Studies to draw, each folded from the records that such a study would have written.

use std::collections::BTreeMap;

use crate::app::{
    Curve, DeviceStatus, DeviceVitals, EstimateStatus, LiveTrial, SearchStatus, Severity, State,
    StudyPause, Vitals, plain_choices,
};
use crate::domain::{
    Cause, Configuration, Diagnostics, EpochReport, Measurement, ModuleAxis, Objectives, Origin,
    PeftSpace, Point, Progress, ReferenceRule, TrialId, front,
};
use crate::journal::{FORMAT_VERSION, Record};
use crate::search::{Estimate, Estimates};

pub(in crate::tui) fn space() -> PeftSpace {
    let sizes = vec![0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768];
    let axis = |name: &str| ModuleAxis {
        name: name.into(),
        sizes: sizes.clone(),
        weights_per_unit: 1536,
    };
    PeftSpace {
        modules: ["serial", "parallel", "prefix"].map(axis).into(),
        layers: 12,
        candidate_layers: (0..12).collect(),
        choose_layers: true,
        backbone_parameters: 109_482_240,
        learning_rates: Vec::new(),
    }
}

fn created() -> [Record; 2] {
    [
        Record::StudyCreated {
            format: FORMAT_VERSION,
            name: "rte".into(),
            seed: 1,
            settings: serde_json::json!({
                "model": {"hub": {"id": "bert-base-uncased", "revision": "main"}},
                "task": {"name": "rte"},
            }),
            space: space(),
            reference_point: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
        },
        Record::SessionStarted {
            program: "0.1.0".into(),
            trials: 24,
        },
    ]
}

/// The configuration of the trial with this number: the sizes and layers go round.
fn configuration(number: u32) -> Configuration {
    let sizes = [6, 48, 96, 0, 12, 192];
    let at = |offset: u32| sizes[((number * 5 + offset) % 6) as usize];
    let modules = [("serial", at(0)), ("parallel", at(1)), ("prefix", at(3))];
    Configuration {
        modules: modules
            .into_iter()
            .filter(|(_, s)| *s > 0)
            .map(|(n, s)| (n.to_owned(), s))
            .collect(),
        layers: (0..12)
            .filter(|layer| (layer * 7 + number as usize) % 5 < 3)
            .collect(),
        ..Configuration::default()
    }
}

fn origin(number: u32) -> Origin {
    if number < 6 {
        return Origin::Initial;
    }
    Origin::Proposed(Diagnostics {
        expected_gain: None,
        predicted_score: Some((0.6 + 0.01 * f64::from(number), 0.012)),
        acquisition: 0.0123,
        relevance: vec![
            ("serial".into(), 3.21),
            ("layer 4".into(), 0.5),
            ("prefix".into(), 0.11),
        ],
        fit_seconds: 8.4,
        search_seconds: 0.6,
        note: None,
    })
}

fn epoch(number: u32, epoch: u32) -> EpochReport {
    let (trial, at) = (f64::from(number), f64::from(epoch));
    EpochReport {
        epoch,
        train_loss: 0.7 / at + 0.01 * trial,
        validation_loss: 0.72 / at + 0.02 * trial,
        score: 0.55 + 0.02 * at + 0.007 * (trial * 3.0 % 11.0),
        wall_seconds: 20.0 * at,
    }
}

fn queued(number: u32) -> Record {
    let trial = TrialId(number);
    Record::TrialQueued {
        trial,
        configuration: configuration(number),
        origin: origin(number),
    }
}

/// Queue, start and three epochs of a trial.
fn trained(number: u32) -> Vec<Record> {
    let trial = TrialId(number);
    let epochs = (1..=3).map(|at| Record::TrialEpoch {
        trial,
        report: epoch(number, at),
    });
    [queued(number), Record::TrialStarted { trial }]
        .into_iter()
        .chain(epochs)
        .collect()
}

fn finished(number: u32) -> Vec<Record> {
    let measurement = Measurement {
        objectives: Objectives {
            score: epoch(number, 3).score,
            parameters_percent: space().parameters_percent(&configuration(number)),
        },
        best_epoch: 3,
        trained_parameters: 1_234_567,
        wall_seconds: 61.0 + f64::from(number),
        diverged: None,
        score_error: None,
    };
    [
        trained(number),
        vec![Record::TrialFinished {
            trial: TrialId(number),
            measurement,
        }],
    ]
    .concat()
}

fn replayed(records: impl IntoIterator<Item = Record>) -> State {
    let records: Vec<Record> = created().into_iter().chain(records).collect();
    let mut state = State::replay(records).unwrap();
    state.initial_trials = 6;
    state.device = DeviceStatus::Ready("CPU, 2 cores (no CUDA device was found)".into());
    state
}

/// Nothing happened yet.
pub(in crate::tui) fn empty() -> State {
    let mut state = replayed([]);
    state.device = DeviceStatus::Loading;
    state
}

/// Nine finished, one infeasible, one failed, one cancelled, #12 running, #13 paused, #14 and #15 queued.
pub(in crate::tui) fn busy() -> State {
    let cause = Cause::OutOfMemory {
        needed_bytes: Some(9_120_000_000),
        room_bytes: Some(8_500_000_000),
        said: None,
    };
    let mut records: Vec<Record> = (0..9).flat_map(finished).collect();
    records.extend(trained(9));
    records.push(Record::TrialInfeasible {
        trial: TrialId(9),
        cause: cause.clone(),
    });
    records.extend(trained(10));
    records.push(Record::TrialFailed {
        trial: TrialId(10),
        cause: Cause::Error {
            said: "the adapter could not be written".into(),
        },
    });
    records.extend([queued(11), Record::TrialCancelled { trial: TrialId(11) }]);
    records.extend(trained(12));
    records.extend(trained(13));
    records.push(Record::TrialPaused { trial: TrialId(13) });
    records.extend([queued(14), queued(15)]);
    let mut state = replayed(records);
    believe(&mut state);
    state.live = BTreeMap::from([(TrialId(12), live(12, 240)), (TrialId(13), live(13, 90))]);
    state.places.hand_over(TrialId(12));
    state.paused_by_user.insert(TrialId(13));
    state.search = SearchStatus::Asked(1);
    state.vitals = Some(Vitals {
        devices: vec![
            DeviceVitals {
                name: "NVIDIA H100".into(),
                utilisation: Some(0.87),
                memory_used_bytes: Some(21_300_000_000),
                memory_bytes: Some(85_500_000_000),
                celsius: Some(61.0),
            },
            DeviceVitals {
                name: "CPU, 16 cores".into(),
                utilisation: Some(0.12),
                memory_used_bytes: Some(9_800_000_000),
                memory_bytes: Some(135_000_000_000),
                celsius: None,
            },
        ],
        program_bytes: Some(1_450_000_000),
    });
    state.utilisation = (0..60).map(|look| (look % 9) as f32 / 8.0).collect();
    state.notify(
        Severity::Info,
        "device: CPU, 2 cores (no CUDA device was found)",
    );
    state.notify(
        Severity::Warning,
        format!("trial #9 is infeasible: {cause}"),
    );
    state.notify(
        Severity::Error,
        "trial #10 failed: the adapter could not be written",
    );
    state
}

fn live(number: u32, step: u64) -> LiveTrial {
    let noise = |i: u64| 0.05 * ((i * 37 % 17) as f64 / 17.0 - 0.5);
    let mut losses = Curve::default();
    (1..=step).for_each(|i| losses.push(i, 0.2 + 0.5 / (1.0 + i as f64 / 40.0) + noise(i)));
    let progress = Progress {
        trial: TrialId(number),
        step,
        steps: 400,
        epoch: 4,
        loss: 0.31,
        wall_seconds: step as f64 * 0.3,
    };
    LiveTrial {
        progress: Some(progress),
        losses,
    }
}

/// All of 24 trials finished, in a session before this one.
pub(in crate::tui) fn complete() -> State {
    let mut state = replayed((0..24).flat_map(finished));
    believe(&mut state);
    state
}

/// Takes in estimates a little below what was measured, and one of a plain choice that was never trained.
fn believe(state: &mut State) {
    const HALF_WIDTH: f64 = 0.015;
    let space = space();
    let plain = plain_choices(&space).swap_remove(0).points.remove(0);
    let measured = state.trials.iter().filter_map(|trial| {
        let score = trial.measurement?.objectives.score;
        let expected = score - 0.004 * f64::from(trial.id.0 % 3);
        Some((space.point(&trial.configuration)?, vec![score], expected))
    });
    let all = measured.chain([(plain, Vec::new(), 0.645)]);
    let estimate = |(point, measured, score): (Point, Vec<f64>, f64)| Estimate {
        cost: space.parameters_percent(&space.configuration(&point)),
        point,
        measured,
        score,
        interval: (score - HALF_WIDTH, score + HALF_WIDTH),
        front_probability: 0.71,
        on_front: false,
    };
    let mut points: Vec<Estimate> = all.map(estimate).collect();
    let objectives: Vec<Objectives> = points
        .iter()
        .map(|estimate| Objectives {
            score: estimate.score,
            parameters_percent: estimate.cost,
        })
        .collect();
    for i in front(&objectives[..points.len() - 1]) {
        points[i].on_front = true;
    }
    let draw = |w: usize| {
        let off = |i: usize| HALF_WIDTH * (((w * 7 + i * 11) % 20) as f64 / 9.5 - 1.0);
        let scores = points.iter().enumerate();
        scores
            .map(|(i, estimate)| estimate.score + off(i))
            .collect()
    };
    let draws = (0..20).map(draw).collect();
    state.believe(Estimates {
        points,
        draws,
        noise: Some(0.0123),
    });
    state.estimating = EstimateStatus::Current;
}

/// The only three trials failed and the device is gone.
pub(in crate::tui) fn failed() -> State {
    let records = (0..3).flat_map(|number| {
        let said = "rows.parquet: row 17 has no label; give every row one, or name another column"
            .to_owned();
        [
            trained(number),
            vec![Record::TrialFailed {
                trial: TrialId(number),
                cause: Cause::Error { said },
            }],
        ]
        .concat()
    });
    let mut state = replayed(records);
    state.study_paused = Some(StudyPause::Asked);
    state.device = DeviceStatus::Unavailable(Cause::Error {
        said: "the CUDA device was lost; start again with --device cpu".into(),
    });
    state.search = SearchStatus::Failed("the surrogate did not converge".into());
    state.notify(
        Severity::Error,
        "study paused after 3 failures in a row; resume it once the cause is mended",
    );
    state
}

/// Ten thousand finished trials.
pub(in crate::tui) fn huge() -> State {
    let mut state = busy();
    let model = state.trials[0].clone();
    state.trials = (0..10_000)
        .map(|number| crate::domain::Trial {
            id: TrialId(number),
            ..model.clone()
        })
        .collect();
    state
}
