//! The marginal likelihood of a Gaussian process with its gradient (Rasmussen & Williams 2006, eq. 5.9).
//!
//! | symbol | meaning |
//! |---|---|
//! | n, d | observations, dimensions |
//! | y | targets, `[n]` |
//! | σ², c, s² | outputscale, constant mean, noise variance |
//! | ρᵢ | 1 / ℓᵢ², inverse squared lengthscale of dimension i |
//! | Δᵢ² | squared distance of a pair in dimension i, summed over the columns that encode it |
//! | Φ | columns of the inputs that belong to no dimension, `[n][t]`: they enter linearly, with weights ~ Normal(0, 1) |
//! | K | σ² m(Σᵢ ρᵢ Δᵢ²) + Φ Φᵀ + (s² + offset) I |
//! | α, W | K⁻¹ (y - c), α αᵀ - K⁻¹ |
//!
//! With ∂log N/∂K = ½ W every derivative is a sum over the pairs of observations, so value and gradient together cost
//! one Cholesky factor and one inverse.

use super::super::kernel::correlation_and_slope;
use super::super::linalg::{Cholesky, add_scaled, dot};
use super::super::normal::HALF_LOG_TWO_PI;
use super::InputKind;

/// Observations as the likelihood sees them: targets, and the distances of all pairs in each dimension.
#[derive(Clone, Debug)]
pub struct Data {
    targets: Vec<f64>,
    dimensions: usize,
    noise_offset: f64,
    /// v, variances of the observations' own noise, `[n]`.
    own_noise: Vec<f64>,
    /// What each dimension is, `[d]`.
    kinds: Vec<InputKind>,
    /// What s² is about, where the data tell beside the targets.
    expected_noise: Option<f64>,
    /// Δᵢ² of every pair j < k of observations, one row per dimension: `[d, n (n - 1) / 2]`.
    squared_differences: Vec<f64>,
    /// Φ Φᵀ, the lower triangle row by row, `[n (n + 1) / 2]`; empty where there is no Φ.
    linear: Vec<f64>,
}

/// The log likelihood and its derivatives.
pub(super) struct Likelihood {
    pub(super) value: f64,
    /// By log σ².
    pub(super) by_outputscale: f64,
    /// By c.
    pub(super) by_mean: f64,
    /// By log s².
    pub(super) by_noise: f64,
    /// By log ρᵢ, `[d]`.
    pub(super) by_inverse_squares: Vec<f64>,
}

impl Data {
    /// Observations of `targets` (`[n]`) at `inputs` (`[n][columns]`), where column j encodes dimension
    /// `dimension_of[j]`; columns past those enter linearly, each with a weight that is standard normal a priori.
    ///
    /// `noise_offset` is added to the noise inside the likelihood and nowhere in the priors.
    pub fn new(
        inputs: &[Vec<f64>],
        dimension_of: &[usize],
        targets: &[f64],
        noise_offset: f64,
    ) -> Self {
        debug_assert_eq!(inputs.len(), targets.len());
        let dimensions = dimension_of.iter().max().map_or(0, |last| last + 1);
        let pairs = inputs.len() * inputs.len().saturating_sub(1) / 2;
        let mut squared_differences = vec![0.0; dimensions * pairs];
        for (column, &dimension) in dimension_of.iter().enumerate() {
            let row = &mut squared_differences[dimension * pairs..(dimension + 1) * pairs];
            let mut sums = row.iter_mut();
            for (k, b) in inputs.iter().enumerate() {
                for (a, sum) in inputs[..k].iter().zip(&mut sums) {
                    *sum += (a[column] - b[column]).powi(2);
                }
            }
        }
        let linear_of = |input: &Vec<f64>| input[dimension_of.len()..].to_vec();
        let features: Vec<Vec<f64>> = inputs.iter().map(linear_of).collect();
        let mut linear = Vec::new();
        if features.first().is_some_and(|first| !first.is_empty()) {
            for (k, b) in features.iter().enumerate() {
                linear.extend(features[..=k].iter().map(|a| dot(a, b)));
            }
        }
        Self {
            targets: targets.to_vec(),
            dimensions,
            noise_offset,
            own_noise: vec![0.0; targets.len()],
            kinds: vec![InputKind::Category; dimensions],
            expected_noise: None,
            squared_differences,
            linear,
        }
    }

    /// The same where each observation has noise of its own, of variance `own_noise` (`[n]`), beside the common one.
    #[must_use]
    pub(in super::super) fn with_own_noise(self, own_noise: Vec<f64>) -> Self {
        debug_assert_eq!(own_noise.len(), self.targets.len());
        Self { own_noise, ..self }
    }

    /// The same where the dimensions are of these kinds (`[d]`); else all are categories.
    #[must_use]
    pub(in super::super) fn with_kinds(self, kinds: Vec<InputKind>) -> Self {
        debug_assert_eq!(kinds.len(), self.dimensions);
        Self { kinds, ..self }
    }

    /// What each dimension is, `[d]`.
    pub(super) fn kinds(&self) -> &[InputKind] {
        &self.kinds
    }

    /// The same where s² is known to be about so much, from what the measurements are made of.
    #[must_use]
    pub(in super::super) fn expecting_noise(self, expected_noise: Option<f64>) -> Self {
        Self {
            expected_noise,
            ..self
        }
    }

