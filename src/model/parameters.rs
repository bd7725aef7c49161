//! The weights that train: an ordered list of named tensors, and the state that an optimiser moves.
//!
//! Modules are structure only: each holds [`Slot`]s, and reads its weights through them at every forward pass. So a
//! copy of all weights is a copy of this list, a checkpoint is its export, and an optimiser sees one long vector.

use super::layer::Linear;
use super::ops::{self, Ops};
use super::tensor::{DType, Device, Gradients, Tensor, TensorData, exact, floats};
use super::weights::NamedTensor;

/// Place of one weight in [`Parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// Named weights that train, in the order in which they were added.
///
/// They are kept, and moved by an optimiser, in [`exact`] numbers; a model of 16 bits reads them rounded, and their
/// gradients come back exact. Cloning is cheap: the numbers are shared until an optimiser replaces them.
#[derive(Clone, Debug)]
pub struct Parameters {
    entries: Vec<Entry>,
    ops: &'static dyn Ops,
    device: Device,
    dtype: DType,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    /// All numbers in one row, last axis of `shape` fastest.
    leaf: Tensor<1>,
}

/// The numbers of all weights at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot(Vec<Tensor<1>>);

/// Why weights from elsewhere do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// A weight is missing.
    #[error("the tensor `{0}` is missing")]
    Missing(String),
    /// A weight that does not belong.
    #[error("the tensor `{0}` does not belong to this configuration")]
    Unknown(String),
    /// A weight has other axes.
    #[error("the tensor `{name}` has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its axes.
        found: Vec<usize>,
        /// The axes of this configuration.
        expected: Vec<usize>,
    },
}

impl Parameters {
    /// An empty list, for weights that are read in this number format on this device.
    pub fn new(device: &Device, dtype: DType) -> Self {
        Self::computed_by(ops::of(device), device, dtype)
    }

    /// An empty list, read by these operations.
    pub fn computed_by(ops: &'static dyn Ops, device: &Device, dtype: DType) -> Self {
        Self {
            entries: Vec::new(),
            ops,
            device: device.clone(),
            dtype,
        }
    }

    /// A list that holds these weights.
    pub fn from_named(tensors: Vec<NamedTensor>, device: &Device, dtype: DType) -> Self {
        Self::new(device, dtype).with_named(tensors)
    }

    /// With these weights added.
    pub fn with_named(self, tensors: Vec<NamedTensor>) -> Self {
        let mut parameters = self;
        for tensor in tensors {
            parameters.add(tensor.name, &tensor.shape, tensor.values);
        }
        parameters
    }

