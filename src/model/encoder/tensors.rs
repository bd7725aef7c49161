//! An encoder's tensors by their names: taken from a file, made anew, or given back.

use std::sync::Arc;

use super::{Backbone, Parts};
use crate::model::config::EncoderConfig;
use crate::model::initial::Initial;
use crate::model::layer::{Layer, LayerNorm, Linear};
use crate::model::ops::{self, Ops};
use crate::model::parameters::Parameters;
use crate::model::relative::Distances;
use crate::model::tensor::{DType, Device, Shared, Tensor, exact, floats, read_back};
use crate::model::weights::{NamedTensor, Weights, WeightsError};

/// Name and axes of a tensor of the encoder, in Hugging Face's names without prefix.
type Shape = (String, Vec<usize>);

impl Backbone {
    /// The encoder of this configuration with the weights of a file.
    ///
    /// # Errors
    /// A tensor is missing, has another shape, or holds no finite floats; or the file's encoder has more than these.
    pub fn from_weights(
        config: EncoderConfig,
        weights: &Weights<'_>,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, WeightsError> {
        Self::from_weights_by(ops::of(device), config, weights, device, dtype)
    }

    /// The same, computed by these operations.
    ///
    /// # Errors
    /// As [`Self::from_weights`].
    pub fn from_weights_by(
        ops: &'static dyn Ops,
        config: EncoderConfig,
        weights: &Weights<'_>,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, WeightsError> {
        let mut tensors = weights.encoder(config.architecture)?;
        let pooler = tensors.has(POOLER);
        let backbone = Self::build(config, pooler, ops, device, dtype, None, |(name, shape)| {
            let values = tensors.take(&name, &shape)?;
            let size = values.len();
            let dtype = match is_norm(&name) {
                true => exact(dtype),
                false => dtype,
            };
            Ok(floats(values, [size], device, dtype))
        })?;
        tensors.nothing_left()?;
        Ok(backbone)
    }

    /// The initial tensors of a new encoder: normal weights, LayerNorms at 1, biases at 0, as BERT starts.
    ///
    /// They are named as in a Hugging Face file, in order: for [`Parameters`] to train, or for
    /// [`to_bytes`](super::weights::to_bytes) to write.
    pub fn random(config: &EncoderConfig, seed: u64) -> Vec<NamedTensor> {
        let mut initial = Initial::new(seed);
        let shapes = shapes(config, true).into_iter();
        shapes
            .map(|(name, shape)| {
                let size = shape.iter().product();
                let values = if name.ends_with("bias") {
                    vec![0.0; size]
                } else if name.ends_with("LayerNorm.weight") {
                    vec![1.0; size]
                } else {
                    initial.normal(size, config.initializer_range)
                };
                NamedTensor {
                    name,
                    shape,
                    values,
                }
            })
            .collect()
    }

    /// An encoder whose weights are those of `parameters`, so that gradients reach them: for training it as a whole.
    ///
    /// `parameters` hold the tensors of [`Self::random`] by name, and may hold others. Build it anew for every step,
    /// after the optimiser moved them; that costs nothing.
    ///
    /// # Errors
    /// A tensor of the encoder is missing from `parameters` or has another shape.
    pub fn over(config: &EncoderConfig, parameters: &Parameters) -> Result<Self, WeightsError> {
        Self::over_with(config, parameters, None)
    }

    /// [`Self::over`] parameters that hold the tensors of this encoder; nothing goes to the device for it.
    pub(crate) fn over_anew(&self, parameters: &Parameters) -> Result<Self, WeightsError> {
        let own = self.0.here();
        Self::over_with(&own.config, parameters, own.distances.as_ref())
    }

    fn over_with(
        config: &EncoderConfig,
        parameters: &Parameters,
        distances: Option<&Distances>,
    ) -> Result<Self, WeightsError> {
        let (device, dtype) = (parameters.device(), parameters.dtype());
        let pooler = parameters.slot(POOLER).is_some();
        let ops = parameters.ops();
        Self::build(
            config.clone(),
            pooler,
            ops,
            device,
            dtype,
            distances,
            |(name, shape)| {
                let origin = || "the parameters".to_owned();
                let slot = parameters.slot(&name);
                let slot = slot.ok_or_else(|| WeightsError::Missing {
                    origin: origin(),
                    name: name.clone(),
                    expected: shape.clone(),
                })?;
                let found = parameters.shape(slot).to_vec();
                if found != shape {
                    return Err(WeightsError::Shape {
                        origin: origin(),
                        name,
                        found,
                        expected: shape,
                    });
                }
                Ok(match is_norm(&name) {
                    true => parameters.exact_vector(slot),
                    false => parameters.vector(slot),
                })
            },
        )
    }

    /// Its tensors on the host, named and shaped as [`Self::random`] gives them: for [`Parameters`] to train.
    pub fn to_named(&self) -> Vec<NamedTensor> {
        let parts = self.0.here();
        let mut values = vec![host(&parts.words), host(&parts.positions)];
        values.extend(parts.token_types.as_ref().map(host));
        let norm = |norm: &LayerNorm| [host(&norm.weight), host(&norm.bias)];
        // A file holds [out, in], a layer its transpose.
        let linear = |l: &Linear| [host(&l.weight.clone().transpose()), host(&l.bias)];
        values.extend(norm(&parts.norm));
        values.extend(parts.projection.iter().flat_map(linear));
        for layer in &parts.layers {
            values.extend(
                [&layer.query, &layer.key, &layer.value]
                    .into_iter()
                    .flat_map(linear),
            );
            values.extend(linear(&layer.attention_output));
            values.extend(norm(&layer.attention_norm));
            values.extend(
                [&layer.intermediate, &layer.output]
                    .into_iter()
                    .flat_map(linear),
            );
            values.extend(norm(&layer.output_norm));
        }
        values.extend(
            parts
                .distances
                .as_ref()
                .map(|distances| host(&distances.table)),
        );
        values.extend(parts.pooler.iter().flat_map(linear));
        let shapes = shapes(&parts.config, parts.pooler.is_some()).into_iter();
        let named = shapes
            .zip(values)
            .map(|((name, shape), values)| NamedTensor {
                name,
                shape,
                values,
            });
        named.collect()
    }

