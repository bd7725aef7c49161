//! Trainings on amounts: in whatever units the labels are, they are learnt alike and told in their own.

use std::fs;
use std::path::Path;

use autopeft::app::State;
use autopeft::domain::TrialId;
use autopeft::executor::Executor;
use autopeft::task::{Dataset, Label, Labels, Metric};
use autopeft::train::Plan;
use autopeft::train::checkpoint;
use autopeft::train::trainer::{Advance, Training};
use autopeft::train::workbench::Workbench;

use crate::support::lab::Lab;
use crate::worker::{dataset, job, plan};

const EPOCHS: u32 = 4;

/// Colours as amounts that differ a little between rows, `scale` times as large and `shift` more.
fn amounts(scale: f32, shift: f32) -> Dataset {
    let mut dataset = dataset(64);
    dataset.labels = Labels::Regression;
    dataset.metric = Metric::Pearson;
    for (number, row) in (dataset.train.iter_mut().chain(&mut dataset.validation)).enumerate() {
        let Label::Class(class) = row.label else {
            panic!("{:?}", row.label)
        };
        let amount = class as f32 + (number % 8) as f32 / 16.0;
        row.label = Label::Value(amount * scale + shift);
    }
    dataset
}

fn standard(folder: &Path, scale: f32, shift: f32) -> Plan {
    let mut plan = plan(folder, 1e-2, EPOCHS);
    plan.dataset = amounts(scale, shift);
    plan.training.standard_targets = true;
    plan
}

/// The score, the validation losses, and what is predicted for the rows that are measured on.
struct Trained {
    score: f64,
    losses: Vec<f64>,
    predicted: Vec<f32>,
}

fn trained(plan: Plan) -> Trained {
    let bench = Workbench::prepare(plan).unwrap();
    let mut training = Training::begin(&bench, &job(0)).unwrap();
    let mut losses = Vec::new();
    loop {
        match training.advance().unwrap() {
            Advance::Epoch(report) => losses.push(report.validation_loss),
            Advance::Done(measured) => {
                let logits = training.logits(bench.validation()).unwrap();
                return Trained {
                    score: measured.objectives.score,
                    losses,
                    predicted: logits.concat(),
                };
            }
            Advance::Diverged(moment) => panic!("{moment}"),
            _ => (),
        }
    }
}

#[test]
fn amounts_are_learnt_alike_in_any_units_and_told_in_their_own() {
    // Powers of two, so that the labels are the same but for their units, bit by bit.
    const SCALE: f32 = 256.0;
    const SHIFT: f32 = 4096.0;
    let folder = tempfile::tempdir().unwrap();
    let plain = trained(standard(folder.path(), 1.0, 0.0));
    let other = trained(standard(folder.path(), SCALE, SHIFT));
    assert!(plain.score > 0.4, "{}", plain.score);
    assert!((plain.score - other.score).abs() < 0.01);
    for (one, two) in plain.losses.iter().zip(&other.losses) {
        let ratio = two / one / f64::from(SCALE).powi(2);
        assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    }
    for (one, two) in plain.predicted.iter().zip(&other.predicted) {
        let expected = one * SCALE + SHIFT;
        assert!((expected - two).abs() < 0.03 * SCALE, "{expected} {two}");
    }
    // Without, four epochs are not enough to come from 0 to 4096.
    let mut without = standard(folder.path(), SCALE, SHIFT);
    without.training.standard_targets = false;
    assert!(trained(without).losses[3] > 100.0 * other.losses[3]);
}

#[test]
fn what_is_kept_needs_no_units_to_predict_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let executor = crate::worker::started(standard(folder.path(), 250.0, 4000.0));
    let measured = crate::worker::trained(&executor, job(0));
    executor.stop();
    let path = checkpoint::path(&folder.path().join("weights"), TrialId(0));
    let kept = checkpoint::load(&path).unwrap();
    let bias = kept.iter().find(|tensor| tensor.name == "head.out.bias");
    assert!(bias.is_some_and(|bias| bias.values[0] > 4000.0));
    let mut plain = standard(folder.path(), 250.0, 4000.0);
    plain.training.standard_targets = false;
    let bench = Workbench::prepare(plain).unwrap();
    let configuration = &job(0).configuration;
    let score = bench.score(configuration, &kept).unwrap();
    assert!((score - measured.objectives.score).abs() < 1e-4, "{score}");
    let logits = bench.logits(configuration, &kept, bench.validation());
    assert!((logits.unwrap().concat().iter()).all(|logit| (3900.0..4500.0).contains(logit)));
}

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

#[test]
fn a_study_from_before_there_were_standard_units_goes_on_without() {
    let lab = Lab::new(4, 1);
    lab.text(&RUN);
    let journal = lab.path("runs/tiny/journal.jsonl");
    let recorded = || State::recorded(&lab.path("runs/tiny")).unwrap().study;
    assert_eq!(
        recorded().settings["training"]["standard_targets"],
        serde_json::Value::Bool(true)
    );
    let text = fs::read_to_string(&journal).unwrap();
    let lines = text.split(['\n', '\t']).filter(|line| !line.is_empty());
    let old: String = lines
        .map(|line| {
            let json = line[9..].replace("\"standard_targets\":true,", "");
            format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
        })
        .collect();
    assert_ne!(old.len(), text.len());
    fs::write(&journal, old).unwrap();
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = study.replace("\ntrials = 4", "\ntrials = 5");
    fs::write(lab.path("study.toml"), &study).unwrap();
    let log = lab.text(&RUN);
    assert_eq!(log.matches("finished:").count(), 1, "{log}");
    assert_eq!(
        recorded().settings["training"].get("standard_targets"),
        None
    );

    let asked = study.replace("[training]\n", "[training]\nstandard_targets = true\n");
    assert_ne!(asked, study);
    fs::write(lab.path("study.toml"), asked).unwrap();
    let output = lab.output(&RUN);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("`training.standard_targets` was false, is true"),
        "{told}"
    );
}
