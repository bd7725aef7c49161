//! Layer normalisation over the last axis (Ba et al. 2016) with frozen weights.
//!
//! | symbol | meaning |
//! |---|---|
//! | x, y | a row of the input and of the output, H numbers |
//! | μ, σ | mean and biased deviation of x, σ² + ε under the root; μ and 1/σ are kept for the way back |
//! | x̂ | (x - μ) / σ |
//! | w, b | weights |
//!
//! y = x̂ w + b; with g = w ∂y: ∂x = (g - mean(g) - x̂ mean(g x̂)) / σ. All in 32 bits, whatever the formats of x and w.
//!
//! Why it is ours: while gradients are tracked, the library (0.22.1 and 0.23.0-pre.1) takes the norm apart into primitives,
//! four passes forward and more backward, each of which keeps a tensor as large as x.

use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{Cube, CubeBackend};
use cubecl::prelude::*;

use super::super::composed;
use super::super::node::{Operation, node};
use super::launch::{addresses, end_to_end, format, room, room_like};
use super::numbers::{Numbers, constant, numbers};
use super::rows::{ByRow, LANES, row, shares, sum_of_row};
use crate::model::tensor::{DType, Tensor};

/// LN(x) by `weight` and `bias`, both of the width of x's last axis, given in x's format.
pub(super) fn layer_norm(
    x: Tensor<3>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<3> {
    let frozen = !weight.is_tracked() && !bias.is_tracked();
    let all = frozen.then(|| (numbers(&x), numbers(&weight), numbers(&bias)));
    let Some((Some(input), Some(w), Some(b))) = all else {
        return composed::layer_norm(x, weight, bias, epsilon);
    };
    let width = [x.dims()[2]];
    assert_eq!(
        [weight.dims(), bias.dims()],
        [width; 2],
        "axes of the weights"
    );
    let (values, moments) = Cube::normalised(input.clone(), w.clone(), b, epsilon as f32);
    if !x.is_tracked() {
        return constant(values);
    }
    let operation = LayerNorm {
        input,
        weight: w,
        moments,
    };
    node::<Cube, _, _, _>([x], values, operation)
}

#[derive(Clone, Debug)]
struct LayerNorm {
    input: Numbers,
    weight: Numbers,
    /// μ and 1/σ of each row, [rows, 2].
    moments: Numbers,
}

impl Operation<Cube, 1> for LayerNorm {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        let (input, weight) = (self.input.clone(), self.weight.clone());
        let gradient = Cube::normalised_back(output, input, weight, self.moments.clone());
        [Some(gradient)]
    }
}

