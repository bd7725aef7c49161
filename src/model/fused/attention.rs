//! Scaled dot-product attention (Vaswani et al. 2017) of all heads, a row of the batch at a time, with no tensor of
//! heads laid out anew.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | B, Q, K | rows, tokens that ask, tokens that answer (those of a prefix first) | |
//! | A, d | heads and their width; H = A d | |
//! | q, k, v | queries, keys, values, the heads side by side | B, Q, H; B, K, H; B, K, H |
//! | m | what is added to the scores of a key: 0, or the lowest number for padding | B, S (the last S keys) |
//! | p | softmax(q kᵀ / √d + m), a head | Q, K |
//! | c | p v, the heads side by side | B, Q, H |
//!
//! ∂v = pᵀ ∂c; ∂p = ∂c vᵀ; ∂s = p (∂p - Σ ∂p p), the sum over the keys; ∂q = ∂s k / √d; ∂k = ∂sᵀ q / √d.

use std::sync::Arc;

use gemm::Parallelism;
use rayon::prelude::*;

use super::super::tensor::{Tensor, softmax};
use super::node::{Numbers, Operation, constant, node, numbers, of_shape, slice};
use super::vector::{exp_below_zero, largest, sum, vectorised};

/// Queries, keys and values of all heads.
pub(in crate::model) struct Heads<'a> {
    /// A
    pub(in crate::model) heads: usize,
    /// q
    pub(in crate::model) query: Tensor<3>,
    /// k
    pub(in crate::model) key: Tensor<3>,
    /// v
    pub(in crate::model) value: Tensor<3>,
    /// m, [B, 1, 1, S]; none where no row has padding.
    pub(in crate::model) padding: Option<&'a Tensor<4>>,
}

/// c, [B, Q, H]. `drop` is applied to p, if given.
pub(in crate::model) fn attention(
    heads: Heads<'_>,
    drop: Option<&mut dyn FnMut(Tensor<4>) -> Tensor<4>>,
) -> Tensor<3> {
    let all = (drop.is_none()).then(|| {
        let padding = heads.padding.map(numbers);
        let three = [&heads.query, &heads.key, &heads.value].map(numbers);
        (three, padding)
    });
    let (q, k, v, padding) = match all {
        Some(([Some(q), Some(k), Some(v)], None)) => (q, k, v, None),
        Some(([Some(q), Some(k), Some(v)], Some(Some(m)))) => (q, k, v, Some(m)),
        _ => return composed(heads, drop),
    };
    let inputs = [heads.query, heads.key, heads.value];
    let tracked = inputs.iter().any(Tensor::is_tracked);
    let shape = Shape::new(&inputs, heads.heads);
    let padding = padding.as_ref().map(slice);
    let (context, weights) = forward(
        shape,
        [&slice(&q), &slice(&k), &slice(&v)],
        padding.as_deref(),
        tracked,
    );
    let output = of_shape(context, &[shape.rows, shape.asking, shape.hidden]);
    let Some(weights) = weights else {
        return constant(output);
    };
    let operation = Attention {
        shape,
        query: q,
        key: k,
        value: v,
        weights: Arc::new(weights),
    };
    node(inputs, output, operation)
}

/// By the library's own operations.
fn composed(heads: Heads<'_>, drop: Option<&mut dyn FnMut(Tensor<4>) -> Tensor<4>>) -> Tensor<3> {
    let [rows, asked, hidden] = heads.query.dims();
    let width = hidden / heads.heads;
    let split = |t: Tensor<3>| {
        let [rows, tokens, _] = t.dims();
        t.reshape([rows, tokens, heads.heads, width])
            .swap_dims(1, 2)
    };
    let q = split(heads.query).mul_scalar(1.0 / (width as f64).sqrt());
    let (k, v) = (split(heads.key), split(heads.value));
    let mut scores = q.matmul(k.swap_dims(2, 3));
    if let Some(padding) = heads.padding {
        let [.., keys] = scores.dims();
        let [.., tokens] = padding.dims();
        let mut mask = padding.clone();
        if keys > tokens {
            let open = [rows, 1, 1, keys - tokens];
            let open = Tensor::zeros(open, (&mask.device(), mask.dtype()));
            mask = Tensor::cat(vec![open, mask], 3);
        }
        scores = scores + mask;
    }
    let mut weights = softmax(scores, 3);
    if let Some(drop) = drop {
        weights = drop(weights);
    }
    let context = weights.matmul(v);
    context.swap_dims(1, 2).reshape([rows, asked, hidden])
}

