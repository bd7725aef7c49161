//! PEFT modules: what is inserted into the layers of a frozen encoder, one file each.
//!
//! A module has three faces: [`Module`] describes it and counts its weights, [`Inserted`] is it inside one encoder
//! (structure only), and [`Active`] is it during one forward pass (its weights at hand). To add a module: write its
//! file, and add its line to [`REGISTRY`].

mod bottleneck;
mod ia3;
mod lora;
mod parallel;
mod prefix;
mod serial;

use super::config::EncoderConfig;
use super::initial::Initial;
use super::layer::LayerNorm;
use super::parameters::Parameters;
use super::tensor::Tensor;
use super::untouched::Within;

pub use ia3::Ia3Place;

/// Every module there is, in the order in which people read them.
pub static REGISTRY: &[&dyn Module] = &[
    &serial::Serial,
    &parallel::Parallel,
    &prefix::Prefix,
    &lora::Lora,
    &ia3::Ia3,
];

/// The module of this name.
pub fn module(name: &str) -> Option<&'static dyn Module> {
    REGISTRY.iter().copied().find(|m| m.name() == name)
}

/// Where modules are inserted.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Width of the encoder's hidden states.
    pub hidden: usize,
    /// Width inside the feed-forward block.
    pub intermediate: usize,
    /// Attention heads of each layer.
    pub heads: usize,
    /// Layers that carry the modules, from 0, ascending.
    pub layers: Vec<usize>,
    /// Width of the MLP that makes a prefix while it is trained; none: the prefix itself is trained.
    pub prefix_bottleneck: Option<usize>,
    /// s of LoRA: what its additions are multiplied by.
    pub lora_scale: f64,
    /// Where (IA)³ multiplies inside the feed-forward block.
    pub ia3_place: Ia3Place,
}

/// No module is larger, and no MLP of a prefix wider: study files say so too.
pub const LARGEST: usize = 65_536;

/// A kind of PEFT module.
pub trait Module: Sync {
    /// Its name in study files and configurations.
    fn name(&self) -> &'static str;

    /// One line for people.
    fn description(&self) -> &'static str;

    /// The largest size that means anything; none: any.
    fn largest_size(&self) -> Option<usize> {
        None
    }

    /// How far into a layer nothing depends on it.
    fn leaves(&self) -> Within {
        Within::Input
    }

    /// Weights per layer and unit of size, as the paper counts them: no biases, no prefix MLP.
    fn weights_per_unit(&self, config: &EncoderConfig) -> u64;

    /// All scalars that train: biases and prefix MLP included.
    fn trained_parameters(&self, site: &Site, size: usize) -> u64;

    /// The module in an encoder, its weights added to `parameters` at their initial values. `size` is at least 1.
    fn insert(
        &self,
        site: &Site,
        size: usize,
        parameters: &mut Parameters,
        initial: &mut Initial,
    ) -> Box<dyn Inserted>;
}

/// A module inside one encoder: knows its layers and where its weights are.
pub trait Inserted: Send + Sync + std::fmt::Debug {
    /// The module with its weights at hand, for one forward pass.
    fn activate(&self, parameters: &Parameters) -> Box<dyn Active>;
}

/// Queries, keys and values of a layer before they are split into heads, each [B, S, H].
#[derive(Clone, Debug)]
pub struct Projections {
    /// Queries, of the tokens that ask.
    pub query: Tensor<3>,
    /// Keys, of all tokens.
    pub key: Tensor<3>,
    /// Values, of all tokens.
    pub value: Tensor<3>,
}

/// A layer's feed-forward block, for a module that adds to its output.
#[derive(Debug)]
pub struct FeedForward<'a> {
    /// a: the block's input, after the attention block's LayerNorm, [B, S, H].
    pub input: &'a Tensor<3>,
    /// f + a: the block's output with its residual, not normalised, [B, S, H].
    pub sum: &'a Tensor<3>,
    pub(super) norm: &'a LayerNorm,
}

impl FeedForward<'_> {
    /// LN2(f + a): the sum through the layer's own output LayerNorm.
    pub fn normalised(&self) -> Tensor<3> {
        self.norm.forward(self.sum.clone())
    }
}

/// A module during one forward pass. Each method is a place in a layer; a module overrides those it enters at.
pub trait Active {
    /// Whether [`Self::projections`] changes anything in a layer.
    fn projects(&self, _layer: usize) -> bool {
        false
    }

    /// Changes queries, keys and values; `asking` and `x` are the inputs of the queries and of the other two.
    fn projections(
        &self,
        _layer: usize,
        _asking: &Tensor<3>,
        _x: &Tensor<3>,
        projections: Projections,
    ) -> Projections {
        projections
    }

    /// Keys and values to attend to before those of the tokens, each [A, L, d].
    fn prefix(&self, _layer: usize) -> Option<(Tensor<3>, Tensor<3>)> {
        None
    }

    /// Changes the feed-forward block's inner values before their activation, [B, S, I].
    fn before_activation(&self, _layer: usize, u: Tensor<3>) -> Tensor<3> {
        u
    }

    /// Changes the feed-forward block's inner values after their activation, [B, S, I].
    fn after_activation(&self, _layer: usize, u: Tensor<3>) -> Tensor<3> {
        u
    }

    /// Adds to the feed-forward block's output, before its LayerNorm, [B, S, H].
    fn output(&self, _layer: usize, _block: &FeedForward<'_>) -> Option<Tensor<3>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tensor::{DType, Device};
    use super::*;

    #[test]
    fn names_are_unique_and_counts_are_those_of_the_weights_made() {
        for (i, module) in REGISTRY.iter().enumerate() {
            assert!(REGISTRY[..i].iter().all(|m| m.name() != module.name()));
            assert!(!module.description().is_empty());
            for (layers, size, prefix_bottleneck) in [
                (vec![1], 1, Some(5)),
                (vec![0, 2, 3], 6, Some(7)),
                (vec![2], 3, None),
            ] {
                let site = Site {
                    hidden: 12,
                    intermediate: 20,
                    heads: 3,
                    layers,
                    prefix_bottleneck,
                    lora_scale: 1.0,
                    ia3_place: Ia3Place::default(),
                };
                let mut parameters = Parameters::new(&Device::flex(), DType::F32);
                let mut initial = Initial::new(1);
                module.insert(&site, size, &mut parameters, &mut initial);
                let counted = module.trained_parameters(&site, size);
                assert_eq!(parameters.scalars(), counted, "{} {site:?}", module.name());
            }
        }
    }
}
