//! The one place that names the tensor library's types; everything else in the project takes them from here.
//!
//! A tensor's rank is part of its type; its backend and number format are chosen at run time by the device and the
//! [`DType`] it was made with. Tensors without gradient tracking that meet tracked ones are constants to them, so
//! frozen weights are simply never tracked, and nothing is computed backward below the lowest trained module.
//!
//! Numbers go to a device by [`floats`] and [`integers`], and come back by [`read_back`], nowhere else: [`Traffic`]
//! counts them.

#[cfg(feature = "gpu")]
mod queues;
mod shared;
mod traffic;
mod work;

pub use burn::tensor::activation::{gelu, log_softmax, relu, softmax, tanh};
pub use burn::tensor::module::{layer_norm, linear};
pub use burn::tensor::{Bool, DType, Device, Element, Gradients, Int, Tensor, TensorData};
/// What a device says instead of an answer.
pub use burn_std::ExecutionError as Fault;
#[cfg(feature = "gpu")]
pub use queues::{Given, QueueWatch};
pub use shared::Shared;
pub use traffic::Traffic;
pub use work::{Work, is_lost, lost, wait};

/// The format of what has to be exact beside tensors of `dtype`: trained weights and their optimiser, LayerNorms, softmax,
/// GELU, the head and the loss (as in Micikevicius et al. 2018). 32 bits beside 16; otherwise the same.
pub fn exact(dtype: DType) -> DType {
    match dtype {
        DType::BF16 | DType::F16 => DType::F32,
        other => other,
    }
}

/// A tensor of floats of rank `D` made from host numbers, in the number format asked for.
pub fn floats<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    traffic::uploads();
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// A tensor of whole numbers of rank `D` made from host numbers.
pub fn integers<const D: usize>(
    values: impl IntoIterator<Item = u32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D, Int> {
    let values: Vec<i64> = values.into_iter().map(i64::from).collect();
    traffic::uploads();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A tensor's numbers on the host, last axis fastest. Waits for all that the device still has to do.
///
/// # Panics
/// With a [`Fault`] where the device failed in that, or lost an operation of this thread's [`Work`]: what it says of it
/// belongs to no caller, and ends the whole training.
pub fn read_back<E: Element, const D: usize>(tensor: Tensor<D>) -> Vec<E> {
    traffic::reads_back();
    let read = tensor.try_into_data();
    work::check();
    let data = read.unwrap_or_else(|fault| work::fails(fault));
    data.iter::<E>().collect()
}
