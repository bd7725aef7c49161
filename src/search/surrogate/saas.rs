//! The sparse axis-aligned subspace (SAAS) prior and its joint density with the data
//! (Eriksson & Jankowiak 2021, section 4.1; the priors are those of BoTorch).
//!
//! | symbol | meaning |
//! |---|---|
//! | n, d | observations, dimensions |
//! | y | targets, `[n]`, about standardised |
//! | σ² | outputscale ~ Gamma(shape 2, rate 0.15) |
//! | c | constant mean ~ Normal(0, 1) |
//! | s² | noise variance ~ Gamma(shape 0.9, rate 10) |
//! | τ | global shrinkage ~ HalfCauchy(0.1) |
//! | λᵢ | inverse squared length before shrinkage ~ HalfCauchy(1) |
//! | ρᵢ | τ λᵢ = 1 / ℓᵢ², inverse squared lengthscale |
//! | K | σ² m(Σᵢ ρᵢ Δᵢ²) + (s² + offset) I |
//! | α, W | K⁻¹ (y - c), α αᵀ - K⁻¹ |
//! | u | (log σ², c, log s², log τ, log λ₁ … log λ_d), unconstrained, `[4 + d]` |
//!
//! log p(u, y) = log N(y; c, K) + Σ log priors + Σ log Jacobians of exp. With ∂log N/∂K = ½ W every derivative is a
//! sum over the pairs of observations, so value and gradient together cost one Cholesky factor and one inverse.

use super::super::kernel::correlation_and_slope;
use super::super::linalg::{Cholesky, add_scaled, dot};
use super::super::normal::HALF_LOG_TWO_PI;
use super::super::posterior::Hyperparameters;

const OUTPUTSCALE_PRIOR: Gamma = Gamma {
    shape: 2.0,
    rate: 0.15,
};
const NOISE_PRIOR: Gamma = Gamma {
    shape: 0.9,
    rate: 10.0,
};
const SHRINKAGE_PRIOR: HalfCauchy = HalfCauchy { scale: 0.1 };
const INVERSE_LENGTH_PRIOR: HalfCauchy = HalfCauchy { scale: 1.0 };

/// Medians of the two Gamma priors, where a fit that failed falls back to.
const OUTPUTSCALE_MEDIAN: f64 = 11.189;
const NOISE_MEDIAN: f64 = 0.0598;

/// Indices into u.
const OUTPUTSCALE: usize = 0;
const MEAN: usize = 1;
const NOISE: usize = 2;
const SHRINKAGE: usize = 3;
const LENGTHS: usize = 4;

/// Value and gradient of a log density at one u.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// The value.
    pub value: f64,
    /// Its derivatives by u, `[4 + d]`.
    pub gradient: Vec<f64>,
}

/// The joint density of the hyperparameters and the data.
#[derive(Clone, Debug)]
pub struct Saas {
    targets: Vec<f64>,
    dimensions: usize,
    noise_offset: f64,
    /// Δᵢ² of every pair j < k of observations, one row per dimension: `[d, n (n - 1) / 2]`.
    squared_differences: Vec<f64>,
}

impl Saas {
    /// The density given `inputs` (`[n][d]`) and `targets` (`[n]`).
    ///
    /// `noise_offset` is added to the noise inside the likelihood and nowhere in the priors: 0 as in BoTorch 0.6.6,
    /// 1e-4 as from BoTorch 0.17 on.
    pub fn new(inputs: &[Vec<f64>], targets: &[f64], noise_offset: f64) -> Self {
        debug_assert_eq!(inputs.len(), targets.len());
        let dimensions = inputs.first().map_or(0, Vec::len);
        let mut squared_differences = Vec::new();
        for i in 0..dimensions {
            for (k, b) in inputs.iter().enumerate() {
                squared_differences.extend(inputs[..k].iter().map(|a| (a[i] - b[i]).powi(2)));
            }
        }
        Self {
            targets: targets.to_vec(),
            dimensions,
            noise_offset,
            squared_differences,
        }
    }

    /// Length of u.
    pub fn unknowns(&self) -> usize {
        LENGTHS + self.dimensions
    }

