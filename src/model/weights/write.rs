//! Tensors to the bytes of a safetensors file.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

use half::f16;
use safetensors::tensor::{Dtype, TensorView};

use super::{NamedTensor, WeightsError};
use crate::regular;

/// The note in a header that says whose weights a file holds.
const OWNER: &str = "owner";
/// No header is longer, in bytes.
const LONGEST_HEADER: u64 = 100 << 20;

/// Number format of a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// 32-bit floats: trained modules.
    F32,
    /// 16-bit floats: the small encoder inside the program.
    F16,
}

/// A safetensors file with these tensors, as bytes; the same tensors give the same bytes.
///
/// # Errors
/// A tensor's numbers do not match its shape.
pub fn to_bytes(tensors: &[NamedTensor], format: FileFormat) -> Result<Vec<u8>, WeightsError> {
    // Python's readers expect to be told who laid the numbers out.
    serialised(tensors, format, ("format", "pt"))
}

/// As [`to_bytes`] in 32 bits, for this program alone: the file's header says whose weights they are.
///
/// # Errors
/// As [`to_bytes`].
pub fn to_bytes_of(tensors: &[NamedTensor], owner: &str) -> Result<Vec<u8>, WeightsError> {
    serialised(tensors, FileFormat::F32, (OWNER, owner))
}

/// Whose weights a file holds, by its header; none where it does not say.
///
/// # Errors
/// The file cannot be read.
pub fn owner(path: &Path) -> io::Result<Option<String>> {
    let mut file = regular::open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let mut header = Vec::new();
    file.take(u64::from_le_bytes(length).min(LONGEST_HEADER))
        .read_to_end(&mut header)?;
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap_or_default();
    Ok(header["__metadata__"][OWNER].as_str().map(str::to_owned))
}

/// One note only: several would stand in any order, and the same weights be different files.
fn serialised(
    tensors: &[NamedTensor],
    format: FileFormat,
    note: (&str, &str),
) -> Result<Vec<u8>, WeightsError> {
    let dtype = match format {
        FileFormat::F32 => Dtype::F32,
        FileFormat::F16 => Dtype::F16,
    };
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| match format {
            FileFormat::F32 => tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            FileFormat::F16 => (tensor.values.iter())
                .flat_map(|&v| f16::from_f32(v).to_le_bytes())
                .collect(),
        })
        .collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, bytes) in tensors.iter().zip(&data) {
        let view = TensorView::new(dtype, tensor.shape.clone(), bytes).map_err(|error| {
            WeightsError::Format {
                origin: tensor.name.clone(),
                reason: error.to_string(),
            }
        })?;
        views.push((tensor.name.as_str(), view));
    }
    let metadata = HashMap::from([(note.0.to_owned(), note.1.to_owned())]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| WeightsError::Format {
        origin: "new file".to_owned(),
        reason: error.to_string(),
    })
}
