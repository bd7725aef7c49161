//! JSON: one object a line, or one list of objects.

mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

use self::value::{ValueError, value};
use super::room::{MOST_COLUMNS, Room};
use super::{Cell, Content, UTF8, bad_utf8, text, wrong};
use crate::task::error::{Place, TaskError};
use crate::visible::{listed, visible};

/// One row, as an object.
pub(super) type Object = Map<String, Value>;

/// The `columns` of every row; a key that an object lacks is a value that is missing.
pub(super) fn rows(path: &Path, columns: &[String], room: &Room) -> Result<Content, TaskError> {
    let mut rows = Vec::new();
    let mut names = BTreeSet::new();
    each(path, room, &mut |place, mut object| {
        let cell = |column: &String| match object.remove(column) {
            None => Ok(Cell::Missing),
            Some(value) => {
                names.insert(column.clone());
                cell(value).map_err(|found| TaskError::Row {
                    path: path.to_owned(),
                    row: place,
                    column: Some(column.clone()),
                    found: found.to_owned(),
                    expected: "a text, a number, true, false or null".into(),
                })
            }
        };
        let cells = columns.iter().map(cell).collect::<Result<Vec<_>, _>>()?;
        room.take_row(path, &cells)?;
        // Where keys are data, they are no columns to be told.
        if names.len() < MOST_COLUMNS {
            names.extend(object.into_iter().map(|(name, _)| name));
        }
        rows.push((place, cells));
        Ok(())
    })?;
    match columns.iter().find(|column| !names.contains(*column)) {
        Some(column) if !rows.is_empty() => Err(TaskError::NoColumn {
            path: path.to_owned(),
            column: column.clone(),
            columns: listed(names.iter().map(String::as_str)),
        }),
        _ => Ok(Content {
            rows,
            warnings: Vec::new(),
        }),
    }
}

/// Hands on every object of a file.
///
/// Lines end with `\n` only: other line separators of Unicode occur inside texts.
pub(super) fn each(
    path: &Path,
    room: &Room,
    visit: &mut dyn FnMut(Place, Object) -> Result<(), TaskError>,
) -> Result<(), TaskError> {
    let content = text::bytes(path)?;
    if content.trim_ascii_start().starts_with(b"[") {
        let list = whole(path, &content, room)?;
        return list.into_iter().enumerate().try_for_each(|(index, value)| {
            let place = Place::Row(index as u64 + 1);
            visit(place, object(path, place, value)?)
        });
    }
    let lines = content.split(|&byte| byte == b'\n').enumerate();
    let mut lines = lines
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .peekable();
    let mut first = true;
    while let Some((index, line)) = lines.next() {
        let place = Place::Line(index as u64 + 1);
        let is_alone = first && lines.peek().is_none();
        let found = match parsed(path, place, line, room) {
            // An object over several lines is no row, but may hold the rows.
            Err(error) if first => match value(&content, room) {
                Ok(Value::Object(object)) => return inside(path, object, visit),
                _ => return Err(error),
            },
            found => object(path, place, found?)?,
        };
        let holds_rows = is_alone
            && !found
                .values()
                .any(|value| !value.is_array() && !value.is_object());
        match holds_rows || (is_alone && found.get("data").is_some_and(Value::is_array)) {
            true => inside(path, found, visit)?,
            false => visit(place, found)?,
        }
        first = false;
    }
    Ok(())
}

/// The rows inside one object: the list `data`.
fn inside(
    path: &Path,
    mut outer: Object,
    visit: &mut dyn FnMut(Place, Object) -> Result<(), TaskError>,
) -> Result<(), TaskError> {
    let has_rows = |value: &Value| {
        let list = value.as_array();
        list.is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
    };
    let lists = outer.iter().filter(|(_, value)| has_rows(value));
    let lists: Vec<String> = lists.map(|(name, _)| name.clone()).collect();
    if lists == ["data"]
        && let Some(Value::Array(list)) = outer.remove("data")
    {
        return list.into_iter().enumerate().try_for_each(|(index, value)| {
            let place = Place::Row(index as u64 + 1);
            visit(place, object(path, place, value)?)
        });
    }
    let problem = match lists.is_empty() {
        false => format!(
            "it is one JSON object with the lists {}; write the rows of one list into a file of its own, one object a line",
            listed(lists.iter().map(String::as_str))
        ),
        true => "it is one JSON object of columns or of other things, not of rows; write one object a line (in pandas: to_json(NEW, orient=\"records\", lines=True))".to_owned(),
    };
    Err(wrong(path, problem))
}

/// The one list that a file is.
fn whole(path: &Path, content: &[u8], room: &Room) -> Result<Vec<Value>, TaskError> {
    let problem = |error: &dyn fmt::Display| {
        wrong(
            path,
            format!(
                "it begins as a JSON list and is none: {error}{}",
                not_json(content)
            ),
        )
    };
    std::str::from_utf8(content)
        .map_err(|error| wrong(path, format!("{}; expected {UTF8}", bad_utf8(error))))?;
    match value(content, room) {
        Ok(Value::Array(list)) => Ok(list),
        Ok(_) => Err(problem(&"another value")),
        Err(ValueError::Room(problem)) => Err(wrong(path, problem)),
        Err(ValueError::Json(error)) => Err(problem(&error)),
    }
}

/// One line's value.
fn parsed(path: &Path, place: Place, line: &[u8], room: &Room) -> Result<Value, TaskError> {
    let wrong = |found: String, expected: &str| TaskError::Row {
        path: path.to_owned(),
        row: place,
        column: None,
        found,
        expected: expected.to_owned(),
    };
    let text = std::str::from_utf8(line).map_err(|error| wrong(bad_utf8(error), UTF8))?;
    value(line, room).map_err(|error| match error {
        ValueError::Room(problem) => super::wrong(path, problem),
        ValueError::Json(error) => {
            let start: String = text.chars().take(40).collect();
            let found = format!("`{}` ({error}{})", visible(&start), not_json(line));
            wrong(found, EXAMPLE)
        }
    })
}

/// What is expected of a row.
const EXAMPLE: &str = "one JSON object, such as {\"text\": \"...\", \"label\": 0}";

/// What Python writes and JSON does not know.
fn not_json(content: &[u8]) -> &'static str {
    match memchr::memmem::find(content, b"NaN").is_some() {
        true => "; NaN is no JSON: write null for a value that is missing",
        false => "",
    }
}

fn object(path: &Path, place: Place, value: Value) -> Result<Object, TaskError> {
    match value {
        Value::Object(object) => Ok(object),
        other => {
            let start: String = other.to_string().chars().take(40).collect();
            Err(TaskError::Row {
                path: path.to_owned(),
                row: place,
                column: None,
                found: format!("`{}`", visible(&start)),
                expected: EXAMPLE.into(),
            })
        }
    }
}

/// A JSON value, if it is a plain one.
fn cell(value: Value) -> Result<Cell, &'static str> {
    match value {
        Value::Null => Ok(Cell::Missing),
        Value::Bool(value) => Ok(Cell::Bool(value)),
        Value::String(text) => Ok(Cell::Text(text)),
        // Too large for a number of ours: its digits are kept.
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            Ok(Cell::Text(number.to_string()))
        }
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Cell::Integer(integer)),
            (None, Some(number)) => Ok(Cell::Number(number)),
            (None, None) => Err("a number out of range"),
        },
        Value::Array(_) => Err("a list"),
        Value::Object(_) => Err("an object"),
    }
}
