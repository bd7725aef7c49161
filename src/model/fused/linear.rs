//! A linear map, with frozen weights as one product of matrices whatever the axes before the last.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | x, y | input and output, all axes but the last taken together | N, I and N, O |
//! | W, b | weights | I, O and O |
//!
//! y = x W + b; ∂x = ∂y Wᵀ.

use gemm::Parallelism;
use rayon::prelude::*;

use super::super::tensor::{self, Tensor};
use super::node::{Numbers, Operation, constant, node, numbers, of_shape, slice};

/// x W + b over the last axis.
pub(in crate::model) fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<D> {
    let mut dims = x.dims();
    let [width_in, width_out] = weight.dims();
    let rows = dims.iter().product::<usize>() / width_in.max(1);
    let tracked = x.is_tracked();
    dims[D - 1] = width_out;
    let frozen = !weight.is_tracked() && !bias.is_tracked();
    let all = frozen.then(|| (numbers(&x), numbers(&weight), numbers(&bias)));
    let Some((Some(input), Some(w), Some(b))) = all else {
        // Two axes, or the library multiplies row by row of the first.
        let flat = x.reshape([rows, width_in]);
        return tensor::linear(flat, weight, Some(bias)).reshape(dims);
    };
    let mut values = rows_of(&slice(&b), rows);
    add_product(&mut values, &slice(&input), Matrix::of(&w));
    let output = of_shape(values, &dims);
    if !tracked {
        return constant(output);
    }
    node([x], output, Linear { weight: w })
}

#[derive(Clone, Debug)]
struct Linear {
    weight: Numbers,
}

impl Operation<1> for Linear {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        let weight = Matrix::of(&self.weight).transposed();
        let mut dims = output.layout().shape().to_vec();
        let gradient = slice(&output);
        let rows = gradient.len() / weight.rows.max(1);
        let mut values = vec![0f32; rows * weight.columns];
        add_product(&mut values, &gradient, weight);
        if let Some(last) = dims.last_mut() {
            *last = weight.columns;
        }
        [Some(of_shape(values, &dims))]
    }
}

/// As many rows as asked for, each `row`.
fn rows_of(row: &[f32], rows: usize) -> Vec<f32> {
    /// Rows that one thread writes at a time.
    const ROWS: usize = 64;
    let mut values = vec![0f32; rows * row.len()];
    let pieces = values.par_chunks_mut((ROWS * row.len()).max(1));
    pieces.for_each(|piece| {
        for place in piece.chunks_exact_mut(row.len()) {
            place.copy_from_slice(row);
        }
    });
    values
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

/// y += x W, rows of x and y one after the other.
fn add_product(y: &mut [f32], x: &[f32], weight: Matrix<'_>) {
    let rows = x.len() / weight.rows.max(1);
    assert_eq!(x.len(), rows * weight.rows, "numbers of the left side");
    assert_eq!(y.len(), rows * weight.columns, "numbers of the product");
    // SAFETY: the sizes of x and y were checked above, those of the weight where it was made; y is borrowed alone.
    unsafe {
        gemm::gemm(
            rows,
            weight.columns,
            weight.rows,
            y.as_mut_ptr(),
            1,
            weight.columns as isize,
            true,
            x.as_ptr(),
            1,
            weight.rows as isize,
            weight.values.as_ptr(),
            weight.column_stride,
            weight.row_stride,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tensor::{Device, Distribution};
    use super::*;

    #[test]
    fn agrees_with_the_library_in_value_and_gradient() {
        let device = Device::flex();
        for [rows, tokens, width_in, width_out] in [[1, 1, 3, 2], [4, 9, 17, 33], [2, 70, 40, 8]] {
            let random = |shape| Tensor::<3>::random(shape, Distribution::Default, &device);
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
}
