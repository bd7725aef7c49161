//! One JSON object a line.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Cell, Row, bad_utf8, bytes, quoted};
use crate::task::error::{Place, TaskError};

/// The `columns` of every row.
///
/// Lines end with `\n` only: other line separators of Unicode occur inside texts.
pub(super) fn rows(path: &Path, columns: &[String]) -> Result<Vec<Row>, TaskError> {
    let content = bytes(path)?;
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    let mut rows = Vec::new();
    for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
        let place = Place::Line(index as u64 + 1);
        let wrong = |column: Option<&str>, found: String, expected: &str| TaskError::Row {
            path: path.to_owned(),
            row: place,
            column: column.map(str::to_owned),
            found,
            expected: expected.to_owned(),
        };
        let line = std::str::from_utf8(line)
            .map_err(|error| wrong(None, bad_utf8(error), "UTF-8 text"))?;
        if line.trim().is_empty() {
            continue;
        }
        let mut object: Map<String, Value> = serde_json::from_str(line).map_err(|error| {
            let found = format!("`{}` ({error})", line.chars().take(40).collect::<String>());
            wrong(
                None,
                found,
                "one JSON object, such as {\"text\": \"...\", \"label\": 0}",
            )
        })?;
        let mut cells = Vec::with_capacity(columns.len());
        for column in columns {
            let Some(value) = object.remove(column) else {
                let names: Vec<&str> = object.keys().map(String::as_str).collect();
                let found = format!("only the columns {}", quoted(&names));
                return Err(wrong(Some(column), found, "this column in every row"));
            };
            cells.push(cell(value).map_err(|found| {
                wrong(
                    Some(column),
                    found.to_owned(),
                    "a text, a number, true, false or null",
                )
            })?);
        }
        rows.push(Row { place, cells });
    }
    Ok(rows)
}

/// A JSON value, if it is a plain one.
fn cell(value: Value) -> Result<Cell, &'static str> {
    match value {
        Value::Null => Ok(Cell::Missing),
        Value::Bool(value) => Ok(Cell::Bool(value)),
        Value::String(text) => Ok(Cell::Text(text)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Cell::Integer(integer)),
            (None, Some(number)) => Ok(Cell::Number(number)),
            (None, None) => Err("a number out of range"),
        },
        Value::Array(_) => Err("a list"),
        Value::Object(_) => Err("an object"),
    }
}
