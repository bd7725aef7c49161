//! What configurations are worth, honestly: trained anew over several seeds with all rows, measured on rows that the search
//! never saw, beside the usual choices and with intervals.
//!
//! Each training is one file, whole or not there ([`Run`]); what is there is not done again. Files lie in a folder named
//! after everything that a training depends on, so that those of other settings are never mixed in.

mod baselines;
mod bootstrap;
mod rank;
mod report;
mod run;
mod runner;
mod transfer;

pub use baselines::{BASELINES, Baseline, parameters};
pub use bootstrap::{Interval, paired_difference};
pub use rank::kendall_tau;
pub use report::{Line, Report};
pub use run::{Run, RunError};
pub use runner::{EvaluationError, FULL, Plan, Runner, Step};
pub use transfer::transferred;

use serde::{Deserialize, Serialize};

use crate::domain::Configuration;

/// What is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name: a baseline's, or `trial-N`.
    pub name: String,
    /// Whether it is something to compare with rather than something found.
    pub is_baseline: bool,
    /// What is trained.
    pub configuration: Configuration,
}