    /// log N(y; c, K) with its gradient; none where K is not positive definite in float64.
    pub fn log_marginal_likelihood(&self, u: &[f64]) -> Option<Density> {
        let n = self.targets.len();
        let outputscale = u[OUTPUTSCALE].exp();
        let noise = u[NOISE].exp();
        let inverse_squares: Vec<f64> = u[LENGTHS..]
            .iter()
            .map(|length| (u[SHRINKAGE] + length).exp())
            .collect();

        let pairs = n * n.saturating_sub(1) / 2;
        let rows = || self.squared_differences.chunks_exact(pairs.max(1));
        let mut squared_distances = vec![0.0; pairs];
        for (row, &inverse_square) in rows().zip(&inverse_squares) {
            add_scaled(&mut squared_distances, inverse_square, row);
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
            covariance[k * n + k] = outputscale + noise + self.noise_offset;
        }
        let factor = Cholesky::new(covariance.clone(), n)?;

        let residuals: Vec<f64> = self.targets.iter().map(|y| y - u[MEAN]).collect();
        let mut alpha = residuals.clone();
        factor.solve_lower(&mut alpha);
        factor.solve_lower_transposed(&mut alpha);
        let value = -0.5 * dot(&alpha, &residuals)
            - factor.half_log_determinant()
            - n as f64 * HALF_LOG_TWO_PI;

        let inverse = factor.inverse();
        let mut gradient = vec![0.0; self.unknowns()];
        gradient[MEAN] = alpha.iter().sum();
        let mut pair = 0;
        for k in 0..n {
            for j in 0..k {
                let weight = alpha[k] * alpha[j] - inverse[k * n + j];
                gradient[OUTPUTSCALE] += weight * covariance[k * n + j];
                // From here on: the derivative by the pair's squared distance.
                slopes[pair] *= weight;
                pair += 1;
            }
            let weight = alpha[k] * alpha[k] - inverse[k * n + k];
            gradient[OUTPUTSCALE] += 0.5 * weight * outputscale;
            gradient[NOISE] += 0.5 * weight * noise;
        }
        for (i, (row, &inverse_square)) in rows().zip(&inverse_squares).enumerate() {
            let by_log = inverse_square * dot(&slopes, row);
            gradient[LENGTHS + i] = by_log;
            gradient[SHRINKAGE] += by_log;
        }
        Some(Density { value, gradient })
    }

    /// log p(u, y) with its gradient, normalising constants included; none as for [`Self::log_marginal_likelihood`].
    pub fn log_joint(&self, u: &[f64]) -> Option<Density> {
        let mut density = self.log_marginal_likelihood(u)?;
        let mut add = |index: usize, (value, slope): (f64, f64)| {
            density.value += value;
            density.gradient[index] += slope;
        };
        add(OUTPUTSCALE, OUTPUTSCALE_PRIOR.of_logarithm(u[OUTPUTSCALE]));
        add(MEAN, (-0.5 * u[MEAN].powi(2) - HALF_LOG_TWO_PI, -u[MEAN]));
        add(NOISE, NOISE_PRIOR.of_logarithm(u[NOISE]));
        add(SHRINKAGE, SHRINKAGE_PRIOR.of_logarithm(u[SHRINKAGE]));
        for (i, &length) in u.iter().enumerate().skip(LENGTHS) {
            add(i, INVERSE_LENGTH_PRIOR.of_logarithm(length));
        }
        Some(density)
    }

    /// The hyperparameters at u, the offset included in the noise.
    pub fn hyperparameters(&self, u: &[f64]) -> Hyperparameters {
        Hyperparameters {
            mean: u[MEAN],
            outputscale: u[OUTPUTSCALE].exp(),
            noise: u[NOISE].exp() + self.noise_offset,
            lengthscales: u[LENGTHS..]
                .iter()
                .map(|length| (-0.5 * (u[SHRINKAGE] + length)).exp())
                .collect(),
        }
    }

    /// The medians of the priors as u.
    pub fn prior_median(&self) -> Vec<f64> {
        let mut u = vec![INVERSE_LENGTH_PRIOR.scale.ln(); self.unknowns()];
        u[OUTPUTSCALE] = OUTPUTSCALE_MEDIAN.ln();
        u[MEAN] = 0.0;
        u[NOISE] = NOISE_MEDIAN.ln();
        u[SHRINKAGE] = SHRINKAGE_PRIOR.scale.ln();
        u
    }
}

