//! Asking for proposals: the pure function at the centre of the search.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::design::random_point;
use super::fit::Fit;
use super::local_search::{Budget, maximise};
use super::nuts::Schedule;
use super::promise::Promise;
use super::random::{Purpose, stream};
use crate::domain::{CostScale, Diagnostics, Point, ReferencePoint, Space};

/// Why proposals are random where nothing can be learnt.
const NOTHING_LEARNT: &str = "random: there are no two different scores to learn from yet";

/// Why proposals are random where the acquisition function has no value.
const NOT_FINITE: &str = "random: the joint posterior of the scores is not finite";

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
    /// The scale on which the hypervolume counts the cost.
    pub cost_scale: CostScale,
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
        let mut round = Round {
            engine: self,
            used: ask
                .history
                .iter()
                .map(|observation| &observation.point)
                .chain(&ask.pending)
                .cloned()
                .collect(),
            told: ask.history.len() + ask.pending.len(),
            proposals: Vec::new(),
        };
        let missing = self.settings.initial_trials.saturating_sub(round.told);
        round.add_random(missing.min(ask.count), None);
        if round.proposals.len() < ask.count {
            round.add_modelled(ask, cancelled)?;
        }
        if round.proposals.is_empty() && ask.count > 0 {
            return Err(SearchError::Exhausted);
        }
        Ok(round.proposals)
    }
}

/// The answer to one ask in the making.
struct Round<'a> {
    engine: &'a Engine,
    /// Points that must not be proposed (again).
    used: HashSet<Point>,
    /// Points that were told: tried or pending.
    told: usize,
    proposals: Vec<Proposal>,
}

impl Round<'_> {
    /// Adds `count` random points, or as many as are left.
    fn add_random(&mut self, count: usize, note: Option<&str>) {
        for _ in 0..count {
            let started = (self.engine.clock)();
            let index = self.told + self.proposals.len();
            let mut random = stream(self.engine.seed, Purpose::Design, index, 0);
            let Some(point) = random_point(&self.engine.space, &self.used, &mut random) else {
                return;
            };
            let diagnostics = Diagnostics {
                search_seconds: (self.engine.clock)() - started,
                note: note.map(str::to_owned),
                ..Diagnostics::default()
            };
            self.add(point, diagnostics);
        }
    }

    fn add(&mut self, point: Point, diagnostics: Diagnostics) {
        let index = self.told + self.proposals.len();
        self.used.insert(point.clone());
        self.proposals.push(Proposal {
            point,
            initial: index < self.engine.settings.initial_trials,
            diagnostics,
        });
    }

    /// Fits the surrogate and adds the points that it finds most promising, until there are as many as asked for.
    fn add_modelled(&mut self, ask: &Ask, cancelled: &dyn Fn() -> bool) -> Result<(), SearchError> {
        let engine = self.engine;
        let settings = &engine.settings;
        let scored: Vec<(Point, f64)> = ask.history.iter().filter_map(scored).collect();
        let started = (engine.clock)();
        let names = (ask.history.len(), ask.pending.len());
        let mut random = stream(engine.seed, Purpose::Surrogate, names.0, names.1);
        let schedule = Schedule {
            warmup_draws: settings.warmup_draws,
            posterior_draws: settings.posterior_draws,
            thinning: settings.thinning,
        };
        let Some(fit) = Fit::new(&engine.space, &scored, schedule, &mut random, cancelled)? else {
            self.add_random(ask.count - self.proposals.len(), Some(NOTHING_LEARNT));
            return Ok(());
        };
        let fit_seconds = (engine.clock)() - started;

        let mut started = (engine.clock)();
        let mut random = stream(engine.seed, Purpose::Acquisition, names.0, names.1);
        let budget = Budget {
            evaluations: settings.acquisition_evaluations,
            starts: settings.local_search_starts,
        };
        let pending: Vec<Point> = ask
            .pending
            .iter()
            .chain(self.proposals.iter().map(|proposal| &proposal.point))
            .cloned()
            .collect();
        let mut promise = Promise::new(
            &engine.space,
            &*engine.cost,
            settings,
            &fit,
            &scored,
            &pending,
            &mut random,
        );
        while self.proposals.len() < ask.count {
            let Some(known) = promise else {
                self.add_random(ask.count - self.proposals.len(), Some(NOT_FINITE));
                return Ok(());
            };
            let best = maximise(
                &engine.space,
                &self.used,
                known.front(),
                &mut |point| known.value(point),
                budget,
                &mut random,
                cancelled,
            );
            if cancelled() {
                return Err(SearchError::Cancelled);
            }
            let Some((point, acquisition)) = best else {
                return Ok(());
            };
            let mut diagnostics = fit.diagnostics(&engine.space.encode(&point));
            promise = known.with_pending(&point, &mut random);
            let now = (engine.clock)();
            diagnostics.acquisition = acquisition;
            diagnostics.fit_seconds = fit_seconds;
            diagnostics.search_seconds = now - started;
            started = now;
            self.add(point, diagnostics);
        }
        Ok(())
    }
}

