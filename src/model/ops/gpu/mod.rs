//! Kernels for GPUs of any maker, in the library's language of kernels (CubeCL), which is compiled on the user's machine:
//! by NVRTC for CUDA, as WGSL for everything else.
//!
//! | file | what | kept for the way back |
//! |---|---|---|
//! | [`gelu`] | the exact GELU | its slopes |
//! | [`layer_norm`] | normalisation with frozen weights | x, two numbers a row |
//! | [`softmax`], [`attention`] | attention with padding, biases by distance, prefix and dropout | q, k, v; p |
//! | [`dropout`] | masks, made where they are used | |
//! | [`norm`], [`adamw`] | a step of the optimiser over all weights | |
//! | [`matmul`] | products of matrices, in 32 bits where they are asked for | A where B trains, B where A does |
//!
//! Each file says why its kernel is ours. Where factors may be rounded, and in 16 bits, a product is the library's, whose
//! fusion takes bias and residual into its kernel; into one beside that of ours.
//!
//! # How a kernel becomes an operation
//!
//! A trait with `#[backend_extension(Cube, Fusion)]` is implemented by hand for [`burn_cubecl::CubeBackend`], whose
//! tensors are buffers with axes and strides; the macro implements it for [`burn_cubecl::Cube`], whose tensors are promises:
//! there an operation is queued, and runs when the library empties the queue. [`super::node`] makes it a node of the graph
//! of gradients.
//!
//! # Traps
//!
//! - The axes and formats of what comes out are told to the macro a second time, and nobody compares the two.
//! - What comes in may lie in any order, with gaps, or in a part of a buffer: [`launch::end_to_end`]. What goes out is
//!   asked for end to end by name: the library's own room may have gaps between rows.
//! - The macro takes no `Option`: [`perhaps`]. In a kernel an option is told apart under `#[comptime]`, or its parts have
//!   no type.
//! - A launch of no threads, or of more groups on one axis than a device has, fails: [`launch::Elementwise`] and
//!   [`rows::ByRow`] lay groups out in three axes and give nothing for nothing; there may be more groups than are needed.
//! - All threads of a group come to its every meeting point, or none may.
//! - Mesa's software driver ends every loop after 65,535 rounds without a word: the library's own sum of 300,000 ones is
//!   262,132 there.
//! - WGSL knows no infinity by name, no 64-bit float and no bfloat16; a comparison with what is no number is false.

mod adamw;
mod attention;
mod dropout;
mod gelu;
mod launch;
mod layer_norm;
mod matmul;
mod norm;
mod numbers;
mod perhaps;
mod rows;
mod softmax;

use super::attention::Heads;
use super::composed::adamw::{Moved, Step};
use super::philox::Mask;
use super::{Habits, Ops, composed};
use crate::model::dropout::Dropout;
use crate::model::tensor::{DType, Device, Tensor};
use crate::study::Precision;
use matmul::Factors;

/// GPUs of any maker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gpu {
    factors: Factors,
}

/// Products of 32-bit numbers in 32 bits; of 16 in 16.
pub(super) static EXACT: Gpu = Gpu {
    factors: Factors::Exact,
};

/// Products of 32-bit numbers as tensor cores take them.
pub(super) static ROUNDED: Gpu = Gpu {
    factors: Factors::Rounded,
};

impl Ops for Gpu {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn takes(&self, device: &Device, precision: Precision) -> bool {
        // There are but two kinds of backends in the program.
        let on_gpu = device.clone().without_autodiff() != Device::flex();
        on_gpu && (precision == Precision::Tf32) == (self.factors == Factors::Rounded)
    }

    fn habits(&self, dtype: DType) -> Habits {
        composed::Composed.habits(dtype)
    }

    fn linear(&self, x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
        let [batch, tokens, _] = x.dims();
        let sum = matmul::matmul(flat(x), weight, self.factors) + bias.unsqueeze::<2>();
        let [_, width] = sum.dims();
        sum.reshape([batch, tokens, width])
    }

    fn multiply(&self, x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
        let [batch, tokens, _] = x.dims();
        let product = matmul::matmul(flat(x), weight, self.factors);
        let [_, width] = product.dims();
        product.reshape([batch, tokens, width])
    }

    fn product(&self, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        matmul::matmul(a, b, self.factors)
    }

    fn linear_onto(
        &self,
        residual: Tensor<3>,
        x: Tensor<3>,
        weight: Tensor<2>,
        bias: Tensor<1>,
    ) -> Tensor<3> {
        // In two axes up to the sum: the library's fusion goes on from a product as long as the axes are the same.
        let axes = residual.dims();
        let product = matmul::matmul(flat(x), weight, self.factors);
        (product + bias.unsqueeze::<2>() + flat(residual)).reshape(axes)
    }

    fn layer_norm(
        &self,
        x: Tensor<3>,
        weight: Tensor<1>,
        bias: Tensor<1>,
        epsilon: f64,
    ) -> Tensor<3> {
        layer_norm::layer_norm(x, weight, bias, epsilon)
    }

    fn gelu(&self, x: Tensor<3>) -> Tensor<3> {
        gelu::gelu(x)
    }

    fn attention(&self, heads: Heads<'_>, dropout: Option<&mut Dropout>) -> Tensor<3> {
        attention::attention(self, heads, dropout)
    }

    fn mask(&self, mask: &Mask, count: usize, device: &Device, dtype: DType) -> Tensor<1> {
        self.dropped(Tensor::ones([count], (device, dtype)), mask)
    }

    fn dropped(&self, x: Tensor<1>, mask: &Mask) -> Tensor<1> {
        dropout::dropped(x, mask)
    }

    fn adamw(&self, from: Moved, gradient: Tensor<1>, step: &Step) -> (Moved, Tensor<1>) {
        adamw::step(from, gradient, step)
    }
}

/// [B, S, W] as [B S, W].
fn flat(t: Tensor<3>) -> Tensor<2> {
    let [batch, tokens, width] = t.dims();
    t.reshape([batch * tokens, width])
}

#[cfg(all(test, feature = "wgpu"))]
mod tests;
