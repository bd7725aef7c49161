//! A configuration found on one encoder, for another.
//!
//! | symbol | meaning |
//! |---|---|
//! | N, M | layers of the encoder that it was found on, and of the other |
//! | H, K | their hidden sizes |
//!
//! A layer t of the other encoder carries the modules where layer ⌊(t + ½) N / M⌋ did, so that the same part of the depth
//! does. Bottlenecks keep their share of the width, D K / H; lengths of prefixes and ranks are no shares of it and stay,
//! as a learning rate does.

use std::collections::BTreeMap;

use crate::domain::Configuration;
use crate::model::config::EncoderConfig;

/// The modules whose size is a share of the encoder's width.
const BOTTLENECKS: [&str; 2] = ["serial", "parallel"];

/// What of an encoder the transfer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its layers.
    pub layers: usize,
    /// Its hidden size.
    pub hidden: usize,
}

impl From<&EncoderConfig> for Shape {
    fn from(encoder: &EncoderConfig) -> Self {
        Self {
            layers: encoder.layers,
            hidden: encoder.hidden,
        }
    }
}

/// The configuration for the encoder `to`; unchanged where that has the same layers and width.
pub fn transferred(configuration: &Configuration, from: Shape, to: Shape) -> Configuration {
    let scaled = |(name, &size): (&String, &usize)| {
        let size = match BOTTLENECKS.contains(&name.as_str()) && size > 0 {
            true => ((size * to.hidden + from.hidden / 2) / from.hidden).max(1),
            false => size,
        };
        (name.clone(), size)
    };
    let modules: BTreeMap<String, usize> = configuration.modules.iter().map(scaled).collect();
    let source = |t: usize| (2 * t + 1) * from.layers / (2 * to.layers);
    let carries = |t: &usize| configuration.layers.contains(&source(*t));
    let mut layers: Vec<usize> = (0..to.layers).filter(carries).collect();
    if layers.is_empty() {
        // A shallower encoder skips some layers: then the ones at the same share of the depth.
        let nearest = |l: &usize| (2 * l + 1) * to.layers / (2 * from.layers);
        layers = configuration.layers.iter().map(nearest).collect();
        layers.dedup();
    }
    Configuration {
        modules,
        layers,
        learning_rate: configuration.learning_rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoder(layers: usize, hidden: usize) -> Shape {
        Shape { layers, hidden }
    }

    fn configuration(layers: &[usize]) -> Configuration {
        let modules = [("serial", 24), ("prefix", 6), ("lora", 8)];
        Configuration {
            modules: modules.map(|(name, size)| (name.to_owned(), size)).into(),
            layers: layers.to_vec(),
            ..Configuration::default()
        }
    }

    #[test]
    fn an_encoder_of_the_same_shape_takes_it_unchanged() {
        let found = configuration(&[0, 3, 11]);
        assert_eq!(
            transferred(&found, encoder(12, 768), encoder(12, 768)),
            found
        );
    }

    #[test]
    fn a_deeper_and_wider_encoder_carries_it_at_the_same_depths() {
        let found = transferred(&configuration(&[0, 5]), encoder(6, 384), encoder(12, 768));
        assert_eq!(found.layers, [0, 1, 10, 11]);
        let sizes = ["serial", "prefix", "lora"].map(|name| found.size_of(name));
        assert_eq!(sizes, [48, 6, 8]);
    }

    #[test]
    fn a_shallower_encoder_carries_it_somewhere() {
        let deep = encoder(12, 768);
        for layer in 0..12 {
            let found = transferred(&configuration(&[layer]), deep, encoder(4, 128));
            assert_eq!(found.layers, [layer / 3], "{layer}");
            assert_eq!(found.size_of("serial"), 4);
        }
    }
}
