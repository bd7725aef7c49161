//! Weights in safetensors files: read in any float format, those of an encoder by their names in use, written.

mod encoder;
mod write;

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

pub use encoder::EncoderTensors;
pub use write::{FileFormat, owner, to_bytes, to_bytes_of};

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
    /// Two files have a tensor of the same name.
    #[error("{origin}: the tensor `{name}` is in {other} as well")]
    Twice {
        /// The second file.
        origin: String,
        /// The tensor.
        name: String,
        /// The first file.
        other: String,
    },
    /// No tensor has the name of an encoder's table of words.
    #[error(
        "{origin}: none of its {tensors} tensors is the table of words of a {family} encoder, `embeddings.word_embeddings.weight` (`{prefix}` may stand before it){example}; these are the weights of something else"
    )]
    NoEncoder {
        /// The file.
        origin: String,
        /// How many tensors there are.
        tensors: usize,
        /// The family of the configuration.
        family: &'static str,
        /// What its names may begin with.
        prefix: String,
        /// What there is instead.
        example: String,
    },
    /// The names of the tensors begin with something that Python does not take off.
    #[error(
        "{origin}: its tensors are called `{found}embeddings…`, but Python reads those of a {family} encoder as `{prefix}embeddings…` or `embeddings…`, and would leave these out; rename them once: `from safetensors.torch import load_file, save_file; save_file({{k.removeprefix(\"{surplus}\"): v for k, v in load_file(FILE).items()}}, FILE, {{\"format\": \"pt\"}})`"
    )]
    Prefix {
        /// The file.
        origin: String,
        /// What they begin with.
        found: String,
        /// The family of the configuration.
        family: &'static str,
        /// What they may begin with.
        prefix: String,
        /// What has to go.
        surplus: String,
    },
    /// The names of the tensors are those of another family.
    #[error(
        "{origin}: its tensors are called `{found}embeddings…`, as those of `{other}`, but config.json says `{family}`; correct `model_type`, or take the file that belongs to it"
    )]
    OtherFamily {
        /// The file.
        origin: String,
        /// What they begin with.
        found: String,
        /// The family that calls them so.
        other: &'static str,
        /// The family of the configuration.
        family: &'static str,
    },
    /// The file has two encoders.
    #[error(
        "{origin}: it holds two encoders, `embeddings…` and `{prefix}embeddings…`; save the one that is meant"
    )]
    TwoEncoders {
        /// The file.
        origin: String,
        /// What the names of the second begin with.
        prefix: String,
    },
    /// Tensors are missing.
    #[error(
        "{origin}: the tensor `{name}`, shape {expected:?}, is missing; do config.json and the weights belong together?"
    )]
    Missing {
        /// The file.
        origin: String,
        /// The tensor.
        name: String,
        /// The axes that it should have.
        expected: Vec<usize>,
    },
    /// The encoder of the file has more than the configuration says.
    #[error(
        "{origin}: the tensor `{name}`, shape {shape:?}, has no place in the encoder that config.json describes{more}; do config.json and the weights belong together?"
    )]
    Surplus {
        /// The file.
        origin: String,
        /// The first such tensor.
        name: String,
        /// Its axes.
        shape: Vec<usize>,
        /// How many others there are, for people.
        more: String,
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

/// Tensors of safetensors files in memory, their headers checked.
#[derive(Debug)]
pub struct Weights<'a> {
    origin: String,
    /// By name, in alphabetical order, with the file that has them.
    tensors: BTreeMap<String, (String, TensorView<'a>)>,
}

impl<'a> Weights<'a> {
    /// Checks the header of a whole safetensors file; `origin` names it in errors.
    ///
    /// # Errors
    /// The bytes are no safetensors file, or its header lies about them.
    pub fn new(bytes: &'a [u8], origin: &str) -> Result<Self, WeightsError> {
        Self::of_files([(origin, bytes)], origin)
    }

    /// The tensors of several files, each with its name; `origin` names all of them in errors.
    ///
    /// # Errors
    /// One is no whole safetensors file, or two have a tensor of the same name.
    pub fn of_files<'n>(
        files: impl IntoIterator<Item = (&'n str, &'a [u8])>,
        origin: &str,
    ) -> Result<Self, WeightsError> {
        let mut tensors = BTreeMap::new();
        for (file, bytes) in files {
            let read = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::Format {
                origin: file.to_owned(),
                reason: error.to_string(),
            })?;
            for (name, view) in read.tensors() {
                let place = (file.to_owned(), view);
                if let Some((other, _)) = tensors.insert(name.clone(), place) {
                    return Err(WeightsError::Twice {
                        origin: file.to_owned(),
                        name,
                        other,
                    });
                }
            }
        }
        Ok(Self {
            origin: origin.to_owned(),
            tensors,
        })
    }

    /// Every tensor of floats, by name in alphabetical order; others (buffers of whole numbers) are passed over.
    ///
    /// # Errors
    /// A tensor holds values that are not finite.
    pub fn floats(&self) -> Result<Vec<NamedTensor>, WeightsError> {
        let floats = (self.tensors.iter()).filter(|(_, (_, view))| is_float(view.dtype()));
        floats
            .map(|(name, (origin, view))| {
                let shape = view.shape().to_vec();
                let values = read(origin, name, view, &shape)?;
                Ok(NamedTensor {
                    name: name.clone(),
                    shape,
                    values,
                })
            })
            .collect()
    }
}

/// The numbers of a tensor of this shape.
fn read(
    origin: &str,
    name: &str,
    view: &TensorView<'_>,
    shape: &[usize],
) -> Result<Vec<f32>, WeightsError> {
    if view.shape() != shape {
        return Err(WeightsError::Shape {
            origin: origin.to_owned(),
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
                origin: origin.to_owned(),
                name: name.to_owned(),
                found,
            });
        }
    };
    if values.iter().all(|v| v.is_finite()) {
        Ok(values)
    } else {
        Err(WeightsError::NotFinite {
            origin: origin.to_owned(),
            name: name.to_owned(),
        })
    }
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
mod tests;
