//! What attention is asked for.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | B; Q, S | rows; tokens of a row that ask, tokens of a row | |
//! | L | keys of a prefix, the same for all rows; K = L + S | |
//! | A, d | heads and their width; H = A d | |
//! | q, k, v | queries, keys, values, the heads side by side | B, Q, H; B, S, H; B, S, H |
//! | k', v' | keys and values of the prefix | A, L, d |
//! | m | what is added to the scores of a key: 0, or the lowest number for padding | B, S |
//! | b | what is added to them by the distance of key and query, where the encoder does that; prefixes have none | A, 2 M - 1 |
//! | x | what keys and values are made of | B, S, H |
//! | o | attention among the row's tokens alone, without dropout | B, Q, H |
//! | l | ln Σ exp(q kᵀ / √d + m + b) over them | B, Q, A |

use crate::model::layout::Layout;
use crate::model::relative::Biases;
use crate::model::tensor::Tensor;

/// Queries, keys and values of all heads.
#[derive(Clone, Debug)]
pub struct Heads<'a> {
    /// A
    pub heads: usize,
    /// q, of all tokens or of the first of each row.
    pub query: Tensor<3>,
    /// k
    pub key: Tensor<3>,
    /// v
    pub value: Tensor<3>,
    /// k' and v'.
    pub prefix: Option<[Tensor<3>; 2]>,
    /// b
    pub biases: Option<&'a Biases>,
    /// Where the rows are in q, k and v; and m.
    pub layout: &'a Layout,
}

/// The queries of first tokens, and what they attend to.
#[derive(Debug)]
pub struct FirstTokens<'a> {
    /// A
    pub heads: usize,
    /// q, of the first token of each row.
    pub query: &'a Tensor<3>,
    /// x, of all tokens.
    pub x: &'a Tensor<3>,
    /// Weight and bias of the map to keys.
    pub key: (&'a Tensor<2>, &'a Tensor<1>),
    /// Weight and bias of the map to values.
    pub value: (&'a Tensor<2>, &'a Tensor<1>),
    /// k' and v'.
    pub prefix: Option<&'a [Tensor<3>; 2]>,
    /// b
    pub biases: Option<&'a Biases>,
    /// Where the rows are in x, and m.
    pub layout: &'a Layout,
}

/// What tokens ask, and what they get from each other.
#[derive(Clone, Debug)]
pub struct AmongTokens {
    /// A
    pub heads: usize,
    /// q, of all tokens or of the first of each row.
    pub query: Tensor<3>,
    /// o, with the axes of q.
    pub context: Tensor<3>,
    /// l, [B, Q, A].
    pub sums: Tensor<3>,
}
