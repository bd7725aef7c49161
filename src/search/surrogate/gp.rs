//! A Gaussian process whose prior lengthscales grow with the number of dimensions (Hvarfner et al. 2024, section 4.2), but for
//! amounts.
//!
//! | symbol | meaning |
//! |---|---|
//! | d | dimensions |
//! | σ² | outputscale ~ Gamma(shape 2, rate 0.15), as for SAAS |
//! | c | constant mean ~ Normal(0, 1) |
//! | s² | noise variance ~ LogNormal(-4, 1); LogNormal(log e, ½) where the number of measured rows tells that it is about e |
//! | ℓᵢ | lengthscale ~ LogNormal(√2 + ½ log d, √3) of a category, LogNormal(√2 + ½ log d, 1) of a switch, LogNormal(1.6, 1) of an amount |
//! | u | (log σ², c, log s², log ℓ₁ … log ℓ_d), unconstrained, `[3 + d]` |

use std::f64::consts::SQRT_2;

use super::super::normal::HALF_LOG_TWO_PI;
use super::super::posterior::Hyperparameters;
use super::likelihood::Data;
use super::priors::Prior;
use super::{Density, InputKind, Model};

const OUTPUTSCALE_PRIOR: Prior = Prior::Gamma {
    shape: 2.0,
    rate: 0.15,
};
const NOISE_LOCATION: f64 = -4.0;

/// Scale of the prior of s² where e is known. Seeds add to the error of the rows, and configurations that are measured on
/// the same rows share a part of it.
const KNOWN_NOISE_SCALE: f64 = 0.5;

/// √3: a category may decide everything or nothing.
const CATEGORY_LENGTHSCALE_SCALE: f64 = 1.732_050_807_568_877_2;

/// Scale of the prior of the lengthscale of a switch: of many switches, such as layers, each matters a little.
const SWITCH_LENGTHSCALE_SCALE: f64 = 1.0;

/// Location and scale of the prior of the lengthscale of an amount, in units of its range. It does not grow with the number
/// of dimensions: where it does, what sizes bring is put down to noise as long as scores are few and noisy.
const AMOUNT_LENGTHSCALE: (f64, f64) = (1.6, 1.0);

/// Lengthscale of a start where every dimension matters.
const WAVY_LENGTHSCALE: f64 = 1.0;

/// Noise variance of a start where the data is all signal.
const LITTLE_NOISE: f64 = 0.01;

/// Indices into u.
const OUTPUTSCALE: usize = 0;
const MEAN: usize = 1;
const NOISE: usize = 2;
const LENGTHS: usize = 3;

/// The joint density of the hyperparameters and the data.
#[derive(Clone, Debug)]
pub struct ScaledGp {
    data: Data,
}

impl ScaledGp {
    /// The density given `data`.
    pub fn new(data: Data) -> Self {
        Self { data }
    }

    /// Where to look for the most probable hyperparameters, which are not the only maximum: one start says that the
    /// function is nearly linear and the rest is noise, the other that all of the data is signal. From the first alone,
    /// scores of few points, or of which a few lie far below all others, are put down to noise.
    pub(in super::super) fn starts(&self) -> [Vec<f64>; 2] {
        let smooth = self.prior_median();
        let mut wavy = vec![WAVY_LENGTHSCALE.ln(); self.unknowns()];
        wavy[OUTPUTSCALE] = 0.0;
        wavy[MEAN] = 0.0;
        wavy[NOISE] = LITTLE_NOISE.ln();
        [smooth, wavy]
    }

    /// Location and scale of the prior of s².
    fn noise_prior(&self) -> (f64, f64) {
        match self.data.expected_noise() {
            Some(expected) => (expected.ln(), KNOWN_NOISE_SCALE),
            None => (NOISE_LOCATION, 1.0),
        }
    }

