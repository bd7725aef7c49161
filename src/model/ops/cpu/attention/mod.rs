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

use crate::model::dropout::Dropout;
use crate::model::tensor::Tensor;

use super::super::attention::{AmongTokens, FirstTokens, Heads};
use super::super::composed;
use super::super::node::node;
use super::numbers::{Numbers, constant, numbers, of_shape, slice};
use biases::Biases;
pub(super) use first::first_tokens;
use kernel::Attention;
pub(super) use prefixed::{among_tokens, prefixed};
use sizes::Sizes;

/// c, with the axes of q. `dropout` is that of p, if there is any.
pub(in crate::model::ops) fn attention(
    heads: Heads<'_>,
    dropout: Option<&mut Dropout>,
) -> Tensor<3> {
    let mask = heads.layout.padding().map(numbers);
    let three = [&heads.query, &heads.key, &heads.value].map(numbers);
    let prefix = (heads.prefix.as_ref()).map(|[keys, values]| [numbers(keys), numbers(values)]);
    let biases = heads.biases.map(|biases| constants(biases.by_distance()));
    let (
        [Some(query), Some(key), Some(value)],
        None | Some([Some(_), Some(_)]),
        None | Some(Some(_)),
        None | Some(Some(_)),
    ) = (three, &prefix, &mask, &biases)
    else {
        return composed::attention::attention(&composed::Composed, heads, dropout);
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

#[cfg(test)]
mod tests;
