//! What a table says of trainings: each once, and differences of what it shows.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use super::*;
use crate::domain::{Configuration, Measurement, Objectives};
use crate::train::Recipe;

const ENCODER: &str = r#"{"model_type": "bert", "vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 64, "type_vocab_size": 2,
    "pad_token_id": 0, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}"#;

/// Twenty rows of two classes.
fn labels() -> Vec<f64> {
    (0..20).map(|row| f64::from(row % 2)).collect()
}

/// The labels, with as many mistakes from a row on.
fn mistaken(labels: &[f64], from: usize, count: usize) -> Vec<f64> {
    let rows = labels.iter().enumerate();
    let wrong = from..from + count;
    rows.map(|(row, label)| {
        if wrong.contains(&row) {
            1.0 - label
        } else {
            *label
        }
    })
    .collect()
}

fn subject(name: &str) -> Subject {
    Subject {
        name: name.to_owned(),
        is_baseline: !name.starts_with("trial"),
        configuration: Configuration::default(),
        recipe: Recipe::default(),
    }
}

fn scoring(metric: Metric) -> Scoring {
    Scoring {
        metric,
        classes: 2,
        positive: 1,
    }
}

fn run(name: &str, seed: u64, metric: Metric, labels: &[f64], predictions: Vec<f64>) -> Run {
    let measured = Measurement {
        objectives: Objectives {
            score: 0.5,
            parameters_percent: 1.0,
        },
        best_epoch: 1,
        trained_parameters: 9,
        wall_seconds: 1.0,
        diverged: None,
        score_error: None,
    };
    let score = scoring(metric).search_score(&predictions, labels).unwrap();
    Run::new(subject(name), seed, &measured, 3, score, predictions)
}

fn diverged(name: &str, seed: u64) -> Run {
    let measured = Measurement {
        objectives: Objectives {
            score: 0.0,
            parameters_percent: 1.0,
        },
        best_epoch: 0,
        trained_parameters: 0,
        wall_seconds: 0.0,
        diverged: None,
        score_error: None,
    };
    Run::new(subject(name), seed, &measured, 1, 0.0, vec![-1.0; 20])
}

fn report<'a>(metric: Metric, labels: &[f64], runs: &'a [Run]) -> Result<Report, &'a Run> {
    let encoder = EncoderConfig::from_json(ENCODER, "config.json").unwrap();
    let scoring = scoring(metric);
    Report::new("s", scoring, true, labels, &encoder, runs, Vec::new())
}

fn line<'a>(report: &'a Report, name: &str) -> &'a Line {
    let mut lines = report.lines.iter();
    lines.find(|line| line.subject.name == name).unwrap()
}

/// Every gain is the difference of the two means shown.
fn assert_consistent(report: &Report) {
    for found in &report.lines {
        for (name, gain) in &found.gains {
            let shown = found.mean - line(report, name).mean;
            assert_eq!(gain.difference, shown, "{name}");
            assert!(gain.low <= gain.high);
        }
    }
}

#[test]
fn gains_are_differences_of_the_means_for_every_metric() {
    let classes = labels();
    let values: Vec<f64> = (0..20).map(|row| f64::from(row * row % 11)).collect();
    for metric in Metric::ALL {
        let is_correlation = matches!(metric, Metric::Pearson | Metric::Spearman);
        let labels = if is_correlation { &values } else { &classes };
        // Worse than nothing, a constant, and one that diverged.
        let against: Vec<f64> = labels.iter().map(|label| 1.0 - label).collect();
        let runs = [
            run("trial-1", 40, metric, labels, mistaken(labels, 3, 4)),
            run("trial-1", 41, metric, labels, mistaken(labels, 8, 7)),
            run("head", 40, metric, labels, against),
            run("head", 41, metric, labels, vec![1.0; 20]),
            run("mam", 40, metric, labels, mistaken(labels, 1, 2)),
            diverged("mam", 41),
        ];
        let report = report(metric, labels, &runs).unwrap();
        assert_consistent(&report);
        assert_eq!(line(&report, "trial-1").gains.len(), 2);
        assert!(line(&report, "head").mean >= 0.0);
        assert_eq!(line(&report, "mam").mean, runs[4].score / 2.0, "{metric}");
    }
}

#[test]
fn a_training_counts_once_however_often_it_is_named() {
    let labels = labels();
    let one = run(
        "trial-0",
        40,
        Metric::Accuracy,
        &labels,
        mistaken(&labels, 0, 6),
    );
    let other = run(
        "trial-0",
        41,
        Metric::Accuracy,
        &labels,
        mistaken(&labels, 0, 2),
    );
    let once = [one.clone(), other.clone()];
    let thrice = [one.clone(), one.clone(), other, one];
    let expected = report(Metric::Accuracy, &labels, &once).unwrap();
    assert_eq!(
        report(Metric::Accuracy, &labels, &thrice).unwrap(),
        expected
    );
    assert_eq!(expected.lines[0].seeds, [40, 41]);
    assert!((expected.lines[0].mean - 0.8).abs() < 1e-12);
}

#[test]
fn an_evaluation_that_was_stopped_compares_the_seeds_that_all_have() {
    let labels = labels();
    let of = |name, seed, mistakes| {
        let predictions = mistaken(&labels, 0, mistakes);
        run(name, seed, Metric::Accuracy, &labels, predictions)
    };
    let runs = [of("head", 40, 10), of("trial-0", 40, 4), of("head", 41, 0)];
    let stopped = report(Metric::Accuracy, &labels, &runs).unwrap();
    assert_consistent(&stopped);
    assert_eq!(line(&stopped, "head").seeds, [40]);
    assert!((line(&stopped, "trial-0").gains["head"].difference - 0.3).abs() < 1e-12);

    // Before that there is nothing to compare.
    let runs = [of("head", 40, 10), of("trial-0", 41, 4)];
    let begun = report(Metric::Accuracy, &labels, &runs).unwrap();
    assert!(line(&begun, "trial-0").gains.is_empty());
    assert!(!begun.markdown().contains("better"));
}

#[test]
fn predictions_of_other_rows_are_not_paired_with_these_labels() {
    let labels = labels();
    let runs = [
        run(
            "head",
            40,
            Metric::Accuracy,
            &labels,
            mistaken(&labels, 0, 5),
        ),
        diverged("mam", 40),
    ];
    assert!(report(Metric::Accuracy, &labels, &runs).is_ok());
    for others in [
        &labels[..19],
        &[labels.clone(), vec![1.0]].concat(),
        &[0.0; 20],
    ] {
        let refused = report(Metric::Accuracy, others, &runs).unwrap_err();
        assert_eq!(refused.subject.name, "head");
    }
}

#[test]
fn a_correlation_of_predictions_that_are_all_the_same_is_told_from_a_score_of_0() {
    let labels = labels();
    let runs = [
        run("trial-0", 40, Metric::Matthews, &labels, vec![1.0; 20]),
        run("trial-0", 41, Metric::Matthews, &labels, labels.clone()),
    ];
    let found = report(Metric::Matthews, &labels, &runs).unwrap();
    let told = found.markdown();
    let note = "trial-0 predicts the same for every row with seed 40, which counts as 0";
    assert!(told.contains(note), "{told}");
    let runs = runs.map(|of| {
        run(
            &of.subject.name,
            of.seed,
            Metric::Accuracy,
            &labels,
            of.predictions,
        )
    });
    let told = report(Metric::Accuracy, &labels, &runs).unwrap().markdown();
    assert!(!told.contains("the same for every row"), "{told}");
}
