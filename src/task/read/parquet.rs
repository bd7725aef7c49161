//! Apache Parquet, by its row interface.

mod dictionaries;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::Value;

use super::room::{Room, refuse_columns};
use super::{Cell, Content, bad_utf8, held, text, unlike, wrong};
use crate::json;
use crate::regular;
use crate::task::error::{Place, TaskError};
use crate::task::labels::plain_name;
use crate::visible::visible;

/// The `columns` of every row.
pub(super) fn rows(path: &Path, columns: &[String], room: &Room) -> Result<Content, TaskError> {
    guarded(path, AssertUnwindSafe(|| decoded(path, columns, room)))
}

/// The columns with plain values; no two are alike.
pub(super) fn plain_columns(path: &Path) -> Result<Vec<String>, TaskError> {
    guarded(path, || {
        let reader = open(path)?;
        let fields = schema(&reader).get_fields();
        refuse_columns(path, fields.len())?;
        unlike(path, fields.iter().map(|field| field.name()))?;
        let plain = fields.iter().filter(|field| nested(field).is_none());
        Ok(plain.map(|field| field.name().to_owned()).collect())
    })
}

/// The names that the numbers of a file's columns have after the metadata of Hugging Face's library, where they are
/// `ClassLabel`s.
pub(crate) struct ClassNames {
    path: PathBuf,
    /// The metadata; nothing where there is none.
    metadata: Value,
}

impl ClassNames {
    /// Those of a file that has none.
    pub(super) fn nothing(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            metadata: Value::Null,
        }
    }

    /// Those of a Parquet file.
    pub(super) fn of_parquet(path: &Path) -> Result<Self, TaskError> {
        guarded(path, || {
            let reader = open(path)?;
            let metadata = reader.metadata().file_metadata().key_value_metadata();
            let mut entries = metadata.into_iter().flatten();
            let entry = entries.find(|entry| entry.key == "huggingface");
            let Some(text) = entry.and_then(|entry| entry.value.as_deref()) else {
                return Ok(Self::nothing(path));
            };
            let problem = |error: serde_json::Error| {
                wrong(
                    path,
                    format!(
                        "its metadata `huggingface` is damaged ({error}); write the file again"
                    ),
                )
            };
            json::refuse_repeated(text).map_err(problem)?;
            Ok(Self {
                path: path.to_owned(),
                metadata: serde_json::from_str(text).map_err(problem)?,
            })
        })
    }

    /// Those of a column, if it has them.
    ///
    /// # Errors
    /// They are not names, or two are alike.
    pub(crate) fn column(&self, column: &str) -> Result<Option<Vec<String>>, TaskError> {
        let feature = &self.metadata["info"]["features"][column];
        if feature["_type"] != "ClassLabel" {
            return Ok(None);
        }
        let names = feature["names"].as_array().into_iter().flatten();
        let mut plain: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            let name = name.as_str().map(|name| plain_name(name).into_owned());
            let problem = match name {
                Some(name) if seen.insert(name.clone()) => {
                    plain.push(name);
                    continue;
                }
                Some(name) => format!("names the class `{}` twice", visible(&name)),
                None => "has a name that is no text".to_owned(),
            };
            return Err(wrong(
                &self.path,
                format!(
                    "the ClassLabel of column `{}` {problem}, so that its numbers mean nothing certain; write the file again",
                    visible(column)
                ),
            ));
        }
        Ok((!plain.is_empty()).then_some(plain))
    }
}

/// The library panics on some files that contradict themselves; that is the file's fault.
fn guarded<T>(
    path: &Path,
    read: impl FnOnce() -> Result<T, TaskError> + UnwindSafe,
) -> Result<T, TaskError> {
    let problem = "it could not be read as Parquet: it contradicts itself; write or fetch it again";
    catch_unwind(read).unwrap_or_else(|_| Err(wrong(path, problem)))
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, TaskError> {
    let file = regular::open(path).map_err(|source| TaskError::Io {
        path: path.to_owned(),
        source,
    })?;
    SerializedFileReader::new(file).map_err(|error| {
        let start = beginning(path).unwrap_or_default();
        let foreign = text::foreign(&start).filter(|_| !start.starts_with(b"PAR1"));
        foreign.map_or_else(|| broken(path, &error), |found| wrong(path, found))
    })
}

/// Enough of a file to tell what else it is.
fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    const BYTES: u64 = 4096;
    let mut start = Vec::new();
    regular::open(path)?.take(BYTES).read_to_end(&mut start)?;
    Ok(start)
}

fn broken(path: &Path, error: &ParquetError) -> TaskError {
    wrong(path, format!("it could not be read as Parquet: {error}"))
}

fn schema(reader: &SerializedFileReader<File>) -> &Type {
    reader.metadata().file_metadata().schema()
}

