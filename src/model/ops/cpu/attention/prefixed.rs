//! A prefix that joins attention whose other part is known already: what a row's tokens get from each other does not
//! depend on it.
//!
//! Symbols as in the folder's table, and for a token and head:
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | o | attention among the row's tokens alone, without dropout | d |
//! | l | ln Σ exp(q kᵀ / √d + m + b) over them | 1 |
//! | s | l, and the prefix's scores q k'ᵀ / √d | 1 + L |
//! | p | softmax(s) | 1 + L |
//! | c | p₀ o + p' v', where p' are the prefix's | d |
//!
//! ∂v' = p'ᵀ ∂c; ∂p₀ = ∂c · o; ∂p' = ∂c v'ᵀ; ∂s = p (∂p - Σ ∂p p); ∂k' = ∂s'ᵀ q / √d.

use std::sync::Arc;

use rayon::prelude::*;

use super::super::super::node::{Operation, node};
use super::super::numbers::{Flex, Numbers, constant, numbers, of_shape, slice};
use super::biases::Biases;
use super::block::{Block, Into, product};
use super::parts::{bounds, pieces, summed};
use super::sizes::Sizes;
use super::softmax::{log_sums, softmax_rows, softmax_rows_backward};
use super::{AmongTokens, Heads, attention, composed, constants};
use crate::model::tensor::Tensor;

/// Of heads without a prefix.
pub(in crate::model::ops) fn among_tokens(heads: Heads<'_>) -> AmongTokens {
    AmongTokens {
        heads: heads.heads,
        query: heads.query.clone(),
        sums: sums(&heads)
            .unwrap_or_else(|| composed::attention::sums(&composed::Composed, heads.clone())),
        context: attention(heads, None),
    }
}

/// l; none where the numbers are elsewhere or of another format, or rows are padded.
fn sums(heads: &Heads<'_>) -> Option<Tensor<3>> {
    let [q, k] = [numbers(&heads.query)?, numbers(&heads.key)?];
    let biases = match heads.biases {
        Some(biases) => Some(Biases::new(constants(biases.by_distance())?)),
        None => None,
    };
    if heads.layout.padding().is_some() {
        return None;
    }
    let sizes = Sizes::new(heads.heads, [&heads.query, &heads.key], None, heads.layout);
    let [q, k] = [&q, &k].map(slice);
    let [lines, asked, _] = heads.query.dims();
    let mut sums = vec![0f32; lines * asked * sizes.heads];
    let rows = pieces(&mut sums, &sizes.asking, sizes.heads).into_par_iter();
    rows.enumerate().for_each_init(
        || [(); 2].map(|()| Vec::new()),
        |[scores, of_head], (index, sums)| {
            let row = sizes.row(index);
            let (q, k) = (sizes.of_queries(&q, index), sizes.of_keys(&k, index));
            scores.resize(row.asking * row.keys, 0.0);
            of_head.resize(row.asking, 0.0);
            for head in 0..row.heads {
                let scale = 1.0 / (row.width as f32).sqrt();
                product(
                    Into::Replace,
                    (scores, row.weights()),
                    (q, row.queries(head)),
                    (k, row.tokens(head).transposed()),
                    scale,
                );
                if let Some(biases) = &biases {
                    biases.add(scores, head, row.keys, row.tokens);
                }
                log_sums(of_head, scores, row.keys);
                let places = sums.iter_mut().skip(head).step_by(row.heads);
                for (place, &sum) in places.zip(&*of_head) {
                    *place = sum;
                }
            }
        },
    );
    Some(constant(of_shape(sums, &[lines, asked, sizes.heads])))
}

/// c, with the axes of q, of a prefix k' and v', each [A, L, d].
pub(in crate::model::ops) fn prefixed(tokens: &AmongTokens, prefix: [Tensor<3>; 2]) -> Tensor<3> {
    let known = [&tokens.query, &tokens.context, &tokens.sums].map(constants);
    let ([Some(query), Some(context), Some(sums)], [Some(keys), Some(values)]) =
        (known, prefix.each_ref().map(numbers))
    else {
        return composed::attention::prefixed(&composed::Composed, tokens, prefix);
    };
    let dims = tokens.query.dims();
    let [heads, length, width] = prefix[0].dims();
    let [lines, asked, hidden] = dims;
    // The products of matrices rely on these.
    assert_eq!((heads, hidden), (tokens.heads, tokens.heads * width));
    assert_eq!(tokens.context.dims(), dims, "what tokens give each other");
    assert_eq!(tokens.sums.dims(), [lines, asked, heads], "their sums");
    assert_eq!(prefix[1].dims(), prefix[0].dims(), "the prefix's values");
    let mut attention = Prefixed {
        tokens: lines * asked,
        heads,
        width,
        prefix: length,
        query,
        context,
        sums,
        keys,
        values,
        weights: Arc::default(),
    };
    let output = of_shape(attention.forward(), &dims);
    match prefix.iter().any(Tensor::is_tracked) {
        false => constant(output),
        true => node(prefix, output, attention),
    }
}

/// Everything that is read, and the node of the graph of gradients that it becomes.
#[derive(Clone, Debug)]
struct Prefixed {
    /// Tokens that ask, of all rows: they have nothing more to do with each other.
    tokens: usize,
    heads: usize,
    width: usize,
    prefix: usize,
    query: Numbers,
    context: Numbers,
    sums: Numbers,
    keys: Numbers,
    values: Numbers,
    /// p of every part, in it every head, in it every token.
    weights: Arc<Vec<f32>>,
}

