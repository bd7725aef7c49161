//! Everything needed to make the front again: program, settings, seeds, and the hashes of model and data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::trained::write_json;
use super::{ExportError, Exporter, Front};
use crate::model::SourceError;
use crate::regular;

/// Name of the file.
pub(super) const FILE: &str = "manifest.json";
/// Version of the file's layout.
pub(super) const FORMAT: u32 = 1;
/// A manifest is no longer, in bytes: a front of some 100,000 configurations.
pub(super) const MOST_BYTES: u64 = 64 << 20;
/// Name of the format.
const NAME: &str = "manifest";

/// The format that goes with every other.
pub(super) struct Listed;

impl Exporter for Listed {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "manifest.json, which goes with every format: versions, settings, seeds, the hashes of model and data, and what lies there"
    }

    /// Nothing: it is written after every export, when it is known what lies there.
    fn export(&self, _front: &Front<'_>, _folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        Ok(Vec::new())
    }
}

/// One object.
pub(super) struct Manifest(Value);

impl Manifest {
    /// Of a folder that holds these formats.
    ///
    /// # Errors
    /// A file of the model cannot be read, or is another one.
    pub(super) fn of(front: &Front<'_>, formats: &[&str]) -> Result<Self, ExportError> {
        describe(front, formats).map(Self)
    }

    /// Writes it into its folder with the files that are there, by name and SHA-256. While files take their places,
    /// `replaced` are the ones that may still be there instead.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn save(
        &mut self,
        folder: &Path,
        files: &BTreeMap<String, String>,
        replaced: &BTreeMap<String, String>,
    ) -> Result<PathBuf, ExportError> {
        self.0["files"] = json!(files);
        match (replaced.is_empty(), self.0.as_object_mut()) {
            (false, _) => self.0["replaces"] = json!(replaced),
            (true, Some(object)) => drop(object.remove("replaces")),
            (true, None) => {}
        }
        write_json(folder, FILE, NAME, &self.0)
    }
}

fn describe(front: &Front<'_>, formats: &[&str]) -> Result<Value, ExportError> {
    let context = front.context;
    let unreadable = |error| match error {
        SourceError::Io { path, source } => ExportError::Read { path, source },
        other => ExportError::Format {
            format: NAME,
            reason: other.to_string(),
        },
    };
    let model = context.model_files.digests().map_err(unreadable)?;
    if context.model_files.weights_digest().map_err(unreadable)? != context.identity.encoder.weights
    {
        return Err(ExportError::Format {
            format: NAME,
            reason:
                "the model's weights are another file than the one that the trials were trained on"
                    .to_owned(),
        });
    }
    let model: serde_json::Map<String, Value> =
        model.into_iter().map(|(n, d)| (n, d.into())).collect();
    let data = context.data_files.iter();
    let data: Vec<Value> = data
        .map(|(path, sha256)| json!({ "path": path, "sha256": sha256 }))
        .collect();
    let members = front.members().into_iter();
    let members: Vec<Value> = members
        .map(|(trial, measurement)| {
            json!({
                "trial": trial.id,
                "configuration": trial.configuration,
                "objectives": measurement.objectives,
                "estimate": front.beliefs.get(&trial.id),
                "best_epoch": measurement.best_epoch,
                "wall_seconds": measurement.wall_seconds,
            })
        })
        .collect();
    Ok(json!({
        "format": FORMAT,
        "program": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "system": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
        "devices": front.devices,
        "study": context.study,
        "model": { "origin": context.base_model, "sha256": model },
        "data": { "task": context.study.task.name, "metric": context.metric, "positive_label": context.positive_label, "files": data },
        "identity": context.identity,
        "space": front.space,
        "reference_point": front.reference_point,
        "trials": front.trials.len(),
        "front": members,
        "formats": formats,
    }))
}

/// Writes a folder's manifest again, with other files.
///
/// # Errors
/// It cannot be read or written.
pub(super) fn relist(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), ExportError> {
    let path = folder.join(FILE);
    let text = regular::read(&path, MOST_BYTES).map_err(|source| ExportError::Read {
        path: path.clone(),
        source,
    })?;
    let read: Result<Value, _> = serde_json::from_slice(&text);
    let mut manifest = read.map_err(|error| ExportError::NoManifest {
        path,
        reason: error.to_string(),
    })?;
    manifest["files"] = json!(files);
    write_json(folder, FILE, NAME, &manifest).map(drop)
}
