//! Why no study can be proposed, told to people with what to say instead.

use std::path::PathBuf;

use crate::model::{LoadError, SourceError, TokenizerError};
use crate::task::TaskError;

/// Keys of a study file that errors of its data advise, and what says the same here.
const OPTIONS: [(&str, &str); 4] = [
    ("`task.quoted_lines = \"trust\"`", "--trust-quoted-lines"),
    ("`task.missing_labels = \"drop\"`", "--drop-missing-labels"),
    ("`task.labels`", "--labels"),
    ("`regression = true`", "--predict amounts"),
];

/// Why no study can be proposed.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The data cannot be used.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The data cannot be used as they stand, and a key of the study file would help.
    #[error("{error}; here {options}")]
    Keys {
        /// What is wrong, and which key says what to do.
        error: Box<TaskError>,
        /// What to say in the keys' place.
        options: String,
    },
    /// The model cannot be found.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model's configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The tokenizer or a text cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A file's or folder's name cannot stand in a study file.
    #[error(
        "{}: this name is not UTF-8, so that no study file can say it; rename the file or folder", path.display()
    )]
    NotUnicode {
        /// The file or folder.
        path: PathBuf,
    },
    /// Nothing tells which column is the label.
    #[error("{path}: which column is the label? name it with --label; the columns are {columns}")]
    NoLabel {
        /// The file.
        path: PathBuf,
        /// What there is to choose from.
        columns: String,
    },
    /// The column that is named as the label numbers the rows.
    #[error(
        "{path}: the column `{label}` counts the rows from the first to the last, and is no label; name another with --label; the columns are {columns}"
    )]
    CountsRows {
        /// The file.
        path: PathBuf,
        /// The column.
        label: String,
        /// What there is to choose from.
        columns: String,
    },
    /// The labels are numbers that may be classes or amounts.
    #[error(
        "{path}: the column `{label}` holds {distinct} whole numbers side by side: do they number classes, or are they amounts? say which with --predict classes or --predict amounts"
    )]
    ClassesOrAmounts {
        /// The file.
        path: PathBuf,
        /// The column.
        label: String,
        /// Different numbers.
        distinct: usize,
    },
    /// Nothing tells which columns are the texts.
    #[error(
        "{path}: which column is the text? name it, or the two of a pair, with --text; the columns are {columns}"
    )]
    NoText {
        /// The file.
        path: PathBuf,
        /// What there is to choose from.
        columns: String,
    },
}

/// The error of data, with what to say in place of the keys that it advises.
pub(super) fn advised(error: TaskError) -> DraftError {
    let told = error.to_string();
    let advised = OPTIONS.iter().filter(|(key, _)| told.contains(key));
    let options: Vec<String> = advised
        .map(|(key, option)| format!("{key} is {option}"))
        .collect();
    match options.is_empty() {
        true => DraftError::Task(error),
        false => DraftError::Keys {
            error: Box::new(error),
            options: options.join(", "),
        },
    }
}
