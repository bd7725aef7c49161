//! Biases by distance, added to scores before their softmax.

use super::super::numbers::{Numbers, slice};

/// b of all heads.
pub(super) struct Biases {
    /// A rows of 2 M - 1 numbers.
    numbers: Vec<f32>,
    distances: usize,
}

impl Biases {
    /// From [A, 2 M - 1].
    pub(super) fn new(biases: Numbers) -> Self {
        Self {
            distances: biases.layout().shape()[1],
            numbers: slice(&biases).into_owned(),
        }
    }

    /// Adds those of one head to the scores of the first places' queries, `keys` numbers each, the tokens' the last
    /// `tokens` of them.
    pub(super) fn add(&self, scores: &mut [f32], head: usize, keys: usize, tokens: usize) {
        let of_head = &self.numbers[head * self.distances..][..self.distances];
        for (place, scores) in scores.chunks_exact_mut(keys).enumerate() {
            let of_place = &of_head[self.distances / 2 - place..][..tokens];
            let scores = &mut scores[keys - tokens..];
            for (score, bias) in scores.iter_mut().zip(of_place) {
                *score += bias;
            }
        }
    }
}
