//! (IA)³ (Liu et al. 2022): trained factors on keys, values and the inner values of the feed-forward block.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | l_k, l_v | factors: k = l_k Lin_k(x), v = l_v Lin_v(x), biases inside | H |
//! | l_ff | factors inside the feed-forward block, before or after its activation | I |
//!
//! All factors start at 1.

use super::super::config::EncoderConfig;
use super::super::initial::Initial;
use super::super::parameters::{Parameters, Slot};
use super::super::tensor::Tensor;
use super::{Active, Inserted, Module, Projections, Site};

/// Where l_ff multiplies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ia3Place {
    /// gelu(l_ff Lin_1(a)), as AdapterHub does.
    BeforeActivation,
    /// l_ff gelu(Lin_1(a)), as the paper says and Hugging Face's peft does.
    #[default]
    AfterActivation,
}

/// The kind.
pub(super) struct Ia3;

impl Module for Ia3 {
    fn name(&self) -> &'static str {
        "ia3"
    }

    fn description(&self) -> &'static str {
        "(IA)³: trained factors on keys, values and the feed-forward block; size = 1"
    }

    fn largest_size(&self) -> Option<usize> {
        Some(1)
    }

    fn weights_per_unit(&self, config: &EncoderConfig) -> u64 {
        (2 * config.hidden + config.intermediate) as u64
    }

    fn trained_parameters(&self, site: &Site, _size: usize) -> u64 {
        ((2 * site.hidden + site.intermediate) * site.layers.len()) as u64
    }

    fn insert(
        &self,
        site: &Site,
        _size: usize,
        parameters: &mut Parameters,
        _initial: &mut Initial,
    ) -> Box<dyn Inserted> {
        let mut factors = |layer: usize, name: &str, count: usize| {
            let name = format!("layer.{layer}.ia3.{name}");
            parameters.add(name, &[count], vec![1.0; count])
        };
        let layers = site.layers.iter().map(|&layer| {
            let key = factors(layer, "key", site.hidden);
            let value = factors(layer, "value", site.hidden);
            let inner = factors(layer, "ffn", site.intermediate);
            (layer, [key, value, inner])
        });
        Box::new(InsertedIa3 {
            layers: layers.collect(),
            place: site.ia3_place,
        })
    }
}

#[derive(Debug)]
struct InsertedIa3 {
    /// Layers with l_k, l_v and l_ff.
    layers: Vec<(usize, [Slot; 3])>,
    place: Ia3Place,
}

impl Inserted for InsertedIa3 {
    fn activate(&self, parameters: &Parameters) -> Box<dyn Active> {
        // [n] -> [1, 1, n], to multiply every token of every row.
        let factors = |slot: Slot| parameters.vector(slot).unsqueeze::<3>();
        let layers = self.layers.iter();
        Box::new(ActiveIa3 {
            layers: layers.map(|&(l, slots)| (l, slots.map(factors))).collect(),
            place: self.place,
        })
    }
}

struct ActiveIa3 {
    layers: Vec<(usize, [Tensor<3>; 3])>,
    place: Ia3Place,
}

impl ActiveIa3 {
    fn factors(&self, layer: usize) -> Option<&[Tensor<3>; 3]> {
        let found = self.layers.iter().find(|(at, _)| *at == layer);
        found.map(|(_, factors)| factors)
    }

    fn inner(&self, layer: usize, u: Tensor<3>, here: Ia3Place) -> Tensor<3> {
        match self.factors(layer) {
            Some([_, _, inner]) if self.place == here => u * inner.clone(),
            _ => u,
        }
    }
}

impl Active for ActiveIa3 {
    fn projects(&self, layer: usize) -> bool {
        self.factors(layer).is_some()
    }

    fn projections(
        &self,
        layer: usize,
        _asking: &Tensor<3>,
        _x: &Tensor<3>,
        mut projections: Projections,
    ) -> Projections {
        if let Some([key, value, _]) = self.factors(layer) {
            projections.key = projections.key * key.clone();
            projections.value = projections.value * value.clone();
        }
        projections
    }

    fn before_activation(&self, layer: usize, u: Tensor<3>) -> Tensor<3> {
        self.inner(layer, u, Ia3Place::BeforeActivation)
    }

    fn after_activation(&self, layer: usize, u: Tensor<3>) -> Tensor<3> {
        self.inner(layer, u, Ia3Place::AfterActivation)
    }
}
