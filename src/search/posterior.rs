//! The posterior of a Gaussian process with given hyperparameters, and mixtures of several
//! (Rasmussen & Williams 2006, algorithm 2.1).
//!
//! | symbol | meaning |
//! |---|---|
//! | X, y | inputs `[n][d]` and targets `[n]` of the observations |
//! | v | variances of the observations' own noise, `[n]`: 0 but for what was measured early |
//! | K | σ² m(X, X) + s² I + diag(v) = L Lᵀ |
//! | α | K⁻¹ (y - c) |
//! | V | L⁻¹ σ² m(X, X*), one column per new input |
//! | posterior | mean c + σ² m(X*, X) α, covariance σ² m(X*, X*) - Vᵀ V, of the noise-free function |

use super::kernel::correlation;
use super::linalg::{Cholesky, dot};
use super::normal::HALF_LOG_TWO_PI;

/// The hyperparameters of a Gaussian process with constant mean and Matérn-5/2 kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperparameters {
    /// The constant mean c.
    pub mean: f64,
    /// Prior variance of the function, σ².
    pub outputscale: f64,
    /// Variance of the observation noise, s².
    pub noise: f64,
    /// Lengthscale of each dimension, `[d]`.
    pub lengthscales: Vec<f64>,
}

impl Hyperparameters {
    /// With the lengthscale of dimension `dimension_of[j]` in the place of column j.
    pub(super) fn per_column(&self, dimension_of: &[usize]) -> Self {
        Self {
            lengthscales: (dimension_of.iter())
                .map(|&dimension| self.lengthscales[dimension])
                .collect(),
            ..self.clone()
        }
    }
}

/// A Gaussian process given its hyperparameters and observations.
#[derive(Clone, Debug)]
pub struct GaussianProcess {
    mean: f64,
    outputscale: f64,
    inverse_lengthscales: Vec<f64>,
    /// Inputs over lengthscales, row by row.
    inputs: Vec<f64>,
    factor: Cholesky,
    alpha: Vec<f64>,
    log_marginal_likelihood: f64,
}

/// New inputs as a Gaussian process sees them: all that joint posteriors are made of.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// Inputs over lengthscales, row by row, `[m, d]`.
    scaled: Vec<f64>,
    /// Vᵀ, `[m, n]`.
    whitened: Vec<f64>,
    /// Posterior means, `[m]`.
    pub means: Vec<f64>,
}

/// The joint posterior at several inputs.
#[derive(Clone, Debug)]
pub struct Joint {
    /// Means, `[m]`.
    pub mean: Vec<f64>,
    /// Covariance, row by row, `[m, m]`, both triangles.
    pub covariance: Vec<f64>,
}

impl GaussianProcess {
    /// Conditions on observations; none where their covariance is not positive definite in float64.
    pub fn new(
        hyperparameters: &Hyperparameters,
        inputs: &[Vec<f64>],
        targets: &[f64],
    ) -> Option<Self> {
        Self::with_own_noise(hyperparameters, inputs, targets, &vec![0.0; targets.len()])
    }

    /// The same where observations have noise of their own, of variances `own_noise` (`[n]`).
    pub(super) fn with_own_noise(
        hyperparameters: &Hyperparameters,
        inputs: &[Vec<f64>],
        targets: &[f64],
        own_noise: &[f64],
    ) -> Option<Self> {
        let n = targets.len();
        let mut process = Self {
            mean: hyperparameters.mean,
            outputscale: hyperparameters.outputscale,
            inverse_lengthscales: hyperparameters
                .lengthscales
                .iter()
                .map(|length| length.recip())
                .collect(),
            inputs: Vec::new(),
            factor: Cholesky::default(),
            alpha: Vec::new(),
            log_marginal_likelihood: 0.0,
        };
        process.inputs = inputs.iter().flat_map(|x| process.scale(x)).collect();
        let mut covariance = vec![0.0; n * n];
        for k in 0..n {
            for j in 0..k {
                covariance[k * n + j] = process.covariance(
                    process.row(&process.inputs, k),
                    process.row(&process.inputs, j),
                );
            }
            covariance[k * n + k] = process.outputscale + hyperparameters.noise + own_noise[k];
        }
        process.factor = Cholesky::new(covariance, n)?;
        let residuals: Vec<f64> = targets.iter().map(|y| y - process.mean).collect();
        process.alpha = residuals.clone();
        process.factor.solve_lower(&mut process.alpha);
        process.factor.solve_lower_transposed(&mut process.alpha);
        process.log_marginal_likelihood = -0.5 * dot(&process.alpha, &residuals)
            - process.factor.half_log_determinant()
            - n as f64 * HALF_LOG_TWO_PI;
        Some(process)
    }

    /// log N(y; c, K).
    pub fn log_marginal_likelihood(&self) -> f64 {
        self.log_marginal_likelihood
    }

