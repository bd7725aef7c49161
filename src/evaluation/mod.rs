//! What configurations are worth, honestly: trained anew over several seeds with all rows, measured on rows that the search
//! never saw, beside the usual choices and with intervals.
//!
//! Each training is one file, whole or not there ([`Run`]); what is there is not done again. Files lie in a folder named
//! after everything that a training depends on, so that those of other settings are never mixed in.

mod baselines;
mod bootstrap;
mod choosing;
mod rank;
mod report;
mod run;
mod runner;
mod score;
mod transfer;

pub use baselines::{BASELINES, Baseline, Kind, parameters};
pub use bootstrap::{Interval, paired_difference};
pub use choosing::{Choice, Choosing, Spent};
pub use rank::kendall_tau;
pub use report::{CHOICES, Line, Report};
pub use run::{Run, RunError};
pub use runner::{EvaluationError, FULL, Plan, Purpose, Runner, SEEDS, Step, seeds};
pub use score::Scored;
pub use transfer::{Shape, transferred};

use serde::{Deserialize, Serialize};

use crate::domain::{Configuration, Trial};
use crate::train::Recipe;

/// What is evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name: a baseline's, or `trial-N`.
    pub name: String,
    /// Whether it is something to compare with rather than something found.
    pub is_baseline: bool,
    /// What is trained.
    pub configuration: Configuration,
    /// How, where that is not as in the search.
    #[serde(default)]
    pub recipe: Recipe,
}

impl Subject {
    /// What a trial of the search found.
    pub fn of_trial(trial: &Trial) -> Self {
        Self {
            name: format!("trial-{}", trial.id.0),
            is_baseline: false,
            configuration: trial.configuration.clone(),
            recipe: Recipe::default(),
        }
    }

    /// What is trained, for people.
    pub fn description(&self) -> String {
        let what = match self.recipe.whole_encoder {
            true => "all weights of the encoder".to_owned(),
            false => self.configuration.to_string(),
        };
        match self.recipe.learning_rate {
            Some(rate) => format!("{what}, learning rate {rate:e}"),
            None => what,
        }
    }
}
