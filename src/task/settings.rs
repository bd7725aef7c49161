//! Which task, where its rows lie and how they are split.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Edition, KnownTask, Metric, TaskError, demo};

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
    /// What to do with quoted texts of several lines that may be rows which a stray quote swallowed.
    #[serde(default, skip_serializing_if = "QuotedLines::are_checked")]
    pub quoted_lines: QuotedLines,
    /// The metric to maximise; none: the task's own.
    pub metric: Option<Metric>,
    /// The class that F1 counts; none: class 1 of a stated list of classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive_label: Option<String>,
    /// Where the search-validation rows come from.
    pub validation: ValidationSplit,
    /// Use at most this many training rows (a seeded sample); none: all.
    pub train_rows: Option<usize>,
    /// Use at most this many validation rows (a seeded sample); none: all.
    pub validation_rows: Option<usize>,
    /// The rules by which rows are chosen and scored; those of a study's beginning hold for all of it.
    #[serde(default, skip_serializing_if = "Edition::is_first")]
    pub edition: Edition,
}

impl TaskSettings {
    /// Whether it names columns of own data; what is known of a task of the same name is not meant then.
    pub fn is_own_data(&self) -> bool {
        !self.text_columns.is_empty()
    }

    /// The known task that is meant; none for own data and for the demo task.
    fn known(&self) -> Option<&'static KnownTask> {
        super::known(&self.name).filter(|_| !self.is_own_data())
    }

    /// The metric to maximise: the one asked for, the task's own, or the usual one for its kind of label.
    pub fn scored_by(&self) -> Metric {
        let usual = match self.regression {
            true => Metric::Spearman,
            false => Metric::Accuracy,
        };
        let own = || self.known().map_or(usual, |known| known.metric);
        self.metric.unwrap_or_else(own)
    }

    /// Name of the class that F1 counts, as far as the settings tell it; none with other metrics.
    fn positive_class(&self) -> Option<&str> {
        let second = || match self.known() {
            Some(known) => known.classes?.get(1).copied(),
            None if self.is_own_data() => self.labels.get(1).map(String::as_str),
            None => (self.name == demo::NAME).then_some(demo::LABELS[1]),
        };
        let class = self.positive_label.as_deref().or_else(second);
        class.filter(|_| self.scored_by() == Metric::F1)
    }

    /// Name of the score, for people.
    pub fn score_name(&self) -> String {
        self.scored_by().label(self.positive_class())
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

/// What to do with a quoted text of a CSV file whose lines read as rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotedLines {
    /// Refuse the file: a stray quote may have made one text of several rows.
    #[default]
    Check,
    /// Take the text as it stands.
    Trust,
}

impl QuotedLines {
    fn are_checked(&self) -> bool {
        *self == Self::Check
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    fn settings(json: &str) -> TaskSettings {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn own_data_called_like_a_known_task_has_a_metric_of_its_own() {
        let rest = r#""regression": false, "validation": "dev""#;
        let known = settings(&format!(
            r#"{{"name": "stsb", "text_columns": [], {rest}}}"#
        ));
        assert_eq!(known.scored_by(), Metric::Spearman);
        let own = settings(&format!(
            r#"{{"name": "stsb", "text_columns": ["a"], "label_column": "b", {rest}}}"#
        ));
        assert_eq!(own.scored_by(), Metric::Accuracy);
        assert_eq!(own.score_name(), "accuracy");
    }

    #[test]
    fn the_name_of_f1_tells_the_class_that_counts() {
        let rest = r#""regression": false, "validation": "dev", "metric": "f1""#;
        let name = |task: &str| settings(&format!("{{{task}, {rest}}}")).score_name();
        assert_eq!(
            name(r#""name": "mrpc", "text_columns": []"#),
            "F1 of `equivalent`"
        );
        assert_eq!(
            name(r#""name": "demo", "text_columns": []"#),
            "F1 of `entailment`"
        );
        let own = r#""name": "mrpc", "text_columns": ["a"]"#;
        assert_eq!(name(own), "F1");
        let listed = format!(r#"{own}, "labels": ["x", "y"]"#);
        assert_eq!(name(&listed), "F1 of `y`");
        assert_eq!(
            name(&format!(r#"{own}, "positive_label": "x""#)),
            "F1 of `x`"
        );
    }

    #[test]
    fn records_from_before_there_were_editions_mean_the_first() {
        let old = r#"{"name":"rte","folder":null,"train_file":null,"validation_file":null,"test_file":null,"format":null,"text_columns":[],"label_column":null,"regression":false,"metric":null,"validation":"dev","train_rows":null,"validation_rows":null}"#;
        let read = settings(old);
        assert_eq!(read.edition, Edition::First);
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
        let new = TaskSettings {
            edition: Edition::LATEST,
            ..read
        };
        let text = serde_json::to_string(&new).unwrap();
        assert_eq!(settings(&text), new);
        assert_ne!(text, old);
    }
}
