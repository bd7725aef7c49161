//! The posterior of a Gaussian process with given hyperparameters, and mixtures of several
//! (Rasmussen & Williams 2006, algorithm 2.1).
//!
//! | symbol | meaning |
//! |---|---|
//! | X, y | inputs `[n][d]` and targets `[n]` of the observations |
//! | Φ | columns of the inputs past those that have a lengthscale, `[n][t]` |
//! | b | weights of these, ~ Normal(0, 1) a priori, `[t]` |
//! | k(x, x') | σ² m(x, x') + φ(x)ᵀ φ(x'), the second term from b |
//! | v | variances of the observations' own noise, `[n]`: 0 but for what was measured early |
//! | K | k(X, X) + s² I + diag(v) = L Lᵀ |
//! | α | K⁻¹ (y - c) |
//! | V | L⁻¹ k(X, X*), one column per new input |
//! | posterior | mean c + k(X*, X) α, covariance k(X*, X*) - Vᵀ V, of the noise-free function; mean of b Φᵀ α |

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
    /// Columns of an input, d + t.
    columns: usize,
    /// Inputs over lengthscales, and what has none as it is, row by row, `[n, d + t]`.
    inputs: Vec<f64>,
    factor: Cholesky,
    alpha: Vec<f64>,
    log_marginal_likelihood: f64,
}

/// New inputs as a Gaussian process sees them: all that joint posteriors are made of.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// Inputs over lengthscales, and what has none as it is, row by row, `[m, d + t]`.
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
    /// Conditions on observations; none where their covariance is not positive definite in float64. Columns of the
    /// `inputs` past the lengthscales enter linearly, each with a weight that is standard normal a priori.
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
            columns: (inputs.first()).map_or(hyperparameters.lengthscales.len(), Vec::len),
            inputs: Vec::new(),
            factor: Cholesky::default(),
            alpha: Vec::new(),
            log_marginal_likelihood: 0.0,
        };
        process.inputs = inputs.iter().flat_map(|x| process.scale(x)).collect();
        let mut covariance = vec![0.0; n * n];
        for k in 0..n {
            for j in 0..=k {
                covariance[k * n + j] = process.covariance(
                    process.row(&process.inputs, k),
                    process.row(&process.inputs, j),
                );
            }
            covariance[k * n + k] = covariance[k * n + k] + hyperparameters.noise + own_noise[k];
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

    /// The posterior mean at one input.
    pub(super) fn mean_at(&self, point: &[f64]) -> f64 {
        let scaled = self.scale(point);
        let rows = self.inputs.chunks_exact(self.columns).zip(&self.alpha);
        let pulls = rows.map(|(row, alpha)| alpha * self.covariance(&scaled, row));
        self.mean + pulls.sum::<f64>()
    }

    /// Posterior means of the weights b, `[t]`.
    pub(super) fn linear_weights(&self) -> Vec<f64> {
        let of = |column: usize| {
            let rows = self.inputs.chunks_exact(self.columns).zip(&self.alpha);
            rows.map(|(row, alpha)| alpha * row[column]).sum()
        };
        (self.inverse_lengthscales.len()..self.columns)
            .map(of)
            .collect()
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
        let scales = self.inverse_lengthscales.iter().copied();
        (point.iter())
            .zip(scales.chain(std::iter::repeat(1.0)))
            .map(|(x, scale)| x * scale)
            .collect()
    }

    fn row<'a>(&self, rows: &'a [f64], i: usize) -> &'a [f64] {
        &rows[i * self.columns..(i + 1) * self.columns]
    }

    fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let d = self.inverse_lengthscales.len();
        let ((a, a_linear), (b, b_linear)) = (a.split_at(d), b.split_at(d));
        let squared_distance = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
        self.outputscale * correlation(squared_distance) + dot(a_linear, b_linear)
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

    proptest::proptest! {
        /// With nalgebra's inverse in the place of factors that are updated.
        #[test]
        fn linear_columns_are_weights_with_a_normal_prior(
            values in proptest::collection::vec(-1.0_f64..1.0, 8 * 4 + 6),
            noise in 0.01_f64..0.5,
        ) {
            use nalgebra::{DMatrix, DVector};

            let lengthscales = vec![0.6, 1.7];
            let hyperparameters = Hyperparameters { mean: 0.3, outputscale: 1.4, noise, lengthscales: lengthscales.clone() };
            let rows: Vec<Vec<f64>> = values[..32].chunks(4).map(<[f64]>::to_vec).collect();
            let (inputs, new) = rows.split_at(6);
            let targets = &values[32..];
            let process = GaussianProcess::new(&hyperparameters, inputs, targets).unwrap();

            let kernel = |a: &Vec<f64>, b: &Vec<f64>| {
                let squared: f64 = (0..2).map(|i| ((a[i] - b[i]) / lengthscales[i]).powi(2)).sum();
                1.4 * correlation(squared) + a[2] * b[2] + a[3] * b[3]
            };
            let matrix = |left: &[Vec<f64>], right: &[Vec<f64>]| {
                DMatrix::from_fn(left.len(), right.len(), |i, j| kernel(&left[i], &right[j]))
            };
            let inverse = (matrix(inputs, inputs) + DMatrix::identity(6, 6) * noise).try_inverse().unwrap();
            let residuals = DVector::from_iterator(6, targets.iter().map(|y| y - 0.3));
            let cross = matrix(new, inputs);
            let mean = &cross * &inverse * &residuals;
            let covariance = matrix(new, new) - &cross * &inverse * cross.transpose();

            let joint = process.joint(&process.project(new.iter().map(Vec::as_slice)));
            for i in 0..2 {
                proptest::prop_assert!((joint.mean[i] - 0.3 - mean[i]).abs() < 1e-9);
                proptest::prop_assert!((process.mean_at(&new[i]) - joint.mean[i]).abs() < 1e-9);
                for j in 0..2 {
                    proptest::prop_assert!((joint.covariance[2 * i + j] - covariance[(i, j)]).abs() < 1e-9);
                }
            }
            let features = DMatrix::from_fn(6, 2, |i, t| inputs[i][2 + t]);
            let weights = features.transpose() * inverse * residuals;
            let found = process.linear_weights();
            proptest::prop_assert!((0..2).all(|t| (found[t] - weights[t]).abs() < 1e-9));
        }
    }
}