    /// Prepares `points` (`[m][d]`) for [`Self::joint`] and [`Self::cross_covariance`].
    pub fn project<'a>(&self, points: impl IntoIterator<Item = &'a [f64]>) -> Projection {
        let mut projection = Projection::default();
        for point in points {
            let scaled = self.scale(point);
            let mut covariances: Vec<f64> = (0..self.alpha.len())
                .map(|k| self.covariance(&scaled, self.row(&self.inputs, k)))
                .collect();
            projection
                .means
                .push(self.mean + dot(&covariances, &self.alpha));
            self.factor.solve_lower(&mut covariances);
            projection.whitened.extend(covariances);
            projection.scaled.extend(scaled);
        }
        projection
    }

    /// Posterior covariances between all of `left` (`[a]`) and all of `right` (`[b]`), row by row, `[a, b]`.
    pub fn cross_covariance(&self, left: &Projection, right: &Projection) -> Vec<f64> {
        let n = self.alpha.len();
        let mut covariance = Vec::with_capacity(left.means.len() * right.means.len());
        for i in 0..left.means.len() {
            for j in 0..right.means.len() {
                let prior = self.covariance(self.row(&left.scaled, i), self.row(&right.scaled, j));
                let explained = dot(
                    &left.whitened[i * n..(i + 1) * n],
                    &right.whitened[j * n..(j + 1) * n],
                );
                covariance.push(prior - explained);
            }
        }
        covariance
    }

    /// The joint posterior of the noise-free function at projected points.
    pub fn joint(&self, points: &Projection) -> Joint {
        Joint {
            mean: points.means.clone(),
            covariance: self.cross_covariance(points, points),
        }
    }

    fn scale(&self, point: &[f64]) -> Vec<f64> {
        point
            .iter()
            .zip(&self.inverse_lengthscales)
            .map(|(x, inverse)| x * inverse)
            .collect()
    }

    fn row<'a>(&self, rows: &'a [f64], i: usize) -> &'a [f64] {
        let d = self.inverse_lengthscales.len();
        &rows[i * d..(i + 1) * d]
    }

    fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let squared_distance = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
        self.outputscale * correlation(squared_distance)
    }
}

/// Mean and variance at each point of an equal-weight mixture of `joints`, one per draw of the hyperparameters.
pub fn mixture(joints: &[Joint]) -> Vec<(f64, f64)> {
    let points = joints.first().map_or(0, |joint| joint.mean.len());
    let count = joints.len() as f64;
    let average = |of: &dyn Fn(&Joint) -> f64| joints.iter().map(of).sum::<f64>() / count;
    (0..points)
        .map(|i| {
            let mean = average(&|joint| joint.mean[i]);
            let within = average(&|joint| joint.covariance[i * points + i]);
            let between = average(&|joint| (joint.mean[i] - mean).powi(2));
            (mean, within + between)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn process(noise: f64) -> GaussianProcess {
        let hyperparameters = Hyperparameters {
            mean: 0.5,
            outputscale: 2.0,
            noise,
            lengthscales: vec![0.7, 2.0],
        };
        let inputs = [vec![0.0, 0.0], vec![1.0, 0.5], vec![0.2, 1.0]];
        GaussianProcess::new(&hyperparameters, &inputs, &[1.0, -1.0, 0.3]).unwrap()
    }

    #[test]
    fn without_noise_the_posterior_passes_through_the_data() {
        let process = process(1e-10);
        let joint = process.joint(&process.project([[1.0, 0.5].as_slice(), &[0.2, 1.0]]));
        assert!((joint.mean[0] + 1.0).abs() < 1e-6);
        assert!((joint.mean[1] - 0.3).abs() < 1e-6);
        assert!(joint.covariance.iter().all(|c| c.abs() < 1e-6));
    }

    #[test]
    fn far_away_the_posterior_is_the_prior() {
        let process = process(0.1);
        let joint = process.joint(&process.project([[900.0, 0.5].as_slice()]));
        assert!((joint.mean[0] - 0.5).abs() < 1e-12);
        assert!((joint.covariance[0] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_mixture_of_unequal_means_is_wider_than_its_parts() {
        let part = |mean| Joint {
            mean: vec![mean],
            covariance: vec![1.0],
        };
        assert_eq!(mixture(&[part(-2.0), part(2.0)]), vec![(0.0, 5.0)]);
    }

    #[test]
    fn twice_the_same_point_without_noise_is_refused() {
        let hyperparameters = Hyperparameters {
            mean: 0.0,
            outputscale: 1.0,
            noise: 0.0,
            lengthscales: vec![1.0],
        };
        let twice = [vec![0.3], vec![0.3]];
        assert!(GaussianProcess::new(&hyperparameters, &twice, &[0.0, 1.0]).is_none());
    }
}
