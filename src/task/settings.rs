//! Which task, where its rows lie and how they are split.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Metric, TaskError};

/// The task: a known one by name, or columns of own files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSettings {
    /// A registered task (`rte`, `mrpc`, ..., `demo`), or a name of the user's choice when `columns` are given.
    pub name: String,
    /// Folder with `train` and `validation` files; none: from the hub (or embedded).
    pub folder: Option<PathBuf>,
    /// Own files; they take the place of `folder`.
    pub train_file: Option<PathBuf>,
    /// See `train_file`.
    pub validation_file: Option<PathBuf>,
    /// See `train_file`.
    pub test_file: Option<PathBuf>,
    /// Format of the files; none: by their extension.
    pub format: Option<DataFormat>,
    /// Text column or columns (one or two), for own data.
    pub text_columns: Vec<String>,
    /// Label column, for own data.
    pub label_column: Option<String>,
    /// Whether labels are numbers to predict rather than classes, for own data.
    pub regression: bool,
    /// The classes in their order, by name, for own data; empty: those that the files tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What to do with rows whose label is missing.
    #[serde(default, skip_serializing_if = "MissingLabels::is_refused")]
    pub missing_labels: MissingLabels,
    /// The metric to maximise; none: the task's own.
    pub metric: Option<Metric>,
    /// Where the search-validation rows come from.
    pub validation: ValidationSplit,
    /// Use at most this many training rows (a seeded sample); none: all.
    pub train_rows: Option<usize>,
    /// Use at most this many validation rows (a seeded sample); none: all.
    pub validation_rows: Option<usize>,
}

impl TaskSettings {
    /// The metric to maximise: the one asked for, the task's own, or the usual one for its kind of label.
    pub fn scored_by(&self) -> Metric {
        let usual = if self.regression {
            Metric::Spearman
        } else {
            Metric::Accuracy
        };
        let own = || super::known(&self.name).map_or(usual, |known| known.metric);
        self.metric.unwrap_or_else(own)
    }

    /// The error of these settings.
    pub(super) fn wrong(&self, problem: impl Into<String>) -> TaskError {
        TaskError::Settings {
            task: self.name.clone(),
            problem: problem.into(),
        }
    }
}

/// What to do with rows whose label is missing: empty, `null`, NaN, or a mark such as -1 or `N/A`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingLabels {
    /// Refuse the file.
    #[default]
    Refuse,
    /// Leave the rows out.
    Drop,
}

impl MissingLabels {
    fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

/// Format of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated with a header.
    Csv,
    /// Tab-separated with a header.
    Tsv,
    /// Apache Parquet.
    Parquet,
}

/// Which rows the search measures on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationSplit {
    /// The task's own validation (dev) set, as the paper did; the test set is then the same.
    Dev,
    /// This share of the training rows, stratified and seeded; the dev set is then kept as the test set.
    TrainShare(f64),
}

impl fmt::Display for ValidationSplit {
    /// The rows that a score was measured on, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dev => f.write_str("the dev set, on which the search chose, as the paper did"),
            Self::TrainShare(share) => {
                write!(
                    f,
                    "{} % of the training rows, kept from training",
                    100.0 * share
                )
            }
        }
    }
}
