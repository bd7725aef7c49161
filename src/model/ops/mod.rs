//! What devices compute: the operations of a model, and how each device carries them out.
//!
//! ```text
//! encoder · modules · head · optimiser · loss ──ask──▶ Ops ──▶ cpu       kernels for the processor, 32 bits
//!                                                        ├────▶ gpu       kernels for GPUs
//!                                                        └────▶ composed  the library's own operations
//! ```
//!
//! While gradients are tracked the library takes operations apart into primitives, each with a pass over memory, or a
//! launch, of its own. The kernels run in one pass, forward and backward, and fall back on [`composed`] for what they do
//! not take: 64 bits, weights that train themselves. `composed` is what they are tested against.
//!
//! Nobody else asks which device it is. Another device is a folder here, and a line of the table below.

pub mod attention;
pub mod composed;
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
mod node;
pub mod philox;

use std::fmt::Debug;

use crate::model::dropout::Dropout;
use crate::model::tensor::{DType, Device, Int, Tensor, floats, linear};
use crate::study::Precision;
use attention::{AmongTokens, FirstTokens, Heads};
use composed::adamw;
pub use composed::adamw::{AdamWForm, Moved, Step};
use philox::Mask;

/// All implementations; the last one takes every device.
static DEVICES: &[&dyn Ops] = &[
    &cpu::Cpu,
    #[cfg(feature = "gpu")]
    &gpu::EXACT,
    #[cfg(feature = "gpu")]
    &gpu::ROUNDED,
    &composed::Composed,
];

/// What computes on this device, 32-bit numbers in 32 bits.
pub fn of(device: &Device) -> &'static dyn Ops {
    with_precision(device, Precision::F32)
}

/// What computes on this device in this precision.
pub fn with_precision(device: &Device, precision: Precision) -> &'static dyn Ops {
    let taking = DEVICES.iter();
    let mut taking = taking.filter(|ops| ops.takes(device, precision));
    taking.next().copied().unwrap_or(&composed::Composed)
}

/// How a device likes its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Rows end to end are computed at least as fast as padded ones.
    pub packs: bool,
    /// It takes its work from queues, one for each thread, and a tensor belongs to the queue of the thread that made it.
    pub queues: bool,
    /// Numbers of which a part of a vector has to begin and end at a multiple, to be looked at without being copied; 1:
    /// anywhere.
    pub aligned: usize,
    /// Rows are padded to a multiple of so many tokens: every shape has kernels to choose and memory to find.
    pub length_multiple: usize,
    /// Groups have a multiple of so many rows, but for one.
    pub group_rows: usize,
    /// Training steps after which losses are read back: each reading waits for all that the device still has to do.
    pub steps_per_reading: usize,
    /// What another group of rows costs a step, as tokens that could have been computed meanwhile: every operation begins
    /// once more.
    pub group_tokens: usize,
}

impl Habits {
    /// The tokens to which rows of up to `longest` are padded, where there may be `most`.
    pub fn padded(&self, longest: usize, most: usize) -> usize {
        let padded = longest.next_multiple_of(self.length_multiple);
        padded.min(most).max(longest)
    }
}

/// The operations of a model on a device. Where a tensor that goes in is tracked, gradients lead back through what comes
/// out.
///
/// | symbol | meaning |
/// |---|---|
/// | B, S, H | rows, tokens, width; of rows end to end B = 1 and S all their tokens |
pub trait Ops: Debug + Send + Sync {
    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// Whether it computes on this device in this precision.
    fn takes(&self, device: &Device, precision: Precision) -> bool;

    /// Whether the threads that ask compute themselves, and an operation costs what its numbers cost. Otherwise the device
    /// runs beside them, and every operation costs a launch.
    fn computes_at_once(&self) -> bool {
        false
    }

    /// How it likes its work, with backbones of this number format.
    fn habits(&self, dtype: DType) -> Habits;

    /// x W + b over the last axis: x is [B, S, I], W [I, O], b [O].
    fn linear(&self, x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
        composed::linear(x, weight, bias)
    }

