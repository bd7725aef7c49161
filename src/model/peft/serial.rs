//! Serial adapter (Pfeiffer et al. 2020): y = LN2( g( LN2(f + a) ) + f + a ).
//!
//! It reads the normalised block output, through the frozen LN2 that is applied once more to the sum.

use super::super::config::EncoderConfig;
use super::super::initial::Initial;
use super::super::parameters::Parameters;
use super::super::tensor::Tensor;
use super::super::untouched::Within;
use super::bottleneck::{self, ActiveBottlenecks, Bottlenecks};
use super::{Active, FeedForward, Inserted, Module, Site};

/// Standard deviation of both initial matrices: the adapter starts near the identity, not at it.
const DEVIATION: f64 = 0.02;

/// The kind.
pub(super) struct Serial;

impl Module for Serial {
    fn name(&self) -> &'static str {
        "serial"
    }

    fn description(&self) -> &'static str {
        "serial adapter: a bottleneck after the feed-forward block; size = bottleneck width"
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
        let weights = |count| [(); 2].map(|()| initial.normal(count, DEVIATION));
        let inserted = Bottlenecks::new("sa", site, size, parameters, weights);
        Box::new(InsertedSerial(inserted))
    }
}

#[derive(Debug)]
struct InsertedSerial(Bottlenecks);

impl Inserted for InsertedSerial {
    fn activate(&self, parameters: &Parameters) -> Box<dyn Active> {
        Box::new(ActiveSerial(self.0.activate(parameters)))
    }
}

struct ActiveSerial(ActiveBottlenecks);

impl Active for ActiveSerial {
    fn output(&self, layer: usize, block: &FeedForward<'_>) -> Option<Tensor<3>> {
        self.0.forward(layer, || block.normalised())
    }
}
