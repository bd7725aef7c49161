//! A linear map, with frozen weights as one product of matrices whatever the axes before the last.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | x, y | input and output, all axes but the last taken together | N, I and N, O |
//! | W, b | weights | I, O and O |
//! | r | what the map is added to, if anything: a residual connection | N, O |
//!
//! y = x W + b + r; ∂x = ∂y Wᵀ; ∂r = ∂y.

use std::mem::MaybeUninit;

use gemm::Parallelism;
use rayon::prelude::*;

use super::super::composed;
use super::super::node::{Operation, node};
use super::numbers::{Flex, Numbers, constant, numbers, of_shape, slice, written};
use super::vector::vectorised;
use crate::model::tensor::Tensor;

/// x W + b over the last axis.
pub(super) fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<D> {
    let Some((weight, output)) = frozen(&x, &weight, &bias, None) else {
        return composed::linear(x, weight, bias);
    };
    match x.is_tracked() {
        true => node([x], output, Linear { weight }),
        false => constant(output),
    }
}

/// x W + b + r over the last axis.
pub(super) fn linear_onto<const D: usize>(
    residual: Tensor<D>,
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<D> {
    let added = numbers(&residual);
    let all = added.and_then(|added| frozen(&x, &weight, &bias, Some(&added)));
    let Some((weight, output)) = all else {
        return linear(x, weight, bias) + residual;
    };
    match x.is_tracked() || residual.is_tracked() {
        true => node([x, residual], output, Linear { weight }),
        false => constant(output),
    }
}

/// y and the weights, where these can be taken; the gradients of the weights are nobody's concern then.
fn frozen<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<2>,
    bias: &Tensor<1>,
    residual: Option<&Numbers>,
) -> Option<(Numbers, Numbers)> {
    if weight.is_tracked() || bias.is_tracked() {
        return None;
    }
    let (input, w, b) = (numbers(x)?, numbers(weight)?, numbers(bias)?);
    let (input, matrix, bias) = (slice(&input), Matrix::of(&w), slice(&b));
    let y = match residual {
        None => product(&input, matrix, |_, y| add_to_rows(y, &bias)),
        Some(residual) => {
            let residual = slice(residual);
            product(&input, matrix, |start, y| {
                add_both_to_rows(y, &residual[start..start + y.len()], &bias);
            })
        }
    };
    let mut dims = x.dims();
    dims[D - 1] = bias.len();
    Some((w, of_shape(y, &dims)))
}

vectorised! {
    fn add_to_rows(y: &mut [f32], bias: &[f32]) {
        for y in y.chunks_exact_mut(bias.len()) {
            for (y, bias) in y.iter_mut().zip(bias) {
                *y += bias;
            }
        }
    }
}

