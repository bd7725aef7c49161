//! Which columns a file has whose values are plain: texts, numbers, true, false.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use csv::ReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Map, Value};

use super::{bytes, format_of};
use crate::task::error::TaskError;
use crate::task::settings::DataFormat;

/// Names of the plain columns, in the order of the file.
pub(crate) fn columns(path: &Path, format: Option<DataFormat>) -> Result<Vec<String>, TaskError> {
    match format_of(path, format)? {
        DataFormat::Jsonl => of_objects(path),
        DataFormat::Csv => of_header(path, b','),
        DataFormat::Tsv => of_header(path, b'\t'),
        DataFormat::Parquet => of_schema(path),
    }
}

fn wrong(path: &Path, problem: impl ToString) -> TaskError {
    TaskError::File {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

fn of_header(path: &Path, delimiter: u8) -> Result<Vec<String>, TaskError> {
    let content = bytes(path)?;
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(delimiter == b',')
        .from_reader(content);
    let header = reader.headers().map_err(|error| wrong(path, error))?;
    Ok(header.iter().map(str::to_owned).collect())
}

/// The keys that every object has with a plain value, in the order of the first line.
fn of_objects(path: &Path) -> Result<Vec<String>, TaskError> {
    let content = bytes(path)?;
    let content = String::from_utf8_lossy(&content);
    let mut shared: Option<BTreeSet<String>> = None;
    let mut first = "";
    let lines = content.trim_start_matches('\u{feff}').split('\n');
    for (index, line) in lines
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let object: Map<String, Value> = serde_json::from_str(line)
            .map_err(|error| wrong(path, format!("line {}: {error}", index + 1)))?;
        let plain = object
            .into_iter()
            .filter(|(_, v)| !v.is_array() && !v.is_object());
        let keys: BTreeSet<String> = plain.map(|(key, _)| key).collect();
        shared = Some(match shared {
            None => {
                first = line;
                keys
            }
            Some(before) => before.intersection(&keys).cloned().collect(),
        });
    }
    let mut names: Vec<String> = shared.unwrap_or_default().into_iter().collect();
    names.sort_by_key(|name| first.find(&Value::from(name.as_str()).to_string()));
    Ok(names)
}

fn of_schema(path: &Path) -> Result<Vec<String>, TaskError> {
    let file = File::open(path).map_err(|source| TaskError::Io {
        path: path.to_owned(),
        source,
    })?;
    let reader = SerializedFileReader::new(file).map_err(|error| wrong(path, error))?;
    let fields = reader
        .metadata()
        .file_metadata()
        .schema()
        .get_fields()
        .iter();
    let plain = fields.filter(|field| field.is_primitive());
    Ok(plain.map(|field| field.name().to_owned()).collect())
}
