//! The trained head: logits = Lin_out( dropout( tanh( Lin_dense( dropout(h0) ) ) ) ), on the raw first hidden state.

use super::dropout::Dropout;
use super::initial::Initial;
use super::parameters::{Parameters, Slot};
use super::tensor::{Tensor, exact, tanh};

/// Where the head's weights are. Its first linear layer is new, not the pooler's.
#[derive(Clone, Debug)]
pub(super) struct Head {
    dense: [Slot; 2],
    out: [Slot; 2],
}

/// Scalars of a head with this many outputs.
pub(super) fn scalars(hidden: usize, outputs: usize) -> u64 {
    (hidden * hidden + hidden + outputs * hidden + outputs) as u64
}

impl Head {
    /// A new head: normal weights of this deviation, biases 0.
    pub(super) fn new(
        hidden: usize,
        outputs: usize,
        deviation: f64,
        parameters: &mut Parameters,
        initial: &mut Initial,
    ) -> Self {
        let mut layer = |name: &str, rows: usize| {
            let values = initial.normal(rows * hidden, deviation);
            let bias = vec![0.0; rows];
            [
                parameters.add(format!("head.{name}.weight"), &[rows, hidden], values),
                parameters.add(format!("head.{name}.bias"), &[rows], bias),
            ]
        };
        Self {
            dense: layer("dense", hidden),
            out: layer("out", outputs),
        }
    }

    /// Logits [B, C] of first hidden states [B, H], in exact numbers.
    pub(super) fn forward(
        &self,
        h0: Tensor<2>,
        parameters: &Parameters,
        mut dropout: Option<&mut Dropout>,
    ) -> Tensor<2> {
        let mut drop = |x: Tensor<2>| match &mut dropout {
            Some(dropout) => dropout.head(x),
            None => x,
        };
        let linear = |slots| parameters.exact_linear(slots);
        let h0 = h0.cast(exact(parameters.dtype()));
        let inner = tanh(linear(self.dense).of_rows(drop(h0)));
        linear(self.out).of_rows(drop(inner))
    }
}
