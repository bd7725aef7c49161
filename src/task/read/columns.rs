//! Which columns a file has whose values are plain: texts, numbers, true, false.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::room::{Room, refuse_columns};
use super::{delimited, format_of, json, parquet, records, text};
use crate::task::error::TaskError;
use crate::task::settings::DataFormat;

/// Names of the plain columns, in the order of the file; no two are alike.
pub(crate) fn columns(path: &Path, format: Option<DataFormat>) -> Result<Vec<String>, TaskError> {
    match format_of(path, format)? {
        DataFormat::Jsonl => of_objects(path),
        DataFormat::Csv => delimited::header(path, records::CSV),
        DataFormat::Tsv => delimited::header(path, records::TSV),
        DataFormat::Parquet => parquet::plain_columns(path),
    }
}

/// Bytes of a file in which the order of its keys is looked for; those that come later follow by their names.
const BEGINNING: usize = 16 << 20;

/// The keys that occur, with a plain value or none wherever they do, in the order of their first appearance.
fn of_objects(path: &Path) -> Result<Vec<String>, TaskError> {
    let (mut plain, mut nested) = (BTreeSet::new(), BTreeSet::new());
    let room = Room::of_memory();
    json::each(path, &room, &mut |_, object| {
        for (name, value) in object {
            let names = match value.is_array() || value.is_object() {
                true => &mut nested,
                false => &mut plain,
            };
            names.insert(name);
        }
        refuse_columns(path, plain.len().max(nested.len()))
    })?;
    let mut names: Vec<String> = plain.difference(&nested).cloned().collect();
    // An object has forgotten the order of its keys; the file has not.
    let content = text::bytes(path)?;
    let beginning = &content[..content.len().min(BEGINNING)];
    names.sort_by_cached_key(|name| {
        let written = Value::from(name.as_str()).to_string();
        let place = memchr::memmem::find(beginning, written.as_bytes());
        place.unwrap_or(BEGINNING)
    });
    Ok(names)
}
