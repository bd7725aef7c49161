#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::keys::KEYS;
use super::schema::Fallback;
use super::*;
use crate::domain::ReferencePoint;
use crate::task::{DataFormat, Metric, ValidationSplit};

fn parse(source: &str) -> Study {
    let study = Study::parse(source, Path::new("s.toml"), Path::new("/studies"));
    study.unwrap_or_else(|error| panic!("{error}"))
}

fn mistakes(source: &str) -> String {
    let study = Study::parse(source, Path::new("s.toml"), Path::new("/studies"));
    study.unwrap_err().to_string()
}

/// A right study with one more piece of text.
fn with(text: &str) -> String {
    format!("[model]\nembedded = true\n[task]\nname = \"rte\"\n{text}\n")
}

#[test]
fn every_shipped_study_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("studies");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let study = Study::read(&path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(study.name.as_str(), path.file_stem().unwrap());
            let json = serde_json::to_string(&study).unwrap();
            assert_eq!(serde_json::from_str::<Study>(&json).unwrap(), study);
            names.push(study.task.name);
        }
    }
    for task in known::tasks() {
        assert!(names.iter().any(|name| name == task), "no study for {task}");
    }
}

#[test]
fn the_papers_preset_is_the_paper() {
    let study = parse(
        "preset = \"paper\"\n[model]\nhub = \"bert-base-uncased\"\n[task]\nname = \"rte\"\n",
    );
    assert_eq!(study.seed, 42);
    assert_eq!(study.task.validation, ValidationSplit::Dev);
    assert_eq!(study.space.layers, LayerChoice::Search);
    let modules: Vec<_> = study.space.modules.iter().collect();
    assert_eq!(modules.len(), 3);
    assert!(modules.iter().all(|module| module.sizes.is_none()));
    let search = SearchSettings {
        trials: 200,
        initial_trials: 100,
        initial_design: InitialDesign::Random,
        batch: 4,
        surrogate: Surrogate::Saas,
        acquisition: Acquisition::Nehvi,
        reference_point: ReferencePoint {
            score: 0.70,
            parameters_percent: 26.0,
        },
        warmup_draws: 512,
        posterior_draws: 256,
        thinning: 16,
        acquisition_evaluations: 2000,
        local_search_starts: 10,
    };
    assert_eq!(study.search, search);
    let training = TrainingSettings {
        learning_rate: 1e-4,
        batch_size: 32,
        evaluation_batch_size: 8,
        max_length: 128,
        pad_to_max_length: true,
        epochs: 20,
        patience: 10,
        warmup_share: 0.0,
        weight_decay: 0.0,
        max_gradient_norm: 1.0,
        backbone_dropout: 0.1,
        head_dropout: 0.1,
        prefix_bottleneck: 800,
        precision: Precision::F32,
    };
    assert_eq!(study.training, training);
    let fidelity = FidelitySettings {
        data_share: 1.0,
        epochs: None,
    };
    assert_eq!(study.fidelity, fidelity);
}

#[test]
fn the_preset_may_stand_in_the_study_section_and_the_file_goes_before_it() {
    let study = parse(&with("[study]\npreset = \"paper\"\n[search]\ntrials = 120"));
    assert_eq!((study.search.trials, study.search.initial_trials), (120, 100));
    assert_eq!(study.training.learning_rate, 1e-4);
}

#[test]
fn every_literal_of_the_table_is_a_right_value() {
    for key in KEYS {
        let literals = [key.paper, match key.default {
            Fallback::Value(literal) => Some(literal),
            _ => None,
        }];
        for literal in literals.into_iter().flatten() {
            let table = match key.section {
                "model" => format!("[model]\n{} = {literal}\nhub = \"a\"\n[task]\nname = \"rte\"\n", key.name),
                "task" => format!("[model]\nhub = \"a\"\n[task]\nname = \"rte\"\n{} = {literal}\n", key.name),
                // Posterior lengths are right only together.
                section => with(&format!("[{section}]\n{} = {literal}\n", key.name)),
            };
            let lone = ["initial_trials", "thinning"].contains(&key.name);
            let study = Study::parse(&table, Path::new("s.toml"), Path::new("/"));
            if let Err(error) = study {
                assert!(lone && !error.to_string().contains("must be"), "{error}");
            }
        }
    }
}

#[test]
fn defaults_follow_the_task_and_the_number_of_trials() {
    let study = parse(&with("[search]\ntrials = 25"));
    assert_eq!(study.search.initial_trials, 8);
    assert_eq!(study.search.reference_point.score, 0.5);
    assert_eq!(study.name.as_str(), "s");
    let cola = parse("[model]\nembedded = true\n[task]\nname = \"cola\"\n");
    assert_eq!(cola.search.reference_point.score, 0.0);
}

#[test]
fn own_data_paths_and_spaces_are_read() {
    let study = parse(
        r#"
        [model]
        path = "../models/./minilm"
        [task]
        name = "tickets"
        train_file = "data/train.csv"
        validation_file = "/elsewhere/dev.csv"
        format = "csv"
        text_columns = ["subject", "body"]
        label_column = "queue"
        metric = "f1"
        validation = "dev"
        [space]
        modules = ["prefix", "serial"]
        sizes = { serial = [96, 0, 12] }
        layers = [11, 0]
        [search]
        reference_point = { parameters_percent = 5 }
        "#,
    );
    let folder = PathBuf::from("/studies/../models/minilm");
    assert_eq!(study.model, ModelSource::Folder(folder));
    let train = PathBuf::from("/studies/data/train.csv");
    assert_eq!(study.task.train_file, Some(train));
    let dev = PathBuf::from("/elsewhere/dev.csv");
    assert_eq!(study.task.validation_file, Some(dev));
    assert_eq!(study.task.format, Some(DataFormat::Csv));
    assert_eq!(study.task.metric, Some(Metric::F1));
    let prefix = ModuleSizes {
        module: "prefix".into(),
        sizes: None,
    };
    let serial = ModuleSizes {
        module: "serial".into(),
        sizes: Some(vec![0, 12, 96]),
    };
    assert_eq!(study.space.modules, [prefix, serial]);
    assert_eq!(study.space.layers, LayerChoice::SearchAmong(vec![0, 11]));
    assert_eq!(study.search.reference_point.parameters_percent, 5.0);
}

