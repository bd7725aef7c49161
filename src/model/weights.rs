//! Weights in safetensors files: read in any float format, looked up under any of the names in use, written.

use std::collections::HashMap;
use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::architecture::prefixes;

/// A weight on the host: its name, its axes ([out, in] for matrices) and its numbers, last axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Name.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// As many numbers as the product of `shape`.
    pub values: Vec<f32>,
}

/// Why weights cannot be read or written. Each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{origin}: {source}")]
    File {
        /// The file.
        origin: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder has weights only in a format that runs code when it is read.
    #[error(
        "{folder}: there is no model.safetensors, only {found}; convert it once with Python: \
         `AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER, safe_serialization=True)`"
    )]
    OldFormat {
        /// The folder.
        folder: String,
        /// The file that is there.
        found: &'static str,
    },
    /// The file is no (complete) safetensors file.
    #[error(
        "{origin}: not a whole safetensors file ({reason}); it may be truncated: fetch it again"
    )]
    Format {
        /// The file.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor is missing.
    #[error(
        "{origin}: the tensor `{name}` is missing (also looked for as {tried}); is it an encoder of this kind?"
    )]
    Missing {
        /// The file.
        origin: String,
        /// The tensor.
        name: String,
        /// Other names that were tried.
        tried: String,
    },
    /// A tensor has other axes than the configuration says.
    #[error(
        "{origin}: the tensor `{name}` has shape {found:?}, but the configuration asks for {expected:?}"
    )]
    Shape {
        /// The file.
        origin: String,
        /// The tensor.
        name: String,
        /// Its axes.
        found: Vec<usize>,
        /// The axes asked for.
        expected: Vec<usize>,
    },
    /// A tensor's numbers are in a format that is not read.
    #[error(
        "{origin}: the tensor `{name}` holds {found:?} numbers; expected F32, F16, BF16 or F64"
    )]
    NumberFormat {
        /// The file.
        origin: String,
        /// The tensor.
        name: String,
        /// Its format.
        found: Dtype,
    },
    /// A tensor holds a number that is no number.
    #[error("{origin}: the tensor `{name}` holds values that are not finite")]
    NotFinite {
        /// The file.
        origin: String,
        /// The tensor.
        name: String,
    },
}

/// A safetensors file in memory, its header checked.
#[derive(Debug)]
pub struct Weights<'a> {
    origin: String,
    tensors: SafeTensors<'a>,
}

/// The bytes of the weights in a folder in Hugging Face layout.
///
/// # Errors
/// The folder has no readable `model.safetensors`.
pub fn read_folder(folder: &Path) -> Result<Vec<u8>, WeightsError> {
    let path = folder.join("model.safetensors");
    if !path.exists() {
        for found in ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"] {
            if folder.join(found).exists() {
                let folder = folder.display().to_string();
                return Err(WeightsError::OldFormat { folder, found });
            }
        }
    }
    std::fs::read(&path).map_err(|source| WeightsError::File {
        origin: path.display().to_string(),
        source,
    })
}

impl<'a> Weights<'a> {
    /// Checks the header of a whole safetensors file; `origin` names it in errors.
    ///
    /// # Errors
    /// The bytes are no safetensors file, or its header lies about them.
    pub fn new(bytes: &'a [u8], origin: &str) -> Result<Self, WeightsError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::Format {
            origin: origin.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            origin: origin.to_owned(),
            tensors,
        })
    }

    /// The numbers of the encoder tensor `name`, with or without a model prefix, LayerNorms by their old names too.
    ///
    /// # Errors
    /// There is no such tensor, or it has another shape or no float numbers.
    pub fn encoder_tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let names = spellings(name);
        let found = names.iter().find_map(|n| self.tensors.tensor(n).ok());
        let Some(view) = found else {
            return Err(WeightsError::Missing {
                origin: self.origin.clone(),
                name: name.to_owned(),
                tried: names[1..].join(", "),
            });
        };
        self.read(name, &view, shape)
    }

    /// Whether the encoder has the tensor `name`, under any of its names.
    pub fn has_encoder_tensor(&self, name: &str) -> bool {
        spellings(name)
            .iter()
            .any(|n| self.tensors.tensor(n).is_ok())
    }

    /// Every tensor of floats, by name in alphabetical order; others (buffers of whole numbers) are passed over.
    ///
    /// # Errors
    /// A tensor holds values that are not finite.
    pub fn floats(&self) -> Result<Vec<NamedTensor>, WeightsError> {
        let mut views: Vec<(String, TensorView<'a>)> = self.tensors.tensors();
        views.retain(|(_, view)| is_float(view.dtype()));
        views.sort_by(|a, b| a.0.cmp(&b.0));
        views
            .into_iter()
            .map(|(name, view)| {
                let shape = view.shape().to_vec();
                let values = self.read(&name, &view, &shape)?;
                Ok(NamedTensor {
                    name,
                    shape,
                    values,
                })
            })
            .collect()
    }

    fn read(
        &self,
        name: &str,
        view: &TensorView<'_>,
        shape: &[usize],
    ) -> Result<Vec<f32>, WeightsError> {
        if view.shape() != shape {
            return Err(WeightsError::Shape {
                origin: self.origin.clone(),
                name: name.to_owned(),
                found: view.shape().to_vec(),
                expected: shape.to_vec(),
            });
        }
        let data = view.data();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => numbers(data, f32::from_le_bytes),
            Dtype::F16 => numbers(data, |b| f16::from_le_bytes(b).to_f32()),
            Dtype::BF16 => numbers(data, |b| bf16::from_le_bytes(b).to_f32()),
            Dtype::F64 => numbers(data, |b| f64::from_le_bytes(b) as f32),
            found => {
                return Err(WeightsError::NumberFormat {
                    origin: self.origin.clone(),
                    name: name.to_owned(),
                    found,
                });
            }
        };
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(WeightsError::NotFinite {
                origin: self.origin.clone(),
                name: name.to_owned(),
            })
        }
    }
}

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

