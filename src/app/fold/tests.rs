#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use insta::assert_snapshot;
use serde_json::json;

use super::*;

/// The records of a short study, as JSON: a trial of two epochs, which finished.
fn study() -> Vec<serde_json::Value> {
    let epoch = |epoch: u32| {
        let report = json!({"epoch": epoch, "train_loss": 0.5, "validation_loss": 0.6, "score": 0.7, "wall_seconds": 1.0});
        json!({"trial_epoch": {"trial": 0, "report": report}})
    };
    let space = json!({
        "modules": [{"name": "serial", "sizes": [0, 4], "weights_per_unit": 8}],
        "layers": 4, "candidate_layers": [0, 1, 2, 3], "choose_layers": true, "backbone_parameters": 1000,
    });
    let objectives = json!({"score": 0.7, "parameters_percent": 6.4});
    let measurement = json!({"objectives": objectives, "best_epoch": 2, "trained_parameters": 64, "wall_seconds": 2.0, "diverged": null});
    vec![
        json!({"study_created": {
            "format": 4, "name": "s", "seed": 1, "settings": {}, "space": space,
            "reference_point": {"score": null, "parameters_percent": 26.0},
        }}),
        json!({"session_started": {"program": "0.1.0", "trials": 2}}),
        json!({"trial_queued": {
            "trial": 0, "configuration": {"modules": {"serial": 4}, "layers": [0, 1]}, "origin": "initial",
        }}),
        json!({"trial_started": {"trial": 0}}),
        epoch(1),
        epoch(2),
        json!({"trial_finished": {"trial": 0, "measurement": measurement}}),
        json!({"reference_point_derived": {"reference_point": {"score": 0.5, "parameters_percent": 26.0}}}),
    ]
}

fn replayed(records: Vec<serde_json::Value>) -> Result<State, ReplayError> {
    State::replay(
        records
            .into_iter()
            .map(|r| serde_json::from_value(r).unwrap()),
    )
}

/// What is said of the study once a value in it is another one.
fn said(record: usize, path: &str, value: serde_json::Value) -> String {
    let mut records = study();
    let (_, fields) = records[record]
        .as_object_mut()
        .unwrap()
        .iter_mut()
        .next()
        .unwrap();
    *fields.pointer_mut(path).unwrap() = value;
    replayed(records).unwrap_err().to_string()
}