    /// x W over the last axis: x is [B, S, I], W [I, O].
    fn multiply(&self, x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
        linear(x, weight, None)
    }

    /// A B of the last two axes; those before are equal, or 1 on one side.
    fn product(&self, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        a.matmul(b)
    }

    /// r + x W + b, with r [B, S, O]: on top of a residual connection.
    fn linear_onto(
        &self,
        residual: Tensor<3>,
        x: Tensor<3>,
        weight: Tensor<2>,
        bias: Tensor<1>,
    ) -> Tensor<3> {
        self.linear(x, weight, bias) + residual
    }

    /// Layer normalisation of x [B, S, H] over the last axis (Ba et al. 2016), computed in the weights' number format and
    /// given in x's.
    fn layer_norm(
        &self,
        x: Tensor<3>,
        weight: Tensor<1>,
        bias: Tensor<1>,
        epsilon: f64,
    ) -> Tensor<3> {
        composed::layer_norm(x, weight, bias, epsilon)
    }

    /// The exact GELU, elementwise, computed in exact numbers and given in x's.
    fn gelu(&self, x: Tensor<3>) -> Tensor<3> {
        composed::gelu(x)
    }

    /// softmax(q kᵀ / √d + m + biases) v of all heads, with the axes of q; `dropout` is that of the softmax's weights.
    fn attention(&self, heads: Heads<'_>, dropout: Option<&mut Dropout>) -> Tensor<3> {
        composed::attention::attention(self, heads, dropout)
    }

    /// The same of each row's first token alone, from what keys and values are made of.
    fn first_tokens(&self, asked: &FirstTokens<'_>, dropout: Option<&mut Dropout>) -> Tensor<3> {
        composed::attention::first_tokens(self, asked, dropout)
    }

    /// What tokens get from each other without a prefix, as [`Self::prefixed`] takes it; `heads` have none.
    fn among_tokens(&self, heads: Heads<'_>) -> AmongTokens {
        composed::attention::among_tokens(self, heads)
    }

    /// Attention once a prefix has joined, k' and v' [A, L, d], with the axes of q.
    fn prefixed(&self, tokens: &AmongTokens, prefix: [Tensor<3>; 2]) -> Tensor<3> {
        composed::attention::prefixed(self, tokens, prefix)
    }

    /// What dropout multiplies the first `count` elements of a tensor by, [count], on this device and in this number format:
    /// those of [`Mask::on_host`], wherever they are made.
    fn mask(&self, mask: &Mask, count: usize, device: &Device, dtype: DType) -> Tensor<1> {
        floats(mask.on_host(count), [count], device, dtype)
    }

    /// x [N] with dropout: multiplied by what [`Self::mask`] gives for it.
    fn dropped(&self, x: Tensor<1>, mask: &Mask) -> Tensor<1> {
        let [count] = x.dims();
        let factors = self.mask(mask, count, &x.device().without_autodiff(), x.dtype());
        x * factors
    }

    /// The rows of a table [R, W] with these numbers [N]: [N, W].
    fn look_up(&self, table: &Tensor<2>, rows: Tensor<1, Int>) -> Tensor<2> {
        table.clone().select(0, rows)
    }

    /// Mean over the rows of -log softmax(logits)[class]: logits [B, C], classes [B]; one number.
    fn cross_entropy(&self, logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
        composed::cross_entropy(logits, classes)
    }

    /// Mean over the rows of (prediction - value)²: predictions [B, 1], values [B]; one number.
    fn mean_squared_error(&self, predictions: Tensor<2>, values: Tensor<1>) -> Tensor<1> {
        composed::mean_squared_error(predictions, values)
    }

    /// One step of AdamW over all weights in one vector, see [`adamw`]; and the gradient's norm before clipping, one
    /// number. Nothing is read back.
    fn adamw(&self, from: Moved, gradient: Tensor<1>, step: &Step) -> (Moved, Tensor<1>) {
        adamw::step(from, gradient, step)
    }
}

#[cfg(test)]
mod tests;
