//! Asking for proposals: the pure function at the centre of the search.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::confirm;
use super::earlier::Foretelling;
use super::method::{bayesian, nsga2, parego};
use super::round::Round;
use super::settings::EngineSettings;
use crate::domain::{
    Diagnostics, InitialDesign, Point, ReferencePoint, SearchMethod, Space, TrainingRoom,
};

/// The exact objective to minimise, as a function of a valid point: parameters in percent of the backbone.
pub type Cost = Arc<dyn Fn(&Point) -> f64 + Send + Sync>;

/// Whether a point can be tried on a device with this room at all.
pub type Fits = Arc<dyn Fn(&Point, TrainingRoom) -> bool + Send + Sync>;

/// Seconds since some fixed moment; read only for the diagnostics, never for a decision.
pub type Clock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// A point that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What was tried.
    pub point: Point,
    /// What came of it.
    pub outcome: Outcome,
    /// The third objective, to be minimised, where it was measured (peak memory, seconds per step); not read where the
    /// settings have no bound for it.
    pub third: Option<f64>,
    /// Fidelities below 1, ascending, and the scores there: at the rungs that it reached.
    pub early: Vec<(f64, f64)>,
    /// Standard error of the score that the number of measured rows leaves, where it is known.
    pub error: Option<f64>,
}

/// What came of trying a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The measured score, in the metric's units; to be maximised.
    Score(f64),
    /// It was stopped before its end: never proposed again, and known by its early scores alone.
    Pruned,
    /// Its training broke down: never proposed again, and told to models as the worst score of the history.
    Diverged,
    /// It was not measured, for a reason that says nothing of its score: never proposed again, and told to no model.
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
    /// Trials that the budget still has room for, the proposals wanted included; none: not known, and nothing is
    /// confirmed.
    pub remaining: Option<usize>,
    /// What the points found are to be compared with in the end, each a choice that may be measured at any of its points:
    /// confirmation measures them too.
    pub plain: Vec<Vec<Point>>,
    /// Bounds of the hypervolume; none: those of the settings.
    pub reference_point: Option<ReferencePoint>,
    /// Room for trainings: what cannot fit is not proposed. None: nothing is known of it.
    pub room: Option<TrainingRoom>,
}

/// A point to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The point: valid, not pending, and never tried unless it is a repeat.
    pub point: Point,
    /// Whether it was tried before, and is to be measured again with another seed.
    pub repeat: bool,
    /// Whether it belongs to the initial design.
    pub initial: bool,
    /// Why this one.
    pub diagnostics: Diagnostics,
}

/// Why there are no proposals.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SearchError {
    /// Every valid point that fits the room has been tried or is pending.
    #[error("every valid configuration of the space has been tried or is being tried")]
    Exhausted,
    /// The caller no longer wants the answer.
    #[error("the search was cancelled")]
    Cancelled,
}

/// The search engine of one study; it keeps no state between two asks.
#[derive(Clone)]
pub struct Engine {
    pub(super) space: Space,
    pub(super) cost: Cost,
    pub(super) settings: EngineSettings,
    pub(super) seed: u64,
    pub(super) clock: Clock,
    pub(super) fits: Option<Fits>,
    pub(super) earlier: Vec<Foretelling>,
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
    /// The same engine, all of whose proposals are random.
    pub fn at_random(mut self) -> Self {
        self.settings.method = SearchMethod::Random;
        self
    }

    /// The same engine with other bounds of the hypervolume.
    pub fn within(mut self, reference_point: ReferencePoint) -> Self {
        self.settings.reference_point = reference_point;
        self
    }

    /// The same engine, which asks `fits` of what it may propose wherever an ask says what room there is.
    pub fn fitting(mut self, fits: Fits) -> Self {
        self.fits = Some(fits);
        self
    }

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
            fits: None,
            earlier: Vec::new(),
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
        let within = ask.reference_point.map(|point| self.clone().within(point));
        let engine = within.as_ref().unwrap_or(self);
        let settings = &engine.settings;
        let mut round = Round::new(engine, ask);
        let missing = settings.initial_trials.saturating_sub(round.told());
        round.add_initial(missing.min(ask.count));
        match settings.method {
            SearchMethod::Bayesian => bayesian::propose(&mut round, ask, cancelled)?,
            SearchMethod::Parego => parego::propose(&mut round, ask, cancelled)?,
            SearchMethod::Nsga2 => nsga2::propose(&mut round, ask),
            SearchMethod::Sobol => {
                round.add_designed(round.wanted(), InitialDesign::Sobol, None);
            }
            SearchMethod::Random => {
                round.add_designed(round.wanted(), InitialDesign::Random, None);
            }
        }
        confirm::prefer(&mut round, ask, cancelled)?;
        let proposals = round.into_proposals();
        if proposals.is_empty() && ask.count > 0 {
            return Err(SearchError::Exhausted);
        }
        Ok(proposals)
    }
}

#[cfg(test)]
mod tests;
