//! LoRA (Hu et al. 2022) on queries and values: q = Lin_q(x) + s x Aᵀ Bᵀ, and v alike.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | r | rank | |
//! | A, B | trained matrices; B starts at 0, so the module starts as the zero map | r, H; H, r |
//! | s | a constant, often written α/r | |

use super::super::config::EncoderConfig;
use super::super::initial::Initial;
use super::super::ops::Ops;
use super::super::parameters::{Parameters, Slot};
use super::super::tensor::Tensor;
use super::{Active, Inserted, Module, Projections, Site};

/// The kind.
pub(super) struct Lora;

impl Module for Lora {
    fn name(&self) -> &'static str {
        "lora"
    }

    fn description(&self) -> &'static str {
        "LoRA: low-rank additions to the query and value projections; size = rank"
    }

    fn weights_per_unit(&self, config: &EncoderConfig) -> u64 {
        4 * config.hidden as u64
    }

    fn trained_parameters(&self, site: &Site, size: usize) -> u64 {
        (4 * site.hidden * size * site.layers.len()) as u64
    }

    fn insert(
        &self,
        site: &Site,
        size: usize,
        parameters: &mut Parameters,
        initial: &mut Initial,
    ) -> Box<dyn Inserted> {
        let (hidden, count) = (site.hidden, site.hidden * size);
        // Kaiming uniform with a = √5.
        let bound = 1.0 / (hidden as f64).sqrt();
        let mut pair = |layer: usize, target: &str| {
            let name = |matrix: &str| format!("layer.{layer}.lora.{target}.{matrix}");
            let a = initial.uniform(count, bound);
            [
                parameters.add(name("A"), &[size, hidden], a),
                parameters.add(name("B"), &[hidden, size], vec![0.0; count]),
            ]
        };
        let layers = site.layers.iter();
        Box::new(InsertedLora {
            layers: layers
                .map(|&layer| (layer, [pair(layer, "query"), pair(layer, "value")]))
                .collect(),
            scale: site.lora_scale,
        })
    }
}

#[derive(Debug)]
struct InsertedLora {
    /// Layers with A and B of the query and of the value.
    layers: Vec<(usize, [[Slot; 2]; 2])>,
    scale: f64,
}

impl Inserted for InsertedLora {
    fn activate(&self, parameters: &Parameters) -> Box<dyn Active> {
        let matrices = |pair: [Slot; 2]| pair.map(|slot| parameters.matrix(slot).transpose());
        let layers = self.layers.iter();
        Box::new(ActiveLora {
            layers: layers
                .map(|&(layer, pairs)| (layer, pairs.map(matrices)))
                .collect(),
            scale: self.scale,
            ops: parameters.ops(),
        })
    }
}

struct ActiveLora {
    layers: Vec<(usize, [[Tensor<2>; 2]; 2])>,
    scale: f64,
    ops: &'static dyn Ops,
}

impl ActiveLora {
    fn addition(&self, x: &Tensor<3>, [a, b]: &[Tensor<2>; 2]) -> Tensor<3> {
        let low = self.ops.multiply(x.clone(), a.clone());
        self.ops.multiply(low, b.clone()).mul_scalar(self.scale)
    }
}

impl Active for ActiveLora {
    fn projects(&self, layer: usize) -> bool {
        self.layers.iter().any(|(at, _)| *at == layer)
    }

    fn projections(
        &self,
        layer: usize,
        asking: &Tensor<3>,
        x: &Tensor<3>,
        mut projections: Projections,
    ) -> Projections {
        if let Some((_, [query, value])) = self.layers.iter().find(|(at, _)| *at == layer) {
            projections.query = projections.query + self.addition(asking, query);
            projections.value = projections.value + self.addition(x, value);
        }
        projections
    }
}