#[test]
fn a_slip_in_a_key_names_the_nearest_key() {
    assert_snapshot!(mistakes(&with("[fidelity]\nepoch = 3")), @"");
    assert_snapshot!(mistakes(&with("[serach]\ntrials = 3")), @"");
    assert_snapshot!(mistakes(&with("[fidelity]\nlearning_rate = 3")), @"");
    assert_snapshot!(mistakes(&with("[output]\nlearnin_rate = 3")), @"");
    assert_snapshot!(mistakes(&with("[search.reference_point]\nscor = 0.5")), @"");
    assert_snapshot!(mistakes(&format!("trials = 3\n{}", with(""))), @"");
}

#[test]
fn a_wrong_type_says_what_was_found_and_what_is_allowed() {
    assert_snapshot!(mistakes(&with("[training]\nbatch_size = \"32\"")), @"");
    assert_snapshot!(mistakes(&with("[training]\nlearning_rate = true")), @"");
    assert_snapshot!(mistakes(&with("[training]\npad_to_max_length = 1")), @"");
    assert_snapshot!(mistakes(&with("training = 3")), @"");
    assert_snapshot!(mistakes(&with("[space]\nmodules = \"serial\"")), @"");
    assert_snapshot!(mistakes(&with("[space]\nlayers = \"some\"")), @"");
    assert_snapshot!(mistakes(&format!("{}\n", with("[training]\nprecision = \"f33\""))), @"");
}

#[test]
fn numbers_out_of_range_say_the_range() {
    assert_snapshot!(mistakes(&with("[training]\nbatch_size = 0\nmax_length = 3\nlearning_rate = -1e-4")), @"");
    assert_snapshot!(mistakes(&with("[fidelity]\ndata_share = 1.5")), @"");
    assert_snapshot!(mistakes(&with("validation = 1.0")), @"");
    assert_snapshot!(mistakes(&with("[search]\ntrials = -5")), @"");
    assert_snapshot!(mistakes(&with("[training]\nlearning_rate = nan")), @"");
}

#[test]
fn unknown_names_are_told_with_those_that_are_known() {
    assert_snapshot!(mistakes(&with("[space]\nmodules = [\"serial\", \"paralel\"]")), @"");
    assert_snapshot!(mistakes("[model]\nembedded = true\n[task]\nname = \"rt\"\n"), @"");
    assert_snapshot!(mistakes(&with("metric = \"acuracy\"")), @"");
    assert_snapshot!(mistakes("preset = \"papers\"\n[model]\nembedded = true\n[task]\nname = \"rte\"\n"), @"");
}

#[test]
fn what_is_impossible_together_is_told() {
    assert_snapshot!(mistakes(&with("[search]\ntrials = 10\ninitial_trials = 20")), @"");
    assert_snapshot!(mistakes(&with("[search]\nposterior_draws = 4")), @"");
    assert_snapshot!(mistakes(&with("[fidelity]\nepochs = 11")), @"");
    assert_snapshot!(mistakes(&with("metric = \"spearman\"")), @"");
    assert_snapshot!(mistakes("[model]\nhub = \"a/b\"\npath = \"c\"\n[task]\nname = \"rte\"\n"), @"");
    assert_snapshot!(mistakes("[model]\npath = \"c\"\nrevision = \"v2\"\n[task]\nname = \"rte\"\n"), @"");
    assert_snapshot!(mistakes("[model]\nembedded = true\n[task]\nname = \"mine\"\ntext_columns = [\"text\"]\n"), @"");
}

#[test]
fn an_empty_space_is_told() {
    assert_snapshot!(mistakes(&with("[space]\nmodules = []")), @"");
    assert_snapshot!(mistakes(&with("[space]\nsizes = [0]")), @"");
    assert_snapshot!(mistakes(&with("[space]\nlayers = []")), @"");
    assert_snapshot!(mistakes(&with("[space]\nmodules = [\"serial\"]\nsizes = { prefix = [0, 4] }")), @"");
    assert_snapshot!(mistakes(&with("[space]\nsizes = [0, 6, 6]")), @"");
}

#[test]
fn what_is_missing_is_told() {
    assert_snapshot!(mistakes(""), @"");
    assert_snapshot!(mistakes("[model]\nembedded = true\n[task]\n"), @"");
}

#[test]
fn a_bad_name_and_broken_toml_have_a_place() {
    assert_snapshot!(mistakes(&with("[study]\nname = \"../up\"")), @"");
    assert_snapshot!(mistakes(&with("[study]\nname = ")), @"");
    assert_snapshot!(mistakes("[model]\nembedded = true\nembedded = true\n"), @"");
    assert_snapshot!(mistakes("[model]\n\tpath = \"größe\" ; x\n"), @"");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let error = Study::read(Path::new("/nowhere/s.toml")).unwrap_err();
    assert_snapshot!(error.to_string(), @"");
}

#[test]
fn the_reference_tells_every_key_within_its_width() {
    let text = key_reference(80);
    for key in KEYS {
        assert!(text.contains(&format!("\n  {}\n", key.name)), "{}", key.name);
        assert!(!key.documentation.is_empty());
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}
