//! The passes over the numbers: maps of all rows at once a head at a time, the rest row by row, shared out over the
//! threads.

use std::sync::Arc;

use rayon::prelude::*;

use super::super::super::super::node::Operation;
use super::super::super::numbers::{Flex, Numbers, of_shape, slice};
use super::super::biases::Biases;
use super::super::block::{Block, Into, product};
use super::super::parts::{bounds, front, pieces, rows_of_part, summed};
use super::super::sizes::Sizes;
use super::super::softmax::{multiply, softmax_rows, softmax_rows_backward, times};

/// Everything that attention of first tokens reads, and the node of the graph of gradients that it becomes.
#[derive(Clone, Debug)]
pub(super) struct FirstAttention {
    pub(super) sizes: Sizes,
    pub(super) query: Numbers,
    pub(super) x: Numbers,
    /// W of all heads, and b.
    pub(super) key: [Numbers; 2],
    /// V of all heads, and e.
    pub(super) value: [Numbers; 2],
    pub(super) prefix: Option<[Numbers; 2]>,
    /// r of every row and head; none without dropout.
    pub(super) dropped: Option<Numbers>,
    /// u of every row and head, [B, A, H].
    pub(super) folded: Arc<Vec<f32>>,
    /// p of every row and head.
    pub(super) weights: Arc<Vec<f32>>,
}

impl FirstAttention {
    fn scale(&self) -> f32 {
        1.0 / (self.sizes.width as f32).sqrt()
    }

    /// What belongs to a head in numbers of all rows: in q or c, and in u or z.
    fn of_all_rows(&self, head: usize) -> [Block; 2] {
        let Sizes {
            heads,
            width,
            hidden,
            ..
        } = self.sizes;
        let rows = self.sizes.rows();
        [
            Block::new(head * width, rows, width, hidden),
            Block::new(head * hidden, rows, hidden, heads * hidden),
        ]
    }

    /// c
    pub(super) fn forward(&mut self, padding: Option<&[f32]>, biases: Option<&Biases>) -> Vec<f32> {
        let sizes = &self.sizes;
        let (heads, width, hidden, scale) = (sizes.heads, sizes.width, sizes.hidden, self.scale());
        let [q, x] = [&self.query, &self.x].map(slice);
        let prefix = self.prefix.as_ref().map(|two| two.each_ref().map(slice));
        let [prefix_k, prefix_v] = match &prefix {
            Some([keys, values]) => [&**keys, &**values],
            None => [&[][..]; 2],
        };
        let [key_bias, value_bias] = [&self.key[1], &self.value[1]].map(slice);
        let dropped = self.dropped.as_ref().map(slice);

        let mut folded = vec![0f32; sizes.rows() * heads * hidden];
        let key = self.key[0].storage::<f32>();
        for head in 0..heads {
            let [of_query, of_folded] = self.of_all_rows(head);
            let weight = Block::of_head(&self.key[0], head, width).transposed();
            product(
                Into::Replace,
                (&mut folded, of_folded),
                (&q, of_query),
                (key, weight),
                scale,
            );
        }

        let mut weights = vec![0f32; sizes.weights()];
        let mut sums = vec![0f32; folded.len()];
        let mut context = vec![0f32; sizes.rows() * hidden];
        let rows = pieces(&mut weights, &sizes.weights, 1)
            .into_par_iter()
            .zip(sums.par_chunks_exact_mut(heads * hidden))
            .zip(context.par_chunks_exact_mut(hidden))
            .enumerate();
        rows.for_each(|(index, ((p, z), c))| {
            let row = sizes.row(index);
            let (q, x) = (sizes.of_queries(&q, index), sizes.of_keys(&x, index));
            let u = &folded[index * heads * hidden..][..heads * hidden];
            let [all, tokens] = [heads, row.tokens].map(|rows| Block::new(0, rows, hidden, hidden));
            let of_all = Block::new(0, heads, row.keys, row.keys);
            let [_, of_tokens] = of_all.split_columns(row.prefix);
            product(
                Into::Replace,
                (p, of_tokens),
                (u, all),
                (x, tokens.transposed()),
                1.0,
            );
            for head in 0..heads {
                let p = &mut p[head * row.keys..][..row.keys];
                let own = head * width..(head + 1) * width;
                let shift = scale * dot(&q[own.clone()], &key_bias[own]);
                p[row.prefix..].iter_mut().for_each(|p| *p += shift);
                if let Some(biases) = biases {
                    biases.add(p, head, row.keys, row.tokens);
                }
                product(
                    Into::Replace,
                    (p, Block::new(0, 1, row.prefix, row.keys)),
                    (q, row.queries(head)),
                    (prefix_k, row.prefix(head).transposed()),
                    scale,
                );
            }
            let padding = padding.map_or(&[][..], |all| {
                &all[sizes.keys[index]..sizes.keys[index + 1]]
            });
            softmax_rows(p, row.keys, padding);
            let kept;
            let w = match &dropped {
                Some(r) => {
                    kept = times(p, sizes.of_weights(r, index));
                    &kept
                }
                None => &*p,
            };
            product(Into::Replace, (z, all), (w, of_tokens), (x, tokens), 1.0);
            for head in 0..heads {
                let w = &w[head * row.keys..][..row.keys];
                let share: f32 = w[row.prefix..].iter().sum();
                let own = head * width..(head + 1) * width;
                for (c, e) in c[own.clone()].iter_mut().zip(&value_bias[own]) {
                    *c = share * e;
                }
                product(
                    Into::Add,
                    (c, row.queries(head)),
                    (w, Block::new(0, 1, row.prefix, row.keys)),
                    (prefix_v, row.prefix(head)),
                    1.0,
                );
            }
        });

        let value = self.value[0].storage::<f32>();
        for head in 0..heads {
            let [of_context, of_sums] = self.of_all_rows(head);
            let weight = Block::of_head(&self.value[0], head, width);
            product(
                Into::Add,
                (&mut context, of_context),
                (&sums, of_sums),
                (value, weight),
                1.0,
            );
        }
        self.folded = Arc::new(folded);
        self.weights = Arc::new(weights);
        context
    }

