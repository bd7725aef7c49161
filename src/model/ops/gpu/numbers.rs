//! Tensors on a GPU, as kernels take them.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::Cube;

use crate::model::tensor::{DType, Tensor};

/// Numbers on a GPU with their axes. Cloning shares them. With the library's fusion they are a promise: what they come
/// from may not have been launched yet.
pub(super) type Numbers = FloatTensor<Cube>;

/// The numbers of a tensor, without its place in the graph, where the kernels take them: 32 or 16 bits, on a GPU.
pub(super) fn numbers<const D: usize>(x: &Tensor<D>) -> Option<Numbers> {
    if !matches!(x.dtype(), DType::F32 | DType::BF16 | DType::F16) {
        return None;
    }
    let x = if x.is_autodiff() {
        x.clone().inner()
    } else {
        x.clone()
    };
    x.try_into_primitive::<Cube>().ok()
}

/// These numbers as a tensor that no gradient leads to.
pub(super) fn constant<const D: usize>(numbers: Numbers) -> Tensor<D> {
    Tensor::from_primitive::<Cube>(numbers)
}
