//! Tensors to the bytes of a safetensors file.

use std::collections::HashMap;

use half::f16;
use safetensors::tensor::{Dtype, TensorView};

use super::{NamedTensor, WeightsError};

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
    // Python's readers expect to be told who laid the numbers out.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| WeightsError::Format {
        origin: "new file".to_owned(),
        reason: error.to_string(),
    })
}