    /// Adds a weight; its gradient will be kept.
    ///
    /// # Panics
    /// `values` are not as many as `shape` asks for: a mistake in a module, not in data.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f32>) -> Slot {
        let name = name.into();
        let size: usize = shape.iter().product();
        assert_eq!(values.len(), size, "numbers of {name} {shape:?}");
        let leaf = floats(values, [size], &self.device, exact(self.dtype));
        self.entries.push(Entry {
            name,
            shape: shape.to_vec(),
            leaf: leaf.autodiff().require_grad(),
        });
        Slot(self.entries.len() - 1)
    }

    /// The place of the weight of this name, if there is one.
    pub fn slot(&self, name: &str) -> Option<Slot> {
        self.entries.iter().position(|e| e.name == name).map(Slot)
    }

    /// A weight of one axis.
    pub fn vector(&self, slot: Slot) -> Tensor<1> {
        self.exact_vector(slot).cast(self.dtype)
    }

    /// A weight of two axes, as stored: [out, in].
    pub fn matrix(&self, slot: Slot) -> Tensor<2> {
        self.exact_matrix(slot).cast(self.dtype)
    }

    /// A weight of one axis in the numbers in which it is kept.
    pub fn exact_vector(&self, slot: Slot) -> Tensor<1> {
        self.entries[slot.0].leaf.clone()
    }

    /// A weight of two axes in the numbers in which it is kept, as stored: [out, in].
    pub fn exact_matrix(&self, slot: Slot) -> Tensor<2> {
        let entry = &self.entries[slot.0];
        let columns = entry.shape.last().copied().unwrap_or(1);
        let rows = entry.shape.iter().product::<usize>() / columns.max(1);
        entry.leaf.clone().reshape([rows, columns])
    }

    /// The map of a weight as stored, [out, in], and a bias.
    pub(super) fn linear(&self, [weight, bias]: [Slot; 2]) -> Linear {
        Linear {
            weight: self.matrix(weight).transpose(),
            bias: self.vector(bias),
            ops: self.ops,
        }
    }

    /// The same in the numbers in which they are kept.
    pub(super) fn exact_linear(&self, [weight, bias]: [Slot; 2]) -> Linear {
        Linear {
            weight: self.exact_matrix(weight).transpose(),
            bias: self.exact_vector(bias),
            ops: self.ops,
        }
    }

    /// The axes of a weight.
    pub fn shape(&self, slot: Slot) -> &[usize] {
        &self.entries[slot.0].shape
    }

    /// Names and axes, in order.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let entries = self.entries.iter();
        entries.map(|e| (e.name.as_str(), e.shape.as_slice()))
    }

    /// Number of scalars.
    pub fn scalars(&self) -> u64 {
        self.sizes().map(|size| size as u64).sum()
    }

    /// What computes with them.
    pub fn ops(&self) -> &'static dyn Ops {
        self.ops
    }

    /// Where the weights live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Number format in which the weights are read.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The same weights as constants: a forward pass with them records no graph, so it is faster and smaller.
    pub fn untracked(&self) -> Self {
        let mut copy = self.clone();
        for entry in &mut copy.entries {
            entry.leaf = entry.leaf.clone().inner();
        }
        copy
    }

    /// All weights as one vector, in order.
    pub fn flat(&self) -> Tensor<1> {
        let leaves = self.entries.iter().map(|e| e.leaf.clone().inner());
        Tensor::cat(leaves.collect(), 0)
    }

    /// Replaces all weights by the parts of one vector, in order.
    pub fn set_flat(&mut self, flat: Tensor<1>) {
        let mut start = 0;
        for entry in &mut self.entries {
            let size = entry.shape.iter().product();
            let part = flat.clone().narrow(0, start, size);
            entry.leaf = part.autodiff().require_grad();
            start += size;
        }
    }

    /// The gradients of all weights as one vector, in order; zeros where the loss does not depend on a weight.
    pub fn flat_gradient(&self, gradients: &Gradients) -> Tensor<1> {
        let parts = self.entries.iter().map(|entry| {
            let gradient = entry.leaf.grad(gradients);
            gradient.unwrap_or_else(|| entry.leaf.clone().inner().zeros_like())
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// One number for each scalar of [`Self::flat`], chosen by the name of its weight.
    pub fn flat_of(&self, number: impl Fn(&str) -> f32) -> Tensor<1> {
        let parts = self.entries.iter().flat_map(|entry| {
            let size = entry.shape.iter().product();
            std::iter::repeat_n(number(&entry.name), size)
        });
        let values: Vec<f32> = parts.collect();
        let size = values.len();
        floats(values, [size], &self.device, exact(self.dtype))
    }

    /// These numbers as a vector like [`Self::flat`]; none where they are not as many.
    pub fn flat_like(&self, values: Vec<f32>) -> Option<Tensor<1>> {
        let size = values.len();
        let fits = size == self.sizes().sum::<usize>();
        fits.then(|| floats(values, [size], &self.device, exact(self.dtype)))
    }

    /// The numbers as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let leaves = self.entries.iter().map(|e| e.leaf.clone().inner());
        Snapshot(leaves.collect())
    }

    /// Back to the numbers of a snapshot of these same parameters.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        for (entry, leaf) in self.entries.iter_mut().zip(&snapshot.0) {
            entry.leaf = leaf.clone().autodiff().require_grad();
        }
    }

    /// All weights on the host, in order: what a checkpoint holds. Waits for the device once.
    pub fn export(&self) -> Vec<NamedTensor> {
        let numbers = self.flat().cast(DType::F32).into_data();
        let all: Vec<f32> = numbers.iter::<f32>().collect();
        let mut rest = all.as_slice();
        let entries = self.entries.iter().zip(self.sizes());
        entries
            .map(|(entry, size)| {
                let (values, after) = rest.split_at(size);
                rest = after;
                NamedTensor {
                    name: entry.name.clone(),
                    shape: entry.shape.clone(),
                    values: values.to_vec(),
                }
            })
            .collect()
    }

    /// Takes all weights from an export, in any order.
    ///
    /// # Errors
    /// A weight is missing, does not belong, or has other axes; nothing is changed then.
    pub fn import(&mut self, tensors: &[NamedTensor]) -> Result<(), ParametersError> {
        let mut leaves = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let found = tensors.iter().find(|t| t.name == entry.name);
            let tensor = found.ok_or_else(|| ParametersError::Missing(entry.name.clone()))?;
            let size: usize = tensor.shape.iter().product();
            if tensor.shape != entry.shape || tensor.values.len() != size {
                return Err(ParametersError::Shape {
                    name: entry.name.clone(),
                    found: tensor.shape.clone(),
                    expected: entry.shape.clone(),
                });
            }
            let data = TensorData::new(tensor.values.clone(), [size]);
            leaves.push(Tensor::from_data(data, (&self.device, exact(self.dtype))));
        }
        if let Some(other) = tensors.iter().find(|t| self.slot(&t.name).is_none()) {
            return Err(ParametersError::Unknown(other.name.clone()));
        }
        self.restore(&Snapshot(leaves));
        Ok(())
    }

    fn sizes(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().map(|e| e.shape.iter().product())
    }
}
