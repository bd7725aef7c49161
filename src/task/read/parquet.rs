//! Apache Parquet, by its row interface.

use std::fs::File;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use super::{Cell, Row, bad_utf8, no_column};
use crate::task::error::{Place, TaskError};

/// The `columns` of every row. The library panics on some files that contradict themselves; that is the file's fault.
pub(super) fn rows(path: &Path, columns: &[String]) -> Result<Vec<Row>, TaskError> {
    catch_unwind(|| decoded(path, columns)).unwrap_or_else(|_| {
        Err(TaskError::File {
            path: path.to_owned(),
            problem:
                "it could not be read as Parquet: it contradicts itself; write or fetch it again"
                    .into(),
        })
    })
}

fn decoded(path: &Path, columns: &[String]) -> Result<Vec<Row>, TaskError> {
    let broken = |error: ParquetError| TaskError::File {
        path: path.to_owned(),
        problem: format!("it could not be read as Parquet: {error}"),
    };
    let file = File::open(path).map_err(|source| TaskError::Io {
        path: path.to_owned(),
        source,
    })?;
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema();
    let (wanted, order) = projection(path, schema, columns)?;

    let mut rows = Vec::new();
    for (index, record) in reader
        .get_row_iter(Some(wanted))
        .map_err(broken)?
        .enumerate()
    {
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
                expected: "a text, a number, true, false or null".into(),
            })?);
        }
        rows.push(Row { place, cells });
    }
    Ok(rows)
}

/// The schema of the wanted columns alone, and where in such a row each of `columns` lies.
fn projection(
    path: &Path,
    schema: &Type,
    columns: &[String],
) -> Result<(Type, Vec<usize>), TaskError> {
    let names: Vec<&str> = schema
        .get_fields()
        .iter()
        .map(|field| field.name())
        .collect();
    if let Some(column) = columns.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(no_column(path, column, &names));
    }
    let kept: Vec<Arc<Type>> = schema
        .get_fields()
        .iter()
        .filter(|field| columns.iter().any(|name| name == field.name()))
        .cloned()
        .collect();
    let order = columns
        .iter()
        .filter_map(|name| kept.iter().position(|field| field.name() == name))
        .collect();
    let wanted = Type::group_type_builder(schema.name())
        .with_fields(kept)
        .build()
        .map_err(|error| TaskError::File {
            path: path.to_owned(),
            problem: format!("its schema could not be read: {error}"),
        })?;
    Ok((wanted, order))
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
        Field::Float(value) => Cell::Number(f64::from(*value)),
        Field::Double(value) => Cell::Number(*value),
        Field::Str(text) => Cell::Text(text.clone()),
        Field::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes.data()).map_err(bad_utf8)?;
            Cell::Text(text.to_owned())
        }
        other => return Err(format!("`{other}`")),
    })
}
