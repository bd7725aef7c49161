//! What an export writes, and what it says where it cannot.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::domain::{
    Configuration, EpochReport, Measurement, ModuleAxis, Objectives, Origin, PeftSpace,
    ReferencePoint, Trial, TrialId, TrialState,
};
use crate::model::weights::NamedTensor;
use crate::study::{
    Acquisition, FidelitySettings, InitialDesign, LayerChoice, ModelSource, ModuleSizes,
    OutputSettings, Precision, SearchSettings, SpaceSettings, Study, StudyName, Surrogate,
    TrainingSettings,
};
use crate::task::{Labels, Metric, TaskSettings, ValidationSplit};
use crate::train::checkpoint;

const REFERENCE: ReferencePoint = ReferencePoint {
    score: 0.5,
    parameters_percent: 26.0,
};

/// A study with a front of three, two dominated trials, and one in each other state.
struct Fixture {
    space: PeftSpace,
    trials: Vec<Trial>,
    context: Context,
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let finished = [
            (1, vec![3], Some((0.61, 3))),
            (3, vec![2, 3], Some((0.72, 5))),
            (6, vec![0, 1, 2, 3], Some((0.70, 2))),
            (48, vec![1, 2, 3], Some((0.91, 9))),
            (96, vec![0, 1, 2, 3], Some((0.90, 4))),
        ];
        let others = [
            TrialState::Running,
            TrialState::Queued,
            TrialState::Infeasible,
            TrialState::Failed,
            TrialState::Cancelled,
        ];
        let space = space();
        let mut trials: Vec<Trial> = Vec::new();
        for (size, layers, result) in finished {
            trials.push(trial(trials.len(), &space, size, layers, result));
        }
        for state in others {
            let mut other = trial(trials.len(), &space, 12, vec![0], None);
            other.state = state;
            other.reason = (state == TrialState::Infeasible).then(|| "out of memory".to_owned());
            trials.push(other);
        }
        let context = Context {
            study: study(),
            base_model: "the small encoder inside the program".to_owned(),
            labels: Labels::Classes(vec!["entailment".to_owned(), "not \"that\"".to_owned()]),
            metric: Metric::Accuracy,
        };
        let folder = tempfile::tempdir().unwrap();
        Self {
            space,
            trials,
            context,
            folder,
        }
    }

    fn front(&self) -> Front<'_> {
        Front {
            name: "quickstart",
            space: &self.space,
            reference_point: REFERENCE,
            trials: &self.trials,
            context: &self.context,
            weights: self.folder.path().join("weights"),
        }
    }

    fn out(&self) -> std::path::PathBuf {
        self.folder.path().join("out")
    }

    fn keep_weights(&self) {
        for trial in &self.trials {
            let path = checkpoint::path(&self.front().weights, trial.id);
            checkpoint::save(&path, &weights(trial.id)).unwrap();
        }
    }
}

fn weights(trial: TrialId) -> Vec<NamedTensor> {
    vec![NamedTensor {
        name: "head.out.bias".to_owned(),
        shape: vec![2],
        values: vec![trial.0 as f32, -1.0],
    }]
}

fn space() -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.to_owned(),
        sizes: vec![0, 1, 3, 6, 12, 24, 48, 96],
        weights_per_unit: 192,
    };
    PeftSpace {
        modules: vec![axis("serial"), axis("prefix")],
        layers: 4,
        candidate_layers: vec![0, 1, 2, 3],
        choose_layers: true,
        backbone_parameters: 1_000_000,
    }
}

fn trial(
    number: usize,
    space: &PeftSpace,
    size: usize,
    layers: Vec<usize>,
    result: Option<(f64, u32)>,
) -> Trial {
    let configuration = Configuration {
        modules: BTreeMap::from([("serial".to_owned(), size)]),
        layers,
    };
    let parameters_percent = space.parameters_percent(&configuration);
    let measurement = result.map(|(score, best_epoch)| Measurement {
        objectives: Objectives {
            score,
            parameters_percent,
        },
        best_epoch,
        trained_parameters: 10_000 + number as u64,
        wall_seconds: 12.5,
    });
    Trial {
        id: TrialId(number as u32),
        configuration,
        parameters_percent,
        origin: Origin::Initial,
        state: TrialState::Finished,
        epochs: vec![EpochReport {
            epoch: 1,
            train_loss: 0.6,
            validation_loss: f64::NAN,
            score: 0.55,
            wall_seconds: 3.5,
        }],
        measurement,
        reason: None,
    }
}

