//! Models of the score: densities over the hyperparameters of a Gaussian process.

pub mod saas;
