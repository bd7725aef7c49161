//! Readers of data files: the columns asked for, as rows of cells.

#[cfg(test)]
mod bounds;
mod columns;
mod delimited;
mod delimiter;
mod json;
mod parquet;
mod quotes;
mod records;
mod room;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) use columns::columns;
pub(crate) use parquet::ClassNames;
pub(crate) use quotes::Known;

use super::error::{Place, TaskError};
use super::settings::DataFormat;
use crate::visible::{listed, visible};
use room::Room;

/// The columns asked for, of every row of one file or of several that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// The files, in the order of their rows; one at least.
    pub(crate) files: Vec<PathBuf>,
    /// Names of the columns, in the order asked for.
    pub(crate) columns: Vec<String>,
    /// The rows, in the order of the files; never empty.
    pub(crate) rows: Vec<Row>,
    /// What is odd about the files, though it can be read.
    pub(crate) warnings: Vec<String>,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Which of [`Table::files`] it is from.
    pub(crate) file: usize,
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
    /// A value that is absent or `null`.
    Missing,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => {
                // A long passage would drown the rest of the message.
                let start: String = text.chars().take(40).collect();
                let dots = if start.len() < text.len() { "..." } else { "" };
                write!(f, "the text `{}{dots}`", visible(&start))
            }
            Self::Integer(number) => write!(f, "the number {number}"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Missing => f.write_str("nothing"),
        }
    }
}

/// What one reader found in one file.
struct Content {
    rows: Vec<(Place, Vec<Cell>)>,
    warnings: Vec<String>,
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

/// The `columns` of every row of these files, which are one table; `known`: what is known of the files before they are read.
///
/// # Errors
/// A file cannot be read, is damaged, lacks a column or has two of its name, or holds no rows.
pub(crate) fn read(
    files: &[PathBuf],
    format: Option<DataFormat>,
    columns: &[String],
    known: &Known<'_>,
) -> Result<Table, TaskError> {
    let mut table = Table {
        files: files.to_vec(),
        columns: columns.to_vec(),
        rows: Vec::new(),
        warnings: Vec::new(),
    };
    let room = Room::of_memory();
    for (file, path) in files.iter().enumerate() {
        let content = match format_of(path, format)? {
            DataFormat::Jsonl => json::rows(path, columns, &room),
            DataFormat::Csv => delimited::rows(path, columns, records::CSV, known, &room),
            DataFormat::Tsv => delimited::rows(path, columns, records::TSV, known, &room),
            DataFormat::Parquet => parquet::rows(path, columns, &room),
        }?;
        let rows = content.rows.into_iter();
        let rows = rows.map(|(place, cells)| Row { file, place, cells });
        table.rows.extend(rows);
        let named = |warning| format!("{}: {warning}", file_name(path));
        table
            .warnings
            .extend(content.warnings.into_iter().map(named));
    }
    match files.first() {
        // One of several files may be empty.
        Some(path) if table.rows.is_empty() => Err(TaskError::NoRows { path: path.clone() }),
        _ => Ok(table),
    }
}

impl ClassNames {
    /// What a file itself calls the numbers of its columns.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn of(path: &Path, format: Option<DataFormat>) -> Result<Self, TaskError> {
        match format_of(path, format)? {
            DataFormat::Parquet => Self::of_parquet(path),
            DataFormat::Jsonl | DataFormat::Csv | DataFormat::Tsv => Ok(Self::nothing(path)),
        }
    }
}

/// A file's name without its folder.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    visible(&name.to_string_lossy())
}

/// The format that was asked for, or else the one that the extension names.
fn format_of(path: &Path, format: Option<DataFormat>) -> Result<DataFormat, TaskError> {
    let found = format.or_else(|| DataFormat::of(path));
    found.ok_or_else(|| {
        let problem = "the extension names no known format; use .jsonl, .csv, .tsv or .parquet, or set `format`";
        wrong(path, problem)
    })
}

/// The error of a file as a whole.
fn wrong(path: &Path, problem: impl ToString) -> TaskError {
    TaskError::File {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

/// Refuses a file without one of the columns, or with two of its name.
fn held(path: &Path, wanted: &[String], names: &[&str]) -> Result<(), TaskError> {
    for column in wanted {
        match names.iter().filter(|name| *name == column).count() {
            0 => {
                return Err(TaskError::NoColumn {
                    path: path.to_owned(),
                    column: column.clone(),
                    columns: listed(names.iter().copied()),
                });
            }
            1 => {}
            more => return Err(wrong(path, twice(column, more))),
        }
    }
    Ok(())
}

/// Refuses columns of which two are called the same.
fn unlike<'n>(path: &Path, names: impl Iterator<Item = &'n str>) -> Result<(), TaskError> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
        all.push(name);
    }
    match all.into_iter().find(|name| counts[name] > 1) {
        Some(name) => Err(wrong(path, twice(name, counts[name]))),
        None => Ok(()),
    }
}

/// What is wrong with a name that several columns have.
fn twice(column: &str, count: usize) -> String {
    format!(
        "{count} columns are called `{}`, and which one is meant cannot be told; rename or remove all but one",
        visible(column)
    )
}

/// What is expected of bytes.
const UTF8: &str = "UTF-8 text; save it as such (for example: iconv -f ENCODING -t UTF-8 OLD > NEW, where ENCODING is WINDOWS-1252 in most of the West, GB18030 in China, SHIFT_JIS in Japan)";

/// A description of bytes that are no UTF-8.
fn bad_utf8(error: std::str::Utf8Error) -> String {
    format!(
        "bytes that are no UTF-8 text (at byte {})",
        error.valid_up_to() + 1
    )
}