fn study() -> Study {
    Study {
        name: StudyName::new("quickstart").unwrap(),
        seed: 11,
        model: ModelSource::Embedded,
        task: TaskSettings {
            name: "demo".to_owned(),
            folder: None,
            train_file: None,
            validation_file: None,
            test_file: None,
            format: None,
            text_columns: Vec::new(),
            label_column: None,
            regression: false,
            metric: None,
            validation: ValidationSplit::TrainShare(0.1),
            train_rows: None,
            validation_rows: Some(500),
        },
        space: SpaceSettings {
            modules: vec![ModuleSizes {
                module: "serial".to_owned(),
                sizes: None,
            }],
            layers: LayerChoice::Search,
        },
        search: SearchSettings {
            trials: 24,
            initial_trials: 8,
            initial_design: InitialDesign::Random,
            batch: 1,
            surrogate: Surrogate::Saas,
            acquisition: Acquisition::Nehvi,
            reference_point: REFERENCE,
            warmup_draws: 128,
            posterior_draws: 128,
            thinning: 16,
            acquisition_evaluations: 2_000,
            local_search_starts: 10,
        },
        training: TrainingSettings {
            learning_rate: 1e-3,
            batch_size: 32,
            evaluation_batch_size: 128,
            max_length: 48,
            pad_to_max_length: false,
            epochs: 10,
            patience: 3,
            warmup_share: 0.0,
            weight_decay: 0.01,
            max_gradient_norm: 1.0,
            backbone_dropout: 0.0,
            head_dropout: 0.1,
            prefix_bottleneck: 64,
            precision: Precision::F32,
        },
        fidelity: FidelitySettings {
            data_share: 1.0,
            epochs: None,
        },
        output: OutputSettings {
            keep_adapters: true,
        },
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn the_table_has_a_row_per_member_of_the_front_by_ascending_parameters() {
    let fixture = Fixture::new();
    let written = export(&fixture.front(), &["csv"], &fixture.out()).unwrap();
    assert_eq!(written, [fixture.out().join("front.csv")]);
    let expected = "\
trial,score,parameters_percent,parameters,trained_parameters,serial,prefix,layers,best_epoch,wall_seconds
0,0.61,0.0192,192,10000,1,0,3,3,12.5
1,0.72,0.1152,1152,10001,3,0,2 3,5,12.5
3,0.91,2.7648,27648,10003,48,0,1 2 3,9,12.5
";
    assert_eq!(fs::read_to_string(&written[0]).unwrap(), expected);
}

#[test]
fn the_document_holds_every_trial_and_the_front() {
    let fixture = Fixture::new();
    let written = export(&fixture.front(), &["json"], &fixture.out()).unwrap();
    let text = fs::read_to_string(&written[0]).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["study"], "quickstart");
    assert_eq!(document["front"], serde_json::json!([0, 1, 3]));
    assert_eq!(document["settings"]["training"]["max_length"], 48);
    let trials = document["trials"].as_array().unwrap();
    assert_eq!(trials.len(), fixture.trials.len());
    assert_eq!(trials[3]["objectives"]["score"], 0.91);
    assert_eq!(trials[3]["seconds"], 12.5);
    assert_eq!(trials[3]["configuration"]["modules"]["serial"], 48);
    assert_eq!(trials[5]["state"], "running");
    assert_eq!(trials[5]["seconds"], 3.5);
    assert!(trials[5]["objectives"].is_null());
    assert_eq!(trials[7]["reason"], "out of memory");
    assert_eq!(trials[7]["epochs"][0]["validation_loss"], "NaN");
}

#[test]
fn a_summary_says_where_a_study_stands() {
    let fixture = Fixture::new();
    let summary = Summary::new("quickstart", &fixture.space, REFERENCE, &fixture.trials);
    assert_eq!(summary.front, [TrialId(0), TrialId(1), TrialId(3)]);
    let area = (26.0 - 0.0192) * 0.11 + (26.0 - 0.1152) * 0.11 + (26.0 - 2.7648) * 0.19;
    assert!((summary.hypervolume - area).abs() < 1e-9);
    let empty = Summary::new("quickstart", &fixture.space, REFERENCE, &[]);
    assert_eq!((empty.front.len(), empty.hypervolume), (0, 0.0));
}

#[test]
fn the_picture_shows_every_finished_trial_and_names_the_front() {
    let fixture = Fixture::new();
    let written = export(&fixture.front(), &["svg"], &fixture.out()).unwrap();
    let picture = fs::read_to_string(&written[0]).unwrap();
    let in_legend = 1;
    assert_eq!(picture.matches("<circle").count(), 5 + in_legend);
    for text in [
        "#0",
        "#1",
        "#3",
        "reference point",
        "validation accuracy",
        "log scale",
    ] {
        assert!(picture.contains(text), "{text}");
    }
    assert!(!picture.contains("#2\n") && !picture.contains("#4\n"));
    assert!(picture.trim_end().ends_with("</svg>"));
}

#[test]
fn a_picture_can_be_made_of_odd_results() {
    let mut fixture = Fixture::new();
    for (percent, score) in [
        (0.0, 0.5),
        (f64::NAN, 0.5),
        (26.0, 0.5),
        (1e-9, -1.0),
        (1e5, 1e9),
    ] {
        fixture.trials.truncate(1);
        let measurement = fixture.trials[0].measurement.as_mut().unwrap();
        measurement.objectives = Objectives {
            score,
            parameters_percent: percent,
        };
        let done = export(&fixture.front(), &["svg"], &fixture.out());
        assert_eq!(
            done.is_ok(),
            percent.is_finite(),
            "{percent} {score}: {done:?}"
        );
    }
}

#[test]
fn adapters_are_the_kept_weights_with_a_card_that_describes_them() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    fs::create_dir(fixture.out()).unwrap();
    fs::write(fixture.out().join("notes.txt"), "mine").unwrap();
    for _ in 0..2 {
        export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
        let expected = [
            "front.csv",
            "front.json",
            "front.svg",
            "notes.txt",
            "trial-0000",
            "trial-0001",
            "trial-0003",
        ];
        assert_eq!(names(&fixture.out()), expected);
    }
    let folder = fixture.out().join("trial-0003");
    assert_eq!(names(&folder), [AdapterCard::WEIGHTS, AdapterCard::FILE]);
    let tensors = checkpoint::load(&folder.join(AdapterCard::WEIGHTS)).unwrap();
    assert_eq!(tensors, weights(TrialId(3)));
    let card = AdapterCard::read(&folder).unwrap();
    assert_eq!(
        (card.trial, card.score, card.best_epoch),
        (TrialId(3), 0.91, 9)
    );
    assert_eq!(card.configuration, fixture.trials[3].configuration);
    assert_eq!(card.task, fixture.context.study.task);
    assert_eq!(card.training, fixture.context.study.training);
    assert_eq!(
        (card.labels, card.outputs),
        (fixture.context.labels.clone(), 2)
    );
    assert_eq!(
        (card.parameters, card.max_length, card.seed),
        (27_648, 48, 11)
    );
}

