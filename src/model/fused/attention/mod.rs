//! Scaled dot-product attention (Vaswani et al. 2017) of all heads, a row of the batch at a time, with no tensor of
//! heads laid out anew, no prefix copied for every row, and no padding where rows lie end to end.
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
//! | p | softmax(q [k' k]ᵀ / √d + m + b), a head | Q, K |
//! | r | what dropout multiplies p by: 0, or 1 / (1 - rate); 1 without dropout | Q, K |
//! | c | (r p) [v' v], the heads side by side | B, Q, H |
//!
//! ∂[v' v] = (r p)ᵀ ∂c; ∂p = r ∂c [v' v]ᵀ; ∂s = p (∂p - Σ ∂p p), the sum over the keys; ∂q = ∂s [k' k] / √d;
//! ∂[k' k] = ∂sᵀ q / √d. What belongs to the prefix is summed over the rows.

mod biases;
mod block;
mod first;
mod kernel;
mod parts;
mod prefixed;
mod sizes;
mod softmax;

use std::sync::Arc;

use super::super::dropout::Dropout;
use super::super::layout::Layout;
use super::super::relative;
use super::super::tensor::{Tensor, exact, softmax};
use super::node::{Numbers, constant, node, numbers, of_shape, slice};
use biases::Biases;
pub(in crate::model) use first::{FirstTokens, first_tokens};
use kernel::Attention;
pub(in crate::model) use prefixed::{AmongTokens, among_tokens, prefixed};
use sizes::Sizes;

/// Queries, keys and values of all heads.
#[derive(Clone)]
pub(in crate::model) struct Heads<'a> {
    /// A
    pub(in crate::model) heads: usize,
    /// q, of all tokens or of the first of each row.
    pub(in crate::model) query: Tensor<3>,
    /// k
    pub(in crate::model) key: Tensor<3>,
    /// v
    pub(in crate::model) value: Tensor<3>,
    /// k' and v'.
    pub(in crate::model) prefix: Option<[Tensor<3>; 2]>,
    /// b
    pub(in crate::model) biases: Option<&'a Tensor<2>>,
    /// Where the rows are in q, k and v; and m.
    pub(in crate::model) layout: &'a Layout,
}

/// c, with the axes of q. `dropout` is that of p, if there is any.
pub(in crate::model) fn attention(heads: Heads<'_>, dropout: Option<&mut Dropout>) -> Tensor<3> {
    let mask = heads.layout.padding().map(numbers);
    let three = [&heads.query, &heads.key, &heads.value].map(numbers);
    let prefix = (heads.prefix.as_ref()).map(|[keys, values]| [numbers(keys), numbers(values)]);
    let biases = heads.biases.map(constants);
    let (
        [Some(query), Some(key), Some(value)],
        None | Some([Some(_), Some(_)]),
        None | Some(Some(_)),
        None | Some(Some(_)),
    ) = (three, &prefix, &mask, &biases)
    else {
        return composed(heads, dropout);
    };
    let prefix = prefix.and_then(|[keys, values]| Some([keys?, values?]));
    assert_eq!(heads.value.dims(), heads.key.dims(), "shape of the values");
    let sizes = Sizes::new(
        heads.heads,
        [&heads.query, &heads.key],
        heads.prefix.as_ref(),
        heads.layout,
    );
    let mut attention = Attention {
        query,
        key,
        value,
        prefix,
        dropped: dropout.and_then(|dropout| dropped(dropout, &sizes, &heads.query)),
        weights: Arc::default(),
        sizes,
    };
    let dims = heads.query.dims();
    let inputs = [heads.query, heads.key, heads.value];
    let mut all = inputs.iter().chain(heads.prefix.iter().flatten());
    let tracked = all.any(Tensor::is_tracked);
    let padding = mask.flatten();
    let padding = padding.as_ref().map(slice);
    let biases = biases.flatten().map(Biases::new);
    let context = attention.forward(padding.as_deref(), biases.as_ref(), tracked);
    let output = of_shape(context, &dims);
    match (tracked, heads.prefix) {
        (false, _) => constant(output),
        (true, None) => node(inputs, output, attention),
        (true, Some([keys, values])) => {
            let [query, key, value] = inputs;
            node([query, key, value, keys, values], output, attention)
        }
    }
}