/// Sizes, see the table above.
#[derive(Clone, Copy, Debug)]
struct Shape {
    rows: usize,
    asking: usize,
    keys: usize,
    hidden: usize,
    heads: usize,
    width: usize,
}

impl Shape {
    fn new([query, key, value]: &[Tensor<3>; 3], heads: usize) -> Self {
        let [rows, asking, hidden] = query.dims();
        let [_, keys, _] = key.dims();
        // The products of matrices below rely on it.
        assert_eq!(key.dims(), [rows, keys, hidden], "shape of the keys");
        assert_eq!(value.dims(), key.dims(), "shape of the values");
        assert_eq!(hidden % heads, 0, "the heads share the width evenly");
        Self {
            rows,
            asking,
            keys,
            hidden,
            heads,
            width: hidden / heads,
        }
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Numbers of p in a row of the batch.
    fn weights(&self) -> usize {
        self.heads * self.asking * self.keys
    }

    /// What belongs to one head in the q or c of a row.
    fn of_queries(&self, head: usize) -> Block {
        Block::new(head * self.width, self.asking, self.width, self.hidden)
    }

    /// What belongs to one head in the k or v of a row.
    fn of_keys(&self, head: usize) -> Block {
        Block::new(head * self.width, self.keys, self.width, self.hidden)
    }

    /// The p of one head in a row.
    fn of_weights(&self, head: usize) -> Block {
        let size = self.asking * self.keys;
        Block::new(head * size, self.asking, self.keys, self.keys)
    }
}

#[derive(Clone, Debug)]
struct Attention {
    shape: Shape,
    query: Numbers,
    key: Numbers,
    value: Numbers,
    /// p of every row and head.
    weights: Arc<Vec<f32>>,
}

/// c, and p where it is to be kept.
fn forward(
    shape: Shape,
    [q, k, v]: [&[f32]; 3],
    padding: Option<&[f32]>,
    keep: bool,
) -> (Vec<f32>, Option<Vec<f32>>) {
    let [in_queries, in_keys] = [shape.asking, shape.keys].map(|tokens| tokens * shape.hidden);
    let tokens = padding.map_or(0, |padding| padding.len() / shape.rows.max(1));
    let row = |index: usize, context: &mut [f32], weights: &mut [f32]| {
        let q = &q[index * in_queries..][..in_queries];
        let [k, v] = [k, v].map(|t| &t[index * in_keys..][..in_keys]);
        let padding = padding.map_or(&[][..], |padding| &padding[index * tokens..][..tokens]);
        for head in 0..shape.heads {
            let (queries, keys) = (shape.of_queries(head), shape.of_keys(head));
            let p = shape.of_weights(head);
            product(weights, p, q, queries, k, keys.transposed(), shape.scale());
            softmax_rows(
                &mut weights[p.start..][..p.rows * p.columns],
                shape.keys,
                padding,
            );
            product(context, queries, weights, p, v, keys, 1.0);
        }
    };
    let mut context = vec![0f32; shape.rows * in_queries];
    let contexts = context.par_chunks_mut(in_queries.max(1)).enumerate();
    if !keep {
        let scratch = || vec![0f32; shape.weights()];
        contexts.for_each_init(scratch, |scratch, (index, context)| {
            row(index, context, scratch);
        });
        return (context, None);
    }
    let mut weights = vec![0f32; shape.rows * shape.weights()];
    let kept = weights.par_chunks_mut(shape.weights().max(1));
    contexts.zip(kept).for_each(|((index, context), weights)| {
        row(index, context, weights);
    });
    (context, Some(weights))
}

vectorised! {
    /// Replaces each row of scores by its softmax, `padding` added to its last places first.
    fn softmax_rows(scores: &mut [f32], keys: usize, padding: &[f32]) {
        for scores in scores.chunks_exact_mut(keys) {
            let first = keys - padding.len();
            for (score, padding) in scores[first..].iter_mut().zip(padding) {
                *score += padding;
            }
            let top = largest(scores, f32::NEG_INFINITY);
            for score in scores.iter_mut() {
                *score = exp_below_zero(*score - top);
            }
            let scale = 1.0 / sum(scores, |_, x| x);
            for score in scores.iter_mut() {
                *score *= scale;
            }
        }
    }
}

vectorised! {
    /// Replaces ∂p by ∂s.
    fn softmax_rows_backward(gradient: &mut [f32], weights: &[f32], keys: usize) {
        for (gradient, weights) in gradient.chunks_exact_mut(keys).zip(weights.chunks_exact(keys)) {
            let along = sum(gradient, |i, d| d * weights[i]);
            for (gradient, weight) in gradient.iter_mut().zip(weights) {
                *gradient = weight * (*gradient - along);
            }
        }
    }
}

impl Operation<3> for Attention {
    fn backward(&self, output: Numbers, wanted: [bool; 3]) -> [Option<Numbers>; 3] {
        let shape = self.shape;
        let context = slice(&output);
        let (q, k, v) = (slice(&self.query), slice(&self.key), slice(&self.value));
        let [in_queries, in_keys] = [shape.asking, shape.keys].map(|tokens| tokens * shape.hidden);
        let [of_query, of_key, of_value] = wanted;
        // A gradient that nobody wants has no rows, and its part below is left out.
        let zeros = |wanted: bool, numbers: usize| match wanted {
            true => vec![0f32; shape.rows * numbers],
            false => Vec::new(),
        };
        let mut gradients = [
            zeros(of_query, in_queries),
            zeros(of_key, in_keys),
            zeros(of_value, in_keys),
        ];
        let [dq, dk, dv] = &mut gradients;
        let rows = by_row(dq, shape.rows)
            .zip(by_row(dk, shape.rows))
            .zip(by_row(dv, shape.rows))
            .enumerate();
        let scratch = || vec![0f32; shape.asking * shape.keys];
        rows.for_each_init(scratch, |scratch, (index, ((dq, dk), dv))| {
            let context = &context[index * in_queries..][..in_queries];
            let q = &q[index * in_queries..][..in_queries];
            let k = &k[index * in_keys..][..in_keys];
            let v = &v[index * in_keys..][..in_keys];
            let weights = &self.weights[index * shape.weights()..][..shape.weights()];
            for head in 0..shape.heads {
                let (queries, keys) = (shape.of_queries(head), shape.of_keys(head));
                let p = shape.of_weights(head);
                if of_value {
                    product(dv, keys, weights, p.transposed(), context, queries, 1.0);
                }
                if !of_query && !of_key {
                    continue;
                }
                let s = Block::new(0, p.rows, p.columns, p.columns);
                product(scratch, s, context, queries, v, keys.transposed(), 1.0);
                let weights = &weights[p.start..][..p.rows * p.columns];
                softmax_rows_backward(scratch, weights, shape.keys);
                if of_query {
                    product(dq, queries, scratch, s, k, keys, shape.scale());
                }
                if of_key {
                    product(dk, keys, scratch, s.transposed(), q, queries, shape.scale());
                }
            }
        });
        let axes = |tokens| [shape.rows, tokens, shape.hidden];
        let [dq, dk, dv] = gradients;
        [
            of_query.then(|| of_shape(dq, &axes(shape.asking))),
            of_key.then(|| of_shape(dk, &axes(shape.keys))),
            of_value.then(|| of_shape(dv, &axes(shape.keys))),
        ]
    }
}

/// The rows of a batch, each a piece of its own; empty pieces where there are no numbers.
fn by_row(numbers: &mut [f32], rows: usize) -> impl IndexedParallelIterator<Item = &mut [f32]> {
    let size = numbers.len() / rows.max(1);
    let mut rest = numbers;
    let pieces = (0..rows).map(|_| {
        let (piece, after) = std::mem::take(&mut rest).split_at_mut(size);
        rest = after;
        piece
    });
    pieces.collect::<Vec<_>>().into_par_iter()
}

/// A matrix within a row of the batch.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl Block {
    fn new(start: usize, rows: usize, columns: usize, row_stride: usize) -> Self {
        Self {
            start,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// One past the last place that the matrix takes.
    fn end(&self) -> usize {
        let last = |count: usize, stride: usize| count.saturating_sub(1) * stride;
        self.start + last(self.rows, self.row_stride) + last(self.columns, self.column_stride) + 1
    }
}

/// y = scale x w, on one thread: the rows of the batch are shared out already.
fn product(y: &mut [f32], at: Block, x: &[f32], x_at: Block, w: &[f32], w_at: Block, scale: f32) {
    if at.rows == 0 || at.columns == 0 || x_at.columns == 0 {
        return;
    }
    assert_eq!(
        (x_at.rows, x_at.columns, w_at.columns),
        (at.rows, w_at.rows, at.columns)
    );
    assert!(at.end() <= y.len() && x_at.end() <= x.len() && w_at.end() <= w.len());
    let stride = |stride: usize| stride as isize;
    // SAFETY: the sizes agree and all three matrices lie within their numbers, as was just checked; y is borrowed
    // alone.
    unsafe {
        gemm::gemm(
            at.rows,
            at.columns,
            x_at.columns,
            y.as_mut_ptr().add(at.start),
            stride(at.column_stride),
            stride(at.row_stride),
            false,
            x.as_ptr().add(x_at.start),
            stride(x_at.column_stride),
            stride(x_at.row_stride),
            w.as_ptr().add(w_at.start),
            stride(w_at.column_stride),
            stride(w_at.row_stride),
            0.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tensor::{Device, Distribution};
    use super::*;

    struct Case {
        tokens: [usize; 2],
        heads: usize,
        padded: bool,
        tracked: [bool; 3],
    }

    #[test]
    fn agrees_with_the_composed_form_in_value_and_gradients() {
        let case = |tokens, heads, padded, tracked| Case {
            tokens,
            heads,
            padded,
            tracked,
        };
        for case in [
            case([5, 5], 1, false, [true; 3]),
            case([9, 9], 4, true, [true; 3]),
            case([1, 9], 3, true, [true; 3]),
            case([7, 10], 2, true, [false, true, true]),
            case([7, 10], 2, false, [true, false, false]),
            case([6, 6], 2, true, [false, false, true]),
            case([33, 40], 2, true, [false; 3]),
        ] {
            agrees(&case);
        }
    }

    fn agrees(case: &Case) {
        let device = Device::flex();
        let [asking, keys] = case.tokens;
        let hidden = 6 * case.heads;
        let random = |tokens| {
            let dims = [3, tokens, hidden];
            Tensor::<3>::random(dims, Distribution::Normal(0.0, 1.5), &device)
        };
        let inputs = [random(asking), random(keys), random(keys)];
        let weights = random(asking);
        // The last tokens of the second row are padding, and so is all of the third but its first key.
        let padding = case.padded.then(|| {
            let open = [[5; 5], [3; 5], [1; 5]].map(|[open, ..]: [usize; 5]| open);
            let lowest = open.map(|open| {
                let places = (0..5).map(|place| if place < open { 0.0 } else { f32::MIN });
                places.collect::<Vec<f32>>()
            });
            Tensor::<1>::from_floats(lowest.concat().as_slice(), &device).reshape([3, 1, 1, 5])
        });
        let run = |fused: bool| {
            let leaves: Vec<Tensor<3>> = (inputs.iter().zip(case.tracked))
                .map(|(x, tracked)| match tracked {
                    true => x.clone().autodiff().require_grad(),
                    false => x.clone(),
                })
                .collect();
            let heads = Heads {
                heads: case.heads,
                query: leaves[0].clone(),
                key: leaves[1].clone(),
                value: leaves[2].clone(),
                padding: padding.as_ref(),
            };
            let context = match fused {
                true => attention(heads, None),
                false => composed(heads, None),
            };
            assert_eq!(context.is_tracked(), case.tracked.contains(&true));
            if !context.is_tracked() {
                return vec![context];
            }
            let gradients = (context.clone() * weights.clone()).sum().backward();
            let found = leaves.iter().filter_map(|leaf| leaf.grad(&gradients));
            [context.inner()].into_iter().chain(found).collect()
        };
        let (ours, theirs) = (run(true), run(false));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            assert!(
                ours.all_close(theirs, Some(1e-4), Some(2e-6)),
                "{:?}",
                case.tokens
            );
        }
    }
}
