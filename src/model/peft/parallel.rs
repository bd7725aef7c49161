//! Parallel adapter (He et al. 2022): y = LN2( 4 g(a) + f + a ), beside the feed-forward block.

use super::super::config::EncoderConfig;
use super::super::initial::Initial;
use super::super::parameters::Parameters;
use super::super::tensor::Tensor;
use super::super::untouched::Within;
use super::bottleneck::{self, ActiveBottlenecks, Bottlenecks};
use super::{Active, FeedForward, Inserted, Module, Site};

/// What the bottleneck's output is multiplied by: a constant.
const SCALE: f64 = 4.0;

/// The kind.
pub(super) struct Parallel;

impl Module for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn description(&self) -> &'static str {
        "parallel adapter: a scaled bottleneck beside the feed-forward block; size = bottleneck width"
    }

    fn leaves(&self) -> Within {
        Within::Blocks
    }

    fn weights_per_unit(&self, config: &EncoderConfig) -> u64 {
        2 * config.hidden as u64
    }

    fn trained_parameters(&self, site: &Site, size: usize) -> u64 {
        site.layers.len() as u64 * bottleneck::scalars(site.hidden, size)
    }

    fn insert(
        &self,
        site: &Site,
        size: usize,
        parameters: &mut Parameters,
        initial: &mut Initial,
    ) -> Box<dyn Inserted> {
        // Kaiming uniform with a = √5 for the first matrix, 0 for the second: it starts as the zero map.
        let bound = 1.0 / (site.hidden as f64).sqrt();
        let weights = |count| [initial.uniform(count, bound), vec![0.0; count]];
        let inserted = Bottlenecks::new("pa", site, size, parameters, weights);
        Box::new(InsertedParallel(inserted))
    }
}

#[derive(Debug)]
struct InsertedParallel(Bottlenecks);

impl Inserted for InsertedParallel {
    fn activate(&self, parameters: &Parameters) -> Box<dyn Active> {
        Box::new(ActiveParallel(self.0.activate(parameters)))
    }
}

struct ActiveParallel(ActiveBottlenecks);

impl Active for ActiveParallel {
    fn output(&self, layer: usize, block: &FeedForward<'_>) -> Option<Tensor<3>> {
        let g = self.0.forward(layer, || block.input.clone())?;
        Some(g.mul_scalar(SCALE))
    }
}