    /// Location and scale of the prior of the lengthscale of a dimension.
    fn lengthscale_prior(&self, kind: InputKind) -> (f64, f64) {
        let location = SQRT_2 + 0.5 * (self.data.dimensions().max(1) as f64).ln();
        match kind {
            InputKind::Amount => AMOUNT_LENGTHSCALE,
            InputKind::Switch => (location, SWITCH_LENGTHSCALE_SCALE),
            InputKind::Category => (location, CATEGORY_LENGTHSCALE_SCALE),
        }
    }
}

impl Model for ScaledGp {
    fn unknowns(&self) -> usize {
        LENGTHS + self.data.dimensions()
    }

    fn log_joint(&self, u: &[f64]) -> Option<Density> {
        let inverse_squares: Vec<f64> = u[LENGTHS..].iter().map(|l| (-2.0 * l).exp()).collect();
        let likelihood = self.data.likelihood(
            u[OUTPUTSCALE].exp(),
            u[MEAN],
            u[NOISE].exp(),
            &inverse_squares,
        )?;
        let mut value = likelihood.value;
        let mut gradient = vec![
            likelihood.by_outputscale,
            likelihood.by_mean,
            likelihood.by_noise,
        ];
        gradient.extend(likelihood.by_inverse_squares.iter().map(|by| -2.0 * by));
        let mut add = |index: usize, (log_prior, slope): (f64, f64)| {
            value += log_prior;
            gradient[index] += slope;
        };
        add(OUTPUTSCALE, OUTPUTSCALE_PRIOR.of_logarithm(u[OUTPUTSCALE]));
        add(MEAN, (-0.5 * u[MEAN].powi(2) - HALF_LOG_TWO_PI, -u[MEAN]));
        let (location, scale) = self.noise_prior();
        let noise_prior = Prior::LogNormal { location, scale };
        add(NOISE, noise_prior.of_logarithm(u[NOISE]));
        for (i, &length) in u.iter().enumerate().skip(LENGTHS) {
            let (location, scale) = self.lengthscale_prior(self.data.kinds()[i - LENGTHS]);
            add(i, Prior::LogNormal { location, scale }.of_logarithm(length));
        }
        Some(Density { value, gradient })
    }

    fn hyperparameters(&self, u: &[f64]) -> Hyperparameters {
        Hyperparameters {
            mean: u[MEAN],
            outputscale: u[OUTPUTSCALE].exp(),
            noise: u[NOISE].exp() + self.data.noise_offset(),
            lengthscales: u[LENGTHS..].iter().map(|l| l.exp()).collect(),
        }
    }

    /// But for the outputscale, which starts at that of standardised targets.
    fn prior_median(&self) -> Vec<f64> {
        let mut u = vec![0.0; self.unknowns()];
        for (length, &kind) in u[LENGTHS..].iter_mut().zip(self.data.kinds()) {
            *length = self.lengthscale_prior(kind).0;
        }
        u[NOISE] = self.noise_prior().0;
        u
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let inputs: Vec<Vec<f64>> = (0..8_i32)
            .map(|i| {
                let columns = [i * 3 % 8, i * i % 5, i % 2];
                columns.map(|level| f64::from(level) / 7.0).to_vec()
            })
            .collect();
        let targets: Vec<f64> = inputs.iter().map(|x| (4.0 * x[0]).cos()).collect();
        let kinds = vec![InputKind::Amount, InputKind::Category, InputKind::Switch];
        let gp = ScaledGp::new(Data::new(&inputs, &[0, 1, 2], &targets, 1e-4).with_kinds(kinds));
        let u = [0.3, -0.1, -3.0, -0.6, 1.2, 0.4];
        let density = gp.log_joint(&u).unwrap();
        for i in 0..u.len() {
            let at = |shift: f64| {
                let mut moved = u;
                moved[i] += shift;
                gp.log_joint(&moved).unwrap().value
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((density.gradient[i] - numeric).abs() < 1e-6, "{i}");
        }
    }
}
