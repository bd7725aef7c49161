//! The softmax of attention's scores and the way back through it, from the raw products on.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | B, A, Q | rows, heads, tokens of a row that ask | |
//! | L, S; K = L + S | keys of a prefix, tokens of a row | |
//! | z | products q [k' k]ᵀ | B, A, Q, K |
//! | d | width of a head | |
//! | m | what is added for padding, of the row's own tokens | B, S |
//! | b | what is added by distance, of the row's own tokens; the middle is for the token itself | A, 2 M - 1 |
//! | s | z / √d + m + b | B, A, Q, K |
//! | p | exp(s - max s) / Σ exp(s - max s), over the keys | B, A, Q, K |
//!
//! ∂z = p (∂p - Σ p ∂p) / √d, the sum over the keys. In 32 bits whatever the formats.
//!
//! Where all of a row's tokens are padding, m is the same for all and so leaves p as it were without, as far as the
//! lowest number leaves room for s beside it: all keys get the same share, as in the library.
//!
//! Why it is ours: the library has no softmax with a mask, and takes softmax apart while gradients are tracked. Its
//! attention (0.22.1) has no backward pass, and leaves dropout and the biases by distance to primitives; 0.23.0-pre.1 has a
//! backward pass of attention without mask, bias and dropout.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{addresses, end_to_end, format, room_like};
use super::perhaps::Perhaps;
use super::rows::{ByRow, LANES, largest_of_row, row, shares, sum_of_row};

#[backend_extension(Cube, Fusion)]
pub(super) trait SoftmaxKernels: Backend {
    /// p of z [B, A, Q, K], of which the first `prefix` keys get neither m [B, 1, 1, S] nor b [A, 2 M - 1], both of
    /// 32 bits; `scale` is 1 / √d.
    #[fusion(dtype = products, shape = products)]
    fn softmax_of_products(
        products: FloatTensor<Self>,
        #[extension_type] padding: Perhaps<Self>,
        #[extension_type] biases: Perhaps<Self>,
        prefix: usize,
        scale: f32,
    ) -> FloatTensor<Self>;