fn decoded(path: &Path, columns: &[String], room: &Room) -> Result<Content, TaskError> {
    let reader = open(path)?;
    let (wanted, order) = projection(path, schema(&reader), columns)?;
    // A few bytes may stand for any number of rows.
    room.has_for(path, reader.metadata().file_metadata().num_rows())?;
    dictionaries::refuse_false(path, &reader, columns)?;

    let mut rows = Vec::new();
    let records = reader.get_row_iter(Some(wanted));
    for (index, record) in records.map_err(|error| broken(path, &error))?.enumerate() {
        let place = Place::Row(index as u64 + 1);
        let record = record.map_err(|error| TaskError::Row {
            path: path.to_owned(),
            row: place,
            column: None,
            found: format!("data that cannot be decoded ({error})"),
            expected: "a row of the schema".into(),
        })?;
        let fields: Vec<(&String, &Field)> = record.get_column_iter().collect();
        let mut cells = Vec::with_capacity(columns.len());
        for (column, &place_in_row) in columns.iter().zip(&order) {
            let (_, field) = fields[place_in_row];
            cells.push(cell(field).map_err(|found| TaskError::Row {
                path: path.to_owned(),
                row: place,
                column: Some(column.clone()),
                found,
                expected: PLAIN.into(),
            })?);
        }
        room.take_row(path, &cells)?;
        rows.push((place, cells));
    }
    Ok(Content {
        rows,
        warnings: Vec::new(),
    })
}

/// The schema of the wanted columns alone, and where in such a row each of `columns` lies.
fn projection(
    path: &Path,
    schema: &Type,
    columns: &[String],
) -> Result<(Type, Vec<usize>), TaskError> {
    let fields = schema.get_fields().iter();
    let names: Vec<&str> = fields.map(|field| field.name()).collect();
    held(path, columns, &names)?;
    let kept: Vec<Arc<Type>> = schema
        .get_fields()
        .iter()
        .filter(|field| columns.iter().any(|name| name == field.name()))
        .cloned()
        .collect();
    for field in &kept {
        // Read as such, a single one may hold any number of values.
        if let Some(found) = nested(field) {
            return Err(TaskError::Row {
                path: path.to_owned(),
                row: Place::Row(1),
                column: Some(field.name().to_owned()),
                found: found.to_owned(),
                expected: PLAIN.to_owned(),
            });
        }
    }
    // Written as whole numbers where they count nanoseconds.
    let is_time = |field: &&Arc<Type>| {
        let kind = field.get_basic_info().logical_type_ref();
        matches!(
            kind,
            Some(LogicalType::Timestamp { .. } | LogicalType::Time { .. })
        )
    };
    if let Some(field) = kept.iter().find(is_time) {
        let name = visible(field.name());
        return Err(wrong(
            path,
            format!("column `{name}` holds dates or times; expected texts, numbers, true or false"),
        ));
    }
    let order = columns
        .iter()
        .filter_map(|name| kept.iter().position(|field| field.name() == name))
        .collect();
    let wanted = Type::group_type_builder(schema.name())
        .with_fields(kept)
        .build()
        .map_err(|error| wrong(path, format!("its schema could not be read: {error}")))?;
    Ok((wanted, order))
}

/// What is expected of a value.
const PLAIN: &str = "a text, a number, true, false or null";

/// What a column holds, if that is not one plain value for each row.
fn nested(field: &Type) -> Option<&'static str> {
    let information = field.get_basic_info();
    let repeated = information.has_repetition() && information.repetition() == Repetition::REPEATED;
    let kind = || (information.converted_type(), information.logical_type_ref());
    match field.is_primitive() {
        true if !repeated => None,
        true => Some("a list"),
        false => Some(match kind() {
            (ConvertedType::LIST, _) | (_, Some(LogicalType::List)) => "a list",
            (ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE, _)
            | (_, Some(LogicalType::Map)) => "a map",
            _ => "an object (a struct)",
        }),
    }
}

/// A Parquet value, if it is a plain one.
fn cell(field: &Field) -> Result<Cell, String> {
    Ok(match field {
        Field::Null => Cell::Missing,
        Field::Bool(value) => Cell::Bool(*value),
        Field::Byte(value) => Cell::Integer(i64::from(*value)),
        Field::Short(value) => Cell::Integer(i64::from(*value)),
        Field::Int(value) => Cell::Integer(i64::from(*value)),
        Field::Long(value) => Cell::Integer(*value),
        Field::UByte(value) => Cell::Integer(i64::from(*value)),
        Field::UShort(value) => Cell::Integer(i64::from(*value)),
        Field::UInt(value) => Cell::Integer(i64::from(*value)),
        Field::ULong(value) => {
            Cell::Integer(i64::try_from(*value).map_err(|_| format!("the number {value}"))?)
        }
        Field::Float16(value) => Cell::Number(f64::from(*value)),
        Field::Float(value) => Cell::Number(f64::from(*value)),
        Field::Double(value) => Cell::Number(*value),
        // Written out, so that no digit is lost.
        decimal @ Field::Decimal(_) => {
            Cell::Text(decimal.to_string().trim_end_matches('.').to_owned())
        }
        Field::Str(text) => Cell::Text(text.clone()),
        Field::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes.data()).map_err(bad_utf8)?;
            Cell::Text(text.to_owned())
        }
        Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => return Err(format!("the date or time {field}")),
        Field::Group(_) => return Err("an object (a struct)".into()),
        Field::ListInternal(_) => return Err("a list".into()),
        Field::MapInternal(_) => return Err("a map".into()),
    })
}
