//! What can be wrong with a task and its data.

use std::path::PathBuf;

use crate::hub::HubError;
use crate::visible::visible;

/// A task that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// No task has this name.
    #[error(
        "no task is called `{name}`{}; known tasks: {known}. For data of your own, name its `text_columns` and `label_column`",
        nearest.as_ref().map(|name| format!(" (nearest: `{name}`)")).unwrap_or_default()
    )]
    Unknown {
        /// The name given.
        name: String,
        /// The most similar known name, if one is similar.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// The settings contradict each other or the data.
    #[error("task `{task}`: {problem}")]
    Settings {
        /// Name of the task.
        task: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A file could not be opened or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file as a whole is not what was expected.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A file, or all files of a set, are empty.
    #[error("{}: the file holds no rows; at least one is needed", path.display())]
    NoRows {
        /// The file, the first of them.
        path: PathBuf,
    },
    /// A file lacks a column.
    #[error("{}: there is no column `{}`; the columns are {columns}", path.display(), visible(column))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// What there is, for people.
        columns: String,
    },
    /// One row of a file is not what was expected.
    #[error(
        "{}, {row}{}: found {found}, expected {expected}",
        path.display(),
        column.as_ref().map(|name| format!(", column `{}`", visible(name))).unwrap_or_default()
    )]
    Row {
        /// The file.
        path: PathBuf,
        /// Where in it.
        row: Place,
        /// The column, where one is concerned.
        column: Option<String>,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// The hub did not give a file.
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// Where a row lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line of a text file, from 1.
    Line(u64),
    /// Row of a binary file, from 1.
    Row(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}