    /// ∂z of ∂p, given p, all [B, A, Q, K] and of one format.
    #[fusion(dtype = gradient, shape = gradient)]
    fn softmax_of_products_back(
        gradient: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self>;
}

impl SoftmaxKernels for CubeBackend {
    fn softmax_of_products(
        products: CubeTensor,
        padding: Perhaps<Self>,
        biases: Perhaps<Self>,
        prefix: usize,
        scale: f32,
    ) -> CubeTensor {
        let products = end_to_end(products);
        let [padding, biases] = [padding, biases].map(Perhaps::end_to_end);
        let weights = room_like(&products);
        let shape = products.meta.shape();
        let [batch, heads, asking, keys] = [0, 1, 2, 3].map(|axis| shape[axis]);
        let rows = batch * heads * asking;
        let tokens = keys - prefix;
        if let Some(padding) = &padding {
            assert_eq!(padding.meta.num_elements(), batch * tokens, "padding");
        }
        let distances = biases.as_ref().map_or(0, |biases| {
            let [of, distances] = [0, 1].map(|axis| biases.meta.shape()[axis]);
            let fit = distances >= 2 * tokens.max(asking).max(1) - 1;
            assert!(of == heads && distances % 2 == 1 && fit, "biases");
            distances
        });
        if let Some(launch) = ByRow::of(&products, rows) {
            // SAFETY: products and weights are so many rows of so many keys; padding and biases have the sizes that
            // were checked above.
            unsafe {
                forward_kernel::launch_unchecked(
                    &products.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&products, &weights]),
                    products.clone().into_buffer_arg(),
                    padding.map(CubeTensor::into_buffer_arg).into(),
                    biases.map(CubeTensor::into_buffer_arg).into(),
                    weights.clone().into_buffer_arg(),
                    scale,
                    rows,
                    heads,
                    asking,
                    prefix,
                    tokens,
                    distances,
                    format(products.dtype),
                );
            }
        }
        weights
    }

    fn softmax_of_products_back(
        gradient: CubeTensor,
        weights: CubeTensor,
        scale: f32,
    ) -> CubeTensor {
        let [gradient, weights] = [gradient, weights].map(end_to_end);
        let shape = gradient.meta.shape();
        let keys = shape[3];
        let rows = shape[0] * shape[1] * shape[2];
        let numbers = gradient.meta.num_elements();
        assert_eq!(weights.meta.num_elements(), numbers, "weights");
        let output = room_like(&gradient);
        if let Some(launch) = ByRow::of(&gradient, rows) {
            // SAFETY: all three are so many rows of so many keys, as was just checked.
            unsafe {
                backward_kernel::launch_unchecked(
                    &gradient.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&gradient, &weights, &output]),
                    gradient.clone().into_buffer_arg(),
                    weights.into_buffer_arg(),
                    output.clone().into_buffer_arg(),
                    scale,
                    rows,
                    keys,
                    format(gradient.dtype),
                );
            }
        }
        output
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn forward_kernel<F: Float>(
    products: &[F],
    padding: ComptimeOption<&[f32]>,
    biases: ComptimeOption<&[f32]>,
    weights: &mut [F],
    scale: f32,
    rows: usize,
    heads: usize,
    asking: usize,
    prefix: usize,
    tokens: usize,
    distances: usize,
    #[define(F)] _format: ElemType,
) {
    let mut shares = shares();
    let row = row();
    let keys = prefix + tokens;
    // Threads beyond the last row bring nothing, but they come along: all wait for each other.
    let mine = if row < rows { keys } else { 0usize };
    let start = row * keys;
    let lane = UNIT_POS_X as usize;
    // Where the row's m begins, and the b of its first token; both for key `prefix`.
    let query = row % asking;
    let head = (row / asking) % heads;
    let padded = row / (asking * heads) * tokens;
    let biased = head * distances + distances / 2 - query;

    let mut largest = f32::min_value();
    for key in range_stepped(lane, mine, LANES) {
        let score = score(
            products, padding, biases, start, key, prefix, padded, biased, scale,
        );
        largest = max(largest, score);
    }
    let largest = largest_of_row(largest, &mut shares);

    let mut sum = 0.0f32;
    for key in range_stepped(lane, mine, LANES) {
        let score = score(
            products, padding, biases, start, key, prefix, padded, biased, scale,
        );
        sum += (score - largest).exp();
    }
    let sum = sum_of_row(sum, &mut shares);

    for key in range_stepped(lane, mine, LANES) {
        let score = score(
            products, padding, biases, start, key, prefix, padded, biased, scale,
        );
        weights[start + key] = F::cast_from((score - largest).exp() / sum);
    }
}

/// s of a key.
#[cube]
#[allow(clippy::too_many_arguments, reason = "a part of one kernel")]
fn score<F: Float>(
    products: &[F],
    padding: ComptimeOption<&[f32]>,
    biases: ComptimeOption<&[f32]>,
    start: usize,
    key: usize,
    prefix: usize,
    padded: usize,
    biased: usize,
    scale: f32,
) -> f32 {
    let mut score = f32::cast_from(products[start + key]) * scale;
    if key >= prefix {
        let token = key - prefix;
        #[comptime]
        if let ComptimeOption::Some(padding) = &padding {
            score += padding[padded + token];
        }
        #[comptime]
        if let ComptimeOption::Some(biases) = &biases {
            score += biases[biased + token];
        }
    }
    score
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn backward_kernel<F: Float>(
    gradient: &[F],
    weights: &[F],
    output: &mut [F],
    scale: f32,
    rows: usize,
    keys: usize,
    #[define(F)] _format: ElemType,
) {
    let mut shares = shares();
    let row = row();
    let mine = if row < rows { keys } else { 0usize };
    let start = row * keys;
    let lane = UNIT_POS_X as usize;

    let mut sum = 0.0f32;
    for key in range_stepped(lane, mine, LANES) {
        let place = start + key;
        sum += f32::cast_from(weights[place]) * f32::cast_from(gradient[place]);
    }
    let sum = sum_of_row(sum, &mut shares);

    for key in range_stepped(lane, mine, LANES) {
        let place = start + key;
        let through = f32::cast_from(weights[place]) * (f32::cast_from(gradient[place]) - sum);
        output[place] = F::cast_from(through * scale);
    }
}
