//! Operations of the encoder that run in one pass on the CPU in 32 bits, each with a backward pass of its own.
//!
//! While gradients are tracked the tensor library takes such operations apart into primitives, each with a pass over
//! memory of its own; together those cost a third of a training step. Elsewhere (another device, 64 bits, weights that
//! train themselves) the library's own operations are used, and compute the same.
//!
//! [`node`] is how an operation enters the graph of gradients; a file or folder per operation holds its formulas.

mod attention;
mod gelu;
mod layer_norm;
mod linear;
mod node;
mod vector;

pub(super) use attention::{
    AmongTokens, FirstTokens, Heads, among_tokens, attention, first_tokens, prefixed,
};
pub(super) use gelu::gelu;
pub(super) use layer_norm::layer_norm;
pub(super) use linear::{linear, linear_onto};

/// True for tensors that the operations here take.
pub(super) fn takes<const D: usize>(x: &super::tensor::Tensor<D>) -> bool {
    node::numbers(x).is_some()
}

/// Numbers for tests, from a stream of their own: the device's is shared by all threads, and dropout sets it.
#[cfg(test)]
struct Random(super::initial::Initial);

#[cfg(test)]
impl Random {
    fn new(seed: u64) -> Self {
        Self(super::initial::Initial::new(seed))
    }

    /// Normal numbers around 0.
    fn tensor<const D: usize>(
        &mut self,
        shape: [usize; D],
        deviation: f64,
    ) -> super::tensor::Tensor<D> {
        let values = self.0.normal(shape.iter().product(), deviation);
        let device = super::tensor::Device::flex();
        super::tensor::floats(values, shape, &device, super::tensor::DType::F32)
    }
}
