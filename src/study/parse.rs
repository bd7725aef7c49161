//! From the text of a study file to a [`Study`].

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::checks;
use super::document::{Document, mismatch};
use super::error::{Mistakes, StudyError};
use super::keys::MOST_EPOCHS;
use super::settings::{
    FidelitySettings, ModelSource, OutputSettings, SearchSettings, Study, StudyName,
    TrainingSettings,
};
use super::space_section::{Numbers, distinct};
use super::{space_section, task_section};
use crate::domain::{ReferenceRule, Rungs};
use crate::hub::{repository_fault, revision_fault};
use crate::regular;
use crate::task::{Metric, TaskSettings};

/// A study file is no longer, in bytes: room for the names of some 20,000 classes, where a usual one has 1,000 bytes.
const MOST_BYTES: u64 = 1 << 20;

impl Study {
    /// Reads and validates a study file; paths in it are relative to its folder.
    ///
    /// # Errors
    /// Where the file cannot be read or holds mistakes; all of them are told at once.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let unreadable = |reason| StudyError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let source = regular::read_text(path, MOST_BYTES).map_err(unreadable)?;
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        Self::parse(&source, path, folder)
    }

    /// Validates the text of a study file. `path` is the name used in messages and, without its ending, the default
    /// name of the study; `folder` is what paths in the file are relative to.
    ///
    /// # Errors
    /// Where the text holds mistakes; all of them are told at once.
    pub fn parse(source: &str, path: &Path, folder: &Path) -> Result<Self, StudyError> {
        let invalid = |mistakes, more| Mistakes::new(path, source, mistakes, more);
        let mut document = Document::parse(source).map_err(|mistake| invalid(vec![mistake], 0))?;
        let study = read_study(&mut document, path, folder);
        match study {
            Some(study) if document.mistakes.is_empty() => Ok(study),
            _ => Err(invalid(document.mistakes, document.more).into()),
        }
    }
}

/// None only where a mistake was noted.
fn read_study(document: &mut Document<'_>, path: &Path, folder: &Path) -> Option<Study> {
    let name = study_name(document, path);
    let seed = document.count("study", "seed");
    let model = model(document, folder);
    let task = task_section::read(document, folder);
    let metric = task
        .as_ref()
        .map_or(Metric::Accuracy, TaskSettings::scored_by);
    let space = space_section::read(document);
    let search = search(document, metric);
    let training = training(document);
    let fidelity = fidelity(document);
    let rungs = rungs(document);
    let output = OutputSettings {
        keep_adapters: document.switch("output", "keep_adapters")?,
        checkpoint_seconds: document.count("output", "checkpoint_seconds")?,
    };
    let study = Study {
        name: name?,
        seed: seed?,
        model: model?,
        task: task?,
        space: space?,
        search: search?,
        training: training?,
        fidelity: fidelity?,
        rungs: rungs?,
        output,
    };
    checks::check(document, &study);
    Some(study)
}

fn study_name(document: &mut Document<'_>, path: &Path) -> Option<StudyName> {
    let rule = "letters, digits, `-`, `_` and `.`, at most 100 of them and not starting with a dot";
    match document.text("study", "name") {
        Some(text) => {
            let name = StudyName::new(&text);
            if name.is_none() {
                let message =
                    format!("\"{text}\" is no name for a study, which names its folder too");
                document.wrong("study", "name", message, &[&format!("allowed are {rule}")]);
            }
            name
        }
        None if document.span("study", "name").is_some() => None,
        None => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = StudyName::new(&stem);
            if name.is_none() {
                let message = format!("the file's name \"{stem}\" is no name for a study");
                let help = format!("give `name` in [study]: {rule}");
                document.wrong("study", "name", message, &[&help]);
            }
            name
        }
    }
}

/// Paths in a study file are relative to its folder.
pub(super) fn resolve(folder: &Path, text: &str) -> PathBuf {
    folder.join(text).components().collect()
}

fn model(document: &mut Document<'_>, folder: &Path) -> Option<ModelSource> {
    let hub = document.text("model", "hub");
    let path = document.text("model", "path");
    let revision = document.text("model", "revision")?;
    let embedded = document.switch("model", "embedded")?;
    let choices = ["hub", "path", "embedded"];
    let given: Vec<&str> = choices
        .into_iter()
        .filter(|name| match *name {
            "embedded" => embedded,
            name => document.span("model", name).is_some(),
        })
        .collect();
    match given.as_slice() {
        [] => {
            let help = [
                "hub = \"bert-base-uncased\": an encoder on the Hugging Face hub",
                "path = \"FOLDER\": a folder with config.json, tokenizer.json and model.safetensors",
                "embedded = true: the small encoder inside the program",
            ];
            let message = "[model] must say where the encoder comes from".to_owned();
            document.wrong("model", "hub", message, &help);
            return None;
        }
        [_] => {}
        [first, second, ..] => {
            let message = format!("[model] gives both `{first}` and `{second}`");
            document.wrong("model", second, message, &["keep one of them"]);
            return None;
        }
    }
    if hub.is_none() && document.span("model", "revision").is_some() {
        let message = "`revision` goes with `hub`; this model is not from the hub".to_owned();
        document.wrong("model", "revision", message, &["remove it"]);
    }
    if let Some(fault) = hub.as_deref().and_then(repository_fault) {
        let help =
            "hub = \"bert-base-uncased\", or hub = \"OWNER/NAME\"; a folder goes into `path`";
        document.wrong("model", "hub", fault, &[help]);
        return None;
    }
    if let Some(fault) = revision_fault(&revision) {
        let help = "a branch, a tag, or the 40 digits of a commit, such as revision = \"main\"";
        document.wrong("model", "revision", fault, &[help]);
        return None;
    }
    match (hub, path) {
        (Some(id), _) => Some(ModelSource::Hub { id, revision }),
        (_, Some(path)) => Some(ModelSource::Folder(resolve(folder, &path))),
        _ => embedded.then_some(ModelSource::Embedded),
    }
}

