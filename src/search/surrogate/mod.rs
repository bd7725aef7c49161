//! Models of the score: densities over the hyperparameters of a Gaussian process, for a sampler or a maximiser.
//!
//! | symbol | meaning |
//! |---|---|
//! | u | the hyperparameters of a model on the whole real line, `[unknowns]` |

pub mod gp;
mod likelihood;
mod priors;
pub mod saas;

pub use likelihood::Data;

use super::posterior::Hyperparameters;

/// What a dimension is, as far as it tells how a function may depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputKind {
    /// Its levels are more or less of something.
    Amount,
    /// It is on or off.
    Switch,
    /// Its levels have no order.
    Category,
}

/// Value and gradient of a log density at one u.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// The value.
    pub value: f64,
    /// Its derivatives by u, `[unknowns]`.
    pub gradient: Vec<f64>,
}

/// A prior over hyperparameters together with data.
pub trait Model {
    /// Length of u.
    fn unknowns(&self) -> usize;

    /// log p(u, y) with its gradient, Jacobians and normalising constants included; none where the covariance is not
    /// positive definite in float64.
    fn log_joint(&self, u: &[f64]) -> Option<Density>;

    /// The hyperparameters at u, one lengthscale per dimension.
    fn hyperparameters(&self, u: &[f64]) -> Hyperparameters;

    /// The medians of the priors as u: where to start, and what a failed fit falls back to.
    fn prior_median(&self) -> Vec<f64>;
}