#[test]
fn missing_weights_name_the_trial_and_nothing_is_written() {
    let mut fixture = Fixture::new();
    fixture.keep_weights();
    fs::remove_file(checkpoint::path(&fixture.front().weights, TrialId(3))).unwrap();
    let error = export(&fixture.front(), &["adapters"], &fixture.out()).unwrap_err();
    assert!(error.to_string().contains("trial #3"), "{error}");
    assert_eq!(names(&fixture.out()), [""; 0]);

    fixture.context.study.output.keep_adapters = false;
    let error = export(&fixture.front(), &["adapters"], &fixture.out()).unwrap_err();
    assert!(
        error.to_string().contains("keep_adapters = false"),
        "{error}"
    );
    export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
    assert_eq!(
        names(&fixture.out()),
        ["front.csv", "front.json", "front.svg"]
    );
}

#[test]
fn damaged_weights_are_not_handed_over() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    let path = checkpoint::path(&fixture.front().weights, TrialId(1));
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = export(&fixture.front(), &["adapters"], &fixture.out()).unwrap_err();
    assert!(error.to_string().starts_with("trial #1: "), "{error}");
    assert!(!fixture.out().join("trial-0001").exists());
}

#[test]
fn what_cannot_be_exported_says_why() {
    let mut fixture = Fixture::new();
    let error = export(&fixture.front(), &["csv", "pdf"], &fixture.out()).unwrap_err();
    let expected = "unknown export format `pdf`; choose one of csv, json, svg, adapters, all";
    assert_eq!(error.to_string(), expected);
    fs::write(fixture.out(), "a file").unwrap();
    let error = export(&fixture.front(), &["csv"], &fixture.out()).unwrap_err();
    assert!(error.to_string().contains("--out"), "{error}");
    fixture.trials.retain(|trial| trial.measurement.is_none());
    let error = export(&fixture.front(), &["csv"], &fixture.out()).unwrap_err();
    assert!(error.to_string().contains("no finished trial"), "{error}");
}

#[test]
fn a_card_of_a_later_program_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = AdapterCard::read(folder.path()).unwrap_err();
    assert!(matches!(error, ExportError::Card { .. }), "{error}");
    let path = folder.path().join(AdapterCard::FILE);
    fs::write(&path, r#"{"format": 2, "other": true}"#).unwrap();
    let error = AdapterCard::read(folder.path()).unwrap_err();
    assert!(
        matches!(error, ExportError::NewerCard { found: 2, .. }),
        "{error}"
    );
    fs::write(&path, r#"{"format": 1}"#).unwrap();
    let error = AdapterCard::read(folder.path()).unwrap_err();
    assert!(error.to_string().contains("missing field"), "{error}");
}
