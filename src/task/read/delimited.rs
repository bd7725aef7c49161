//! Comma- and tab-separated text with a header.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::{Cell, Row, bad_utf8, bytes, no_column};
use crate::task::error::{Place, TaskError};

/// How fields and rows are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    delimiter: u8,
    quoting: bool,
}

/// RFC 4180: a field in double quotes may hold commas, line ends and doubled quotes.
pub(super) const CSV: Dialect = Dialect {
    delimiter: b',',
    quoting: true,
};

/// As GLUE's own files: a quote is a character like any other, a field holds neither tab nor line end.
pub(super) const TSV: Dialect = Dialect {
    delimiter: b'\t',
    quoting: false,
};

/// The `columns` of every row.
pub(super) fn rows(
    path: &Path,
    columns: &[String],
    dialect: Dialect,
) -> Result<Vec<Row>, TaskError> {
    let content = bytes(path)?;
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    let mut builder = ReaderBuilder::new();
    builder
        .delimiter(dialect.delimiter)
        .quoting(dialect.quoting);
    if !dialect.quoting {
        // A lone carriage return inside a field ends no row.
        builder.terminator(Terminator::Any(b'\n'));
    }
    let mut reader = builder.from_reader(content);
    let header = reader
        .byte_headers()
        .map_err(|error| csv_error(path, error))?
        .clone();
    let names: Vec<String> = fields(&header)
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let place = names.iter().position(|name| name == column);
        places.push(place.ok_or_else(|| no_column(path, column, &names))?);
    }

    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| csv_error(path, error))?
    {
        let place = Place::Line(record.position().map_or(0, csv::Position::line));
        let fields: Vec<&[u8]> = fields(&record).collect();
        let mut cells = Vec::with_capacity(columns.len());
        for (column, &index) in columns.iter().zip(&places) {
            // In reach: the reader refuses a row whose number of fields is not the header's.
            let text = std::str::from_utf8(fields[index]).map_err(|error| TaskError::Row {
                path: path.to_owned(),
                row: place,
                column: Some(column.clone()),
                found: bad_utf8(error),
                expected: "UTF-8 text".into(),
            })?;
            cells.push(Cell::Text(text.to_owned()));
        }
        rows.push(Row { place, cells });
    }
    Ok(rows)
}

/// The fields of a row, without the carriage return of a Windows line end.
fn fields(record: &ByteRecord) -> impl Iterator<Item = &[u8]> {
    let last = record.len().wrapping_sub(1);
    record.iter().enumerate().map(move |(index, field)| {
        let end = (index == last).then(|| field.strip_suffix(b"\r"));
        end.flatten().unwrap_or(field)
    })
}

/// The reader's error, with its place.
fn csv_error(path: &Path, error: csv::Error) -> TaskError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => TaskError::Row {
            path: path.to_owned(),
            row: Place::Line(line),
            column: None,
            found: format!("{len} fields"),
            expected: format!("{expected_len}, as in the header"),
        },
        _ => TaskError::File {
            path: path.to_owned(),
            problem: error.to_string(),
        },
    }
}