#[test]
fn records_that_are_missing_or_there_twice_are_noticed() {
    replayed(study()).unwrap();
    let mut words = String::new();
    let mut tell = |records| words += &format!("{}\n", replayed(records).unwrap_err());
    for at in [4, 5] {
        let mut twice = study();
        twice.insert(at, twice[at].clone());
        tell(twice);
    }
    let mut missing = study();
    missing.remove(4);
    tell(missing);
    let mut late = study();
    let mut third = late[5].clone();
    third["trial_epoch"]["report"]["epoch"] = json!(3);
    late.push(third);
    tell(late);
    assert_snapshot!(words, @r"
    record 5 (epoch 1 of trial #0, where its epoch 2 is next) contradicts the records before it; the journal was altered by something else
    record 6 (epoch 2 of trial #0, where its epoch 3 is next) contradicts the records before it; the journal was altered by something else
    record 4 (epoch 2 of trial #0, where its epoch 1 is next) contradicts the records before it; the journal was altered by something else
    record 8 (epoch 3 of trial #0, which is finished) contradicts the records before it; the journal was altered by something else
    ");
    // A session that begins tells the epochs of what was under way anew.
    let mut again = study();
    let session = again[1].clone();
    again.splice(
        6..6,
        [
            session,
            again[3].clone(),
            again[4].clone(),
            again[5].clone(),
        ],
    );
    assert_eq!(replayed(again).unwrap().trials[0].epochs.len(), 2);
}

#[test]
fn numbers_that_no_study_has_are_named() {
    let many = json!(4_000_000_000_u64);
    let words = [
        said(0, "/space/layers", many.clone()),
        said(0, "/space/candidate_layers/3", many.clone()),
        said(0, "/space/modules/0/sizes", json!([])),
        said(0, "/space/modules/0/sizes/1", json!(u64::MAX)),
        said(0, "/space/modules/0/weights_per_unit", json!(u64::MAX)),
        said(0, "/space/backbone_parameters", json!(0)),
        said(0, "/reference_point/parameters_percent", json!(1e308)),
        said(2, "/configuration/layers/0", many.clone()),
        said(2, "/configuration/layers", json!(vec![0; 2000])),
        said(2, "/configuration/modules/serial", many.clone()),
        said(2, "/trial", many.clone()),
        said(5, "/report/epoch", many),
        said(
            6,
            "/measurement/objectives/parameters_percent",
            json!(1e-310),
        ),
        said(
            6,
            "/measurement/objectives/parameters_percent",
            json!("NaN"),
        ),
        said(7, "/reference_point/parameters_percent", json!(-1.0)),
    ];
    assert_snapshot!(words.join("\n"), @r"
    the journal's first record describes no study: it has 4000000000 layers, more than 1000; the journal was altered by something else
    the journal's first record describes no study: the layers to choose from are no ascending numbers below 4; the journal was altered by something else
    the journal's first record describes no study: the sizes of `serial` are no ascending numbers; the journal was altered by something else
    the journal's first record describes no study: its sizes are beyond any backbone; the journal was altered by something else
    the journal's first record describes no study: its sizes are beyond any backbone; the journal was altered by something else
    the journal's first record describes no study: its backbone has no parameters; the journal was altered by something else
    the journal's first record describes no study: of its reference point, its parameters are 1e308 % of the backbone; the journal was altered by something else
    record 2 (trial #0 queued, but its layers are no numbers below 4) contradicts the records before it; the journal was altered by something else
    record 2 (trial #0 queued, but its layers are no numbers below 4) contradicts the records before it; the journal was altered by something else
    record 2 (trial #0 queued, but `serial` of size 4000000000 is larger than any to choose from) contradicts the records before it; the journal was altered by something else
    record 2 (trial #4000000000 queued as number 0) contradicts the records before it; the journal was altered by something else
    record 5 (epoch 4000000000 of trial #0, where its epoch 2 is next) contradicts the records before it; the journal was altered by something else
    record 6 (trial #0 finished, but its parameters are 1e-310 % of the backbone) contradicts the records before it; the journal was altered by something else
    record 6 (trial #0 finished, but its parameters are NaN % of the backbone) contradicts the records before it; the journal was altered by something else
    record 7 (the reference point derived, but its parameters are -1e0 % of the backbone) contradicts the records before it; the journal was altered by something else
    ");
}

#[test]
fn what_is_carried_over_stands_before_the_first_trial_and_in_the_space() {
    let carried = |layers: &str, score: serde_json::Value| {
        let configuration = json!({"modules": {"serial": 4}, "layers": serde_json::from_str::<serde_json::Value>(layers).unwrap()});
        json!({"earlier_carried_over": {"study": "rte", "scored": [[configuration, score]]}})
    };
    let with = |place: usize, record: &serde_json::Value| {
        let mut records = study();
        records.insert(place, record.clone());
        replayed(records)
    };
    let good = carried("[0, 1]", json!(0.5));
    assert_eq!(with(1, &good).unwrap().carried_over[0].scored.len(), 1);
    let said = |place, record| with(place, &record).unwrap_err().to_string();
    assert!(said(3, good.clone()).contains("after the first trial"));
    assert!(said(1, carried("[4]", json!(0.5))).contains("is none of this study's"));
    let mut twice = study();
    twice.splice(1..1, [good.clone(), good]);
    let told = replayed(twice).unwrap_err().to_string();
    assert!(told.contains("carried over again"), "{told}");
}