impl Prefixed {
    fn hidden(&self) -> usize {
        self.heads * self.width
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Where each part's tokens begin, and the end.
    fn parts(&self) -> Vec<usize> {
        bounds(&(0..=self.tokens).collect::<Vec<_>>())
    }

    /// Of so many tokens what belongs to a head: q, o or c; k' or v'; and p of the tokens and of the prefix.
    fn blocks(&self, head: usize, tokens: usize) -> (Block, Block, [Block; 2]) {
        let weights = Block::new(0, tokens, 1 + self.prefix, 1 + self.prefix);
        (
            Block::new(head * self.width, tokens, self.width, self.hidden()),
            Block::new(
                head * self.prefix * self.width,
                self.prefix,
                self.width,
                self.width,
            ),
            weights.split_columns(1),
        )
    }

    /// c
    fn forward(&mut self) -> Vec<f32> {
        let [q, o, l, k, v] = [
            &self.query,
            &self.context,
            &self.sums,
            &self.keys,
            &self.values,
        ]
        .map(slice);
        let (hidden, keys) = (self.hidden(), 1 + self.prefix);
        let parts = self.parts();
        let mut c = vec![0f32; self.tokens * hidden];
        let mut weights = vec![0f32; self.tokens * self.heads * keys];
        let by_part = pieces(&mut c, &parts, hidden)
            .into_par_iter()
            .zip(pieces(&mut weights, &parts, self.heads * keys))
            .zip(&parts);
        by_part.for_each(|((c, weights), &start)| {
            let tokens = c.len() / hidden;
            let [q, o] = [&q, &o].map(|t| &t[start * hidden..][..c.len()]);
            let l = &l[start * self.heads..][..tokens * self.heads];
            for (head, p) in weights.chunks_exact_mut(tokens * keys).enumerate() {
                let (own, prefix, [_, of_prefix]) = self.blocks(head, tokens);
                let transposed = (&*k, prefix.transposed());
                product(
                    Into::Replace,
                    (p, of_prefix),
                    (q, own),
                    transposed,
                    self.scale(),
                );
                let of_tokens = l.iter().skip(head).step_by(self.heads);
                for (p, &l) in p.chunks_exact_mut(keys).zip(of_tokens) {
                    p[0] = l;
                }
                softmax_rows(p, keys, &[]);
                product(Into::Replace, (c, own), (p, of_prefix), (&v, prefix), 1.0);
                let rows = c.chunks_exact_mut(hidden).zip(o.chunks_exact(hidden));
                for ((c, o), p) in rows.zip(p.chunks_exact(keys)) {
                    let own = head * self.width..(head + 1) * self.width;
                    for (c, o) in c[own.clone()].iter_mut().zip(&o[own]) {
                        *c += p[0] * o;
                    }
                }
            }
        });
        self.weights = Arc::new(weights);
        c
    }
}

impl Operation<Flex, 2> for Prefixed {
    /// Gradients of k' and v' from that of c.
    fn backward(&self, output: Numbers, wanted: [bool; 2]) -> [Option<Numbers>; 2] {
        let [dc, q, o, v] = [&output, &self.query, &self.context, &self.values].map(slice);
        let (hidden, keys) = (self.hidden(), 1 + self.prefix);
        let parts = self.parts();
        let count = parts.len() - 1;
        let in_prefix = self.prefix * hidden;
        let [mut dk, mut dv] = [(); 2].map(|()| vec![0f32; count * in_prefix]);
        let by_part = (dk.par_chunks_exact_mut(in_prefix.max(1)))
            .zip(dv.par_chunks_exact_mut(in_prefix.max(1)))
            .zip(&parts[..count])
            .zip(&parts[1..]);
        by_part.for_each_init(Vec::new, |scratch, (((dk, dv), &start), &end)| {
            let tokens = end - start;
            let [dc, q, o] = [&dc, &q, &o].map(|t| &t[start * hidden..end * hidden]);
            let mut weights = &self.weights[start * self.heads * keys..end * self.heads * keys];
            scratch.resize(tokens * keys, 0.0);
            for head in 0..self.heads {
                let p;
                (p, weights) = weights.split_at(tokens * keys);
                let (own, prefix, [_, of_prefix]) = self.blocks(head, tokens);
                let s = scratch.as_mut_slice();
                let transposed = (p, of_prefix.transposed());
                product(Into::Replace, (dv, prefix), transposed, (dc, own), 1.0);
                let transposed = (&*v, prefix.transposed());
                product(Into::Replace, (s, of_prefix), (dc, own), transposed, 1.0);
                let rows = dc.chunks_exact(hidden).zip(o.chunks_exact(hidden));
                for ((dc, o), s) in rows.zip(s.chunks_exact_mut(keys)) {
                    let own = head * self.width..(head + 1) * self.width;
                    s[0] = dc[own.clone()]
                        .iter()
                        .zip(&o[own])
                        .map(|(c, o)| c * o)
                        .sum();
                }
                softmax_rows_backward(s, p, keys);
                let transposed = (&*s, of_prefix.transposed());
                product(
                    Into::Replace,
                    (dk, prefix),
                    transposed,
                    (q, own),
                    self.scale(),
                );
            }
        });
        let shape = [self.heads, self.prefix, self.width];
        let [of_keys, of_values] = wanted;
        [
            of_keys.then(|| of_shape(summed(&dk, count), &shape)),
            of_values.then(|| of_shape(summed(&dv, count), &shape)),
        ]
    }
}
