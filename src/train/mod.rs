//! Training: from a configuration to a measurement. [`workbench`] is what all trials share, and [`trainer`] does one
//! trial step by step, for whoever runs it; [`rows`] are read, [`batches`] and [`evaluation`] feed and judge it, [`activations`] spares it
//! what all trials have in common, [`optimizer`] and [`loss`] move its weights, [`checkpoint`] keeps them,
//! [`estimate`] tells beforehand what it will take, and [`fault`] afterwards what went wrong.

pub mod activations;
pub mod batches;
pub mod checkpoint;
mod error;
pub mod estimate;
pub mod evaluation;
pub mod fault;
pub mod loss;
pub mod optimizer;
mod plan;
pub mod pretrain;
pub mod rows;
pub mod trainer;
pub mod workbench;

pub use error::TrainError;
pub use plan::{KeepUnderWay, Plan, Recipe};
