//! Layer normalisation over the last axis (Ba et al. 2016) with frozen weights.
//!
//! | symbol | meaning |
//! |---|---|
//! | x, y | a row of the input and of the output, H numbers |
//! | μ, σ | mean and biased deviation of x, σ² + ε under the root |
//! | x̂ | (x - μ) / σ |
//! | w, b | weights |
//!
//! y = x̂ w + b; with g = w ∂y: ∂x = (g - mean(g) - x̂ mean(g x̂)) / σ.

use std::mem::MaybeUninit;
use std::sync::Arc;

use rayon::prelude::*;

use super::super::composed;
use super::super::node::{Operation, node};
use super::numbers::{Flex, Numbers, change, constant, numbers, of_shape, slice, written};
use super::vector::{sum, vectorised};
use crate::model::tensor::Tensor;

/// LN(x) by `weight` and `bias`, both of the width of x's last axis, computed in their number format and given in x's.
pub(super) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let dtype = x.dtype();
    if dtype != weight.dtype() {
        let exact = x.cast(weight.dtype());
        return layer_norm(exact, weight, bias, epsilon).cast(dtype);
    }
    let frozen = !weight.is_tracked() && !bias.is_tracked();
    let all = frozen.then(|| (numbers(&x), numbers(&weight), numbers(&bias)));
    let Some((Some(input), Some(w), Some(b))) = all else {
        return composed::layer_norm(x, weight, bias, epsilon);
    };
    let dims = x.dims();
    let width = dims[D - 1];
    let (values, moments) = forward(
        &slice(&input),
        &slice(&w),
        &slice(&b),
        epsilon as f32,
        width,
    );
    let output = of_shape(values, &dims);
    if !x.is_tracked() {
        return constant(output);
    }
    let operation = LayerNorm {
        input,
        weight: w,
        moments: Arc::new(moments),
    };
    node([x], output, operation)
}

#[derive(Clone, Debug)]
struct LayerNorm {
    input: Numbers,
    weight: Numbers,
    /// μ and 1/σ of each row.
    moments: Arc<Vec<[f32; 2]>>,
}

/// Rows that one thread takes at a time.
const ROWS: usize = 64;

/// y of every row, and μ and 1/σ.
fn forward(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
    width: usize,
) -> (Vec<f32>, Vec<[f32; 2]>) {
    let rows = x.len() / width.max(1);
    assert_eq!(x.len(), rows * width, "whole rows");
    let mut moments = vec![[0f32; 2]; rows];
    let piece = (ROWS * width).max(1);
    let write = |y: &mut [MaybeUninit<f32>]| {
        let inputs = x.par_chunks(piece).zip(moments.par_chunks_mut(ROWS));
        (y.par_chunks_mut(piece).zip(inputs)).for_each(|(y, (x, moments))| {
            rows_forward(y, x, weight, bias, epsilon, moments);
        });
    };
    // SAFETY: x is whole rows, and every number of each is written.
    let y = unsafe { written(x.len(), write) };
    (y, moments)
}

vectorised! {
    fn rows_forward(y: &mut [MaybeUninit<f32>], x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, moments: &mut [[f32; 2]]) {
        let width = weight.len();
        let rows = y.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(moments);
        for ((y, x), moments) in rows {
            let mean = sum(x, |_, x| x) / width as f32;
            let variance = sum(x, |_, x| (x - mean) * (x - mean)) / width as f32;
            let scale = 1.0 / (variance + epsilon).sqrt();
            *moments = [mean, scale];
            for i in 0..width {
                y[i].write((x[i] - mean) * scale * weight[i] + bias[i]);
            }
        }
    }
}

vectorised! {
    /// Replaces ∂y by ∂x.
    fn rows_backward(gradient: &mut [f32], x: &[f32], weight: &[f32], moments: &[[f32; 2]]) {
        let width = weight.len();
        let rows = gradient.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(moments);
        for ((gradient, x), &[mean, scale]) in rows {
            let x = &x[..width];
            let direct = sum(gradient, |i, d| d * weight[i]) / width as f32;
            let along = sum(gradient, |i, d| d * weight[i] * (x[i] - mean)) * scale / width as f32;
            for i in 0..width {
                let normal = (x[i] - mean) * scale;
                gradient[i] = (gradient[i] * weight[i] - direct - normal * along) * scale;
            }
        }
    }
}

impl Operation<Flex, 1> for LayerNorm {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        let (x, weight) = (slice(&self.input), slice(&self.weight));
        let piece = ROWS * weight.len();
        [Some(change(output, |gradient| {
            let inputs = x.par_chunks(piece).zip(self.moments.par_chunks(ROWS));
            let pieces = gradient.par_chunks_mut(piece).zip(inputs);
            pieces.for_each(|(gradient, (x, moments))| {
                rows_backward(gradient, x, &weight, moments);
            });
        }))]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;
    use crate::model::tensor;

    #[test]
    fn agrees_with_the_library_in_value_and_gradient() {
        for width in [1, 7, 16, 50] {
            let mut stream = Random::new(width as u64);
            let mut random = |shape: [usize; 3]| stream.tensor(shape, 2.0).add_scalar(0.3);
            let x = random([3, 70, width]);
            let weights = random([3, 70, width]);
            let mut vector = || random([1, 1, width]).reshape([width]);
            let (w, b) = (vector(), vector());
            let run = |norm: fn(Tensor<3>, Tensor<1>, Tensor<1>, f64) -> Tensor<3>| {
                let leaf = x.clone().autodiff().require_grad();
                let y = norm(leaf.clone(), w.clone(), b.clone(), 1e-5);
                let gradients = (y.clone() * weights.clone()).sum().backward();
                let untracked = norm(x.clone(), w.clone(), b.clone(), 1e-5);
                (y.inner(), untracked, leaf.grad(&gradients))
            };
            let ours = run(layer_norm);
            let theirs = run(|x, w, b, e| tensor::layer_norm(x, w, Some(b), e));
            let close = |a: Tensor<3>, b: Tensor<3>| a.all_close(b, Some(1e-4), Some(1e-4));
            assert!(close(ours.0, theirs.0), "width {width}");
            assert!(close(ours.1, theirs.1), "width {width}");
            match (ours.2, theirs.2) {
                // With one number a row there is no slope, only what the root of ε magnifies.
                (Some(ours), Some(theirs)) => assert!(width == 1 || close(ours, theirs)),
                other => panic!("a gradient is missing: {other:?}"),
            }
        }
    }
}
