//! Kernels for the processor: operations of 32-bit floats that run in one pass, each with a backward pass of its own.
//!
//! Taken apart into primitives, each with a pass over memory of its own, they would cost a third of a training step. A
//! file or folder per operation holds its formulas; [`numbers`] is how they reach a tensor's memory.

mod attention;
mod gelu;
mod layer_norm;
mod linear;
mod numbers;
pub(super) mod vector;

use super::attention::{AmongTokens, FirstTokens, Heads};
use super::{Habits, Ops, composed};
use crate::model::dropout::Dropout;
use crate::model::tensor::{DType, Device, Tensor};
use crate::study::Precision;

/// The processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cpu;

impl Ops for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn takes(&self, device: &Device, _: Precision) -> bool {
        device.clone().without_autodiff() == Device::flex()
    }

    fn computes_at_once(&self) -> bool {
        true
    }

    fn habits(&self, dtype: DType) -> Habits {
        Habits {
            // Attention goes row by row.
            packs: dtype == DType::F32,
            // It computes at once.
            queues: false,
            aligned: 1,
            length_multiple: 1,
            group_rows: 1,
            steps_per_reading: 1,
            // RTE and a 6-layer encoder in bf16: a trial takes no less with 32 or with 512.
            group_tokens: 128,
        }
    }

    fn linear(&self, x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
        linear::linear(x, weight, bias)
    }

    fn linear_onto(
        &self,
        residual: Tensor<3>,
        x: Tensor<3>,
        weight: Tensor<2>,
        bias: Tensor<1>,
    ) -> Tensor<3> {
        linear::linear_onto(residual, x, weight, bias)
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
        attention::attention(heads, dropout)
    }

    fn first_tokens(
        &self,
        asked: &FirstTokens<'_>,
        mut dropout: Option<&mut Dropout>,
    ) -> Tensor<3> {
        let first = attention::first_tokens(asked, dropout.as_deref_mut());
        first.unwrap_or_else(|| composed::attention::first_tokens(self, asked, dropout))
    }

    fn among_tokens(&self, heads: Heads<'_>) -> AmongTokens {
        attention::among_tokens(heads)
    }

    fn prefixed(&self, tokens: &AmongTokens, prefix: [Tensor<3>; 2]) -> Tensor<3> {
        attention::prefixed(tokens, prefix)
    }
}

/// Numbers for tests, from a stream of their own: the device's is shared by all threads.
#[cfg(test)]
struct Random(crate::model::initial::Initial);

#[cfg(test)]
impl Random {
    fn new(seed: u64) -> Self {
        Self(crate::model::initial::Initial::new(seed))
    }

    /// Normal numbers around 0.
    fn tensor<const D: usize>(&mut self, shape: [usize; D], deviation: f64) -> Tensor<D> {
        let values = self.0.normal(shape.iter().product(), deviation);
        crate::model::tensor::floats(values, shape, &Device::flex(), DType::F32)
    }
}
