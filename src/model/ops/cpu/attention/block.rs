//! Products of matrices that lie within longer rows of numbers.

use gemm::Parallelism;

use super::super::numbers::Numbers;

/// A matrix within numbers.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) start: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl Block {
    /// A matrix whose rows lie `row_stride` apart.
    pub(super) fn new(start: usize, rows: usize, columns: usize, row_stride: usize) -> Self {
        Self {
            start,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// What belongs to one head in a weight, [H, d] of [H, H], however that lies there.
    pub(super) fn of_head(weight: &Numbers, head: usize, width: usize) -> Self {
        let layout = weight.layout();
        let [row_stride, column_stride] = [0, 1].map(|axis| {
            let stride = usize::try_from(layout.strides()[axis]);
            // Only a flipped tensor runs backwards, and no weight is flipped.
            stride.unwrap_or_else(|_| unreachable!("a weight that runs backwards"))
        });
        Self {
            start: layout.start_offset() + head * width * column_stride,
            rows: layout.shape()[0],
            columns: width,
            row_stride,
            column_stride,
        }
    }

    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The first `count` columns, and the others.
    pub(super) fn split_columns(self, count: usize) -> [Self; 2] {
        let first = Self {
            columns: count,
            ..self
        };
        let others = Self {
            start: self.start + count * self.column_stride,
            columns: self.columns - count,
            ..self
        };
        [first, others]
    }

    /// One past the last place that the matrix takes.
    fn end(&self) -> usize {
        let last = |count: usize, stride: usize| count.saturating_sub(1) * stride;
        self.start + last(self.rows, self.row_stride) + last(self.columns, self.column_stride) + 1
    }
}

/// What becomes of the numbers that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// They are replaced.
    Replace,
    /// They are added to.
    Add,
}

/// y = scale x w, or y += scale x w, on one thread: the rows of the batch are shared out already.
pub(super) fn product(
    into: Into,
    (y, at): (&mut [f32], Block),
    (x, x_at): (&[f32], Block),
    (w, w_at): (&[f32], Block),
    scale: f32,
) {
    if at.rows == 0 || at.columns == 0 || x_at.columns == 0 {
        return;
    }
    assert_eq!(
        (x_at.rows, x_at.columns, w_at.columns),
        (at.rows, w_at.rows, at.columns)
    );
    assert!(at.end() <= y.len() && x_at.end() <= x.len() && w_at.end() <= w.len());
    let stride = |stride: usize| stride as isize;
    // SAFETY: the sizes agree and all three matrices lie within their numbers, as was just checked; y is borrowed
    // alone.
    unsafe {
        gemm::gemm(
            at.rows,
            at.columns,
            x_at.columns,
            y.as_mut_ptr().add(at.start),
            stride(at.column_stride),
            stride(at.row_stride),
            into == Into::Add,
            x.as_ptr().add(x_at.start),
            stride(x_at.column_stride),
            stride(x_at.row_stride),
            w.as_ptr().add(w_at.start),
            stride(w_at.column_stride),
            stride(w_at.row_stride),
            1.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