    /// Gradients of q, x, k' and v', as far as they are wanted, from that of c.
    fn gradients(&self, output: &Numbers, wanted: [bool; 4]) -> [Option<Numbers>; 4] {
        let sizes = &self.sizes;
        let (heads, width, hidden, scale) = (sizes.heads, sizes.width, sizes.hidden, self.scale());
        let [q, x, context] = [&self.query, &self.x, output].map(slice);
        let prefix = self.prefix.as_ref().map(|two| two.each_ref().map(slice));
        let [prefix_k, prefix_v] = match &prefix {
            Some([keys, values]) => [&**keys, &**values],
            None => [&[][..]; 2],
        };
        let [key_bias, value_bias] = [&self.key[1], &self.value[1]].map(slice);
        let dropped = self.dropped.as_ref().map(slice);
        let [of_query, of_x, of_prefix_key, of_prefix_value] = wanted;

        let mut sums = vec![0f32; sizes.rows() * heads * hidden];
        let value = self.value[0].storage::<f32>();
        for head in 0..heads {
            let [of_context, of_sums] = self.of_all_rows(head);
            let weight = Block::of_head(&self.value[0], head, width).transposed();
            product(
                Into::Replace,
                (&mut sums, of_sums),
                (&context, of_context),
                (value, weight),
                1.0,
            );
        }

        let rows_of_part = rows_of_part(sizes.rows());
        let [asking, keys] = [&sizes.asking, &sizes.keys].map(|starts| bounds(starts));
        let parts = asking.len() - 1;
        let in_prefix = heads * sizes.prefix * width;
        let shares: Vec<usize> = (0..=parts).map(|part| part * in_prefix).collect();
        let zeros = |wanted: bool, numbers: usize| vec![0f32; if wanted { numbers } else { 0 }];
        let mut dq = zeros(of_query, sizes.rows() * hidden);
        let mut du = zeros(of_query, sums.len());
        let mut dx = zeros(of_x, keys[parts] * hidden);
        let mut dpk = zeros(of_prefix_key, shares[parts]);
        let mut dpv = zeros(of_prefix_value, shares[parts]);
        let by_part = pieces(&mut dq, &asking, hidden)
            .into_par_iter()
            .zip(pieces(&mut du, &asking, heads * hidden))
            .zip(pieces(&mut dx, &keys, hidden))
            .zip(pieces(&mut dpk, &shares, 1))
            .zip(pieces(&mut dpv, &shares, 1))
            .enumerate();
        by_part.for_each_init(Vec::new, |scratch, (part, ((((dq, du), dx), dpk), dpv))| {
            let first = part * rows_of_part;
            let [mut dq, mut du, mut dx] = [dq, du, dx];
            for index in first..(first + rows_of_part).min(sizes.rows()) {
                let row = sizes.row(index);
                let q = sizes.of_queries(&q, index);
                let dc = sizes.of_queries(&context, index);
                let x = sizes.of_keys(&x, index);
                let of_row = index * heads * hidden..(index + 1) * heads * hidden;
                let (u, dz) = (&self.folded[of_row.clone()], &sums[of_row]);
                let p = sizes.of_weights(&self.weights, index);
                let r = dropped.as_ref().map(|r| sizes.of_weights(r, index));
                let [dq, du, dx] = [
                    front(&mut dq, hidden),
                    front(&mut du, heads * hidden),
                    front(&mut dx, row.tokens * hidden),
                ];
                let [all, tokens] =
                    [heads, row.tokens].map(|rows| Block::new(0, rows, hidden, hidden));
                let of_all = Block::new(0, heads, row.keys, row.keys);
                let [_, of_tokens] = of_all.split_columns(row.prefix);
                let kept = r.map(|r| times(p, r));
                let w = kept.as_deref().unwrap_or(p);
                let one = Block::new(0, 1, row.prefix, row.keys);

                scratch.resize(p.len(), 0.0);
                let s = scratch.as_mut_slice();
                let turned = (x, tokens.transposed());
                product(Into::Replace, (s, of_tokens), (dz, all), turned, 1.0);
                for head in 0..heads {
                    let of_head = head * row.keys..(head + 1) * row.keys;
                    let own = head * width..(head + 1) * width;
                    let s = &mut s[of_head.clone()];
                    let shift = dot(&dc[own.clone()], &value_bias[own]);
                    s[row.prefix..].iter_mut().for_each(|s| *s += shift);
                    let dc = (dc, row.queries(head));
                    let turned = (prefix_v, row.prefix(head).transposed());
                    product(Into::Replace, (s, one), dc, turned, 1.0);
                    if of_prefix_value {
                        let w = (&w[of_head], one.transposed());
                        product(Into::Add, (dpv, row.prefix(head)), w, dc, 1.0);
                    }
                }
                if let Some(r) = r {
                    multiply(s, r);
                }
                softmax_rows_backward(s, p, row.keys);
                if of_x {
                    let w = (w, of_tokens.transposed());
                    product(Into::Replace, (dx, tokens), w, (dz, all), 1.0);
                    let s = (&*s, of_tokens.transposed());
                    product(Into::Add, (dx, tokens), s, (u, all), 1.0);
                }
                if of_query {
                    product(Into::Replace, (du, all), (s, of_tokens), (x, tokens), 1.0);
                }
                for head in 0..heads {
                    let s = &s[head * row.keys..][..row.keys];
                    if of_query {
                        let share: f32 = scale * s[row.prefix..].iter().sum::<f32>();
                        let own = head * width..(head + 1) * width;
                        for (dq, b) in dq[own.clone()].iter_mut().zip(&key_bias[own]) {
                            *dq = share * b;
                        }
                        let keys = (prefix_k, row.prefix(head));
                        product(Into::Add, (dq, row.queries(head)), (s, one), keys, scale);
                    }
                    if of_prefix_key {
                        let (s, q) = ((s, one.transposed()), (q, row.queries(head)));
                        product(Into::Add, (dpk, row.prefix(head)), s, q, scale);
                    }
                }
            }
        });
        if of_query {
            let key = self.key[0].storage::<f32>();
            for head in 0..heads {
                let [of_query, of_folded] = self.of_all_rows(head);
                let weight = Block::of_head(&self.key[0], head, width);
                product(
                    Into::Add,
                    (&mut dq, of_query),
                    (&du, of_folded),
                    (key, weight),
                    scale,
                );
            }
        }
        let axes = |numbers: &Numbers| numbers.layout().shape().to_vec();
        let in_prefix = [heads, sizes.prefix, width];
        [
            of_query.then(|| of_shape(dq, &axes(&self.query))),
            of_x.then(|| of_shape(dx, &axes(&self.x))),
            of_prefix_key.then(|| of_shape(summed(&dpk, parts), &in_prefix)),
            of_prefix_value.then(|| of_shape(summed(&dpv, parts), &in_prefix)),
        ]
    }
}

impl Operation<Flex, 2> for FirstAttention {
    fn backward(&self, output: Numbers, [q, x]: [bool; 2]) -> [Option<Numbers>; 2] {
        let [q, x, ..] = self.gradients(&output, [q, x, false, false]);
        [q, x]
    }
}

impl Operation<Flex, 4> for FirstAttention {
    fn backward(&self, output: Numbers, wanted: [bool; 4]) -> [Option<Numbers>; 4] {
        self.gradients(&output, wanted)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
