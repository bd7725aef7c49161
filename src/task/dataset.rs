//! A task's rows, read and split.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Metric, Scoring};

/// One row: a text or a pair of texts, and its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The first text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// What is to be predicted.
    pub label: Label,
}

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Label {
    /// A class, from 0.
    Class(usize),
    /// A number.
    Value(f32),
}

/// The kind of label of a whole task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// Classes, with their names.
    Classes(Vec<String>),
    /// A number to predict.
    Regression,
}

impl Labels {
    /// Width of the head's output: the number of classes, 1 for regression.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes(names) => names.len(),
            Self::Regression => 1,
        }
    }
}

/// A task's rows, split three ways.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name of the task.
    pub task: String,
    /// Kind of label.
    pub labels: Labels,
    /// The metric to maximise.
    pub metric: Metric,
    /// The class that F1 counts; none with other metrics.
    pub positive: Option<usize>,
    /// Rows to train on.
    pub train: Vec<Example>,
    /// Rows that the search measures on and that choose the best epoch.
    pub validation: Vec<Example>,
    /// Rows kept apart; empty where the validation rows are the dev set itself.
    pub test: Vec<Example>,
    /// What is worth knowing before a score is believed: rows shared by training and validation, and the like.
    pub warnings: Vec<String>,
    /// The files that the rows were read from; none where the program makes them.
    pub files: Vec<PathBuf>,
}

impl Dataset {
    /// How predictions are scored.
    pub fn scoring(&self) -> Scoring {
        Scoring {
            metric: self.metric,
            classes: self.labels.outputs(),
            positive: self.positive.unwrap_or(1),
        }
    }

    /// Name of the class that F1 counts; none with other metrics.
    pub fn positive_label(&self) -> Option<&str> {
        match &self.labels {
            Labels::Classes(names) => names.get(self.positive?).map(String::as_str),
            Labels::Regression => None,
        }
    }

    /// Name of the score, for people.
    pub fn score_name(&self) -> String {
        self.metric.label(self.positive_label())
    }
}
