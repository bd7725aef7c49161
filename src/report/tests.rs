//! A report of a study made up: whole, self-contained, and honest about odd results.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use std::collections::BTreeMap;

use super::*;
use crate::domain::{
    Cause, Configuration, CostScale, EpochReport, ModuleAxis, Objectives, Origin, ReferencePoint,
};
use crate::task::Metric;
use crate::train::Recipe;

fn space() -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.to_owned(),
        sizes: vec![0, 4, 16],
        weights_per_unit: 64,
    };
    PeftSpace {
        modules: vec![axis("serial"), axis("prefix")],
        layers: 3,
        candidate_layers: vec![0, 1, 2],
        choose_layers: true,
        backbone_parameters: 100_000,
        learning_rates: Vec::new(),
    }
}

fn trial(
    number: u32,
    size: usize,
    layers: &[usize],
    score: Option<f64>,
    space: &PeftSpace,
) -> Trial {
    let configuration = Configuration {
        modules: BTreeMap::from([("serial".to_owned(), size)]),
        layers: layers.to_vec(),
        ..Configuration::default()
    };
    let parameters_percent = space.parameters_percent(&configuration);
    Trial {
        id: TrialId(number),
        parameters_percent,
        configuration,
        origin: Origin::Initial,
        state: if score.is_some() {
            TrialState::Finished
        } else {
            TrialState::Infeasible
        },
        epochs: vec![EpochReport {
            epoch: 1,
            train_loss: 0.5,
            validation_loss: 0.5,
            score: score.unwrap_or(f64::NAN),
            wall_seconds: 60.0,
        }],
        measurement: score.map(|score| Measurement {
            objectives: Objectives {
                score,
                parameters_percent,
            },
            best_epoch: 1,
            trained_parameters: 1000,
            wall_seconds: 90.0,
            diverged: None,
            score_error: None,
        }),
        cause: score.is_none().then(|| Cause::Error {
            said: "loss <NaN> & \"worse\"".to_owned(),
        }),
        standing: None,
    }
}

/// The expected score of trial 1 lies below what it measured.
fn beliefs() -> BTreeMap<TrialId, Belief> {
    let belief = Belief {
        score: 0.77,
        low: 0.75,
        high: 0.79,
        measured: vec![0.8, 0.76],
        repeats: 1,
        front_probability: 0.83,
    };
    BTreeMap::from([(TrialId(1), belief)])
}

fn contents<'a>(
    space: &'a PeftSpace,
    trials: &'a [Trial],
    front: &'a [TrialId],
    beliefs: &'a BTreeMap<TrialId, Belief>,
) -> Contents<'a> {
    Contents {
        name: "a study",
        facts: vec![("task", "rte <b>".to_owned())],
        metric: "accuracy".into(),
        space,
        measure: HypervolumeMeasure::new(
            ReferencePoint {
                score: 0.5,
                parameters_percent: 26.0,
            },
            CostScale::Log,
            0.1,
        ),
        trials,
        front,
        beliefs,
        verdict: vec!["serial 24 in all layers <stands>".to_owned()],
        hypervolume_trace: &[
            (
                TrialId(0),
                Hypervolume {
                    share: 0.25,
                    interval: None,
                },
            ),
            (
                TrialId(1),
                Hypervolume {
                    share: 0.40,
                    interval: Some((0.37, 0.43)),
                },
            ),
        ],
        effects: Some(vec![Effect {
            dimension: "serial".to_owned(),
            levels: vec![(0, 0.6, 0.1), (1, 0.7, 0.05)],
        }]),
        evaluation: None,
    }
}

#[test]
fn the_page_is_whole_needs_nothing_else_and_escapes_what_it_is_given() {
    let space = space();
    let trials = [
        trial(0, 4, &[1], Some(0.61), &space),
        trial(1, 16, &[0, 2], Some(0.8), &space),
        trial(2, 16, &[0], None, &space),
    ];
    let front = [TrialId(0), TrialId(1)];
    let beliefs = beliefs();
    let page = contents(&space, &trials, &front, &beliefs).html();
    for request in ["http:", "https:", "src=", "@import", "url(", "fetch("] {
        assert!(!page.contains(request), "{request}");
    }
    assert!(page.contains("rte &lt;b&gt;") && !page.contains("<b>"));
    assert!(page.contains("loss &lt;NaN&gt; &amp; &quot;worse&quot;"));
    assert!(page.contains(
        "data-tip=\"trial 1: score 0.8000, 2.0480 % parameters; serial 16 in layers 0,2\""
    ));
    assert!(
        page.contains("expected 0.7700 (0.7500–0.7900), on the front with a probability of 83 %")
    );
    assert_eq!(page.matches("<path class=deviation").count(), 1);
    assert!(page.contains("<p>serial 24 in all layers &lt;stands&gt;</p>"));
    assert!(page.contains("serial in layer 1: 1 of 2"));
    assert!(page.contains("serial of size 4: 0.7000 ± 0.0500"));
    assert!(page.contains("3 trials: 2 finished, 1 infeasible, 0 failed. Training took 3 min"));
    assert!(page.contains("data-tip=\"after trial 1: 40 % (37–43)\""));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(
        !page.contains("NaN\"") && !page.contains("inf\""),
        "a place that is none"
    );
}