/// The names a tensor may have in a file, its own first.
fn spellings(name: &str) -> Vec<String> {
    let old = name
        .strip_suffix("LayerNorm.weight")
        .map(|stem| format!("{stem}LayerNorm.gamma"))
        .or_else(|| {
            let stem = name.strip_suffix("LayerNorm.bias")?;
            Some(format!("{stem}LayerNorm.beta"))
        });
    [Some(name.to_owned()), old]
        .into_iter()
        .flatten()
        .flat_map(|spelling| {
            let prefixes = prefixes().into_iter();
            prefixes.map(move |prefix| format!("{prefix}{spelling}"))
        })
        .collect()
}

fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64)
}

/// The numbers in `data`, which a checked header has made a whole multiple of `N` bytes.
fn numbers<const N: usize>(data: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = data.as_chunks::<N>();
    chunks.iter().map(|&chunk| read(chunk)).collect()
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;

    fn one(name: &str, values: &[f32]) -> NamedTensor {
        NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        }
    }

    #[test]
    fn names_with_prefix_and_old_layer_norm_names_are_found() {
        let tensors = [
            one("roberta.embeddings.LayerNorm.gamma", &[1.0, 2.0]),
            one("bert.pooler.dense.bias", &[0.5]),
        ];
        let bytes = to_bytes(&tensors, FileFormat::F32).unwrap();
        let weights = Weights::new(&bytes, "file").unwrap();
        let gamma = weights.encoder_tensor("embeddings.LayerNorm.weight", &[2]);
        assert_eq!(gamma.unwrap(), [1.0, 2.0]);
        assert!(weights.has_encoder_tensor("pooler.dense.bias"));
        assert!(!weights.has_encoder_tensor("pooler.dense.weight"));
    }

    #[test]
    fn every_float_format_is_read_and_whole_numbers_are_passed_over() {
        let formats: [(&str, Dtype, Vec<u8>); 5] = [
            ("a", Dtype::F16, f16::from_f32(1.5).to_le_bytes().to_vec()),
            (
                "b",
                Dtype::BF16,
                bf16::from_f32(-2.0).to_le_bytes().to_vec(),
            ),
            ("c", Dtype::F64, 0.25f64.to_le_bytes().to_vec()),
            ("d", Dtype::F32, 3.0f32.to_le_bytes().to_vec()),
            ("ids", Dtype::I64, 7i64.to_le_bytes().to_vec()),
        ];
        let views = formats
            .iter()
            .map(|(name, dtype, data)| (*name, TensorView::new(*dtype, vec![1], data).unwrap()));
        let bytes = safetensors::serialize(views, None).unwrap();
        let weights = Weights::new(&bytes, "file").unwrap();
        let read = weights.floats().unwrap();
        let values: Vec<f32> = read.iter().flat_map(|t| t.values.clone()).collect();
        assert_eq!(values, [1.5, -2.0, 0.25, 3.0]);
        let error = weights.encoder_tensor("ids", &[1]).unwrap_err().to_string();
        assert!(error.contains("`ids` holds I64"), "{error}");
    }

    #[test]
    fn errors_name_the_file_and_the_tensor() {
        let bytes = to_bytes(&[one("a", &[1.0, f32::NAN])], FileFormat::F16).unwrap();
        let weights = Weights::new(&bytes, "some/file").unwrap();
        for (name, shape, expected) in [
            ("b", vec![2], "missing"),
            ("a", vec![3], "has shape [2]"),
            ("a", vec![2], "not finite"),
        ] {
            let message = weights
                .encoder_tensor(name, &shape)
                .unwrap_err()
                .to_string();
            assert!(
                message.starts_with("some/file: ") && message.contains(expected),
                "{message}"
            );
        }
    }

    #[test]
    fn truncated_files_and_lying_headers_are_refused() {
        let bytes = to_bytes(&[one("a", &[1.0, 2.0])], FileFormat::F32).unwrap();
        for length in [0, 7, 20, bytes.len() - 1] {
            let message = Weights::new(&bytes[..length], "f").unwrap_err().to_string();
            assert!(
                message.contains("not a whole safetensors file"),
                "{message}"
            );
        }
        let mut lying = bytes.clone();
        lying[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Weights::new(&lying, "f").is_err());
    }

    #[test]
    fn a_folder_in_the_old_format_says_how_to_convert() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read_folder(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("model.safetensors"), "{missing}");
        std::fs::write(folder.path().join("pytorch_model.bin"), b"x").unwrap();
        let message = read_folder(folder.path()).unwrap_err().to_string();
        assert!(message.contains("save_pretrained"), "{message}");
    }
}
