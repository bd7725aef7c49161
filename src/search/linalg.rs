//! The Cholesky factor of a small symmetric matrix, and what a Gaussian process needs of it.
//!
//! Matrices are flat, row by row, and of symmetric ones only the lower triangle is read or written. What costs n³ is
//! faer's; what costs n² per candidate runs over contiguous rows here, without a call's overhead.
//!
//! | symbol | meaning |
//! |---|---|
//! | K | symmetric positive definite matrix, `[n, n]` |
//! | L | its lower triangular factor, K = L Lᵀ |

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{self, LltRegularization};
use faer::linalg::cholesky::llt::inverse;
use faer::{Mat, Par, Spec};

/// The factor L of K = L Lᵀ.
#[derive(Clone, Debug, Default)]
pub(super) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix`, of `size` rows; none where it is not (numerically) positive definite.
    pub(super) fn new(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        debug_assert_eq!(matrix.len(), size * size);
        // faer runs down columns: what lies row by row here is the transpose there, so the triangles change places.
        let mut columns = Mat::from_fn(
            size,
            size,
            |i, j| {
                if j <= i { matrix[i * size + j] } else { 0.0 }
            },
        );
        let mut memory = MemBuffer::new(factor::cholesky_in_place_scratch::<f64>(
            size,
            Par::Seq,
            Spec::default(),
        ));
        factor::cholesky_in_place(
            columns.as_mut(),
            LltRegularization::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            Spec::default(),
        )
        .ok()?;
        copy_lower(&columns, &mut matrix);
        // An infinite pivot passes for a positive one.
        (0..size)
            .all(|i| matrix[i * size + i].is_finite())
            .then_some(Self {
                size,
                lower: matrix,
            })
    }

    /// Factors K + jitter·I, the jitter starting at `jitter` and growing tenfold until that succeeds.
    ///
    /// None where even a jitter of a million times as much does not help, as with entries that are not finite.
    pub(super) fn with_jitter(matrix: &[f64], size: usize, jitter: f64) -> Option<Self> {
        (0..7).find_map(|power| {
            let mut shifted = matrix.to_vec();
            for i in 0..size {
                shifted[i * size + i] += jitter * 10_f64.powi(power);
            }
            Self::new(shifted, size)
        })
    }

    /// Row `i` of L up to the diagonal, `[i + 1]`.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.lower[i * self.size..i * self.size + i + 1]
    }

    /// ½ log det K.
    pub(super) fn half_log_determinant(&self) -> f64 {
        (0..self.size).map(|i| self.row(i)[i].ln()).sum()
    }

    /// b ← L⁻¹ b.
    pub(super) fn solve_lower(&self, b: &mut [f64]) {
        for i in 0..self.size {
            let row = self.row(i);
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
    }

    /// b ← L⁻ᵀ b.
    pub(super) fn solve_lower_transposed(&self, b: &mut [f64]) {
        for i in (0..self.size).rev() {
            let row = self.row(i);
            let (before, rest) = b.split_at_mut(i);
            rest[0] /= row[i];
            add_scaled(before, -rest[0], &row[..i]);
        }
    }

    /// The lower triangle of K⁻¹, `[n, n]`; the rest is zero.
    pub(super) fn inverse(&self) -> Vec<f64> {
        let n = self.size;
        let factor = Mat::from_fn(
            n,
            n,
            |i, j| if j <= i { self.lower[i * n + j] } else { 0.0 },
        );
        let mut columns = Mat::zeros(n, n);
        let mut memory = MemBuffer::new(inverse::inverse_scratch::<f64>(n, Par::Seq));
        inverse::inverse(
            columns.as_mut(),
            factor.as_ref(),
            Par::Seq,
            MemStack::new(&mut memory),
        );
        let mut inverse = vec![0.0; n * n];
        copy_lower(&columns, &mut inverse);
        inverse
    }
}

/// Copies the lower triangle, from columns to rows.
fn copy_lower(columns: &Mat<f64>, rows: &mut [f64]) {
    let n = columns.nrows();
    for i in 0..n {
        for j in 0..=i {
            rows[i * n + j] = columns[(i, j)];
        }
    }
}

/// Σ aᵢ bᵢ. Eight sums side by side, so that the compiler may use vector registers.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f64>() + rest
}

/// a ← a + scale · b.
pub(super) fn add_scaled(a: &mut [f64], scale: f64, b: &[f64]) {
    for (x, y) in a.iter_mut().zip(b) {
        *x += scale * y;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use nalgebra::{DMatrix, DVector};
    use rand::RngExt;

    use super::super::random::{Purpose, stream};
    use super::*;

    #[test]
    fn agrees_with_nalgebra() {
        let mut random = stream(5, Purpose::Design, 0, 0);
        for n in [1_usize, 2, 7, 8, 9, 33] {
            let factor = DMatrix::from_fn(n, n, |_, _| random.random_range(-1.0..1.0));
            let matrix = &factor * factor.transpose() + DMatrix::identity(n, n) * 0.1;
            let rhs = DVector::from_fn(n, |_, _| random.random_range(-1.0..1.0));
            let expected = matrix.clone().cholesky().unwrap();
            let ours = Cholesky::new(matrix.as_slice().to_vec(), n).unwrap();

            let log_det = 0.5 * matrix.determinant().ln();
            assert!((ours.half_log_determinant() - log_det).abs() < 1e-9);
            let mut solved = rhs.as_slice().to_vec();
            ours.solve_lower(&mut solved);
            ours.solve_lower_transposed(&mut solved);
            let difference = DVector::from_vec(solved) - expected.solve(&rhs);
            assert!(difference.amax() < 1e-9);
            let inverse = expected.inverse();
            for (k, value) in ours.inverse().iter().enumerate() {
                let (i, j) = (k / n, k % n);
                let wanted = if j <= i { inverse[(i, j)] } else { 0.0 };
                assert!((value - wanted).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert!(Cholesky::new(vec![1.0, 0.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(vec![f64::NAN], 1).is_none());
        assert!(Cholesky::with_jitter(&[1.0, 1.0, 1.0, 1.0], 2, 1e-10).is_some());
        assert!(Cholesky::with_jitter(&[f64::INFINITY], 1, 1e-10).is_none());
    }
}
