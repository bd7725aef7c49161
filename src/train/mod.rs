//! Training: from a configuration to a measurement. [`trainer`] does one trial step by step, for whoever runs it;
//! [`batches`] and [`evaluation`] feed and judge it, [`activations`] spares it what all trials have in common, [`optimizer`] and [`loss`] move its weights, [`checkpoint`] keeps them.

pub mod activations;
pub mod batches;
pub mod checkpoint;
mod error;
pub mod estimate;
pub mod evaluation;
pub mod loss;
pub mod optimizer;
mod plan;
pub mod pretrain;
pub mod trainer;

pub use error::TrainError;
pub use plan::{KeepUnderWay, Plan};
