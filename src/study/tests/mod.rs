#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounds;
mod effects;
mod wrong;

use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::keys::KEYS;
use super::schema::Fallback;
use super::*;
use crate::domain::{
    Acquisition, CostScale, InitialDesign, ReferenceRule, ScoreScale, SearchMethod, SurrogateModel,
};
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
            let mut again: Study = serde_json::from_str(&json).unwrap();
            // What a file leaves open is no setting.
            again.search.initial_trials_open = study.search.initial_trials_open;
            again.search.repeats_open = study.search.repeats_open;
            again.training.warmup_share_open = study.training.warmup_share_open;
            again.training.standard_targets_open = study.training.standard_targets_open;
            assert_eq!(again, study);
            names.push(study.task.name);
        }
    }
    // The same rows as `rte`, under the other benchmark's name.
    let is_another = |task: &&str| *task != "superglue_rte";
    for task in known::tasks().into_iter().filter(is_another) {
        assert!(names.iter().any(|name| name == task), "no study for {task}");
    }
}

#[test]
fn the_papers_preset_is_the_paper() {
    let study =
        parse("preset = \"paper\"\n[model]\nhub = \"bert-base-uncased\"\n[task]\nname = \"rte\"\n");
    assert_eq!(study.seed, 42);
    assert_eq!(study.task.validation, ValidationSplit::Dev);
    assert_eq!(study.space.layers, LayerChoice::Search);
    let modules: Vec<_> = study.space.modules.iter().collect();
    assert_eq!(modules.len(), 3);
    assert!(modules.iter().all(|module| module.sizes.is_none()));
    let search = SearchSettings {
        trials: 200,
        initial_trials: 100,
        initial_trials_open: false,
        method: SearchMethod::Bayesian,
        initial_design: InitialDesign::Random,
        batch: 4,
        parallel: 1,
        surrogate: SurrogateModel::Saas,
        score_scale: ScoreScale::Copula,
        cost_input: false,
        acquisition: Acquisition::Nehvi,
        reference_point: ReferenceRule {
            score: Some(0.70),
            parameters_percent: Some(26.0),
        },
        cost_scale: CostScale::Copula,
        warmup_draws: 128,
        posterior_draws: 64,
        thinning: 4,
        acquisition_evaluations: 2000,
        local_search_starts: 10,
        repeats: 0.0,
        repeats_open: true,
        stop_below: None,
    };
    assert_eq!(study.search, search);
    let training = TrainingSettings {
        learning_rate: 1e-4,
        batch_size: 32,
        evaluation_batch_size: 8,
        max_length: 128,
        pad_to_max_length: true,
        length_buckets: false,
        activation_cache_mb: 0,
        epochs: 20,
        patience: 10,
        warmup_share: 0.0,
        warmup_share_open: true,
        standard_targets: false,
        standard_targets_open: true,
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
    assert_eq!(
        (study.search.trials, study.search.initial_trials),
        (120, 100)
    );
    assert_eq!(study.training.learning_rate, 1e-4);
}

#[test]
fn every_literal_of_the_table_is_a_right_value() {
    for key in KEYS {
        let literals = [
            key.paper,
            match key.default {
                Fallback::Value(literal) => Some(literal),
                _ => None,
            },
        ];
        for literal in literals.into_iter().flatten() {
            let table = match key.section {
                "model" => format!(
                    "[model]\n{} = {literal}\nhub = \"a\"\n[task]\nname = \"rte\"\n",
                    key.name
                ),
                "task" => format!(
                    "[model]\nhub = \"a\"\n[task]\nname = \"rte\"\n{} = {literal}\n",
                    key.name
                ),
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
    assert_eq!(study.search.reference_point.score, None);
    assert_eq!(study.name.as_str(), "s");
}

#[test]
fn the_papers_reference_point_is_one_of_accuracies() {
    let of = |task: &str, more: &str| {
        let text = format!(
            "preset = \"paper\"\n[model]\nembedded = true\n[task]\nname = \"{task}\"\n{more}"
        );
        parse(&text).search.reference_point.score.unwrap()
    };
    assert_eq!(of("rte", ""), 0.70);
    for correlation in ["cola", "stsb"] {
        assert_eq!(of(correlation, ""), 0.0);
        let given = "[search.reference_point]\nscore = 0.3";
        assert_eq!(of(correlation, given), 0.3);
    }
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
    assert_eq!(study.search.reference_point.parameters_percent, Some(5.0));
}

#[test]
fn own_data_called_like_a_known_task_has_the_reference_score_of_its_own_metric() {
    let score = |task: &str| {
        let paper = "preset = \"paper\"\n[model]\nembedded = true\n[task]\nname = \"stsb\"\n";
        let study = parse(&format!("{paper}{task}"));
        (study.task.scored_by(), study.search.reference_point.score)
    };
    assert_eq!(score(""), (Metric::Spearman, Some(0.0)));
    let own = "train_file = \"t.csv\"\nvalidation_file = \"v.csv\"\ntext_columns = [\"a\"]\nlabel_column = \"b\"\n";
    assert_eq!(score(own), (Metric::Accuracy, Some(0.70)));
    assert_eq!(
        score(&format!("{own}regression = true\n")),
        (Metric::Spearman, Some(0.0))
    );
    assert_eq!(
        score(&format!("{own}metric = \"matthews\"\n")),
        (Metric::Matthews, Some(0.0))
    );
}

#[test]
fn the_class_that_counts_goes_with_f1_alone() {
    let study = parse(&with("metric = \"f1\"\npositive_label = \"entailment\""));
    assert_eq!(study.task.score_name(), "F1 of `entailment`");
    for metric in ["", "metric = \"macro_f1\"\n"] {
        let told = mistakes(&with(&format!("{metric}positive_label = \"entailment\"")));
        assert!(told.contains("remove it, or set metric = \"f1\""), "{told}");
    }
}

#[test]
fn learning_rates_are_a_range_or_a_list() {
    let rates = |value: &str| {
        let study = parse(&with(&format!("[space]\nlearning_rates = {value}")));
        let rates = study.space.learning_rates.iter().map(ToString::to_string);
        rates.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        rates("{ max = 1e-3, min = 2e-4 }"),
        "2e-4 3.4e-4 5.8e-4 1e-3"
    );
    assert_eq!(rates("[0.001, 1e-4, 3e-4]"), "1e-4 3e-4 1e-3");
    assert!(parse(&with("")).space.learning_rates.is_empty());
    assert!(
        parse(&with("[study]\npreset = \"paper\""))
            .space
            .learning_rates
            .is_empty()
    );
}

#[test]
fn rungs_are_epochs_before_the_last() {
    let study = parse(&with("[rungs]\nepochs = [3, 1]"));
    assert_eq!(
        (study.rungs.epochs, study.rungs.reduction_factor),
        (vec![1, 3], 3)
    );
    assert!(parse(&with("")).rungs.epochs.is_empty());
    let json = serde_json::to_value(parse(&with(""))).unwrap();
    assert_eq!(json.get("rungs"), None, "written as before there were any");
    let wrong = |epochs: &str| mistakes(&with(&format!("[rungs]\nepochs = {epochs}")));
    assert!(
        wrong("[0, 1]").contains("6:11: a rung must be a whole number from 1 to 100000; found 0")
    );
    assert!(wrong("3").contains("found 3"));
    assert!(wrong("[3, 3]").contains("the rung 3 is given twice"));
    assert!(wrong("[3, 10]").contains("stops nothing where a trial has 10 epochs"));
    let reduced = mistakes(&with("[fidelity]\nepochs = 3\n[rungs]\nepochs = [3]"));
    assert!(reduced.contains("has 3 epochs"), "{reduced}");
}

#[test]
fn the_reference_tells_every_key_within_its_width() {
    let text = key_reference(80);
    for key in KEYS {
        assert!(
            text.contains(&format!("\n  {}\n", key.name)),
            "{}",
            key.name
        );
        assert!(!key.documentation.is_empty());
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}
