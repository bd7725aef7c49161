//! Training: from a configuration to a measurement. [`workbench`] is what all trials share, and [`trainer`] does one
//! trial step by step, for whoever runs it; [`rows`] are read, [`batches`] and [`evaluation`] feed and judge it, [`activations`] spares it
//! what all trials have in common, [`optimizer`] and [`loss`] move its weights, [`checkpoint`] keeps them,
//! [`estimate`] tells beforehand what it will take, and [`fault`] afterwards what went wrong.
//!
//! # Amounts in standard units
//!
//! A head begins at about 0. Where labels are amounts far from it, a short training spends its first steps on their mean. On
//! STS-B (mean 2.7), at a rate of 3e-4, it takes 40 of 152 steps to come there, and after that predictions hardly begin to
//! differ: they deviate by 0.23 after step 50 and by 0.24 at the end (`--trace 10`, first row of the table, seed 0). So
//! `standard_targets` has amounts learnt in units in which they have mean 0 and deviation 1
//! ([`Units`](crate::model::Units)), and told in their own: that training begins at the mean and ends at 0.40. Ten seeds of
//! all-MiniLM-L6-v2 on STS-B, 1,200 rows, 4 epochs, Spearman correlation on 300 rows, by
//!
//! ```sh
//! RAYON_NUM_THREADS=1 cargo bench --bench seeds -- --model FOLDER --data FOLDER --tasks stsb --measured-rows 300 \
//!     --arms standard_targets=false standard_targets=true --configurations parallel=1@4-5 --rates 3e-4 # and the others
//! ```
//!
//! | configuration | rate | standard units | mean | between seeds | lowest | deviation of predictions, of that of labels |
//! |---|---|---|---:|---:|---:|---:|
//! | parallel 1 in layers 4-5 | 3e-4 | no | 0.210 | 0.047 | 0.159 | 0.18 |
//! | parallel 1 in layers 4-5 | 3e-4 | yes | 0.365 | 0.032 | 0.325 | 0.25 |
//! | parallel 1 in layers 4-5 | 1e-3 | no | 0.495 | 0.071 | 0.373 | 0.50 |
//! | parallel 1 in layers 4-5 | 1e-3 | yes | 0.530 | 0.080 | 0.328 | 0.58 |
//! | serial 24 in layers 4-5 | 1e-3 | no | 0.576 | 0.014 | 0.543 | 0.62 |
//! | serial 24 in layers 4-5 | 1e-3 | yes | 0.596 | 0.012 | 0.578 | 0.70 |
//!
//! Where the mean is soon reached, at the higher rate, it brings less, and the spread between seeds stays. Classes have no units:
//! nothing changes for them.

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