/// The numbers of a tensor that does not train.
fn constants<const D: usize>(x: &Tensor<D>) -> Option<Numbers> {
    (!x.is_tracked()).then(|| numbers(x))?
}

/// r of every row and head; none without dropout.
fn dropped(dropout: &mut Dropout, sizes: &Sizes, like: &Tensor<3>) -> Option<Numbers> {
    numbers(&dropout.mask([sizes.weights()], like)?)
}

/// By the library's own operations.
fn composed(heads: Heads<'_>, mut dropout: Option<&mut Dropout>) -> Tensor<3> {
    by_row(heads, &mut |heads, padding| {
        let [lines, asked, hidden] = heads.query.dims();
        let dtype = heads.query.dtype();
        let [mut k, mut v] = [&heads.key, &heads.value].map(|t| split(t.clone(), heads.heads));
        if let Some([keys, values]) = &heads.prefix {
            let [_, length, width] = keys.dims();
            let before = |t: &Tensor<3>, others: Tensor<4>| {
                let of_lines = [lines, heads.heads, length, width];
                let t = t.clone().unsqueeze::<4>().expand(of_lines);
                Tensor::cat(vec![t, others], 2)
            };
            (k, v) = (before(keys, k), before(values, v));
        }
        let mut weights = softmax(scores(&heads, padding, k), 3).cast(dtype);
        if let Some(dropout) = &mut dropout {
            weights = dropout.backbone(weights);
        }
        let context = weights.matmul(v);
        context.swap_dims(1, 2).reshape([lines, asked, hidden])
    })
}

/// q [k' k]ᵀ / √d + m + b of keys [B, A, K, d], in the exact format.
fn scores(heads: &Heads<'_>, padding: Option<&Tensor<4>>, keys: Tensor<4>) -> Tensor<4> {
    let q = split(heads.query.clone(), heads.heads);
    let dtype = q.dtype();
    let [_, _, asked, width] = q.dims();
    let tokens = heads.key.dims()[1];
    let length = keys.dims()[2] - tokens;
    let scores = q.matmul(keys.swap_dims(2, 3)).cast(exact(dtype));
    let mut scores = scores.mul_scalar(1.0 / (width as f64).sqrt());
    let biases = heads.biases.map(|b| relative::of_places(b, asked, tokens));
    for mut added in padding.cloned().into_iter().chain(biases) {
        if length > 0 {
            let [lines, heads, asked, _] = added.dims();
            let device = added.device().without_autodiff();
            let nothing = Tensor::zeros([lines, heads, asked, length], (&device, added.dtype()));
            added = Tensor::cat(vec![nothing, added], 3);
        }
        scores = scores + added;
    }
    scores
}

/// [B, S, H] as [B, A, S, d].
fn split(t: Tensor<3>, heads: usize) -> Tensor<4> {
    let [lines, tokens, hidden] = t.dims();
    (t.reshape([lines, tokens, heads, hidden / heads])).swap_dims(1, 2)
}

/// What `attend` gives for padded rows and their m; for rows end to end, what it gives for one after the other.
fn by_row(
    heads: Heads<'_>,
    attend: &mut impl FnMut(Heads<'_>, Option<&Tensor<4>>) -> Tensor<3>,
) -> Tensor<3> {
    if let Layout::Padded { padding, .. } = heads.layout {
        return attend(heads, padding.as_ref());
    }
    let [asking, keys] = [&heads.query, &heads.key].map(|t| heads.layout.starts(t.dims()[1]));
    let of = |t: &Tensor<3>, starts: &[usize], row: usize| {
        t.clone()
            .narrow(1, starts[row], starts[row + 1] - starts[row])
    };
    let mut row = |row: usize| {
        let layout = Layout::Padded {
            rows: 1,
            tokens: keys[row + 1] - keys[row],
            padding: None,
        };
        let heads = Heads {
            query: of(&heads.query, &asking, row),
            key: of(&heads.key, &keys, row),
            value: of(&heads.value, &keys, row),
            prefix: heads.prefix.clone(),
            layout: &layout,
            ..heads
        };
        attend(heads, None)
    };
    Tensor::cat((0..heads.layout.rows()).map(&mut row).collect(), 1)
}

#[cfg(test)]
mod tests;
