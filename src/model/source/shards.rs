//! Weights in several files, and the index that names them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Component, Path};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{json, regular};

/// The index.
pub(super) const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// The index of weights in several files.
pub(super) struct Shards {
    /// The tensors.
    tensors: BTreeSet<String>,
    /// The files, in alphabetical order.
    pub(super) names: BTreeSet<String>,
}

impl Shards {
    /// # Errors
    /// What is wrong with the index.
    pub(super) fn of(index: &[u8]) -> Result<Self, String> {
        let read = json::read::<Index>(index);
        let index = read.map_err(|error| format!("{INDEX} is no index of weights ({error})"))?;
        let names = names(index.weight_map.values().cloned().collect())?;
        let tensors = index.weight_map.into_keys().collect();
        Ok(Self { tensors, names })
    }

    /// A file has no tensor that the index leaves out: Python would pass it over and begin it anew.
    ///
    /// # Errors
    /// The first one that it leaves out.
    pub(super) fn name_all(&self, file: &str, path: &Path) -> Result<(), String> {
        // What is no safetensors file is told where the weights are read.
        let held = tensors(path).unwrap_or_default();
        match held.iter().find(|name| !self.tensors.contains(*name)) {
            Some(name) => Err(format!(
                "{INDEX} does not name the tensor `{name}` of {file}, so that Python would begin it anew; save the model again, in Python: `AutoModel.from_pretrained(MODEL).save_pretrained(FOLDER)`, from where it is whole"
            )),
            None => Ok(()),
        }
    }
}

/// A head is no longer, in bytes; the library that reads the weights refuses others.
const LONGEST_HEAD: u64 = 100_000_000;

/// The names of the tensors in a safetensors file: its head is a JSON object behind its length in 8 bytes.
fn tensors(path: &Path) -> Option<Vec<String>> {
    let mut file = regular::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let mut head = Vec::new();
    file.take(u64::from_le_bytes(length).min(LONGEST_HEAD))
        .read_to_end(&mut head)
        .ok()?;
    let head: Map<String, Value> = serde_json::from_slice(&head).ok()?;
    let names = head.into_iter().map(|(name, _)| name);
    Some(names.filter(|name| name != "__metadata__").collect())
}

/// The names of files, each beside the index.
fn names(names: BTreeSet<String>) -> Result<BTreeSet<String>, String> {
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
