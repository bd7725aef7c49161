//! The bottleneck g(z) = Lin_up(relu(Lin_down(z))) that serial and parallel adapters share (Houlsby et al. 2019).

use super::super::layer::Linear;
use super::super::parameters::{Parameters, Slot};
use super::super::tensor::{Tensor, relu};
use super::Site;

/// The places of one bottleneck's weights: W_down [D, H], b_down [D], W_up [H, D], b_up [H].
#[derive(Clone, Copy, Debug)]
struct Slots {
    down: [Slot; 2],
    up: [Slot; 2],
}

/// A bottleneck in each of some layers.
#[derive(Clone, Debug)]
pub(super) struct Bottlenecks(Vec<(usize, Slots)>);

/// The bottlenecks of one forward pass.
#[derive(Debug)]
pub(super) struct ActiveBottlenecks(Vec<(usize, [Linear; 2])>);

/// Weights of one bottleneck, biases included.
pub(super) fn scalars(hidden: usize, size: usize) -> u64 {
    (2 * hidden * size + size + hidden) as u64
}

impl Bottlenecks {
    /// One per layer of the site, named `layer.I.KIND.down.weight` and so on; biases start at 0.
    pub(super) fn new(
        kind: &str,
        site: &Site,
        size: usize,
        parameters: &mut Parameters,
        mut weights: impl FnMut(usize) -> [Vec<f32>; 2],
    ) -> Self {
        let hidden = site.hidden;
        let layers = site.layers.iter().map(|&layer| {
            let [down, up] = weights(hidden * size);
            let mut add = |part: &str, shape: &[usize], values: Vec<f32>| {
                parameters.add(format!("layer.{layer}.{kind}.{part}"), shape, values)
            };
            let slots = Slots {
                down: [
                    add("down.weight", &[size, hidden], down),
                    add("down.bias", &[size], vec![0.0; size]),
                ],
                up: [
                    add("up.weight", &[hidden, size], up),
                    add("up.bias", &[hidden], vec![0.0; hidden]),
                ],
            };
            (layer, slots)
        });
        Self(layers.collect())
    }

    pub(super) fn activate(&self, parameters: &Parameters) -> ActiveBottlenecks {
        let linear = |slots| parameters.linear(slots);
        let layers = self.0.iter();
        ActiveBottlenecks(
            layers
                .map(|&(layer, slots)| (layer, [linear(slots.down), linear(slots.up)]))
                .collect(),
        )
    }
}

impl ActiveBottlenecks {
    /// g(z) in a layer that has a bottleneck; `z` is only computed there.
    pub(super) fn forward(&self, layer: usize, z: impl FnOnce() -> Tensor<3>) -> Option<Tensor<3>> {
        let (_, [down, up]) = self.0.iter().find(|(at, _)| *at == layer)?;
        Some(up.forward(relu(down.forward(z()))))
    }
}
