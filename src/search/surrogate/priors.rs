//! Prior densities of positive hyperparameters, as densities of their logarithms.
//!
//! | symbol | meaning |
//! |---|---|
//! | x | the hyperparameter, positive |
//! | v | log x: the density of v is that of x times the Jacobian e^v |

use std::f64::consts::FRAC_2_PI;

use super::super::normal::HALF_LOG_TWO_PI;

/// A distribution of a positive number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Prior {
    /// Gamma.
    Gamma {
        /// Shape.
        shape: f64,
        /// Rate.
        rate: f64,
    },
    /// Half-Cauchy.
    HalfCauchy {
        /// Scale, which is the median.
        scale: f64,
    },
    /// Log-normal: v is normal.
    LogNormal {
        /// Mean of v.
        location: f64,
        /// Standard deviation of v.
        scale: f64,
    },
}

impl Prior {
    /// Log density of v = log x, Jacobian included, and its derivative by v.
    pub(super) fn of_logarithm(self, v: f64) -> (f64, f64) {
        match self {
            Self::Gamma { shape, rate } => {
                let scaled = rate * v.exp();
                let normaliser = shape * rate.ln() - libm::lgamma(shape);
                (normaliser + shape * v - scaled, shape - scaled)
            }
            Self::HalfCauchy { scale } => {
                // In terms of log (x / scale)², so that a huge x does not overflow.
                let log_square = 2.0 * (v - scale.ln());
                let log_one_plus = log_square.max(0.0) + (-log_square.abs()).exp().ln_1p();
                let share = 1.0 / (1.0 + (-log_square).exp());
                let normaliser = FRAC_2_PI.ln() - scale.ln();
                (normaliser - log_one_plus + v, 1.0 - 2.0 * share)
            }
            Self::LogNormal { location, scale } => {
                let z = (v - location) / scale;
                (-0.5 * z * z - scale.ln() - HALF_LOG_TWO_PI, -z / scale)
            }
        }
    }
}
