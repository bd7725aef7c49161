//! The weights that train: an ordered list of named tensors, and the state that an optimiser moves.
//!
//! Modules are structure only: each holds [`Slot`]s, and reads its weights through them at every forward pass. So a
//! copy of all weights is a copy of this list, a checkpoint is its export, and an optimiser sees one long vector.
//!
//! In that vector every weight begins where its device can look at a part of it without copying, see
//! [`Habits::aligned`](super::ops::Habits); what lies between is 0, stays 0, and is on no disk.

use super::layer::Linear;
use super::ops::{self, Ops};
use super::tensor::{DType, Device, Element, Gradients, Tensor, exact, floats, read_back};
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
    /// All weights as an optimiser or a snapshot left them; none where weights came in one by one.
    flat: Option<Tensor<1>>,
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
    /// The zeros after it.
    gap: Option<Tensor<1>>,
}

/// The numbers of all weights at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot(Tensor<1>);

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
            flat: None,
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
        let dtype = exact(self.dtype);
        let leaf = floats(values, [size], &self.device, dtype);
        let aligned = self.ops.habits(self.dtype).aligned;
        let gap = size.next_multiple_of(aligned) - size;
        self.entries.push(Entry {
            name,
            shape: shape.to_vec(),
            leaf: leaf.autodiff().require_grad(),
            gap: (gap > 0).then(|| Tensor::zeros([gap], (&self.device, dtype))),
        });
        self.flat = None;
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

    /// All weights as one vector, in order, with zeros between where its parts have to be aligned.
    pub fn flat(&self) -> Tensor<1> {
        let leaf = |entry: &Entry| entry.leaf.clone().inner();
        (self.flat.clone()).unwrap_or_else(|| self.joined(leaf))
    }

    /// Replaces all weights by the parts of a vector like [`Self::flat`].
    pub fn set_flat(&mut self, flat: Tensor<1>) {
        let mut start = 0;
        for entry in &mut self.entries {
            let part = flat.clone().narrow(0, start, entry.size());
            entry.leaf = part.autodiff().require_grad();
            start += entry.room();
        }
        self.flat = Some(flat);
    }

    /// The gradients of all weights as a vector like [`Self::flat`]; zeros where the loss does not depend on a weight.
    pub fn flat_gradient(&self, gradients: &Gradients) -> Tensor<1> {
        self.joined(|entry| {
            let gradient = entry.leaf.grad(gradients);
            gradient.unwrap_or_else(|| entry.leaf.clone().inner().zeros_like())
        })
    }

    /// The tensors of all weights, one after the other, with the zeros between.
    fn joined(&self, tensor: impl Fn(&Entry) -> Tensor<1>) -> Tensor<1> {
        let both = |entry| [Some(tensor(entry)), entry.gap.clone()];
        let parts = self.entries.iter().flat_map(both).flatten();
        Tensor::cat(parts.collect(), 0)
    }

    /// One number for each scalar of [`Self::flat`], chosen by the name of its weight; 0 between them.
    pub fn flat_of(&self, number: impl Fn(&str) -> f32) -> Tensor<1> {
        let entries = self.entries.iter();
        let values = entries.flat_map(|e| std::iter::repeat_n(number(&e.name), e.size()));
        self.on_device(values)
    }

    /// These numbers of all weights as a vector like [`Self::flat`]; none where they are not as many.
    pub fn flat_like(&self, values: Vec<f32>) -> Option<Tensor<1>> {
        let fits = values.len() == self.sizes().sum::<usize>();
        fits.then(|| self.on_device(values.into_iter()))
    }

    /// Numbers of all weights, in order, with the zeros between.
    fn on_device(&self, mut values: impl Iterator<Item = f32>) -> Tensor<1> {
        let mut spaced = Vec::with_capacity(self.entries.iter().map(Entry::room).sum());
        for entry in &self.entries {
            let end = spaced.len() + entry.room();
            spaced.extend(values.by_ref().take(entry.size()));
            spaced.resize(end, 0.0);
        }
        let size = spaced.len();
        floats(spaced, [size], &self.device, exact(self.dtype))
    }

    /// The numbers of a vector like [`Self::flat`] on the host, of each weight in order. Waits for the device once.
    pub fn numbers<E: Element>(&self, flat: Tensor<1>) -> Vec<Vec<E>> {
        let mut all = read_back(flat).into_iter();
        let entries = self.entries.iter().map(|entry| {
            let numbers = all.by_ref().take(entry.size()).collect();
            let gap = entry.room() - entry.size();
            all.by_ref().take(gap).for_each(drop);
            numbers
        });
        entries.collect()
    }

    /// The numbers as they are now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.flat())
    }

    /// Back to the numbers of a snapshot of these same parameters.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.set_flat(snapshot.0.clone());
    }

    /// All weights on the host, in order: what a checkpoint holds. Waits for the device once.
    pub fn export(&self) -> Vec<NamedTensor> {
        let numbers = self.numbers(self.flat().cast(DType::F32));
        let entries = self.entries.iter().zip(numbers);
        let named = entries.map(|(entry, values)| NamedTensor {
            name: entry.name.clone(),
            shape: entry.shape.clone(),
            values,
        });
        named.collect()
    }

    /// Takes all weights from an export, in any order.
    ///
    /// # Errors
    /// A weight is missing, does not belong, or has other axes; nothing is changed then.
    pub fn import(&mut self, tensors: &[NamedTensor]) -> Result<(), ParametersError> {
        let mut values = Vec::with_capacity(self.sizes().sum());
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
            values.extend_from_slice(&tensor.values);
        }
        if let Some(other) = tensors.iter().find(|t| self.slot(&t.name).is_none()) {
            return Err(ParametersError::Unknown(other.name.clone()));
        }
        self.set_flat(self.on_device(values.into_iter()));
        Ok(())
    }

    fn sizes(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().map(Entry::size)
    }
}