fn search(document: &mut Document<'_>, metric: Metric) -> Option<SearchSettings> {
    let section = "search";
    let trials = document.count(section, "trials")?;
    let initial = document.count(section, "initial_trials");
    let bounds = "search.reference_point";
    let is_given = document.span(bounds, "score").is_some();
    // The paper's 0.70 is one of accuracies; below it a correlation would count for nothing.
    let score =
        document
            .real(bounds, "score")
            .map(|score| match metric.is_correlation() && !is_given {
                true => 0.0,
                false => score,
            });
    Some(SearchSettings {
        trials: trials as usize,
        initial_trials: initial.unwrap_or_else(|| initial_trials(trials)) as usize,
        initial_trials_open: initial.is_none(),
        method: choice(document, section, "method")?,
        initial_design: choice(document, section, "initial_design")?,
        batch: document.count(section, "batch")? as usize,
        parallel: document.count(section, "parallel")? as usize,
        surrogate: choice(document, section, "surrogate")?,
        score_scale: choice(document, section, "score_scale")?,
        cost_input: document.switch(section, "cost_input")?,
        acquisition: choice(document, section, "acquisition")?,
        reference_point: ReferenceRule {
            score,
            parameters_percent: document.real(bounds, "parameters_percent"),
        },
        cost_scale: choice(document, section, "cost_scale")?,
        warmup_draws: document.count(section, "warmup_draws")? as usize,
        posterior_draws: document.count(section, "posterior_draws")? as usize,
        thinning: document.count(section, "thinning")? as usize,
        acquisition_evaluations: document.count(section, "acquisition_evaluations")? as usize,
        local_search_starts: document.count(section, "local_search_starts")? as usize,
        repeats_open: document.span(section, "repeats").is_none(),
        repeats: document.real(section, "repeats")?,
        stop_below: document.real(section, "stop_below"),
    })
}

/// A tenth of the trials: a surrogate learns more from a proposal than from a random trial. At least ten where that leaves
/// most trials to it.
fn initial_trials(trials: u64) -> u64 {
    trials.div_ceil(10).max(10).min((trials * 3).div_ceil(10))
}

/// The value of a key that allows a few words only, each the name of a variant of `T`.
fn choice<T: DeserializeOwned>(
    document: &mut Document<'_>,
    section: &str,
    name: &str,
) -> Option<T> {
    let text = document.text(section, name)?;
    serde_json::from_value(serde_json::Value::String(text)).ok()
}

fn training(document: &mut Document<'_>) -> Option<TrainingSettings> {
    let section = "training";
    Some(TrainingSettings {
        learning_rate: document.real(section, "learning_rate")?,
        batch_size: document.count(section, "batch_size")? as usize,
        evaluation_batch_size: document.count(section, "evaluation_batch_size")? as usize,
        max_length: document.count(section, "max_length")? as usize,
        pad_to_max_length: document.switch(section, "pad_to_max_length")?,
        length_buckets: document.switch(section, "length_buckets")?,
        activation_cache_mb: document.count(section, "activation_cache_mb")? as usize,
        epochs: document.count(section, "epochs")? as u32,
        patience: document.count(section, "patience")? as u32,
        warmup_share: document.real(section, "warmup_share")?,
        warmup_share_open: document.span(section, "warmup_share").is_none(),
        standard_targets: document.switch(section, "standard_targets")?,
        standard_targets_open: document.span(section, "standard_targets").is_none(),
        weight_decay: document.real(section, "weight_decay")?,
        max_gradient_norm: document.real(section, "max_gradient_norm")?,
        backbone_dropout: document.real(section, "backbone_dropout")?,
        head_dropout: document.real(section, "head_dropout")?,
        prefix_bottleneck: document.count(section, "prefix_bottleneck")? as usize,
        precision: choice(document, section, "precision")?,
    })
}

/// Epochs after which trials are compared. A comparison costs a checkpoint of every trial that ends there.
const RUNGS: Numbers = Numbers {
    what: "rung",
    low: 1,
    high: MOST_EPOCHS,
    most: 1000,
};

fn rungs(document: &mut Document<'_>) -> Option<Rungs> {
    let epochs = document.value("rungs", "epochs", |value, key| {
        let items = value.get_ref().as_array();
        let items = items.ok_or_else(|| mismatch(value, key))?;
        let epochs = distinct(value, items, &RUNGS)?;
        Ok(epochs.into_iter().map(|epoch| epoch as u32).collect())
    });
    let reduction_factor = document.count("rungs", "reduction_factor")? as u32;
    let epochs: Vec<u32> = epochs?;
    Some(match epochs.is_empty() {
        true => Rungs::default(),
        false => Rungs {
            epochs,
            reduction_factor,
        },
    })
}

fn fidelity(document: &mut Document<'_>) -> Option<FidelitySettings> {
    Some(FidelitySettings {
        data_share: document.real("fidelity", "data_share")?,
        epochs: document
            .count("fidelity", "epochs")
            .map(|epochs| epochs as u32),
    })
}
