//! Training: the loss, the optimiser, and the worker that trains one trial after another.

pub mod checkpoint;
pub mod loss;
pub mod optimizer;