impl Entry {
    /// Its numbers.
    fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its numbers and the zeros after them.
    fn room(&self) -> usize {
        let gap = self.gap.as_ref().map_or(0, |gap| gap.dims()[0]);
        self.size() + gap
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::super::ops::composed::Composed;
    use super::*;

    fn named(name: &str, values: &[f32]) -> NamedTensor {
        NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        }
    }

    #[test]
    fn weights_begin_where_the_device_can_look_at_them_and_are_kept_without_gaps() {
        let tensors = vec![
            named("a", &[1.0, 2.0]),
            named("b", &[3.0; 64]),
            named("c", &[4.0]),
        ];
        let device = Device::flex();
        let mut parameters = Parameters::computed_by(&Composed, &device, DType::F32);
        parameters = parameters.with_named(tensors.clone());
        let flat: Vec<f32> = read_back(parameters.flat());
        assert_eq!(flat.len(), 3 * 64);
        let numbers: Vec<(usize, f32)> = flat.iter().copied().enumerate().collect();
        let nonzero = numbers.into_iter().filter(|(_, number)| *number != 0.0);
        let places: Vec<usize> = nonzero.map(|(place, _)| place).collect();
        let expected = [0, 1].into_iter().chain(64..128).chain([128]);
        assert_eq!(places, expected.collect::<Vec<usize>>());
        assert_eq!(parameters.export(), tensors);

        let doubled = parameters.flat() * 2.0;
        parameters.set_flat(doubled);
        let all = vec![vec![2.0, 4.0], vec![6.0; 64], vec![8.0]];
        assert_eq!(parameters.numbers::<f32>(parameters.flat()), all);
        let [a, b] = [0, 1].map(|slot| read_back::<f32, 1>(parameters.vector(Slot(slot))));
        assert_eq!((a, b), (all[0].clone(), all[1].clone()));
        let like = parameters.flat_like(all.concat()).unwrap();
        assert_eq!(parameters.numbers::<f32>(like), all);
        assert!(parameters.flat_like(vec![0.0; 3 * 64]).is_none());
        let gradients = parameters.vector(Slot(2)).sum().backward();
        let gradient = parameters.numbers::<f32>(parameters.flat_gradient(&gradients));
        assert_eq!(gradient, [vec![0.0; 2], vec![0.0; 64], vec![1.0]]);

        parameters.import(&tensors).unwrap();
        assert_eq!(parameters.export(), tensors);
        let without_gaps = Parameters::from_named(tensors, &device, DType::F32);
        assert_eq!(without_gaps.flat().dims(), [67]);
    }
}
