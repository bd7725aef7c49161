//! Every operation by the library's own, with its gradients: what takes any device, any number format and weights that
//! train, and what the kernels of the others must agree with.

pub mod adamw;
pub(super) mod attention;
mod gelu;

use super::{Habits, Ops};
use crate::model::tensor::{self, DType, Device, Int, Tensor, log_softmax};
use crate::study::Precision;
pub(super) use gelu::gelu;

/// The library's own operations on a device of any kind.
#[derive(Clone, Copy, Debug)]
pub struct Composed;

impl Ops for Composed {
    fn name(&self) -> &'static str {
        "composed"
    }

    fn takes(&self, _: &Device, _: Precision) -> bool {
        true
    }

    fn habits(&self, _: DType) -> Habits {
        Habits {
            packs: false,
            queues: true,
            // 256 bytes of 32-bit numbers, or more than that.
            aligned: 64,
            length_multiple: 16,
            group_rows: 8,
            steps_per_reading: 16,
            // Reckoned, not measured: some hundred launches take 10 µs each with the host's part, and a card that does 20 to
            // 100 TFLOP/s computes as many tokens of a BERT of 12 layers meanwhile, and more of a smaller encoder.
            group_tokens: 1024,
        }
    }
}

/// x W + b over the last axis.
pub(super) fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<D> {
    let mut dims = x.dims();
    let [width_in, width_out] = weight.dims();
    let rows = dims.iter().product::<usize>() / width_in.max(1);
    dims[D - 1] = width_out;
    // Two axes, or the library multiplies row by row of the first.
    let flat = x.reshape([rows, width_in]);
    tensor::linear(flat, weight, Some(bias)).reshape(dims)
}

/// LN(x) by `weight` and `bias`, both of the width of x's last axis, computed in their number format and given in x's.
pub(super) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let dtype = x.dtype();
    if dtype != weight.dtype() {
        let exact = x.cast(weight.dtype());
        return layer_norm(exact, weight, bias, epsilon).cast(dtype);
    }
    tensor::layer_norm(x, weight, Some(bias), epsilon)
}

/// Mean over the rows of -log softmax(logits)[class].
pub(super) fn cross_entropy(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    let chosen = log_softmax(logits, 1).gather(1, classes.unsqueeze_dim::<2>(1));
    chosen.mean().neg()
}

/// Mean over the rows of (prediction - value)²; predictions are [B, 1].
pub(super) fn mean_squared_error(predictions: Tensor<2>, values: Tensor<1>) -> Tensor<1> {
    let difference = predictions - values.unsqueeze_dim::<2>(1);
    (difference.clone() * difference).mean()
}