    /// Puts the parts together; `tensor` gives the numbers of each, in one row. Where distances are is `known` or worked out.
    fn build(
        config: EncoderConfig,
        pooler: bool,
        ops: &'static dyn Ops,
        device: &Device,
        dtype: DType,
        known: Option<&Distances>,
        mut tensor: impl FnMut(Shape) -> Result<Tensor<1>, WeightsError>,
    ) -> Result<Self, WeightsError> {
        let (h, i) = (config.hidden, config.intermediate);
        let mut take = Take {
            tensor: &mut tensor,
            epsilon: config.layer_norm_epsilon,
            ops,
        };
        let e = config.embedding();
        let words = take.matrix("embeddings.word_embeddings.weight", [config.vocabulary, e])?;
        let positions = take.matrix(
            "embeddings.position_embeddings.weight",
            [config.positions, e],
        )?;
        let token_types = match config.token_types {
            0 => None,
            types => Some(take.matrix("embeddings.token_type_embeddings.weight", [types, e])?),
        };
        let norm = take.norm("embeddings.LayerNorm", e)?;
        let projection = match config.projected_from {
            Some(width) => Some(take.linear("embeddings_project", width, h)?),
            None => None,
        };
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            let name = |part: &str| format!("encoder.layer.{index}.{part}");
            layers.push(Layer {
                heads: config.heads,
                query: take.linear(&name("attention.self.query"), h, h)?,
                key: take.linear(&name("attention.self.key"), h, h)?,
                value: take.linear(&name("attention.self.value"), h, h)?,
                attention_output: take.linear(&name("attention.output.dense"), h, h)?,
                attention_norm: take.norm(&name("attention.output.LayerNorm"), h)?,
                intermediate: take.linear(&name("intermediate.dense"), h, i)?,
                output: take.linear(&name("output.dense"), i, h)?,
                output_norm: take.norm(&name("output.LayerNorm"), h)?,
            });
        }
        let distances = match config.distances {
            0 => None,
            rows => {
                let table = take.matrix(DISTANCES, [rows, config.heads])?;
                Some(match known {
                    Some(known) => known.in_table(table),
                    None => Distances::new(table, config.longest_sequence()),
                })
            }
        };
        let pooler = match pooler {
            true => Some(take.linear("pooler.dense", h, h)?),
            false => None,
        };
        let parts = Parts {
            config,
            ops,
            device: device.clone(),
            dtype,
            words,
            positions,
            token_types,
            norm,
            projection,
            layers,
            distances,
            pooler,
        };
        let queues = ops.habits(dtype).queues;
        Ok(Self(Arc::new(Shared::new(parts, queues))))
    }
}

/// The numbers of a tensor, last axis fastest.
fn host<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    read_back(tensor.clone().cast(DType::F32))
}

/// Whether a tensor belongs to a LayerNorm, which is computed in exact numbers.
fn is_norm(name: &str) -> bool {
    name.contains("LayerNorm")
}

const DISTANCES: &str = "encoder.relative_attention_bias.weight";

const POOLER: &str = "pooler.dense.weight";

/// Takes tensors by name and gives them their form.
struct Take<'a, F> {
    tensor: &'a mut F,
    epsilon: f64,
    ops: &'static dyn Ops,
}

impl<F: FnMut(Shape) -> Result<Tensor<1>, WeightsError>> Take<'_, F> {
    fn vector(&mut self, name: String, size: usize) -> Result<Tensor<1>, WeightsError> {
        (self.tensor)((name, vec![size]))
    }

    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Tensor<2>, WeightsError> {
        Ok((self.tensor)((name.to_owned(), shape.to_vec()))?.reshape(shape))
    }

    fn linear(&mut self, name: &str, input: usize, output: usize) -> Result<Linear, WeightsError> {
        let weight = self.matrix(&format!("{name}.weight"), [output, input])?;
        Ok(Linear {
            weight: weight.transpose(),
            bias: self.vector(format!("{name}.bias"), output)?,
            ops: self.ops,
        })
    }

    fn norm(&mut self, name: &str, size: usize) -> Result<LayerNorm, WeightsError> {
        Ok(LayerNorm {
            weight: self.vector(format!("{name}.weight"), size)?,
            bias: self.vector(format!("{name}.bias"), size)?,
            epsilon: self.epsilon,
            ops: self.ops,
        })
    }
}

/// Every tensor of an encoder of this configuration, in the order of a Hugging Face file.
fn shapes(config: &EncoderConfig, pooler: bool) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let device = Device::flex();
    // Building it is what asks for the tensors, so the list cannot differ from what is used.
    let nothing = |(name, shape): Shape| {
        let size: usize = shape.iter().product();
        shapes.push((name, shape));
        Ok(Tensor::zeros([size], &device))
    };
    let ops = ops::of(&device);
    let config = config.clone();
    match Backbone::build(config, pooler, ops, &device, DType::F32, None, nothing) {
        Ok(_) => shapes,
        Err(_) => unreachable!("zeros of every shape exist"),
    }
}
