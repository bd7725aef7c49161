//! The sparse axis-aligned subspace (SAAS) prior and its joint density with the data
//! (Eriksson & Jankowiak 2021, section 4.1; the priors are those of BoTorch).
//!
//! | symbol | meaning |
//! |---|---|
//! | d | dimensions |
//! | y | targets, about standardised |
//! | σ² | outputscale ~ Gamma(shape 2, rate 0.15) |
//! | c | constant mean ~ Normal(0, 1) |
//! | s² | noise variance ~ Gamma(shape 0.9, rate 10) |
//! | τ | global shrinkage ~ HalfCauchy(0.1) |
//! | λᵢ | inverse squared length before shrinkage ~ HalfCauchy(1) |
//! | ρᵢ | τ λᵢ = 1 / ℓᵢ², inverse squared lengthscale |
//! | u | (log σ², c, log s², log τ, log λ₁ … log λ_d), unconstrained, `[4 + d]` |
//!
//! log p(u, y) = log N(y; c, K) + Σ log priors + Σ log Jacobians of exp.

use super::super::normal::HALF_LOG_TWO_PI;
use super::super::posterior::Hyperparameters;
use super::likelihood::Data;
use super::priors::Prior;
use super::{Density, Model};

const OUTPUTSCALE_PRIOR: Prior = Prior::Gamma {
    shape: 2.0,
    rate: 0.15,
};
const NOISE_PRIOR: Prior = Prior::Gamma {
    shape: 0.9,
    rate: 10.0,
};
const SHRINKAGE_SCALE: f64 = 0.1;
const SHRINKAGE_PRIOR: Prior = Prior::HalfCauchy {
    scale: SHRINKAGE_SCALE,
};
const INVERSE_LENGTH_PRIOR: Prior = Prior::HalfCauchy { scale: 1.0 };

/// Medians of the two Gamma priors.
const OUTPUTSCALE_MEDIAN: f64 = 11.189;
const NOISE_MEDIAN: f64 = 0.0598;

/// Indices into u.
const OUTPUTSCALE: usize = 0;
const MEAN: usize = 1;
const NOISE: usize = 2;
const SHRINKAGE: usize = 3;
const LENGTHS: usize = 4;

/// The joint density of the hyperparameters and the data.
#[derive(Clone, Debug)]
pub struct Saas {
    data: Data,
}

impl Saas {
    /// The density given `data`, whose noise offset is 0 in BoTorch 0.6.6 and 1e-4 from BoTorch 0.17 on.
    pub fn new(data: Data) -> Self {
        Self { data }
    }

    /// The data, for another model.
    pub(in super::super) fn into_data(self) -> Data {
        self.data
    }

    /// log N(y; c, K) with its gradient; none where K is not positive definite in float64.
    pub fn log_marginal_likelihood(&self, u: &[f64]) -> Option<Density> {
        let inverse_squares: Vec<f64> = u[LENGTHS..]
            .iter()
            .map(|length| (u[SHRINKAGE] + length).exp())
            .collect();
        let likelihood = self.data.likelihood(
            u[OUTPUTSCALE].exp(),
            u[MEAN],
            u[NOISE].exp(),
            &inverse_squares,
        )?;
        let mut gradient = vec![
            likelihood.by_outputscale,
            likelihood.by_mean,
            likelihood.by_noise,
            likelihood.by_inverse_squares.iter().sum(),
        ];
        gradient.extend(likelihood.by_inverse_squares);
        Some(Density {
            value: likelihood.value,
            gradient,
        })
    }
}

impl Model for Saas {
    fn unknowns(&self) -> usize {
        LENGTHS + self.data.dimensions()
    }

    fn log_joint(&self, u: &[f64]) -> Option<Density> {
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

    /// The offset is included in the noise.
    fn hyperparameters(&self, u: &[f64]) -> Hyperparameters {
        Hyperparameters {
            mean: u[MEAN],
            outputscale: u[OUTPUTSCALE].exp(),
            noise: u[NOISE].exp() + self.data.noise_offset(),
            lengthscales: u[LENGTHS..]
                .iter()
                .map(|length| (-0.5 * (u[SHRINKAGE] + length)).exp())
                .collect(),
        }
    }

    fn prior_median(&self) -> Vec<f64> {
        let mut u = vec![0.0; self.unknowns()];
        u[OUTPUTSCALE] = OUTPUTSCALE_MEDIAN.ln();
        u[NOISE] = NOISE_MEDIAN.ln();
        u[SHRINKAGE] = SHRINKAGE_SCALE.ln();
        u
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use rand::RngExt;

    use super::super::super::random::{Purpose, stream};
    use super::*;

    fn saas(n: usize, d: usize, offset: f64) -> Saas {
        let mut random = stream(2, Purpose::Design, n, d);
        let inputs: Vec<Vec<f64>> = (0..n)
            .map(|_| (0..d).map(|_| random.random_range(0.0..1.0)).collect())
            .collect();
        let targets: Vec<f64> = inputs.iter().map(|x| (5.0 * x[0]).sin()).collect();
        let dimension_of: Vec<usize> = (0..d).collect();
        Saas::new(Data::new(&inputs, &dimension_of, &targets, offset))
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        for offset in [0.0, 1e-4] {
            let saas = saas(9, 3, offset);
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
        let saas = saas(1, 2, 0.0);
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
        let shrinkage = below(&|v| SHRINKAGE_PRIOR.of_logarithm(v).0, SHRINKAGE_SCALE);
        for half in [outputscale, noise, shrinkage] {
            assert!((half - 0.5).abs() < 1e-3, "{half}");
        }
    }

    #[test]
    fn what_overflows_has_no_density() {
        let saas = saas(4, 2, 0.0);
        assert!(saas.log_joint(&[800.0, 0.0, 0.0, 0.0, 0.0, 0.0]).is_none());
    }
}
