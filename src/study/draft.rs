//! The text of a new study file, with comments that say what was seen and why each value was chosen.

use std::fmt;
use std::path::{Path, PathBuf};

use super::settings::ModelSource;
use crate::task::{Metric, MissingLabels, QuotedLines, visible};

/// A study file to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Name of the study and of its task.
    pub name: String,
    /// Folder of the study file; paths below it are written relative to it.
    pub folder: PathBuf,
    /// The backbone.
    pub model: ModelSource,
    /// What was seen in the data, a line each.
    pub seen: Vec<String>,
    /// What is worth a second look, a line each.
    pub warnings: Vec<String>,
    /// Training rows.
    pub train: PathBuf,
    /// Validation (dev) rows.
    pub validation: Option<PathBuf>,
    /// Test rows.
    pub test: Option<PathBuf>,
    /// The text's column, or the two of a pair.
    pub text_columns: Vec<String>,
    /// The label's column.
    pub label_column: String,
    /// Whether the labels are numbers to predict.
    pub regression: bool,
    /// The classes in their order; empty: those that the files tell.
    pub labels: Vec<String>,
    /// What to do with rows whose label is missing.
    pub missing_labels: MissingLabels,
    /// What to do with a quoted text whose lines read as rows.
    pub quoted_lines: QuotedLines,
    /// The score, and why it.
    pub metric: (Metric, String),
    /// Share of the training rows that the search measures on.
    pub validation_share: f64,
    /// Longest row in tokens, and why.
    pub max_length: (usize, String),
    /// Rows per training step.
    pub batch_size: usize,
    /// Epochs at most, and why.
    pub epochs: (u32, String),
    /// Share of the rows that the search trains on, where there are too many for every trial.
    pub data_share: Option<f64>,
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}\n#", self.name)?;
        // A label may hold anything, line ends included, which would end the comment.
        for line in &self.seen {
            writeln!(f, "# {}", visible(line))?;
        }
        for line in &self.warnings {
            writeln!(f, "# Take care: {}", visible(line))?;
        }
        writeln!(
            f,
            "#\n# `autopeft-tui keys` explains every key and its default.\n"
        )?;
        writeln!(f, "[study]\nname = {}\n", quoted(&self.name))?;
        match &self.model {
            ModelSource::Embedded => writeln!(f, "[model]\nembedded = true\n")?,
            ModelSource::Folder(folder) => {
                writeln!(f, "[model]\npath = {}\n", self.path(folder))?;
            }
            ModelSource::Hub { id, revision } => {
                writeln!(f, "[model]\nhub = {}", quoted(id))?;
                if revision != "main" {
                    writeln!(f, "revision = {}", quoted(revision))?;
                }
                writeln!(f)?;
            }
        }
        self.write_task(f)?;
        writeln!(
            f,
            "[search]\ntrials = 60 # more find more, at the cost of a training each\n"
        )?;
        writeln!(f, "[training]")?;
        let (length, why) = &self.max_length;
        writeln!(f, "max_length = {length} # {why}")?;
        writeln!(f, "batch_size = {}", self.batch_size)?;
        let (epochs, why) = &self.epochs;
        writeln!(f, "epochs = {epochs} # {why}")?;
        if let Some(share) = self.data_share {
            writeln!(
                f,
                "\n# The search sees this share of the rows: enough to rank configurations."
            )?;
            writeln!(
                f,
                "[fidelity]\ndata_share = {share}\nepochs = {}",
                epochs.min(&3)
            )?;
        }
        Ok(())
    }
}

impl Draft {
    fn write_task(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[task]\nname = {}", quoted(&self.name))?;
        writeln!(f, "train_file = {}", self.path(&self.train))?;
        let files = [
            ("validation_file", &self.validation),
            ("test_file", &self.test),
        ];
        for (key, file) in files {
            if let Some(file) = file {
                writeln!(f, "{key} = {}", self.path(file))?;
            }
        }
        writeln!(f, "text_columns = {}", list(&self.text_columns))?;
        writeln!(f, "label_column = {}", quoted(&self.label_column))?;
        if !self.labels.is_empty() {
            writeln!(f, "labels = {}", list(&self.labels))?;
        }
        if self.missing_labels == MissingLabels::Drop {
            writeln!(f, "missing_labels = \"drop\"")?;
        }
        if self.quoted_lines == QuotedLines::Trust {
            writeln!(f, "quoted_lines = \"trust\"")?;
        }
        if self.regression {
            writeln!(f, "regression = true # the labels are amounts, not classes")?;
        }
        let (metric, why) = &self.metric;
        writeln!(f, "metric = {} # {why}", quoted(metric.name()))?;
        let kept = match (&self.validation, &self.test) {
            (Some(_), None) => "; the validation file stays apart as a test set",
            (_, Some(_)) => "; the test file stays apart",
            (None, None) => "; with a test file, the result could be measured honestly",
        };
        writeln!(
            f,
            "validation = {} # the search measures on this share of the training rows{kept}\n",
            self.validation_share
        )
    }

    /// A path as it stands in the file.
    fn path(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.folder).unwrap_or(path);
        let inside = match inside.as_os_str().is_empty() {
            true => Path::new("."),
            false => inside,
        };
        quoted(&inside.display().to_string())
    }
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