    /// What s² is about, where that is known.
    pub(super) fn expected_noise(&self) -> Option<f64> {
        self.expected_noise
    }

    /// Number of dimensions, d.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// What is added to the noise.
    pub(super) fn noise_offset(&self) -> f64 {
        self.noise_offset
    }

    /// log N(y; c, K) with its derivatives; none where K is not positive definite in float64.
    pub(super) fn likelihood(
        &self,
        outputscale: f64,
        mean: f64,
        noise: f64,
        inverse_squares: &[f64],
    ) -> Option<Likelihood> {
        let n = self.targets.len();
        let pairs = n * n.saturating_sub(1) / 2;
        let row = |i: usize| &self.squared_differences[i * pairs..(i + 1) * pairs];
        let mut squared_distances = vec![0.0; pairs];
        for (i, &inverse_square) in inverse_squares.iter().enumerate() {
            add_scaled(&mut squared_distances, inverse_square, row(i));
        }
        let mut slopes = vec![0.0; pairs];
        let mut covariance = vec![0.0; n * n];
        let mut pair = 0;
        for k in 0..n {
            for j in 0..k {
                let (value, slope) = correlation_and_slope(squared_distances[pair]);
                covariance[k * n + j] = outputscale * value;
                slopes[pair] = outputscale * slope;
                pair += 1;
            }
            covariance[k * n + k] = outputscale + noise + self.noise_offset + self.own_noise[k];
        }
        let mut whole = covariance.clone();
        let mut rows = self.linear.as_slice();
        for k in 0..n {
            let (row, rest) = rows.split_at((k + 1).min(rows.len()));
            for (entry, linear) in whole[k * n..].iter_mut().zip(row) {
                *entry += linear;
            }
            rows = rest;
        }
        let factor = Cholesky::new(whole, n)?;

        let residuals: Vec<f64> = self.targets.iter().map(|y| y - mean).collect();
        let mut alpha = residuals.clone();
        factor.solve_lower(&mut alpha);
        factor.solve_lower_transposed(&mut alpha);
        let value = -0.5 * dot(&alpha, &residuals)
            - factor.half_log_determinant()
            - n as f64 * HALF_LOG_TWO_PI;

        let inverse = factor.inverse();
        let (mut by_outputscale, mut by_noise) = (0.0, 0.0);
        let mut pair = 0;
        for k in 0..n {
            for j in 0..k {
                let weight = alpha[k] * alpha[j] - inverse[k * n + j];
                by_outputscale += weight * covariance[k * n + j];
                // From here on: the derivative by the pair's squared distance.
                slopes[pair] *= weight;
                pair += 1;
            }
            let weight = alpha[k] * alpha[k] - inverse[k * n + k];
            by_outputscale += 0.5 * weight * outputscale;
            by_noise += 0.5 * weight * noise;
        }
        let by_inverse_squares = (inverse_squares.iter().enumerate())
            .map(|(i, &inverse_square)| inverse_square * dot(&slopes, row(i)))
            .collect();
        Some(Likelihood {
            value,
            by_outputscale,
            by_mean: alpha.iter().sum(),
            by_noise,
            by_inverse_squares,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::super::super::posterior::{GaussianProcess, Hyperparameters};
    use super::*;

    /// Two dimensions, the first of two columns, and two columns that enter linearly.
    fn inputs() -> Vec<Vec<f64>> {
        let row = |i: i32| {
            let levels = [i * 3 % 8, i * i % 5, i * 5 % 7];
            let [a, b, c] = levels.map(|level| f64::from(level) / 7.0);
            vec![a, b, c, 2.0 * (3.0 * a).sin(), b - c]
        };
        (0..9).map(row).collect()
    }

    #[test]
    fn with_linear_columns_the_gradient_is_that_of_finite_differences() {
        let targets: Vec<f64> = inputs().iter().map(|x| x[3] + (4.0 * x[1]).cos()).collect();
        let data = Data::new(&inputs(), &[0, 0, 1], &targets, 1e-4);
        let at = |u: &[f64]| {
            let inverse_squares = [u[3].exp(), u[4].exp()];
            data.likelihood(u[0].exp(), u[1], u[2].exp(), &inverse_squares)
                .unwrap()
        };
        let u = [0.3, -0.1, -3.0, 1.2, -0.4];
        let found = at(&u);
        let mut gradient = vec![found.by_outputscale, found.by_mean, found.by_noise];
        gradient.extend(found.by_inverse_squares);
        for i in 0..u.len() {
            let moved = |shift: f64| {
                let mut moved = u;
                moved[i] += shift;
                at(&moved).value
            };
            let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[i] - numeric).abs() < 1e-6, "{i}");
        }
        // The fit and the posterior mean the same process.
        let hyperparameters = Hyperparameters {
            mean: u[1],
            outputscale: u[0].exp(),
            noise: u[2].exp() + 1e-4,
            lengthscales: vec![(-0.5 * u[3]).exp(), (-0.5 * u[4]).exp()],
        };
        let hyperparameters = hyperparameters.per_column(&[0, 0, 1]);
        let process = GaussianProcess::new(&hyperparameters, &inputs(), &targets).unwrap();
        assert!((process.log_marginal_likelihood() - found.value).abs() < 1e-9);
    }
}