#[test]
fn the_markdown_has_the_front_by_ascending_parameters() {
    let space = space();
    let trials = [
        trial(0, 16, &[0, 2], Some(0.8), &space),
        trial(1, 4, &[1], Some(0.61), &space),
    ];
    let beliefs = beliefs();
    let text = contents(&space, &trials, &[TrialId(1), TrialId(0)], &beliefs).markdown();
    let table = "\
|---:|---:|---:|---:|---:|---:|---:|---:|---|
| 1 | 0.7700 | 0.7500–0.7900 | 0.8000, 0.7600 | 83 % | 0.2560 | 256 | 2 min | serial 4 in layers 1 |
| 0 | 0.8000 |  | 0.8000 |  | 2.0480 | 2048 | 2 min | serial 16 in layers 0,2 |
";
    assert!(text.contains(table), "{text}");
    assert!(text.contains("- serial: 0.1000"), "{text}");
}

#[test]
fn the_evaluation_is_a_picture_a_table_and_what_choosing_took() {
    let line = |name: &str, is_baseline: bool, percent: f64, mean: f64| evaluation::Line {
        subject: evaluation::Subject {
            name: name.to_owned(),
            is_baseline,
            configuration: Configuration {
                modules: BTreeMap::new(),
                layers: Vec::new(),
                ..Configuration::default()
            },
            recipe: Recipe {
                whole_encoder: percent == 100.0,
                learning_rate: (percent == 100.0).then_some(2e-5),
            },
        },
        parameters_percent: percent,
        trained_parameters: 10,
        seeds: vec![40, 41],
        constant: Vec::new(),
        mean,
        deviation: Some(0.01),
        wall_seconds: 2.0,
        gains: BTreeMap::new(),
    };
    let report = evaluation::Report {
        study: "a study".to_owned(),
        metric: Metric::Accuracy,
        positive_label: None,
        held_out: true,
        rows: 277,
        lines: vec![
            line("head", true, 0.0, 0.55),
            line("full", true, 100.0, 0.71),
            line("trial-1", false, 1.5, 0.7),
        ],
        choices: vec![evaluation::Spent {
            name: "random".to_owned(),
            trainings: 24,
            epochs: 96,
            wall_seconds: 61.0,
            hypervolume_share: Some(0.325),
        }],
    };
    let (space, trials) = (space(), []);
    let beliefs = BTreeMap::new();
    let mut contents = contents(&space, &trials, &[], &beliefs);
    contents.evaluation = Some(report);
    let page = contents.html();
    assert_eq!(page.matches("<circle class=baseline ").count(), 2);
    assert!(page.contains("data-tip=\"trial-1: 0.7000 ± 0.0100, 1.5000 % parameters; head only\""));
    assert!(
        page.contains("all weights of the encoder, learning rate 2e-5"),
        "{page}"
    );
    assert!(page.contains("<td>24</td><td>96</td><td>61</td><td>32.5 %</td>"));
    assert!(!page.contains("NaN") && !page.contains("inf\""), "{page}");
    let text = contents.markdown();
    assert!(
        text.contains("| random | 24 | 96 | 61 | 32.5 % |"),
        "{text}"
    );
}

#[test]
fn a_study_without_a_result_has_a_report_too() {
    let space = space();
    let trials = [trial(0, 4, &[1], None, &space)];
    let beliefs = BTreeMap::new();
    let mut contents = contents(&space, &trials, &[], &beliefs);
    contents.hypervolume_trace = &[];
    contents.effects = None;
    let page = contents.html();
    assert!(page.contains("1 trials: 0 finished") && page.contains("Training took 0.0 s"));
    let places = page.replace("loss &lt;NaN&gt;", "");
    assert!(
        !places.contains("NaN") && !places.contains("inf\""),
        "{page}"
    );
}
