//! The passes over the numbers: forward and backward, rows of the batch shared out over the threads.

use std::sync::Arc;

use rayon::prelude::*;

use super::super::super::node::Operation;
use super::super::numbers::{Flex, Numbers, of_shape, slice};
use super::biases::Biases;
use super::block::{Into, product};
use super::parts::{bounds, front, pieces, rows_of_part, summed};
use super::sizes::Sizes;
use super::softmax::{multiply, softmax_rows, softmax_rows_backward, times};

/// Everything that one attention reads, and the node of the graph of gradients that it becomes.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    pub(super) sizes: Sizes,
    pub(super) query: Numbers,
    pub(super) key: Numbers,
    pub(super) value: Numbers,
    pub(super) prefix: Option<[Numbers; 2]>,
    /// r of every row and head; none without dropout.
    pub(super) dropped: Option<Numbers>,
    /// p of every row and head, where it was kept.
    pub(super) weights: Arc<Vec<f32>>,
}

impl Attention {
    /// c. p is kept if asked for.
    pub(super) fn forward(
        &mut self,
        padding: Option<&[f32]>,
        biases: Option<&Biases>,
        keep: bool,
    ) -> Vec<f32> {
        let sizes = &self.sizes;
        let [q, k, v] = [&self.query, &self.key, &self.value].map(slice);
        let prefix = self.prefix.as_ref().map(|two| two.each_ref().map(slice));
        let [prefix_k, prefix_v] = match &prefix {
            Some([keys, values]) => [&**keys, &**values],
            None => [&[][..]; 2],
        };
        let dropped = self.dropped.as_ref().map(slice);
        let row = |index: usize, context: &mut [f32], weights: &mut [f32]| {
            let row = sizes.row(index);
            let q = sizes.of_queries(&q, index);
            let [k, v] = [&k, &v].map(|t| sizes.of_keys(t, index));
            let padding = padding.map_or(&[][..], |all| {
                &all[sizes.keys[index]..sizes.keys[index + 1]]
            });
            let dropped = dropped.as_ref().map(|r| sizes.of_weights(r, index));
            let size = row.asking * row.keys;
            for head in 0..row.heads {
                let (queries, tokens) = (row.queries(head), row.tokens(head));
                let (prefix, [of_prefix, of_tokens]) =
                    (row.prefix(head), row.weights().split_columns(row.prefix));
                let p = &mut weights[head * size..][..size];
                let scale = 1.0 / (row.width as f32).sqrt();
                let q = (q, queries);
                product(
                    Into::Replace,
                    (p, of_prefix),
                    q,
                    (prefix_k, prefix.transposed()),
                    scale,
                );
                product(
                    Into::Replace,
                    (p, of_tokens),
                    q,
                    (k, tokens.transposed()),
                    scale,
                );
                if let Some(biases) = biases {
                    biases.add(p, head, row.keys, row.tokens);
                }
                softmax_rows(p, row.keys, padding);
                let kept;
                let p = match dropped {
                    Some(r) => {
                        kept = times(p, &r[head * size..][..size]);
                        &kept
                    }
                    None => &*p,
                };
                product(
                    Into::Replace,
                    (context, queries),
                    (p, of_tokens),
                    (v, tokens),
                    1.0,
                );
                product(
                    Into::Add,
                    (context, queries),
                    (p, of_prefix),
                    (prefix_v, prefix),
                    1.0,
                );
            }
        };
        let mut context = vec![0f32; sizes.asking[sizes.rows()] * sizes.hidden];
        let pieces = pieces(&mut context, &sizes.asking, sizes.hidden);
        let contexts = pieces.into_par_iter().enumerate();
        if !keep {
            contexts.for_each_init(Vec::new, |scratch, (index, context)| {
                scratch.resize(sizes.weights[index + 1] - sizes.weights[index], 0.0);
                row(index, context, scratch);
            });
            return context;
        }
        let mut weights = vec![0f32; sizes.weights()];
        let kept = super::parts::pieces(&mut weights, &sizes.weights, 1);
        contexts.zip(kept).for_each(|((index, context), weights)| {
            row(index, context, weights);
        });
        self.weights = Arc::new(weights);
        context
    }

