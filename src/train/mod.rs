//! Training: the loss, the optimiser, and the worker that trains one trial after another.

pub mod batches;
pub mod checkpoint;
mod error;
pub mod evaluation;
pub mod loss;
pub mod optimizer;
pub mod trainer;
pub mod worker;

pub use error::TrainError;
