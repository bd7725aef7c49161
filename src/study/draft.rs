//! The text of a new study file, with comments that say what was seen and why each value was chosen.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use super::settings::ModelSource;
use crate::task::{Metric, MissingLabels, QuotedLines};
use crate::visible::{Lines, quoted};

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
        // A label may hold anything, line ends included, which would end a comment or begin a table.
        let f = &mut Lines(f);
        writeln!(f, "# {}", self.name)?;
        writeln!(f, "#")?;
        for line in &self.seen {
            writeln!(f, "# {line}")?;
        }
        for line in &self.warnings {
            writeln!(f, "# Take care: {line}")?;
        }
        writeln!(f, "#")?;
        writeln!(
            f,
            "# `autopeft-tui keys` explains every key and its default."
        )?;
        writeln!(f)?;
        writeln!(f, "[study]")?;
        writeln!(f, "name = {}", quoted(&self.name))?;
        writeln!(f)?;
        self.write_model(f)?;
        self.write_task(f)?;
        writeln!(f, "[search]")?;
        writeln!(
            f,
            "trials = 60 # more find more, at the cost of a training each"
        )?;
        writeln!(f)?;
        writeln!(f, "[training]")?;
        let (length, why) = &self.max_length;
        writeln!(f, "max_length = {length} # {why}")?;
        writeln!(f, "batch_size = {}", self.batch_size)?;
        let (epochs, why) = &self.epochs;
        writeln!(f, "epochs = {epochs} # {why}")?;
        if let Some(share) = self.data_share {
            writeln!(f)?;
            writeln!(
                f,
                "# The search sees this share of the rows: enough to rank configurations."
            )?;
            writeln!(f, "[fidelity]")?;
            writeln!(f, "data_share = {share}")?;
            writeln!(f, "epochs = {}", epochs.min(&3))?;
        }
        Ok(())
    }
}

impl Draft {
    fn write_model(&self, f: &mut Lines<impl fmt::Write>) -> fmt::Result {
        writeln!(f, "[model]")?;
        match &self.model {
            ModelSource::Embedded => writeln!(f, "embedded = true")?,
            ModelSource::Folder(folder) => writeln!(f, "path = {}", self.path(folder))?,
            ModelSource::Hub { id, revision } => {
                writeln!(f, "hub = {}", quoted(id))?;
                if revision != "main" {
                    writeln!(f, "revision = {}", quoted(revision))?;
                }
            }
        }
        writeln!(f)
    }

    fn write_task(&self, f: &mut Lines<impl fmt::Write>) -> fmt::Result {
        writeln!(f, "[task]")?;
        writeln!(f, "name = {}", quoted(&self.name))?;
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
            "validation = {} # the search measures on this share of the training rows{kept}",
            self.validation_share
        )?;
        writeln!(f)
    }

    /// A path as it stands in the file. The caller has refused what is no text, see [`written`].
    fn path(&self, path: &Path) -> String {
        quoted(&written(path, &self.folder).to_string_lossy())
    }
}

/// What a study file in `folder` says for a path: what is below that folder, from there. TOML has no words for a name that
/// is not UTF-8.
pub fn written<'p>(path: &'p Path, folder: &Path) -> &'p OsStr {
    let inside = path.strip_prefix(folder).unwrap_or(path).as_os_str();
    match inside.is_empty() {
        true => OsStr::new("."),
        false => inside,
    }
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use std::collections::BTreeSet;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::study::Study;
    use crate::task::{ValidationSplit, plain_name};

    /// Names as others may give them: any character, and often those that mean something in TOML.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[-\"'\\\\\n\r\t #=\\[\\]{}.,a-z\u{1b}\u{202e}\u{2028}\u{85}\u{0}\u{7f}]{1,24}",
            any::<String>().prop_filter("a name", |name| !name.is_empty()),
        ]
    }

    /// A file's name: no separator, and neither of the two that mean folders.
    fn file() -> impl Strategy<Value = PathBuf> {
        name().prop_map(|name| PathBuf::from(format!("f{}", name.replace(['/', '\0'], "_"))))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn what_is_written_is_read_as_what_it_was(
            text_columns in vec(name(), 1..=2),
            label_column in name(),
            labels in btree_set(name(), 2..5),
            files in vec(file(), 4),
            told in vec(any::<String>(), 4),
        ) {
            let columns: Vec<&String> = text_columns.iter().chain([&label_column]).collect();
            prop_assume!((1..columns.len()).all(|i| !columns[..i].contains(&columns[i])));
            // As the study file's own reader takes them: without blanks around, each once.
            let labels = labels.iter().map(|name| plain_name(name).into_owned());
            let labels: BTreeSet<String> = labels.filter(|name| !name.is_empty()).collect();
            prop_assume!(labels.len() > 1);
            let labels: Vec<String> = labels.into_iter().collect();
            let folder = PathBuf::from("/a/folder");
            let draft = Draft {
                name: "mine".to_owned(),
                folder: folder.clone(),
                model: ModelSource::Folder(PathBuf::from("/elsewhere").join(&files[0])),
                seen: told[..2].to_vec(),
                warnings: told[2..].to_vec(),
                train: folder.join(&files[1]),
                validation: Some(folder.join(&files[2])),
                test: Some(folder.join(&files[3])),
                text_columns,
                label_column,
                regression: false,
                labels,
                missing_labels: MissingLabels::Drop,
                quoted_lines: QuotedLines::Trust,
                metric: (Metric::Matthews, told[0].clone()),
                validation_share: 0.2,
                max_length: (64, told[1].clone()),
                batch_size: 16,
                epochs: (7, told[2].clone()),
                data_share: Some(0.25),
            };
            let text = draft.to_string();
            let joiners = ['\n', '\u{200c}', '\u{200d}'];
            let hidden = |c: char| crate::visible::is_hidden(c) && !joiners.contains(&c);
            prop_assert!(!text.contains(hidden), "{text:?}");
            let study = Study::parse(&text, Path::new("mine.toml"), &folder);
            let study = study.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(study.name.as_str(), "mine");
            prop_assert_eq!(study.model, draft.model);
            let task = study.task;
            prop_assert_eq!(task.train_file, Some(draft.train));
            prop_assert_eq!(task.validation_file, draft.validation);
            prop_assert_eq!(task.test_file, draft.test);
            prop_assert_eq!(task.text_columns, draft.text_columns);
            prop_assert_eq!(task.label_column, Some(draft.label_column));
            prop_assert_eq!(task.labels, draft.labels);
            prop_assert_eq!(task.metric, Some(Metric::Matthews));
            prop_assert_eq!(task.validation, ValidationSplit::TrainShare(0.2));
            prop_assert_eq!((study.training.max_length, study.training.epochs), (64, 7));
        }
    }
}
