//! Scaled dot-product attention (Vaswani et al. 2017) of all heads of padded rows.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | B; Q, S | rows; tokens of a row that ask, tokens of a row | |
//! | L | keys of a prefix, the same for all rows; K = L + S | |
//! | A, d | heads and their width; H = A d | |
//! | q, k, v | queries, keys, values, the heads side by side | B, Q, H; B, S, H; B, S, H |
//! | k', v' | keys and values of the prefix | A, L, d |
//! | z, p, r | products, weights and dropout of a head, as in [`super::softmax`] and [`super::dropout`] | B, A, Q, K |
//! | c | (r p) [v' v], the heads side by side | B, Q, H |
//!
//! z = q [k' k]ᵀ; ∂[v' v] = (r p)ᵀ ∂c; ∂(r p) = ∂c [v' v]ᵀ; ∂q = ∂z [k' k]; ∂[k' k] = ∂zᵀ q. What belongs to the prefix
//! is summed over the rows.
//!
//! The products are those of [`super::matmul`]; of all tensors as large as z, p alone is kept for the way back: r is made
//! anew. [`super::softmax`] says why that is ours. Without gradients, too: the library's one-kernel attention computes
//! in 16 bits whatever the format where a card has units for it, and takes neither biases nor a mask by addition.

use burn::backend::ops::FloatTensorOps;
use burn::backend::{Slice, TensorMetadata};
use burn_cubecl::Cube;

use super::super::attention::Heads;
use super::super::composed;
use super::super::node::{Operation, node};
use super::super::philox::Mask;
use super::Gpu;
use super::dropout::DropoutKernels;
use super::matmul::{Factors, product};
use super::numbers::{Numbers, constant, numbers};
use super::softmax::SoftmaxKernels;
use crate::model::dropout::Dropout;
use crate::model::layout::Layout;
use crate::model::tensor::{DType, Tensor};

/// c, with the axes of q. `dropout` is that of p, if there is any.
pub(super) fn attention(ops: &Gpu, heads: Heads<'_>, dropout: Option<&mut Dropout>) -> Tensor<3> {
    let Layout::Padded { padding, .. } = heads.layout else {
        return composed::attention::attention(ops, heads, dropout);
    };
    let three = [&heads.query, &heads.key, &heads.value].map(numbers);
    let prefix = (heads.prefix.as_ref()).map(|[keys, values]| [numbers(keys), numbers(values)]);
    let padding = padding.as_ref().map(numbers);
    let biases = heads.biases.map(|biases| {
        let biases = biases.by_distance();
        (!biases.is_tracked()).then(|| numbers(biases))?
    });
    let (
        [Some(query), Some(key), Some(value)],
        None | Some([Some(_), Some(_)]),
        None | Some(Some(_)),
        None | Some(Some(_)),
    ) = (three, &prefix, &padding, &biases)
    else {
        return composed::attention::attention(ops, heads, dropout);
    };
    let [batch, _, hidden] = heads.query.dims();
    let [_, tokens, _] = heads.key.dims();
    assert_eq!(
        heads.key.dims(),
        [batch, tokens, hidden],
        "axes of the keys"
    );
    assert_eq!(heads.value.dims(), heads.key.dims(), "axes of the values");
    let length = heads.prefix.as_ref().map_or(0, |[keys, _]| keys.dims()[1]);
    let mut attention = Attention {
        query,
        key,
        value,
        prefix: prefix.and_then(|[keys, values]| Some([keys?, values?])),
        dropped: dropout.and_then(Dropout::next),
        weights: None,
        heads: heads.heads,
        length,
        factors: ops.factors,
    };
    let (context, weights) = attention.forward(padding.flatten(), biases.flatten());
    let inputs = [heads.query, heads.key, heads.value];
    let mut all = inputs.iter().chain(heads.prefix.iter().flatten());
    if !all.any(Tensor::is_tracked) {
        return constant(context);
    }
    attention.weights = Some(weights);
    match heads.prefix {
        None => node::<Cube, _, _, _>(inputs, context, attention),
        Some([keys, values]) => {
            let [query, key, value] = inputs;
            let inputs = [query, key, value, keys, values];
            node::<Cube, _, _, _>(inputs, context, attention)
        }
    }
}

#[derive(Clone, Debug)]
struct Attention {
    /// q
    query: Numbers,
    /// k
    key: Numbers,
    /// v
    value: Numbers,
    /// k' and v'.
    prefix: Option<[Numbers; 2]>,
    /// What makes r.
    dropped: Option<Mask>,
    /// p, once it is known.
    weights: Option<Numbers>,
    /// A
    heads: usize,
    /// L
    length: usize,
    /// Of the products.
    factors: Factors,
}

impl Attention {
    /// c and p.
    fn forward(&self, padding: Option<Numbers>, biases: Option<Numbers>) -> (Numbers, Numbers) {
        let [padding, biases] = [padding, biases].map(|added| added.map(exact).into());
        let [keys, values] = self.keys_and_values();
        let products = self.product(self.split(&self.query), transposed(keys));
        let weights =
            Cube::softmax_of_products(products, padding, biases, self.length, self.scale());
        let context = self.product(self.dropped(weights.clone()), values);
        (merge(context), weights)
    }

