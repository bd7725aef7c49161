//! Prefix tuning (Li & Liang 2021): trained keys and values before those of the tokens.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | L, n | length of the prefix, number of selected layers | |
//! | M | width of the MLP | |
//! | E | embedding of the prefix | L, H |
//! | P | Lin_2( tanh( Lin_1(E) ) ): all prefixes side by side | L, 2 n H |
//!
//! Seen as [L, 2n, A, d], slice 2j of P holds the keys and 2j + 1 the values of the j-th selected layer. The MLP serves
//! training only; without it P itself is trained ("flat").

use super::super::config::EncoderConfig;
use super::super::initial::Initial;
use super::super::parameters::{Parameters, Slot};
use super::super::tensor::{Tensor, tanh};
use super::super::untouched::Within;
use super::{Active, Inserted, Module, Site};

/// The kind.
pub(super) struct Prefix;

impl Module for Prefix {
    fn name(&self) -> &'static str {
        "prefix"
    }

    fn description(&self) -> &'static str {
        "prefix tuning: trained keys and values that every token attends to; size = their number"
    }

    fn leaves(&self) -> Within {
        Within::Attention
    }

    fn weights_per_unit(&self, config: &EncoderConfig) -> u64 {
        2 * config.hidden as u64
    }

    fn trained_parameters(&self, site: &Site, size: usize) -> u64 {
        let (length, hidden) = (size as u64, site.hidden as u64);
        let all = 2 * site.layers.len() as u64 * hidden;
        match site.prefix_bottleneck {
            None => length * all,
            Some(width) => {
                let width = width as u64;
                length * hidden + (width * hidden + width) + (all * width + all)
            }
        }
    }

    fn insert(
        &self,
        site: &Site,
        size: usize,
        parameters: &mut Parameters,
        initial: &mut Initial,
    ) -> Box<dyn Inserted> {
        let (hidden, all) = (site.hidden, 2 * site.layers.len() * site.hidden);
        // PyTorch's defaults: normal embeddings, uniform weights and biases within 1/√(inputs).
        let weights = match site.prefix_bottleneck {
            None => Weights::Flat(parameters.add(
                "prefix.flat",
                &[size, all],
                initial.normal(size * all, 1.0),
            )),
            Some(width) => {
                let mut add = |name: &str, shape: &[usize], inputs: usize| {
                    let bound = 1.0 / (inputs as f64).sqrt();
                    let values = initial.uniform(shape.iter().product(), bound);
                    parameters.add(format!("prefix.{name}"), shape, values)
                };
                let first = [
                    add("mlp.0.weight", &[width, hidden], hidden),
                    add("mlp.0.bias", &[width], hidden),
                ];
                let second = [
                    add("mlp.2.weight", &[all, width], width),
                    add("mlp.2.bias", &[all], width),
                ];
                let values = initial.normal(size * hidden, 1.0);
                let embedding = parameters.add("prefix.wte.weight", &[size, hidden], values);
                Weights::Mlp {
                    embedding,
                    first,
                    second,
                }
            }
        };
        Box::new(InsertedPrefix {
            layers: site.layers.clone(),
            heads: site.heads,
            weights,
        })
    }
}

#[derive(Debug)]
struct InsertedPrefix {
    layers: Vec<usize>,
    heads: usize,
    weights: Weights,
}

#[derive(Debug)]
enum Weights {
    /// P.
    Flat(Slot),
    /// E, Lin_1 and Lin_2.
    Mlp {
        embedding: Slot,
        first: [Slot; 2],
        second: [Slot; 2],
    },
}

impl Inserted for InsertedPrefix {
    fn activate(&self, parameters: &Parameters) -> Box<dyn Active> {
        let all = match &self.weights {
            Weights::Flat(flat) => parameters.matrix(*flat),
            Weights::Mlp {
                embedding,
                first,
                second,
            } => {
                let embedding = parameters.matrix(*embedding);
                let inner = tanh(parameters.linear(*first).of_rows(embedding));
                parameters.linear(*second).of_rows(inner)
            }
        };
        let [length, columns] = all.dims();
        let slices = 2 * self.layers.len();
        let width = columns / slices / self.heads;
        // [L, 2n, A, d] -> [2n, A, L, d]
        let slices = all
            .reshape([length, slices, self.heads, width])
            .permute([1, 2, 0, 3]);
        let slice = |index: usize| {
            let one = slices.clone().narrow(0, index, 1);
            one.reshape([self.heads, length, width])
        };
        let layers = self.layers.iter().enumerate();
        Box::new(ActivePrefix(
            layers
                .map(|(j, &layer)| (layer, slice(2 * j), slice(2 * j + 1)))
                .collect(),
        ))
    }
}

/// Keys and values of each selected layer, [A, L, d].
struct ActivePrefix(Vec<(usize, Tensor<3>, Tensor<3>)>);

impl Active for ActivePrefix {
    fn prefix(&self, layer: usize) -> Option<(Tensor<3>, Tensor<3>)> {
        let (_, keys, values) = self.0.iter().find(|(at, _, _)| *at == layer)?;
        Some((keys.clone(), values.clone()))
    }
}
