//! Asking for proposals: the pure function at the centre of the search.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::design::random_point;
use super::random::{Purpose, stream};
use crate::domain::{Diagnostics, Point, ReferencePoint, Space};

/// The exact objective to minimise, as a function of a valid point: parameters in percent of the backbone.
pub type Cost = Arc<dyn Fn(&Point) -> f64 + Send + Sync>;

/// Seconds since some fixed moment; read only for the diagnostics, never for a decision.
pub type Clock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// A point that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What was tried.
    pub point: Point,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of trying a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The measured score, in the metric's units; to be maximised.
    Score(f64),
    /// It cannot be measured (out of memory, diverged): never proposed again, and told to no model.
    Infeasible,
}

/// What the engine is told, and how much it is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// Everything tried so far, in the order in which it ended.
    pub history: Vec<Observation>,
    /// Points that are being tried, or wait to be.
    pub pending: Vec<Point>,
    /// Proposals wanted.
    pub count: usize,
}

/// A point to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The point: valid, never tried, not pending.
    pub point: Point,
    /// Whether it belongs to the random initial design.
    pub initial: bool,
    /// Why this one.
    pub diagnostics: Diagnostics,
}

/// How the engine works.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// Points of the random initial design; pending and infeasible ones count.
    pub initial_trials: usize,
    /// NUTS warm-up steps.
    pub warmup_draws: usize,
    /// NUTS draws after the warm-up.
    pub posterior_draws: usize,
    /// Every how many draws one is kept.
    pub thinning: usize,
    /// Acquisition evaluations per proposal.
    pub acquisition_evaluations: usize,
    /// Local searches per proposal.
    pub local_search_starts: usize,
    /// Bounds of the hypervolume.
    pub reference_point: ReferencePoint,
}

/// Why there are no proposals.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SearchError {
    /// Every valid point has been tried or is pending.
    #[error("every valid configuration of the space has been tried or is being tried")]
    Exhausted,
    /// The caller no longer wants the answer.
    #[error("the search was cancelled")]
    Cancelled,
}

/// The search engine of one study; it keeps no state between two asks.
#[derive(Clone)]
pub struct Engine {
    space: Space,
    cost: Cost,
    settings: EngineSettings,
    seed: u64,
    clock: Clock,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("space", &self.space)
            .field("settings", &self.settings)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over `space` with the exact `cost` of its points.
    pub fn new(
        space: Space,
        cost: Cost,
        settings: EngineSettings,
        seed: u64,
        clock: Clock,
    ) -> Self {
        Self {
            space,
            cost,
            settings,
            seed,
            clock,
        }
    }

    /// Up to `ask.count` points to try next; fewer only where no more are left.
    ///
    /// `cancelled` is looked at several times a second.
    ///
    /// # Errors
    /// [`SearchError::Exhausted`] where no point is left, [`SearchError::Cancelled`] once `cancelled` says so.
    pub fn ask(
        &self,
        ask: &Ask,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Proposal>, SearchError> {
        let mut used: HashSet<Point> = ask.pending.iter().cloned().collect();
        used.extend(ask.history.iter().map(|o| o.point.clone()));
        let told = ask.history.len() + ask.pending.len();
        let mut proposals = Vec::new();
        while proposals.len() < ask.count {
            if cancelled() {
                return Err(SearchError::Cancelled);
            }
            let started = (self.clock)();
            let index = told + proposals.len();
            let mut random = stream(self.seed, Purpose::Design, index, 0);
            let Some(point) = random_point(&self.space, &used, &mut random) else {
                break;
            };
            used.insert(point.clone());
            proposals.push(Proposal {
                point,
                initial: index < self.settings.initial_trials,
                diagnostics: Diagnostics {
                    search_seconds: (self.clock)() - started,
                    ..Diagnostics::default()
                },
            });
        }
        if proposals.is_empty() && ask.count > 0 {
            return Err(SearchError::Exhausted);
        }
        Ok(proposals)
    }
}
