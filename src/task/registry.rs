//! The known tasks: GLUE (Wang et al. 2019a) and five of SuperGLUE (Wang et al. 2019b).
//!
//! A further task is one more entry of [`TASKS`].
//!
//! Metrics are those by which the AutoPEFT paper searches: Matthews for CoLA, Spearman for STS-B, accuracy for
//! the rest. Columns and label numbers are those of the data sets on the Hugging Face hub.

use super::Metric;
use super::render::{choice_of_two, texts, word_in_two_sentences};

/// Turns the cells of a task's text columns into one or two texts.
pub(super) type Render = fn(Vec<String>) -> (String, Option<String>);

/// A task known by name.
#[derive(Clone, Copy, Debug)]
pub struct KnownTask {
    /// The name in study files.
    pub name: &'static str,
    /// What is asked, for people.
    pub about: &'static str,
    /// The columns that the texts are made of.
    pub columns: &'static [&'static str],
    /// Names of the classes, by number; none: a number is predicted.
    pub classes: Option<&'static [&'static str]>,
    /// The metric unless the study names another.
    pub metric: Metric,
    /// Where it lies on the hub.
    pub hub: HubData,
    /// Makes texts of the columns.
    pub(super) render: Render,
}

/// Where a task lies on the hub, as Parquet.
#[derive(Clone, Copy, Debug)]
pub struct HubData {
    /// Id of the data set.
    pub dataset: &'static str,
    /// Folder of the task in it.
    pub config: &'static str,
    /// Name of the validation split.
    pub validation: &'static str,
}

impl HubData {
    /// Path of a split's file in the data set.
    pub fn file(&self, split: &str) -> String {
        format!("{}/{split}-00000-of-00001.parquet", self.config)
    }
}

/// Column of the label in every known task.
pub(super) const LABEL_COLUMN: &str = "label";

/// The known task of that name.
pub fn known(name: &str) -> Option<&'static KnownTask> {
    TASKS.iter().find(|task| task.name == name)
}

const fn glue(config: &'static str) -> HubData {
    HubData {
        dataset: "nyu-mll/glue",
        config,
        validation: "validation",
    }
}

const fn super_glue(config: &'static str) -> HubData {
    HubData {
        dataset: "aps/super_glue",
        config,
        validation: "validation",
    }
}

const ENTAILMENT: &[&str] = &["entailment", "not_entailment"];

/// Every known task.
pub const TASKS: &[KnownTask] = &[
    KnownTask {
        name: "cola",
        about: "is the sentence grammatical?",
        columns: &["sentence"],
        classes: Some(&["unacceptable", "acceptable"]),
        metric: Metric::Matthews,
        hub: glue("cola"),
        render: texts,
    },
    KnownTask {
        name: "sst2",
        about: "is the phrase of a film review positive?",
        columns: &["sentence"],
        classes: Some(&["negative", "positive"]),
        metric: Metric::Accuracy,
        hub: glue("sst2"),
        render: texts,
    },
    KnownTask {
        name: "mrpc",
        about: "do the sentences say the same?",
        columns: &["sentence1", "sentence2"],
        classes: Some(&["not_equivalent", "equivalent"]),
        metric: Metric::Accuracy,
        hub: glue("mrpc"),
        render: texts,
    },
    KnownTask {
        name: "stsb",
        about: "how similar are the sentences, from 0 to 5?",
        columns: &["sentence1", "sentence2"],
        classes: None,
        metric: Metric::Spearman,
        hub: glue("stsb"),
        render: texts,
    },
    KnownTask {
        name: "qqp",
        about: "do the questions ask the same?",
        columns: &["question1", "question2"],
        classes: Some(&["not_duplicate", "duplicate"]),
        metric: Metric::Accuracy,
        hub: glue("qqp"),
        render: texts,
    },
    KnownTask {
        name: "mnli",
        about: "does the premise entail the hypothesis, contradict it, or neither?",
        columns: &["premise", "hypothesis"],
        classes: Some(&["entailment", "neutral", "contradiction"]),
        metric: Metric::Accuracy,
        hub: HubData {
            dataset: "nyu-mll/glue",
            config: "mnli",
            validation: "validation_matched",
        },
        render: texts,
    },
    KnownTask {
        name: "qnli",
        about: "does the sentence answer the question?",
        columns: &["question", "sentence"],
        classes: Some(ENTAILMENT),
        metric: Metric::Accuracy,
        hub: glue("qnli"),
        render: texts,
    },
    KnownTask {
        name: "rte",
        about: "does the first text entail the second?",
        columns: &["sentence1", "sentence2"],
        classes: Some(ENTAILMENT),
        metric: Metric::Accuracy,
        hub: glue("rte"),
        render: texts,
    },
    KnownTask {
        name: "wnli",
        about: "does the second sentence resolve the first one's pronoun rightly?",
        columns: &["sentence1", "sentence2"],
        classes: Some(&["not_entailment", "entailment"]),
        metric: Metric::Accuracy,
        hub: glue("wnli"),
        render: texts,
    },
    KnownTask {
        name: "superglue_rte",
        about: "as rte, with the columns that SuperGLUE gives it",
        columns: &["premise", "hypothesis"],
        classes: Some(ENTAILMENT),
        metric: Metric::Accuracy,
        hub: super_glue("rte"),
        render: texts,
    },
    KnownTask {
        name: "cb",
        about: "is the author of the premise committed to the hypothesis?",
        columns: &["premise", "hypothesis"],
        classes: Some(&["entailment", "contradiction", "neutral"]),
        metric: Metric::Accuracy,
        hub: super_glue("cb"),
        render: texts,
    },
    KnownTask {
        name: "copa",
        about: "which of two alternatives is the cause, or the effect?",
        columns: &["premise", "question", "choice1", "choice2"],
        classes: Some(&["choice1", "choice2"]),
        metric: Metric::Accuracy,
        hub: super_glue("copa"),
        render: choice_of_two,
    },
    KnownTask {
        name: "wic",
        about: "has the word the same sense in both sentences?",
        columns: &["word", "sentence1", "sentence2"],
        classes: Some(&["different", "same"]),
        metric: Metric::Accuracy,
        hub: super_glue("wic"),
        render: word_in_two_sentences,
    },
    KnownTask {
        name: "boolq",
        about: "does the passage answer the question with yes?",
        columns: &["question", "passage"],
        classes: Some(&["no", "yes"]),
        metric: Metric::Accuracy,
        hub: super_glue("boolq"),
        render: texts,
    },
];