vectorised! {
    fn add_both_to_rows(y: &mut [f32], residual: &[f32], bias: &[f32]) {
        let rows = y.chunks_exact_mut(bias.len()).zip(residual.chunks_exact(bias.len()));
        for (y, residual) in rows {
            for ((y, residual), bias) in y.iter_mut().zip(residual).zip(bias) {
                *y += bias + residual;
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Linear {
    weight: Numbers,
}

impl Linear {
    /// ∂x
    fn gradient(&self, output: &Numbers) -> Numbers {
        let weight = Matrix::of(&self.weight).transposed();
        let mut dims = output.layout().shape().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = weight.columns;
        }
        of_shape(product(&slice(output), weight, |_, _| ()), &dims)
    }
}

impl Operation<Flex, 1> for Linear {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        [Some(self.gradient(&output))]
    }
}

impl Operation<Flex, 2> for Linear {
    fn backward(&self, output: Numbers, [x, residual]: [bool; 2]) -> [Option<Numbers>; 2] {
        [
            x.then(|| self.gradient(&output)),
            residual.then_some(output),
        ]
    }
}

/// A matrix in memory, however it lies there.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// Distance from a row to the next.
    row_stride: isize,
    /// Distance from a column to the next.
    column_stride: isize,
}

impl<'a> Matrix<'a> {
    fn of(numbers: &'a Numbers) -> Self {
        let layout = numbers.layout();
        let (shape, strides) = (layout.shape(), layout.strides());
        let matrix = Self {
            values: &numbers.storage::<f32>()[layout.start_offset()..],
            rows: shape[0],
            columns: shape[1],
            row_stride: strides[0],
            column_stride: strides[1],
        };
        // `add_product` relies on it.
        assert!(matrix.fits(), "a matrix within its memory");
        matrix
    }

    /// True where every element lies in the memory.
    fn fits(&self) -> bool {
        if self.rows == 0 || self.columns == 0 {
            return true;
        }
        let last = |count: usize, stride: isize| (count - 1) as isize * stride;
        let end = last(self.rows, self.row_stride) + last(self.columns, self.column_stride);
        self.row_stride >= 0 && self.column_stride >= 0 && (end as usize) < self.values.len()
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
}

/// Rows of a piece at least: each piece arranges all of W for the processor anew.
const LEAST_ROWS: usize = 96;

/// Columns of W, in sixteens, from which rows of x are copied next to each other before they are multiplied: none has so
/// many. The kernel reads them as fast where they lie. It holds for all products of the process, attention's among them.
const PACKED_FROM: usize = u16::MAX as usize;

/// x W, rows of x one after the other. `finish` is given each piece of it, of whole rows, and the place of its first
/// number, as soon as it is there.
///
/// Every thread takes rows of its own and never waits for others, which is faster than one product that they share.
fn product(
    x: &[f32],
    weight: Matrix<'_>,
    finish: impl Fn(usize, &mut [f32]) + Send + Sync,
) -> Vec<f32> {
    let (inner, columns) = (weight.rows, weight.columns);
    let rows = x.len() / inner.max(1);
    assert_eq!(x.len(), rows * inner, "numbers of the left side");
    // Two for each thread, as threads are held up at times; six rows are what the kernel takes at once.
    let piece = rows.div_ceil(2 * rayon::current_num_threads());
    let (piece, sharing) = match piece >= LEAST_ROWS {
        true => (piece.next_multiple_of(6), Parallelism::None),
        false => (rows.max(1), Parallelism::Rayon(0)),
    };
    let multiply = |y: &mut [MaybeUninit<f32>]| {
        let pieces = y.par_chunks_mut((piece * columns).max(1)).enumerate();
        pieces.for_each(|(number, y)| {
            let x = &x[number * piece * inner..];
            let y = multiplied(&x[..y.len() / columns * inner], weight, y, sharing);
            finish(number * piece * columns, y);
        });
    };
    // SAFETY: a product of matrices writes every number.
    unsafe { written(rows * columns, multiply) }
}

/// y = x W
fn multiplied<'a>(
    x: &[f32],
    weight: Matrix<'_>,
    y: &'a mut [MaybeUninit<f32>],
    sharing: Parallelism,
) -> &'a mut [f32] {
    let (inner, columns) = (weight.rows, weight.columns);
    let rows = y.len() / columns;
    assert_eq!([x.len(), y.len()], [rows * inner, rows * columns]);
    gemm::set_rhs_packing_threshold(PACKED_FROM);
    // SAFETY: x and y have the sizes just checked, and the weight what was checked where it was made; y is borrowed alone
    // and not read.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            y.as_mut_ptr().cast::<f32>(),
            1,
            columns as isize,
            false,
            x.as_ptr(),
            1,
            inner as isize,
            weight.values.as_ptr(),
            weight.column_stride,
            weight.row_stride,
            0.0,
            1.0,
            false,
            false,
            false,
            sharing,
        );
        y.assume_init_mut()
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::super::Random;
    use super::*;
    use crate::model::tensor;

    #[test]
    fn agrees_with_the_library_in_value_and_gradient() {
        for [rows, tokens, width_in, width_out] in [[1, 1, 3, 2], [4, 9, 17, 33], [2, 70, 40, 8]] {
            let mut stream = Random::new(width_in as u64);
            let mut random = |shape: [usize; 3]| stream.tensor(shape, 1.0);
            let x = random([rows, tokens, width_in]);
            let weights = random([rows, tokens, width_out]);
            let stored = random([1, width_out, width_in]).reshape([width_out, width_in]);
            let b = random([1, 1, width_out]).reshape([width_out]);
            // As the encoder holds them, and row by row.
            for w in [stored.clone().transpose(), stored.transpose() + 0.0] {
                let run = |map: fn(Tensor<3>, Tensor<2>, Tensor<1>) -> Tensor<3>| {
                    let leaf = x.clone().autodiff().require_grad();
                    let y = map(leaf.clone(), w.clone(), b.clone());
                    let gradients = (y.clone() * weights.clone()).sum().backward();
                    let untracked = map(x.clone(), w.clone(), b.clone());
                    (y.inner(), untracked, leaf.grad(&gradients))
                };
                let ours = run(linear);
                let theirs = run(|x, w, b| tensor::linear(x, w, Some(b)));
                let close = |a: Tensor<3>, b: Tensor<3>| a.all_close(b, Some(1e-5), Some(1e-5));
                assert!(close(ours.0, theirs.0) && close(ours.1, theirs.1));
                match (ours.2, theirs.2) {
                    (Some(ours), Some(theirs)) => assert!(close(ours, theirs)),
                    other => panic!("a gradient is missing: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_residual_is_added_and_gets_its_gradient() {
        let mut stream = Random::new(1);
        let mut random = |shape: [usize; 2]| stream.tensor(shape, 1.0);
        let [x, r, weights] = [[70, 5], [70, 9], [70, 9]].map(&mut random);
        let (w, b) = (random([5, 9]), random([1, 9]).reshape([9]));
        let (x, w, b) = (x, || w.clone(), || b.clone());
        let close = |a: Tensor<2>, b: Tensor<2>| assert!(a.all_close(b, Some(1e-5), Some(1e-5)));
        let expected = tensor::linear(x.clone(), w(), Some(b())) + r.clone();
        close(
            linear_onto(r.clone(), x.clone(), w(), b()),
            expected.clone(),
        );
        for [x_trains, r_trains] in [[true, true], [true, false], [false, true]] {
            let leaf = |t: &Tensor<2>, trains: bool| match trains {
                true => t.clone().autodiff().require_grad(),
                false => t.clone(),
            };
            let (x, r) = (leaf(&x, x_trains), leaf(&r, r_trains));
            let y = linear_onto(r.clone(), x.clone(), w(), b());
            close(y.clone().inner(), expected.clone());
            let gradients = (y * weights.clone()).sum().backward();
            if x_trains {
                close(
                    x.grad(&gradients).unwrap(),
                    weights.clone().matmul(w().transpose()),
                );
            }
            if r_trains {
                close(r.grad(&gradients).unwrap(), weights.clone());
            }
        }
    }
}
