//! Attention by the library's own operations; symbols as in [`super::super::attention`].

use crate::model::dropout::Dropout;
use crate::model::layout::Layout;
use crate::model::tensor::{Tensor, exact, softmax};

use super::super::Ops;
use super::super::attention::{AmongTokens, FirstTokens, Heads};

/// c, with the axes of q. `dropout` is that of p, if there is any.
pub(in super::super) fn attention(
    ops: &(impl Ops + ?Sized),
    heads: Heads<'_>,
    dropout: Option<&mut Dropout>,
) -> Tensor<3> {
    // r of all rows at once: one site, however the rows lie.
    let mask = dropout.and_then(|dropout| dropout.mask([numbers_of_weights(&heads)], &heads.query));
    let mut used = 0;
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
        let mut weights = softmax(scores(ops, &heads, padding, k), 3).cast(dtype);
        if let Some(mask) = &mask {
            let axes = weights.dims();
            let size = axes.iter().product();
            weights = weights * mask.clone().narrow(0, used, size).reshape(axes);
            used += size;
        }
        let context = ops.product(weights, v);
        context.swap_dims(1, 2).reshape([lines, asked, hidden])
    })
}

/// Numbers of p of all rows.
fn numbers_of_weights(heads: &Heads<'_>) -> usize {
    let length = heads.prefix.as_ref().map_or(0, |[keys, _]| keys.dims()[1]);
    let [asking, keys] = [&heads.query, &heads.key].map(|t| {
        let [lines, tokens, _] = t.dims();
        heads.layout.starts(lines * tokens)
    });
    let rows = asking.windows(2).zip(keys.windows(2));
    let of_row = |(asking, keys): (&[usize], &[usize])| {
        heads.heads * (asking[1] - asking[0]) * (length + keys[1] - keys[0])
    };
    rows.map(of_row).sum()
}

/// q [k' k]ᵀ / √d + m + b of keys [B, A, K, d], in the exact format.
fn scores(
    ops: &(impl Ops + ?Sized),
    heads: &Heads<'_>,
    padding: Option<&Tensor<4>>,
    keys: Tensor<4>,
) -> Tensor<4> {
    let q = split(heads.query.clone(), heads.heads);
    let dtype = q.dtype();
    let [_, _, asked, width] = q.dims();
    let tokens = heads.key.dims()[1];
    let length = keys.dims()[2] - tokens;
    let scores = ops.product(q, keys.swap_dims(2, 3)).cast(exact(dtype));
    let mut scores = scores.mul_scalar(1.0 / (width as f64).sqrt());
    let biases = heads.biases.map(|biases| biases.among(asked, tokens));
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

/// c of each row's first token, by keys and values of all tokens.
pub(in super::super) fn first_tokens(
    ops: &(impl Ops + ?Sized),
    asked: &FirstTokens<'_>,
    dropout: Option<&mut Dropout>,
) -> Tensor<3> {
    let map = |(weight, bias): (&Tensor<2>, &Tensor<1>)| {
        ops.linear(asked.x.clone(), weight.clone(), bias.clone())
    };
    let heads = Heads {
        heads: asked.heads,
        query: asked.query.clone(),
        key: map(asked.key),
        value: map(asked.value),
        prefix: asked.prefix.cloned(),
        biases: asked.biases,
        layout: asked.layout,
    };
    ops.attention(heads, dropout)
}

/// Of heads without a prefix.
pub(in super::super) fn among_tokens(ops: &(impl Ops + ?Sized), heads: Heads<'_>) -> AmongTokens {
    AmongTokens {
        heads: heads.heads,
        query: heads.query.clone(),
        sums: sums(ops, heads.clone()),
        context: ops.attention(heads, None),
    }
}

/// l, of heads without a prefix.
pub(in super::super) fn sums(ops: &(impl Ops + ?Sized), heads: Heads<'_>) -> Tensor<3> {
    by_row(heads, &mut |heads, padding| {
        let scores = scores(ops, &heads, padding, split(heads.key.clone(), heads.heads));
        let top = scores.clone().max_dim(3);
        let sums = (scores - top.clone()).exp().sum_dim(3).log() + top;
        sums.squeeze_dim::<3>(3).swap_dims(1, 2)
    })
}

/// c of a prefix that joins: l is the score of one more key, whose value is o.
pub(in super::super) fn prefixed(
    ops: &(impl Ops + ?Sized),
    tokens: &AmongTokens,
    [keys, values]: [Tensor<3>; 2],
) -> Tensor<3> {
    let dims = tokens.query.dims();
    let [q, o] = [&tokens.query, &tokens.context].map(|t| split(t.clone(), tokens.heads));
    let dtype = q.dtype();
    let width = q.dims()[3];
    let scores = ops.product(q, keys.unsqueeze::<4>().swap_dims(2, 3));
    let scores = (scores.cast(exact(dtype))).mul_scalar(1.0 / (width as f64).sqrt());
    let sums = tokens.sums.clone().swap_dims(1, 2).unsqueeze_dim::<4>(3);
    let weights = softmax(Tensor::cat(vec![sums.cast(exact(dtype)), scores], 3), 3).cast(dtype);
    let length = weights.dims()[3] - 1;
    let of_tokens = weights.clone().narrow(3, 0, 1) * o;
    let of_prefix = ops.product(weights.narrow(3, 1, length), values.unsqueeze::<4>());
    (of_tokens + of_prefix).swap_dims(1, 2).reshape(dims)
}
