//! Readers of data files: the columns asked for, as rows of cells.

mod columns;
mod delimited;
mod jsonl;
mod parquet;

use std::path::{Path, PathBuf};

pub(crate) use columns::columns;

use super::error::{Place, TaskError};
use super::settings::DataFormat;

/// The columns asked for, of every row of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// The file.
    pub(crate) path: PathBuf,
    /// Names of the columns, in the order asked for.
    pub(crate) columns: Vec<String>,
    /// The rows, in the order of the file; never empty.
    pub(crate) rows: Vec<Row>,
}

impl Table {
    /// The text in a column of a row; a number is text as well, an absent value is not.
    pub(crate) fn text(&self, row: &Row, column: usize) -> Result<String, TaskError> {
        match &row.cells[column] {
            Cell::Text(text) => Ok(text.clone()),
            Cell::Integer(number) => Ok(number.to_string()),
            Cell::Number(number) => Ok(number.to_string()),
            absent @ (Cell::Bool(_) | Cell::Missing) => Err(TaskError::Row {
                path: self.path.clone(),
                row: row.place,
                column: Some(self.columns[column].clone()),
                found: absent.to_string(),
                expected: "a text".into(),
            }),
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Where it lies in its file.
    pub(crate) place: Place,
    /// Its cells, in the order of [`Table::columns`].
    pub(crate) cells: Vec<Cell>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A value that is absent, `null` or empty.
    Missing,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => {
                // A long passage would drown the rest of the message.
                let start: String = text.chars().take(40).collect();
                let dots = if start.len() < text.len() { "..." } else { "" };
                write!(f, "the text `{start}{dots}`")
            }
            Self::Integer(number) => write!(f, "the number {number}"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Missing => f.write_str("nothing"),
        }
    }
}

impl DataFormat {
    /// The formats and the extensions of their files.
    pub(crate) const EXTENSIONS: [(&'static str, Self); 6] = [
        ("jsonl", Self::Jsonl),
        ("json", Self::Jsonl),
        ("ndjson", Self::Jsonl),
        ("csv", Self::Csv),
        ("tsv", Self::Tsv),
        ("parquet", Self::Parquet),
    ];

    /// The format that a file's extension names.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let mut known = Self::EXTENSIONS.into_iter();
        let (_, format) = known.find(|(name, _)| *name == extension)?;
        Some(format)
    }
}

/// Reads `columns` of a file.
pub(crate) fn read(
    path: &Path,
    format: Option<DataFormat>,
    columns: &[String],
) -> Result<Table, TaskError> {
    let rows = match format_of(path, format)? {
        DataFormat::Jsonl => jsonl::rows(path, columns)?,
        DataFormat::Csv => delimited::rows(path, columns, delimited::CSV)?,
        DataFormat::Tsv => delimited::rows(path, columns, delimited::TSV)?,
        DataFormat::Parquet => parquet::rows(path, columns)?,
    };
    if rows.is_empty() {
        return Err(TaskError::File {
            path: path.to_owned(),
            problem: "the file holds no rows; at least one is needed".into(),
        });
    }
    Ok(Table {
        path: path.to_owned(),
        columns: columns.to_vec(),
        rows,
    })
}

/// The format that was asked for, or else the one that the extension names.
fn format_of(path: &Path, format: Option<DataFormat>) -> Result<DataFormat, TaskError> {
    let found = format.or_else(|| DataFormat::of(path));
    found.ok_or_else(|| TaskError::File {
        path: path.to_owned(),
        problem: "the extension names no known format; use .jsonl, .csv, .tsv or .parquet, or set `format`".into(),
    })
}

/// The whole file.
fn bytes(path: &Path) -> Result<Vec<u8>, TaskError> {
    std::fs::read(path).map_err(|source| TaskError::Io {
        path: path.to_owned(),
        source,
    })
}

/// The error of a file without a column.
fn no_column(path: &Path, column: &str, found: &[&str]) -> TaskError {
    TaskError::File {
        path: path.to_owned(),
        problem: format!(
            "there is no column `{column}`; the columns are {}",
            quoted(found)
        ),
    }
}

/// Names for a message.
fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A description of bytes that are no UTF-8.
fn bad_utf8(error: std::str::Utf8Error) -> String {
    format!(
        "bytes that are no UTF-8 text (at byte {})",
        error.valid_up_to() + 1
    )
}
