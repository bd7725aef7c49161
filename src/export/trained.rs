//! A trial's trained weights by name, and the prefix that they make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nalgebra::{DMatrix, DVector};

use super::front::Finished;
use super::{AdapterCard, ExportError, Front, write_file};
use crate::domain::{Trial, TrialId};
use crate::durable;
use crate::model::weights::{FileFormat, NamedTensor, to_bytes};
use crate::train::checkpoint::{self, CheckpointError, Owner};

/// The file with a trial's trained weights.
///
/// # Errors
/// It is not there, or it holds the weights of something else.
pub(super) fn find(front: &Front<'_>, trial: &Trial) -> Result<PathBuf, ExportError> {
    let path = checkpoint::path(&front.weights, trial.id);
    if path.is_file() {
        if let Some(owned) = &front.owned {
            let owner = Owner {
                basis: owned.basis.clone(),
                trial: trial.id,
                configuration: trial.configuration.clone(),
            };
            let held = owner.hold(&path, owned.may_be_unsaid);
            let trial = trial.id;
            held.map_err(|source| ExportError::Weights { trial, source })?;
        }
        return Ok(path);
    }
    let why = match front.context.study.output.keep_adapters {
        true => "they were removed, or the study ran without keeping them for a while",
        false => "the study says `output.keep_adapters = false`",
    };
    Err(ExportError::NoWeights {
        trial: trial.id,
        path,
        why,
    })
}

/// A trial's trained weights.
///
/// # Errors
/// They are not there, another trial's, or damaged.
pub(super) fn load(front: &Front<'_>, trial: &Trial) -> Result<Vec<NamedTensor>, ExportError> {
    let weights = checkpoint::load(&find(front, trial)?);
    let trial = trial.id;
    weights.map_err(|source| ExportError::Weights { trial, source })
}

/// A trial's weights and its card, as the bytes of their files.
///
/// # Errors
/// The weights are not there, another trial's, or damaged.
pub(super) fn adapter(
    front: &Front<'_>,
    (trial, measurement): Finished<'_>,
) -> Result<[Vec<u8>; 2], ExportError> {
    let weights = tensor_bytes(trial.id, &load(front, trial)?)?;
    let card = AdapterCard::new(front, trial, measurement, &weights).to_bytes()?;
    Ok([weights, card])
}

/// The folder of an exported trial, made where it is missing.
///
/// # Errors
/// It cannot be made.
pub(super) fn folder(out: &Path, trial: TrialId, inside: &str) -> Result<PathBuf, ExportError> {
    let path = out.join(format!("trial-{:04}", trial.0)).join(inside);
    durable::create_folder(&path).map_err(|source| ExportError::Write {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

/// Writes tensors as one whole file.
///
/// # Errors
/// It cannot be written.
pub(super) fn write_tensors(
    folder: &Path,
    name: &str,
    trial: TrialId,
    tensors: &[NamedTensor],
) -> Result<PathBuf, ExportError> {
    write_file(folder, name, &tensor_bytes(trial, tensors)?)
}

fn tensor_bytes(trial: TrialId, tensors: &[NamedTensor]) -> Result<Vec<u8>, ExportError> {
    to_bytes(tensors, FileFormat::F32).map_err(|error| ExportError::Weights {
        trial,
        source: CheckpointError::from(error),
    })
}

/// Writes a value as one whole JSON file.
///
/// # Errors
/// It cannot be written.
pub(super) fn write_json(
    folder: &Path,
    name: &str,
    format: &'static str,
    value: &impl serde::Serialize,
) -> Result<PathBuf, ExportError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| ExportError::Format {
        format,
        reason: error.to_string(),
    })?;
    text.push(b'\n');
    write_file(folder, name, &text)
}

/// P = W_2 tanh(W_1 E) with biases, [length, 2 layers hidden]: what the prefix's network makes once it is trained. None
/// where there is no prefix.
pub(super) fn prefixes(tensors: &[NamedTensor]) -> Option<NamedTensor> {
    let named: BTreeMap<&str, &NamedTensor> =
        tensors.iter().map(|t| (t.name.as_str(), t)).collect();
    let matrix = |name: &str| {
        let tensor = named.get(name)?;
        let [rows, columns] = tensor.shape[..] else {
            return None;
        };
        Some(DMatrix::from_row_slice(rows, columns, &tensor.values))
    };
    let bias = |name: &str| Some(DVector::from_row_slice(&named.get(name)?.values));
    let linear = |x: DMatrix<f32>, layer: &str| {
        let mut y = x * matrix(&format!("prefix.mlp.{layer}.weight"))?.transpose();
        let b = bias(&format!("prefix.mlp.{layer}.bias"))?.transpose();
        for mut row in y.row_iter_mut() {
            row += &b;
        }
        Some(y)
    };
    let inner = linear(matrix("prefix.wte.weight")?, "0")?.map(f32::tanh);
    let made = linear(inner, "2")?;
    Some(NamedTensor {
        name: "prefix".to_owned(),
        shape: vec![made.nrows(), made.ncols()],
        // Column by column in memory, row by row in the file.
        values: made.transpose().as_slice().to_vec(),
    })
}