/// Gamma distribution.
struct Gamma {
    shape: f64,
    rate: f64,
}

impl Gamma {
    /// Log density of v = log x, Jacobian included, and its derivative by v.
    fn of_logarithm(&self, v: f64) -> (f64, f64) {
        let scaled = self.rate * v.exp();
        let normaliser = self.shape * self.rate.ln() - libm::lgamma(self.shape);
        (normaliser + self.shape * v - scaled, self.shape - scaled)
    }
}

/// Half-Cauchy distribution.
struct HalfCauchy {
    scale: f64,
}

impl HalfCauchy {
    /// Log density of v = log x, Jacobian included, and its derivative by v.
    fn of_logarithm(&self, v: f64) -> (f64, f64) {
        // In terms of log (x / scale)², so that a huge x does not overflow.
        let log_square = 2.0 * (v - self.scale.ln());
        let log_one_plus = log_square.max(0.0) + (-log_square.abs()).exp().ln_1p();
        let share = 1.0 / (1.0 + (-log_square).exp());
        let normaliser = std::f64::consts::FRAC_2_PI.ln() - self.scale.ln();
        (normaliser - log_one_plus + v, 1.0 - 2.0 * share)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use rand::RngExt;

    use super::super::super::random::{Purpose, stream};
    use super::*;

    fn data(n: usize, d: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut random = stream(2, Purpose::Design, n, d);
        let inputs: Vec<Vec<f64>> = (0..n)
            .map(|_| (0..d).map(|_| random.random_range(0.0..1.0)).collect())
            .collect();
        let targets = inputs.iter().map(|x| (5.0 * x[0]).sin()).collect();
        (inputs, targets)
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let (inputs, targets) = data(9, 3);
        for offset in [0.0, 1e-4] {
            let saas = Saas::new(&inputs, &targets, offset);
            let u = [0.4, -0.2, -2.5, -1.0, 0.7, -3.0, 1.5];
            let density = saas.log_joint(&u).unwrap();
            for i in 0..u.len() {
                let at = |shift: f64| {
                    let mut moved = u;
                    moved[i] += shift;
                    saas.log_joint(&moved).unwrap().value
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((density.gradient[i] - numeric).abs() < 1e-6, "{i}");
            }
        }
    }

    #[test]
    fn a_single_observation_has_a_density() {
        let (inputs, targets) = data(1, 2);
        let saas = Saas::new(&inputs, &targets, 0.0);
        let density = saas.log_joint(&saas.prior_median()).unwrap();
        assert!(density.value.is_finite());
        assert!(density.gradient.iter().all(|g| g.is_finite()));
    }

    #[test]
    fn medians_split_the_priors_in_half() {
        // By the trapezoidal rule over the logarithm.
        let below = |prior: &dyn Fn(f64) -> f64, median: f64| -> f64 {
            let top = median.ln();
            (0..400_000)
                .map(|i| top - (f64::from(i) + 0.5) * 1e-4)
                .map(|v| prior(v).exp() * 1e-4)
                .sum()
        };
        let outputscale = below(&|v| OUTPUTSCALE_PRIOR.of_logarithm(v).0, OUTPUTSCALE_MEDIAN);
        let noise = below(&|v| NOISE_PRIOR.of_logarithm(v).0, NOISE_MEDIAN);
        let shrinkage = below(
            &|v| SHRINKAGE_PRIOR.of_logarithm(v).0,
            SHRINKAGE_PRIOR.scale,
        );
        for half in [outputscale, noise, shrinkage] {
            assert!((half - 0.5).abs() < 1e-3, "{half}");
        }
    }

    #[test]
    fn what_overflows_has_no_density() {
        let (inputs, targets) = data(4, 2);
        let saas = Saas::new(&inputs, &targets, 0.0);
        assert!(saas.log_joint(&[800.0, 0.0, 0.0, 0.0, 0.0, 0.0]).is_none());
    }
}
