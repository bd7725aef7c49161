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
//!     --arms warmup_share=0.06+standard_targets=false warmup_share=0.06 --configurations parallel=1@4-5 --rates 3e-4 # and the others
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
//!
//! # A fifth of the steps to warm up
//!
//! In the first dozen steps the norm of the head's gradient is two to nine times that of a small module's. Of the two seeds of
//! the third row below whose gradients were printed, the good one's (4) is down to 1.5 times in step 31, the bad one's (8) still
//! 3.2; after four epochs the three worst seeds have training losses of 1.28 to 1.46, the others of 0.99 to 1.14. With a rate
//! that rises over a fifth of the steps (`warmup_share` 0.2) rather than over 0.06 of them, the same three come to 1.15 to 1.20.
//! Ten seeds as above, with `standard_targets`; the differences are of the same seed, with their standard errors:
//!
//! ```sh
//! RAYON_NUM_THREADS=1 cargo bench --bench seeds -- --model FOLDER --data FOLDER --measured-rows 300 \
//!     --tasks stsb --arms warmup_share=0.06 warmup_share=0.2 --configurations parallel=1@4-5 # batches of 32
//! RAYON_NUM_THREADS=1 cargo bench --bench seeds -- --model FOLDER --data FOLDER --measured-rows 300 --rows 600 \
//!     --tasks stsb mrpc sst2 cola --arms batch_size=16+warmup_share=0.06 batch_size=16+warmup_share=0.2 \
//!     --configurations parallel=1@4-5 --rates 1e-3 # batches of 16, and with serial=24@4-5
//! ```
//!
//! | task | configuration | rate | batch | 0.06: mean, between seeds, lowest | 0.2: mean, between seeds, lowest | difference | better, worse |
//! |---|---|---|---:|---|---|---:|---:|
//! | STS-B | parallel 1 in layers 4-5 | 3e-4 | 32 | 0.365, 0.032, 0.325 | 0.378, 0.032, 0.338 | 0.013 ± 0.002 | 10, 0 |
//! | STS-B | parallel 1 in layers 4-5 | 1e-3 | 32 | 0.530, 0.080, 0.328 | 0.558, 0.045, 0.462 | 0.028 ± 0.017 | 9, 1 |
//! | STS-B | parallel 1 in layers 4-5 | 1e-3 | 16 | 0.431, 0.088, 0.279 | 0.478, 0.047, 0.387 | 0.047 ± 0.017 | 10, 0 |
//! | STS-B | serial 24 in layers 4-5 | 1e-3 | 16 | 0.526, 0.009, 0.515 | 0.529, 0.010, 0.508 | 0.003 ± 0.002 | 6, 4 |
//! | SST-2 | parallel 1 in layers 4-5 | 1e-3 | 16 | 0.762, 0.019, 0.737 | 0.765, 0.014, 0.743 | 0.003 ± 0.004 | 6, 3 |
//! | MRPC | parallel 1 in layers 4-5 | 1e-3 | 16 | 0.674, 0.008, 0.663 | 0.673, 0.005, 0.667 | -0.001 ± 0.002 | 3, 3 |
//! | CoLA | parallel 1 in layers 4-5 | 1e-3 | 16 | 0.000, 0.000, 0.000 | 0.000, 0.000, 0.000 | 0.000 ± 0.000 | 0, 1 |
//!
//! On MRPC and CoLA 600 rows teach this encoder nothing, with any warm-up: predictions were of one class alone in 4 and 7 of ten
//! seeds before, in 2 and 8 now; on STS-B and SST-2 in none.
//!
//! What was tried in the same way, in batches of 16 and at 0.06, by keys that are gone again:
//!
//! | | STS-B | MRPC | CoLA, seeds that predict one class |
//! |---|---:|---:|---:|
//! | no warm-up | 0.000 ± 0.021 | | |
//! | the head's rate 0.3 times the others' | 0.058 ± 0.018 | 0.004 ± 0.002 | 0.000 ± 0.000, 10 rather than 7 |
//! | the head's rate 3 times the others' | -0.020 ± 0.012 | -0.012 ± 0.004 | 0.027 ± 0.009, 3 rather than 7 |
//! | the head's last layer from zero | 0.038 ± 0.025 | | |
//! | the head's bias at the classes' logarithmic shares | none | 0.000 ± 0.002 | 0.009 ± 0.007, 5 rather than 7 |
//!
//! A slower head helps one task and a faster one another, so the rate itself, which a search may choose, is left to do it.

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
