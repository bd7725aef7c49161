//! Attention of each row's first token alone, with keys and values of no other token computed: the frozen maps that
//! make them are applied to the one query and to the one result instead.
//!
//! Symbols as in the folder's table, and for a row and head:
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | x | what keys and values are made of | S, H |
//! | W, b; V, e | the head's part of the maps to keys and to values | H, d and d |
//! | u | q Wᵀ / √d | H |
//! | s | scores: q k'ᵀ / √d of the prefix, u xᵀ + q b / √d of the tokens | K |
//! | p | softmax(s + m + b); w = r p | K |
//! | z | the tokens' part of w, times x | H |
//! | c | z V + e Σ w + w v', the sum over the tokens, the last product over the prefix | d |
//!
//! ∂z = ∂c Vᵀ; ∂w of a token = ∂z x + ∂c e; ∂s = p (r ∂w - Σ r ∂w p); ∂u = ∂s x; ∂x = w ∂z + ∂s u;
//! ∂q = (∂u W + b Σ ∂s + ∂s k') / √d, with the tokens' ∂s in the first two terms and the prefix's in the last.

mod kernel;

use std::sync::Arc;

use super::super::super::node::node;
use super::super::numbers::{constant, numbers, of_shape, slice};
use super::biases::Biases;
use super::sizes::Sizes;
use super::{FirstTokens, constants, dropped};
use crate::model::dropout::Dropout;
use crate::model::tensor::Tensor;
use kernel::FirstAttention;

/// c, with the axes of q; none where the numbers are elsewhere or of another format, or the maps train.
pub(in crate::model::ops) fn first_tokens(
    asked: &FirstTokens<'_>,
    dropout: Option<&mut Dropout>,
) -> Option<Tensor<3>> {
    let map =
        |(weight, bias): (&Tensor<2>, &Tensor<1>)| Some([constants(weight)?, constants(bias)?]);
    let (key, value) = (map(asked.key)?, map(asked.value)?);
    let [query, x] = [numbers(asked.query)?, numbers(asked.x)?];
    let prefix = match asked.prefix {
        Some([keys, values]) => Some([numbers(keys)?, numbers(values)?]),
        None => None,
    };
    let padding = match asked.layout.padding() {
        Some(padding) => Some(numbers(padding)?),
        None => None,
    };
    let biases = match asked.biases {
        Some(biases) => Some(Biases::new(constants(biases.by_distance())?)),
        None => None,
    };
    let sizes = Sizes::new(
        asked.heads,
        [asked.query, asked.x],
        asked.prefix,
        asked.layout,
    );
    let square = [sizes.hidden; 2];
    for [weight, bias] in [&key, &value] {
        // The products of matrices rely on it.
        assert_eq!(weight.layout().shape()[..], square, "shape of a map");
        assert_eq!(bias.layout().shape()[..], square[..1], "shape of its bias");
    }
    let mut attention = FirstAttention {
        dropped: dropout.and_then(|dropout| dropped(dropout, &sizes, asked.query)),
        query,
        x,
        key,
        value,
        prefix,
        folded: Arc::default(),
        weights: Arc::default(),
        sizes,
    };
    let padding = padding.as_ref().map(slice);
    let context = of_shape(
        attention.forward(padding.as_deref(), biases.as_ref()),
        &asked.query.dims(),
    );
    let inputs = [asked.query, asked.x].map(Clone::clone);
    let prefixes = asked.prefix.into_iter().flatten();
    let tracked = inputs.iter().chain(prefixes).any(Tensor::is_tracked);
    Some(match (tracked, asked.prefix) {
        (false, _) => constant(context),
        (true, None) => node(inputs, context, attention),
        (true, Some([keys, values])) => {
            let [query, x] = inputs;
            node([query, x, keys.clone(), values.clone()], context, attention)
        }
    })
}
