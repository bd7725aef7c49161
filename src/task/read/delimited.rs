//! Comma- and tab-separated text with a header.

use std::borrow::Cow;
use std::path::Path;

use super::quotes::{Known, swallowed};
use super::records::{CLOSED, Dialect, Record, Splitter, not_utf8};
use super::room::Room;
use super::{Cell, Content, held, text, unlike, wrong};
use crate::task::error::{Place, TaskError};
use crate::visible::visible;

/// The `columns` of every row.
pub(super) fn rows(
    path: &Path,
    columns: &[String],
    dialect: Dialect,
    known: &Known<'_>,
    room: &Room,
) -> Result<Content, TaskError> {
    let content = text::bytes(path)?;
    let mut splitter = Splitter::new(path, &content, dialect)?;
    let names = splitter.header()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() {
        return Ok(Content {
            rows: Vec::new(),
            warnings: Vec::new(),
        });
    }
    if columns
        .iter()
        .any(|column| !names.contains(&column.as_str()))
    {
        splitter.refuse_other_delimiter(columns)?;
        if !dialect.quoting && names.iter().any(|name| is_quoted(name.as_bytes())) {
            return Err(wrong(
                path,
                format!("the names of its columns {NO_QUOTING}"),
            ));
        }
    }
    held(path, columns, &names)?;
    let place = |column: &String| names.iter().position(|name| name == column);
    let places: Vec<usize> = columns.iter().filter_map(place).collect();

    let header = Header::of(&names);
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
        if header.is(&record) {
            return Err(TaskError::Row {
                path: path.to_owned(),
                row: Place::Line(record.line),
                column: None,
                found: "the header once more".into(),
                expected: "a row; remove the line, which is left where files were joined".into(),
            });
        }
        // Texts lie in the content, but for those with quotes inside.
        let owned = |field: &Cow<'_, [u8]>| match field {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.len(),
        };
        room.take_fields(path, record.fields.iter().map(owned))?;
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
    let mut warnings = Vec::new();
    if !dialect.quoting {
        for (column, &place) in columns.iter().zip(&places) {
            let is_label = known.label.and_then(|label| places.get(label)) == Some(&place);
            refuse_quoted(path, &records, (column, place), is_label)?;
        }
        warnings.extend(quoted_without_quoting(&records));
    }
    let cell = |record: &Record<'_>, column: usize| {
        let text = std::str::from_utf8(&record.fields[places[column]]);
        text.map(|text| Cell::Text(text.to_owned()))
            .map_err(|error| not_utf8(path, record.line, Some(columns[column].clone()), error))
    };
    let row = |record: &Record<'_>| {
        let cells = (0..columns.len()).map(|column| cell(record, column));
        let cells = cells.collect::<Result<Vec<_>, TaskError>>()?;
        room.take_row(path, &cells)?;
        Ok((Place::Line(record.line), cells))
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
    unlike(path, names.iter().map(String::as_str))?;
    Ok(names)
}

/// The names of the columns, to be known again among the rows.
struct Header<'n> {
    sorted: Vec<&'n [u8]>,
}

impl<'n> Header<'n> {
    fn of(names: &[&'n str]) -> Self {
        let mut sorted: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Whether it is the header once more, perhaps with its columns in another order or behind a byte order mark.
    fn is(&self, record: &Record<'_>) -> bool {
        let first = record.fields.iter().take(1);
        let first = first.map(|field| field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field));
        let others = record.fields.iter().skip(1).map(Cow::as_ref);
        let mut fields: Vec<&[u8]> = Vec::with_capacity(record.fields.len());
        for field in first.chain(others) {
            // Hardly a row has the name of a column among its texts, and none needs to be sorted.
            if self.sorted.binary_search(&field).is_err() {
                return false;
            }
            fields.push(field);
        }
        fields.sort_unstable();
        fields == self.sorted
    }
}

/// What is wrong with quotes in a tab-separated file, and what to do.
const NO_QUOTING: &str = "stand in double quotes, which would be read as part of them: tab-separated files have no quoting, as GLUE's; write the file as CSV or JSONL, for example in Python: pandas.read_csv(OLD, sep=\"\\t\").to_csv(NEW, index=False)";

/// Refuses a column of a tab-separated file that was written with quotes: all of it, or a label.
fn refuse_quoted(
    path: &Path,
    records: &[Record<'_>],
    (column, place): (&String, usize),
    is_label: bool,
) -> Result<(), TaskError> {
    let quoted = records
        .iter()
        .filter(|record| is_quoted(&record.fields[place]));
    let quoted = quoted.count();
    if quoted > 0 && (is_label || quoted == records.len()) {
        let column = visible(column);
        let problem = format!("{quoted} values of column `{column}` {NO_QUOTING}");
        return Err(wrong(path, problem));
    }
    Ok(())
}

/// Says where a tab-separated file has quotes, which are read as characters here.
fn quoted_without_quoting(records: &[Record<'_>]) -> Option<String> {
    let fields = records.iter().flat_map(|record| &record.fields);
    let quoted = fields.filter(|field| is_quoted(field)).count();
    (quoted > 0).then(|| {
        format!(
            "{quoted} fields stand in double quotes, which are read as part of the text: tab-separated files have no quoting, as GLUE's; write the file as CSV or JSONL if the quotes are not meant"
        )
    })
}

fn is_quoted(field: &[u8]) -> bool {
    field.len() > 1 && field.starts_with(b"\"") && field.ends_with(b"\"")
}