    /// Gradients of q, k, v, k' and v', as far as they are wanted, from that of c.
    fn gradients(&self, output: &Numbers, wanted: [bool; 5]) -> [Option<Numbers>; 5] {
        let sizes = &self.sizes;
        let context = slice(output);
        let [q, k, v] = [&self.query, &self.key, &self.value].map(slice);
        let prefix = self.prefix.as_ref().map(|two| two.each_ref().map(slice));
        let [prefix_k, prefix_v] = match &prefix {
            Some([keys, values]) => [&**keys, &**values],
            None => [&[][..]; 2],
        };
        let dropped = self.dropped.as_ref().map(slice);
        let [of_query, of_key, of_value, of_prefix_key, of_prefix_value] = wanted;

        let rows_of_part = rows_of_part(sizes.rows());
        let [asking, keys] = [&sizes.asking, &sizes.keys].map(|starts| bounds(starts));
        let parts = asking.len() - 1;
        let in_prefix = sizes.heads * sizes.prefix * sizes.width;
        let shares: Vec<usize> = (0..=parts).map(|part| part * in_prefix).collect();
        // A gradient that nobody wants has no numbers, and its part below is left out.
        let zeros = |wanted: bool, numbers: usize| vec![0f32; if wanted { numbers } else { 0 }];
        let [all_queries, all_keys] = [&asking, &keys].map(|bounds| bounds[parts] * sizes.hidden);
        let mut gradients = [
            zeros(of_query, all_queries),
            zeros(of_key, all_keys),
            zeros(of_value, all_keys),
            zeros(of_prefix_key, shares[parts]),
            zeros(of_prefix_value, shares[parts]),
        ];
        let [dq, dk, dv, dpk, dpv] = &mut gradients;
        let by_part = pieces(dq, &asking, sizes.hidden)
            .into_par_iter()
            .zip(pieces(dk, &keys, sizes.hidden))
            .zip(pieces(dv, &keys, sizes.hidden))
            .zip(pieces(dpk, &shares, 1))
            .zip(pieces(dpv, &shares, 1))
            .enumerate();
        by_part.for_each_init(Vec::new, |scratch, (part, ((((dq, dk), dv), dpk), dpv))| {
            let first = part * rows_of_part;
            let [mut dq, mut dk, mut dv] = [dq, dk, dv];
            for index in first..(first + rows_of_part).min(sizes.rows()) {
                let row = sizes.row(index);
                let context = sizes.of_queries(&context, index);
                let q = sizes.of_queries(&q, index);
                let [k, v] = [&k, &v].map(|t| sizes.of_keys(t, index));
                let weights = sizes.of_weights(&self.weights, index);
                let dropped = dropped.as_ref().map(|r| sizes.of_weights(r, index));
                let [dq, dk, dv] = [
                    front(&mut dq, row.asking * row.hidden),
                    front(&mut dk, row.tokens * row.hidden),
                    front(&mut dv, row.tokens * row.hidden),
                ];
                let size = row.asking * row.keys;
                scratch.resize(size, 0.0);
                for head in 0..row.heads {
                    let c = (context, row.queries(head));
                    let (queries, tokens) = (row.queries(head), row.tokens(head));
                    let (prefix, [of_prefix, of_tokens]) =
                        (row.prefix(head), row.weights().split_columns(row.prefix));
                    let p = &weights[head * size..][..size];
                    let r = dropped.map(|r| &r[head * size..][..size]);
                    if of_value || of_prefix_value {
                        let kept = r.map(|r| times(p, r));
                        let p = kept.as_deref().unwrap_or(p);
                        if of_value {
                            let transposed = (p, of_tokens.transposed());
                            product(Into::Replace, (dv, tokens), transposed, c, 1.0);
                        }
                        if of_prefix_value {
                            let transposed = (p, of_prefix.transposed());
                            product(Into::Add, (dpv, prefix), transposed, c, 1.0);
                        }
                    }
                    if !of_query && !of_key && !of_prefix_key {
                        continue;
                    }
                    let s = scratch.as_mut_slice();
                    let [t, t_prefix] = [(v, tokens.transposed()), (prefix_v, prefix.transposed())];
                    product(Into::Replace, (s, of_tokens), c, t, 1.0);
                    product(Into::Replace, (s, of_prefix), c, t_prefix, 1.0);
                    if let Some(r) = r {
                        multiply(s, r);
                    }
                    softmax_rows_backward(s, p, row.keys);
                    let scale = 1.0 / (row.width as f32).sqrt();
                    if of_query {
                        let tokens = (k, tokens);
                        product(Into::Replace, (dq, queries), (s, of_tokens), tokens, scale);
                        let prefix = (prefix_k, prefix);
                        product(Into::Add, (dq, queries), (s, of_prefix), prefix, scale);
                    }
                    let q = (q, queries);
                    if of_key {
                        let transposed = (&*s, of_tokens.transposed());
                        product(Into::Replace, (dk, tokens), transposed, q, scale);
                    }
                    if of_prefix_key {
                        let transposed = (&*s, of_prefix.transposed());
                        product(Into::Add, (dpk, prefix), transposed, q, scale);
                    }
                }
            }
        });
        let [dq, dk, dv, dpk, dpv] = gradients;
        let axes = |numbers: &Numbers| numbers.layout().shape().to_vec();
        let in_prefix = [sizes.heads, sizes.prefix, sizes.width];
        [
            of_query.then(|| of_shape(dq, &axes(&self.query))),
            of_key.then(|| of_shape(dk, &axes(&self.key))),
            of_value.then(|| of_shape(dv, &axes(&self.value))),
            of_prefix_key.then(|| of_shape(summed(&dpk, parts), &in_prefix)),
            of_prefix_value.then(|| of_shape(summed(&dpv, parts), &in_prefix)),
        ]
    }
}

impl Operation<Flex, 3> for Attention {
    fn backward(&self, output: Numbers, [q, k, v]: [bool; 3]) -> [Option<Numbers>; 3] {
        let [q, k, v, ..] = self.gradients(&output, [q, k, v, false, false]);
        [q, k, v]
    }
}

impl Operation<Flex, 5> for Attention {
    fn backward(&self, output: Numbers, wanted: [bool; 5]) -> [Option<Numbers>; 5] {
        self.gradients(&output, wanted)
    }
}
