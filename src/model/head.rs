//! The trained head, on the raw first hidden state.
//!
//! | symbol | meaning |
//! |---|---|
//! | h0 | first hidden state |
//! | z | Lin_out( dropout( tanh( Lin_dense( dropout(h0) ) ) ) ) |
//! | μ, σ | mean and deviation of the labels, where amounts are predicted; else 0 and 1 |
//!
//! logits = σ z + μ. Outside of training there is no μ nor σ: σ (W x + b) + μ is the map of σ W and σ b + μ, and those are the
//! weights that are handed over, see [`Units::fold`].

use super::dropout::Dropout;
use super::initial::Initial;
use super::parameters::{Parameters, Slot};
use super::tensor::{Tensor, exact, tanh};
use super::weights::NamedTensor;

/// The last layer's weight and bias, by name.
const OUT: [&str; 2] = ["head.out.weight", "head.out.bias"];

/// Units in which amounts are learnt: whatever those of the labels, they have mean 0 and deviation 1 in these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// μ
    pub mean: f64,
    /// σ, above 0.
    pub deviation: f64,
}

impl Units {
    /// Those of labels, `[n]`; none where they do not vary, or so little or much that 32 bits have no square of it.
    pub fn of(labels: &[f64]) -> Option<Self> {
        let n = labels.len() as f64;
        let mean = labels.iter().sum::<f64>() / n;
        let squares = labels.iter().map(|label| (label - mean).powi(2));
        let deviation = (squares.sum::<f64>() / n).sqrt();
        let has_square = (deviation as f32).powi(2).is_normal();
        has_square.then_some(Self { mean, deviation })
    }

    /// z in the labels' own units.
    fn back(&self, z: Tensor<2>) -> Tensor<2> {
        z.mul_scalar(self.deviation).add_scalar(self.mean)
    }

    /// Weights of a whole model, head included, that give without units what `tensors` give with these.
    fn fold(&self, tensors: &mut [NamedTensor]) {
        for tensor in tensors {
            let shift = match OUT.iter().position(|name| tensor.name == *name) {
                Some(0) => 0.0,
                Some(_) => self.mean,
                None => continue,
            };
            for value in &mut tensor.values {
                *value = (f64::from(*value) * self.deviation + shift) as f32;
            }
        }
    }
}

/// Where the head's weights are. Its first linear layer is new, not the pooler's.
#[derive(Clone, Debug)]
pub(super) struct Head {
    dense: [Slot; 2],
    out: [Slot; 2],
    units: Option<Units>,
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
            units: None,
        }
    }

    /// Learns in these units.
    pub(super) fn learn_in(&mut self, units: Units) {
        self.units = Some(units);
    }

    /// All weights as anything outside of training takes them.
    pub(super) fn export(&self, parameters: &Parameters) -> Vec<NamedTensor> {
        let mut tensors = parameters.export();
        if let Some(units) = &self.units {
            units.fold(&mut tensors);
        }
        tensors
    }

    /// What a loss in squares of the labels' units is divided by to be one of the units that are learnt in.
    pub(super) fn square(&self) -> f64 {
        self.units.map_or(1.0, |units| units.deviation.powi(2))
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
        let z = linear(self.out).of_rows(drop(inner));
        match &self.units {
            Some(units) => units.back(z),
            None => z,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_that_do_not_vary_have_no_units() {
        let units = Units {
            mean: 3.0,
            deviation: 2.0,
        };
        assert_eq!(Units::of(&[1.0, 5.0, 1.0, 5.0]), Some(units));
        for amounts in [&[][..], &[7.5], &[2.5, 2.5], &[0.0, 1e-30], &[0.0, 1e30]] {
            assert_eq!(Units::of(amounts), None, "{amounts:?}");
        }
    }
}