#[backend_extension(Cube, Fusion)]
trait LayerNormKernels: Backend {
    /// y, and μ and 1/σ of each row.
    #[fusion(meta = |x, _weight, _bias, _epsilon| (x.clone(), moments_of(x)))]
    fn normalised(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// ∂x of ∂y.
    #[fusion(dtype = gradient, shape = gradient)]
    fn normalised_back(
        gradient: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        moments: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Rows of a tensor, and what is in each.
fn rows(shape: &[usize]) -> [usize; 2] {
    let width = shape.last().copied().unwrap_or(1);
    [shape.iter().product::<usize>() / width.max(1), width]
}

fn moments_of(x: &TensorSpec) -> TensorSpec {
    let [rows, _] = rows(&x.shape);
    TensorSpec::new([rows, 2].into(), DType::F32)
}

impl LayerNormKernels for CubeBackend {
    fn normalised(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        epsilon: f32,
    ) -> (CubeTensor, CubeTensor) {
        let [x, weight, bias] = [x, weight, bias].map(end_to_end);
        let [rows, width] = rows(x.meta.shape());
        let y = room_like(&x);
        let moments = room(&x, &[rows, 2], DType::F32);
        if let Some(launch) = ByRow::of(&x, rows) {
            // SAFETY: x and y are so many rows of this width, the weights are one, and moments two numbers for each
            // row; no thread goes beyond.
            unsafe {
                forward_kernel::launch_unchecked(
                    &x.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&x, &y]),
                    x.clone().into_buffer_arg(),
                    weight.clone().into_buffer_arg(),
                    bias.clone().into_buffer_arg(),
                    y.clone().into_buffer_arg(),
                    moments.clone().into_buffer_arg(),
                    epsilon,
                    rows,
                    width,
                    format(x.dtype),
                    format(weight.dtype),
                    format(bias.dtype),
                );
            }
        }
        (y, moments)
    }

    fn normalised_back(
        gradient: CubeTensor,
        x: CubeTensor,
        weight: CubeTensor,
        moments: CubeTensor,
    ) -> CubeTensor {
        let [gradient, x, weight, moments] = [gradient, x, weight, moments].map(end_to_end);
        let [rows, width] = rows(x.meta.shape());
        let output = room_like(&gradient);
        if let Some(launch) = ByRow::of(&x, rows) {
            // SAFETY: as above.
            unsafe {
                backward_kernel::launch_unchecked(
                    &x.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&gradient, &x, &output]),
                    gradient.clone().into_buffer_arg(),
                    x.clone().into_buffer_arg(),
                    weight.clone().into_buffer_arg(),
                    moments.into_buffer_arg(),
                    output.clone().into_buffer_arg(),
                    rows,
                    width,
                    format(gradient.dtype),
                    format(weight.dtype),
                );
            }
        }
        output
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn forward_kernel<F: Float, W: Float, V: Float>(
    x: &[F],
    weight: &[W],
    bias: &[V],
    y: &mut [F],
    moments: &mut [f32],
    epsilon: f32,
    rows: usize,
    width: usize,
    #[define(F)] _format: ElemType,
    #[define(W)] _format_of_weight: ElemType,
    #[define(V)] _format_of_bias: ElemType,
) {
    let mut shares = shares();
    let row = row();
    // Threads beyond the last row bring nothing to the sums, but they come along: all wait for each other there.
    let mine = if row < rows { width } else { 0usize };
    let start = row * width;
    let lane = UNIT_POS_X as usize;

    let mut share = 0.0f32;
    for i in range_stepped(lane, mine, LANES) {
        share += f32::cast_from(x[start + i]);
    }
    let mean = sum_of_row(share, &mut shares) / f32::cast_from(width);

    let mut share = 0.0f32;
    for i in range_stepped(lane, mine, LANES) {
        let off = f32::cast_from(x[start + i]) - mean;
        share += off * off;
    }
    let variance = sum_of_row(share, &mut shares) / f32::cast_from(width);
    let scale = 1.0 / (variance + epsilon).sqrt();

    for i in range_stepped(lane, mine, LANES) {
        let normal = (f32::cast_from(x[start + i]) - mean) * scale;
        let value = normal * f32::cast_from(weight[i]) + f32::cast_from(bias[i]);
        y[start + i] = F::cast_from(value);
    }
    if lane == 0 && row < rows {
        moments[2 * row] = mean;
        moments[2 * row + 1] = scale;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn backward_kernel<F: Float, W: Float>(
    gradient: &[F],
    x: &[F],
    weight: &[W],
    moments: &[f32],
    output: &mut [F],
    rows: usize,
    width: usize,
    #[define(F)] _format: ElemType,
    #[define(W)] _format_of_weight: ElemType,
) {
    let mut shares = shares();
    let row = row();
    let mine = if row < rows { width } else { 0usize };
    let start = row * width;
    let lane = UNIT_POS_X as usize;
    let mut mean = 0.0f32;
    let mut scale = 0.0f32;
    if row < rows {
        mean = moments[2 * row];
        scale = moments[2 * row + 1];
    }

    let mut direct = 0.0f32;
    let mut along = 0.0f32;
    for i in range_stepped(lane, mine, LANES) {
        let g = f32::cast_from(gradient[start + i]) * f32::cast_from(weight[i]);
        direct += g;
        along += g * (f32::cast_from(x[start + i]) - mean);
    }
    let direct = sum_of_row(direct, &mut shares) / f32::cast_from(width);
    let along = sum_of_row(along, &mut shares) * scale / f32::cast_from(width);

    for i in range_stepped(lane, mine, LANES) {
        let g = f32::cast_from(gradient[start + i]) * f32::cast_from(weight[i]);
        let normal = (f32::cast_from(x[start + i]) - mean) * scale;
        output[start + i] = F::cast_from((g - direct - normal * along) * scale);
    }
}
