//! Weights in several files, and the index that names them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use serde::Deserialize;

/// The index.
pub(super) const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// The names of the files with the weights, in alphabetical order.
///
/// # Errors
/// What is wrong with the index.
pub(super) fn names(index: &[u8]) -> Result<BTreeSet<String>, String> {
    let read = serde_json::from_slice::<Index>(index);
    let index = read.map_err(|error| format!("{INDEX} is no index of weights ({error})"))?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    let beside = |name: &String| {
        let mut parts = Path::new(name).components();
        matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        )
    };
    match names.iter().find(|name| !beside(name)) {
        Some(name) => Err(format!(
            "{INDEX} names `{name}`, which is no file beside it"
        )),
        None if names.is_empty() => Err(format!("{INDEX} names no file")),
        None => Ok(names),
    }
}
