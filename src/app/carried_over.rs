//! What a study knows of earlier ones, and how much of that holds in it.

use std::fmt;

use serde::Serialize;

use super::State;
use super::launch::recorded_engine;
use super::update::question;
use crate::domain::Configuration;
use crate::search::{Earlier, SearchError};

/// What an earlier study measured and the search of this one knows.
#[derive(Clone, Debug, PartialEq)]
pub struct CarriedOver {
    /// Name of the earlier study.
    pub study: String,
    /// Its measured configurations as this study's space writes them, with their scores in the units of its own metric.
    pub scored: Vec<(Configuration, f64)>,
}

/// How much of an earlier study holds in this one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holding {
    /// Name of the earlier study.
    pub study: String,
    /// Its trials that were carried over.
    pub trials: usize,
    /// 1: all of what it foretells holds, 0: nothing; below 0: the contrary. None before there are scores to tell it by.
    pub similarity: Option<f64>,
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { study, trials, .. } = self;
        match self.similarity {
            Some(similarity) => write!(f, "{study}: similarity {similarity:.2}, {trials} trials"),
            None => write!(f, "{study}: similarity not known yet, {trials} trials"),
        }
    }
}

/// The earlier studies as the engine is told of them.
pub(super) fn earlier(state: &State) -> Vec<Earlier> {
    let studies = state.carried_over.iter().map(|carried| {
        let scored = carried.scored.iter().filter_map(|(configuration, score)| {
            Some((state.study.space.point(configuration)?, *score))
        });
        Earlier {
            name: carried.study.clone(),
            scored: scored.collect(),
        }
    });
    studies.collect()
}

/// How much of each earlier study holds by now.
///
/// # Errors
/// The surrogate cannot be fitted to what was measured.
pub fn holding(state: &State) -> Result<Vec<Holding>, SearchError> {
    if state.carried_over.is_empty() {
        return Ok(Vec::new());
    }
    let engine = recorded_engine(&state.study)
        .knowing(&earlier(state))
        .within(state.reference());
    let known = engine.similarities(&question(state, 1).history, &|| false)?;
    let held = state.carried_over.iter().map(|carried| {
        let mut known = known.iter().flatten();
        Holding {
            study: carried.study.clone(),
            trials: carried.scored.len(),
            similarity: known
                .find(|(name, _)| *name == carried.study)
                .map(|(_, similarity)| *similarity),
        }
    });
    Ok(held.collect())
}
