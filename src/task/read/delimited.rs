//! Comma- and tab-separated text with a header.

use std::borrow::Cow;
use std::path::Path;

use super::quotes::{Known, swallowed};
use super::records::{CLOSED, Dialect, Record, Splitter};
use super::{Cell, Content, bad_utf8, held, text, twice, wrong};
use crate::task::error::{Place, TaskError};

/// The `columns` of every row.
pub(super) fn rows(
    path: &Path,
    columns: &[String],
    dialect: Dialect,
    known: &Known<'_>,
) -> Result<Content, TaskError> {
    let content = text::bytes(path)?;
    let mut splitter = Splitter::new(path, &content, dialect)?;
    let names = splitter.header()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if columns
        .iter()
        .any(|column| !names.contains(&column.as_str()))
    {
        splitter.refuse_other_delimiter(columns)?;
    }
    held(path, columns, &names)?;
    let place = |column: &String| names.iter().position(|name| name == column);
    let places: Vec<usize> = columns.iter().filter_map(place).collect();

    let mut records = Vec::new();
    while let Some(record) = splitter.record()? {
        if record.fields.len() != names.len() {
            return Err(TaskError::Row {
                path: path.to_owned(),
                row: Place::Line(record.line),
                column: None,
                found: format!("{} fields", record.fields.len()),
                expected: format!("{}, as in the header", names.len()),
            });
        }
        let is_header = |(field, name): (&Cow<'_, [u8]>, &&str)| **field == *name.as_bytes();
        if record.fields.iter().zip(&names).all(is_header) {
            return Err(TaskError::Row {
                path: path.to_owned(),
                row: Place::Line(record.line),
                column: None,
                found: "the header once more".into(),
                expected: "a row; remove the line, which is left where files were joined".into(),
            });
        }
        records.push(record);
    }
    if dialect.quoting && !known.trusted {
        let label = known.label.and_then(|label| places.get(label).copied());
        let (unquoted, delimiter) = (&splitter.unquoted, dialect.delimiter);
        if let Some(found) = swallowed(&records, unquoted, delimiter, label, known.labels) {
            return Err(TaskError::Row {
                path: path.to_owned(),
                row: Place::Line(found.line),
                column: None,
                found: format!(
                    "a quote that opens a field and seems not to be closed: {} would be one text",
                    found.what
                ),
                expected: format!(
                    "{CLOSED}. If they are one text, `task.quoted_lines = \"trust\"` takes every quoted text as it stands"
                ),
            });
        }
    }
    let warnings = quoted_without_quoting(&records, dialect);
    let cell = |record: &Record<'_>, column: usize| {
        let text = std::str::from_utf8(&record.fields[places[column]]);
        text.map(|text| Cell::Text(text.to_owned()))
            .map_err(|error| TaskError::Row {
                path: path.to_owned(),
                row: Place::Line(record.line),
                column: Some(columns[column].clone()),
                found: bad_utf8(error),
                expected: "UTF-8 text".into(),
            })
    };
    let row = |record: &Record<'_>| {
        let cells = (0..columns.len()).map(|column| cell(record, column));
        Ok((
            Place::Line(record.line),
            cells.collect::<Result<_, TaskError>>()?,
        ))
    };
    let rows = records.iter().map(row).collect::<Result<_, TaskError>>()?;
    Ok(Content { rows, warnings })
}

/// The columns of a file; each has a name of its own.
pub(super) fn header(path: &Path, dialect: Dialect) -> Result<Vec<String>, TaskError> {
    let content = text::bytes(path)?;
    let mut splitter = Splitter::new(path, &content, dialect)?;
    let names = splitter.header()?;
    if let [_] = names[..] {
        splitter.refuse_other_delimiter(&[])?;
    }
    for name in &names {
        let count = names.iter().filter(|other| *other == name).count();
        if count > 1 {
            return Err(wrong(path, twice(name, count)));
        }
    }
    Ok(names)
}

/// Says where a tab-separated file was written with quotes, which are read as characters here.
fn quoted_without_quoting(records: &[Record<'_>], dialect: Dialect) -> Vec<String> {
    let is_quoted = |field: &&Cow<'_, [u8]>| {
        field.len() > 1 && field.starts_with(b"\"") && field.ends_with(b"\"")
    };
    let fields = records.iter().flat_map(|record| &record.fields);
    let quoted = fields.filter(is_quoted).count();
    match quoted {
        _ if dialect.quoting => Vec::new(),
        0 => Vec::new(),
        _ => vec![format!(
            "{quoted} fields stand in double quotes, which are read as part of the text: tab-separated files have no quoting, as GLUE's; write the file as CSV or JSONL if the quotes are not meant"
        )],
    }
}
