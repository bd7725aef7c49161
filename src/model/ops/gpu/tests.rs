//! The kernels against the library's own operations in 64 bits, in value and gradient.
#![allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]

mod adamw;
mod attention;
mod dropout;
mod elementwise;

use burn::tensor::DeviceKind;

use crate::model::initial::Initial;
use crate::model::tensor::{DType, Device, Tensor, floats};

/// The device that wgpu takes by itself.
fn device() -> Device {
    Device::wgpu(DeviceKind::DefaultDevice)
}

/// Numbers from a stream of their own.
struct Random(Initial);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Initial::new(seed))
    }

    /// Normal numbers around 0.
    fn tensor<const D: usize>(&mut self, shape: [usize; D], deviation: f64) -> Tensor<D> {
        let values = self.0.normal(shape.iter().product(), deviation);
        floats(values, shape, &device(), DType::F32)
    }
}

/// The numbers of a tensor.
fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

/// The same numbers on the processor in 64 bits, where the library's operations are what the kernels must come to.
fn exact<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    floats(host(x.clone()), x.dims(), &Device::flex(), DType::F64)
}

/// The same tensor as a view of a larger one whose last two axes are turned.
fn turned(x: &Tensor<3>) -> Tensor<3> {
    let copy = x.clone().swap_dims(1, 2) * 1.0;
    copy.swap_dims(1, 2)
}

/// Largest distance between numbers, relative to those beyond 1.
fn distance(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs);
    let off = pairs.map(|(&a, &b)| {
        let (a, b) = (f64::from(a), f64::from(b));
        let off = (a - b).abs() / b.abs().max(1.0);
        if off.is_nan() { f64::INFINITY } else { off }
    });
    off.fold(0.0, f64::max)
}

/// Of an operation of `inputs`: its value, and the gradients of all inputs where the output is weighted.
fn run<const N: usize>(
    inputs: [&Tensor<3>; N],
    weights: &Tensor<3>,
    operation: impl FnOnce([Tensor<3>; N]) -> Tensor<3>,
) -> Vec<Vec<f32>> {
    let leaves = inputs.map(|x| x.clone().autodiff().require_grad());
    let output = operation(leaves.clone());
    let gradients = (output.clone() * weights.clone()).sum().backward();
    let of_inputs = leaves.map(|leaf| host(leaf.grad(&gradients).unwrap()));
    std::iter::once(host(output.inner()))
        .chain(of_inputs)
        .collect()
}

/// Both agree in value and all gradients.
fn agree(ours: &[Vec<f32>], theirs: &[Vec<f32>], allowed: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let off = distance(ours, theirs);
        assert!(off <= allowed, "{what}, {index} (0 is the value): {off}");
    }
}