    /// [k' k] and [v' v] of every row and head, [B, A, K, d].
    fn keys_and_values(&self) -> [Numbers; 2] {
        let tokens = [&self.key, &self.value].map(|t| self.split(t));
        let Some(prefix) = &self.prefix else {
            return tokens;
        };
        let [batch, ..] = self.query.shape().dims::<3>();
        let mut prefix = prefix.iter();
        tokens.map(|tokens| match prefix.next() {
            Some(before) => {
                let [heads, length, width] = before.shape().dims::<3>();
                let before = Cube::float_reshape(before.clone(), [1, heads, length, width].into());
                let before = Cube::float_expand(before, [batch, heads, length, width].into());
                Cube::float_cat(vec![before, tokens], 2)
            }
            None => tokens,
        })
    }

    /// [B, S, H] as [B, A, S, d].
    fn split(&self, t: &Numbers) -> Numbers {
        let [batch, tokens, hidden] = t.shape().dims::<3>();
        let axes = [batch, tokens, self.heads, hidden / self.heads];
        Cube::float_swap_dims(Cube::float_reshape(t.clone(), axes.into()), 1, 2)
    }

    /// r p of p, and ∂p of ∂(r p).
    fn dropped(&self, weights: Numbers) -> Numbers {
        match self.dropped {
            Some(mask) => Cube::dropped(weights, mask),
            None => weights,
        }
    }

    fn product(&self, a: Numbers, b: Numbers) -> Numbers {
        product(a, b, self.factors)
    }

    /// 1 / √d
    fn scale(&self) -> f32 {
        let [_, _, hidden] = self.query.shape().dims::<3>();
        let width = hidden / self.heads;
        (1.0 / (width as f64).sqrt()) as f32
    }

    /// Of a gradient of all keys that of the tokens, [B, S, H], and that of the prefix, [A, L, d].
    fn parts(&self, gradient: Numbers, wanted: [bool; 2]) -> [Option<Numbers>; 2] {
        let [_, heads, keys, width] = gradient.shape().dims::<4>();
        let part = |from: usize, to: usize| {
            let all = Slice::full();
            Cube::float_slice(gradient.clone(), &[all, all, Slice::from(from..to), all])
        };
        let tokens = wanted[0].then(|| merge(part(self.length, keys)));
        let prefix = wanted[1].then(|| {
            let summed = Cube::float_sum_dim(part(0, self.length), 0);
            Cube::float_reshape(summed, [heads, self.length, width].into())
        });
        [tokens, prefix]
    }

    /// Gradients of q, k, v, k' and v', as far as they are wanted, from that of c.
    fn gradients(&self, output: Numbers, wanted: [bool; 5]) -> [Option<Numbers>; 5] {
        let [of_query, of_key, of_value, of_prefix_key, of_prefix_value] = wanted;
        let Some(weights) = self.weights.clone() else {
            unreachable!("weights are kept where gradients are asked for");
        };
        let context = self.split(&output);
        let [keys, values] = self.keys_and_values();
        let [mut dv, mut dpv] = [None, None];
        if of_value || of_prefix_value {
            let weights = transposed(self.dropped(weights.clone()));
            let all = self.product(weights, context.clone());
            [dv, dpv] = self.parts(all, [of_value, of_prefix_value]);
        }
        let [mut dq, mut dk, mut dpk] = [None, None, None];
        if of_query || of_key || of_prefix_key {
            let through = self.product(context, transposed(values));
            let through = self.dropped(through);
            let dz = Cube::softmax_of_products_back(through, weights, self.scale());
            if of_key || of_prefix_key {
                let query = self.split(&self.query);
                let all = self.product(transposed(dz.clone()), query);
                [dk, dpk] = self.parts(all, [of_key, of_prefix_key]);
            }
            if of_query {
                dq = Some(merge(self.product(dz, keys)));
            }
        }
        [dq, dk, dv, dpk, dpv]
    }
}

impl Operation<Cube, 3> for Attention {
    fn backward(&self, output: Numbers, [q, k, v]: [bool; 3]) -> [Option<Numbers>; 3] {
        let [q, k, v, ..] = self.gradients(output, [q, k, v, false, false]);
        [q, k, v]
    }
}

impl Operation<Cube, 5> for Attention {
    fn backward(&self, output: Numbers, wanted: [bool; 5]) -> [Option<Numbers>; 5] {
        self.gradients(output, wanted)
    }
}

/// In 32 bits.
fn exact(t: Numbers) -> Numbers {
    if t.dtype() == DType::F32 {
        return t;
    }
    Cube::float_cast(t, burn::tensor::FloatDType::F32)
}

/// The last two axes turned.
fn transposed(t: Numbers) -> Numbers {
    Cube::float_swap_dims(t, 2, 3)
}

/// [B, A, S, d] as [B, S, H].
fn merge(t: Numbers) -> Numbers {
    let [batch, heads, tokens, width] = t.shape().dims::<4>();
    Cube::float_reshape(
        Cube::float_swap_dims(t, 1, 2),
        [batch, tokens, heads * width].into(),
    )
}