/// What the surrogate learns from: points with a score that is a number.
fn scored(observation: &Observation) -> Option<(Point, f64)> {
    match observation.outcome {
        Outcome::Score(score) if score.is_finite() => Some((observation.point.clone(), score)),
        Outcome::Score(_) | Outcome::Infeasible => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;
    use crate::domain::Dimension;

    fn engine(levels: &[u16], initial_trials: usize) -> Engine {
        let dimensions = levels
            .iter()
            .enumerate()
            .map(|(i, &levels)| Dimension {
                name: format!("d{i}"),
                levels,
            })
            .collect();
        let space = Space {
            dimensions,
            any_of: vec![vec![0, 1]],
        };
        let settings = EngineSettings {
            initial_trials,
            warmup_draws: 40,
            posterior_draws: 16,
            thinning: 8,
            acquisition_evaluations: 60,
            local_search_starts: 2,
            reference_point: ReferencePoint {
                score: 0.2,
                parameters_percent: 40.0,
            },
            cost_scale: CostScale::Log,
        };
        let cost = |point: &Point| point.0.iter().map(|&level| f64::from(level)).sum();
        Engine::new(space, Arc::new(cost), settings, 9, Arc::new(|| 0.0))
    }

    fn tried(point: Point) -> Observation {
        let outcome = if point.0.iter().all(|&level| level > 0) {
            Outcome::Infeasible
        } else {
            Outcome::Score(0.3 + 0.1 * f64::from(point.0[0]) - 0.01 * f64::from(point.0[2]))
        };
        Observation { point, outcome }
    }

    fn points(proposals: &[Proposal]) -> Vec<Point> {
        proposals.iter().map(|p| p.point.clone()).collect()
    }

    /// An ask after `tried` points of the initial design.
    fn after(engine: &Engine, tried_points: usize, count: usize) -> Ask {
        let mut ask = Ask {
            count: tried_points,
            ..Ask::default()
        };
        let initial = engine.ask(&ask, &|| false).unwrap();
        ask.history = points(&initial).into_iter().map(tried).collect();
        ask.count = count;
        ask
    }

    #[test]
    fn every_valid_point_is_proposed_exactly_once() {
        let engine = engine(&[3, 2, 3], 4);
        let mut ask = Ask {
            count: 2,
            ..Ask::default()
        };
        let mut seen = HashSet::new();
        let end = loop {
            let proposals = match engine.ask(&ask, &|| false) {
                Ok(proposals) => proposals,
                Err(error) => break error,
            };
            let told = ask.history.len() + ask.pending.len();
            for (i, proposal) in proposals.into_iter().enumerate() {
                assert!(engine.space.is_valid(&proposal.point));
                assert_eq!(proposal.initial, told + i < 4);
                assert!(seen.insert(proposal.point.clone()), "proposed twice");
                ask.pending.push(proposal.point);
            }
            // Two points are always still being tried.
            let over = ask.pending.len().saturating_sub(2);
            ask.history.extend(ask.pending.drain(..over).map(tried));
        };
        assert_eq!(end, SearchError::Exhausted);
        assert_eq!(seen.len() as f64, engine.space.valid_size());
    }

    #[test]
    fn the_same_ask_has_the_same_answer() {
        let engine = engine(&[6, 6, 6], 8);
        let ask = after(&engine, 8, 3);
        let first = engine.ask(&ask, &|| false).unwrap();
        let elsewhere = engine.clone();
        let asked = ask.clone();
        let second = std::thread::spawn(move || elsewhere.ask(&asked, &|| false))
            .join()
            .unwrap()
            .unwrap();
        assert_eq!(first, second);
        let mut other = engine.clone();
        other.seed += 1;
        let third = other.ask(&ask, &|| false).unwrap();
        assert_ne!(points(&first), points(&third));
    }

    #[test]
    fn the_initial_design_does_not_depend_on_how_many_are_asked_for_at_once() {
        let engine = engine(&[6, 6, 6], 6);
        let mut ask = Ask {
            count: 6,
            ..Ask::default()
        };
        let at_once = points(&engine.ask(&ask, &|| false).unwrap());
        ask.count = 1;
        for expected in at_once {
            let next = points(&engine.ask(&ask, &|| false).unwrap());
            assert_eq!(next, std::slice::from_ref(&expected));
            ask.history.push(tried(expected));
        }
    }

    #[test]
    fn proposals_say_why() {
        let engine = engine(&[6, 6, 6], 10);
        let proposals = engine.ask(&after(&engine, 10, 1), &|| false).unwrap();
        let diagnostics = &proposals[0].diagnostics;
        assert!(diagnostics.acquisition > 0.0);
        assert_eq!(diagnostics.relevance.len(), 3);
        let (mean, deviation) = diagnostics.predicted_score.unwrap();
        assert!((0.2..0.9).contains(&mean) && deviation >= 0.0);
    }

    #[test]
    fn where_nothing_can_be_measured_it_goes_on_at_random_and_says_so() {
        let engine = engine(&[6, 6, 6], 4);
        let mut ask = after(&engine, 4, 2);
        for observation in &mut ask.history {
            observation.outcome = Outcome::Infeasible;
        }
        ask.history[0].outcome = Outcome::Score(f64::NAN);
        let proposals = engine.ask(&ask, &|| false).unwrap();
        assert_eq!(proposals.len(), 2);
        let note = proposals[0].diagnostics.note.as_deref().unwrap();
        assert!(note.starts_with("random"), "{note}");
    }

    #[test]
    fn a_cancelled_ask_ends_soon() {
        let engine = engine(&[6, 6, 6], 10);
        let ask = after(&engine, 10, 2);
        let looks = std::cell::Cell::new(0);
        for patience in [0, 10, 60] {
            looks.set(0);
            let cancelled = || {
                looks.set(looks.get() + 1);
                looks.get() > patience
            };
            assert_eq!(engine.ask(&ask, &cancelled), Err(SearchError::Cancelled));
            assert!(looks.get() <= patience + 3);
        }
    }
}
