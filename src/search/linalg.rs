//! The Cholesky factor of a small symmetric matrix, and what a Gaussian process needs of it.
//!
//! Matrices are flat, row by row, and of symmetric ones only the lower triangle is read or written. All inner loops
//! run over contiguous rows, which is what makes them quick without a linear-algebra library behind.
//!
//! | symbol | meaning |
//! |---|---|
//! | K | symmetric positive definite matrix, `[n, n]` |
//! | L | its lower triangular factor, K = L Lᵀ |

/// The factor L of K = L Lᵀ.
#[derive(Clone, Debug, Default)]
pub(super) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix`, of `size` rows, in place; none where it is not (numerically) positive definite.
    pub(super) fn new(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        debug_assert_eq!(matrix.len(), size * size);
        for i in 0..size {
            let (above, row) = matrix.split_at_mut(i * size);
            for j in 0..i {
                let other = &above[j * size..j * size + j + 1];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Self {
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
        // L⁻¹ row by row: row i of L L⁻¹ = I, solved for row i of L⁻¹.
        let mut inverse_factor = vec![0.0; n * n];
        for i in 0..n {
            let row = self.row(i);
            let (above, rest) = inverse_factor.split_at_mut(i * n);
            let target = &mut rest[..=i];
            for k in 0..i {
                add_scaled(&mut target[..=k], -row[k], &above[k * n..k * n + k + 1]);
            }
            for value in target.iter_mut() {
                *value /= row[i];
            }
            target[i] = 1.0 / row[i];
        }
        // K⁻¹ = L⁻ᵀ L⁻¹, the sum over k of the outer products of the rows of L⁻¹.
        let mut inverse = vec![0.0; n * n];
        for k in 0..n {
            let row = &inverse_factor[k * n..k * n + k + 1];
            for i in 0..=k {
                add_scaled(&mut inverse[i * n..i * n + i + 1], row[i], &row[..=i]);
            }
        }
        inverse
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
