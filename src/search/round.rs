//! The answer to one ask in the making.

use super::closed::Closed;
use super::design::{random_point, sobol_point};
use super::engine::{Ask, Engine, Proposal};
use super::random::{Purpose, stream};
use crate::domain::{Diagnostics, InitialDesign, Point};

/// The proposals so far, and the points that must not be proposed.
pub(super) struct Round<'a> {
    pub(super) engine: &'a Engine,
    /// Points that must not be proposed (again).
    closed: Closed,
    /// Points that were told: tried or pending.
    told: usize,
    /// How many proposals are asked for.
    count: usize,
    proposals: Vec<Proposal>,
}

impl<'a> Round<'a> {
    pub(super) fn new(engine: &'a Engine, ask: &Ask) -> Self {
        Self {
            engine,
            closed: Closed::new(
                (ask.history.iter())
                    .map(|observation| &observation.point)
                    .chain(&ask.pending)
                    .cloned()
                    .collect(),
                engine.fits.clone().zip(ask.room),
            ),
            told: ask.history.len() + ask.pending.len(),
            count: ask.count,
            proposals: Vec::new(),
        }
    }

    /// Points that were told: tried or pending.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    /// Points that must not be proposed (again).
    pub(super) fn closed(&self) -> &Closed {
        &self.closed
    }

    /// How many proposals are still missing.
    pub(super) fn wanted(&self) -> usize {
        self.count - self.proposals.len()
    }

    /// The points proposed so far.
    pub(super) fn proposed(&self) -> impl Iterator<Item = &Point> {
        self.proposals.iter().map(|proposal| &proposal.point)
    }

    pub(super) fn into_proposals(self) -> Vec<Proposal> {
        self.proposals
    }

    /// Adds `count` points of the initial design, or as many as are left.
    pub(super) fn add_initial(&mut self, count: usize) {
        let engine = self.engine;
        for _ in 0..count {
            let index = self.told + self.proposals.len();
            match engine.carried_over(index, &self.closed) {
                Some((point, study)) => {
                    let diagnostics = Diagnostics {
                        note: Some(format!("among the best of {study}")),
                        ..Diagnostics::default()
                    };
                    self.add(point.clone(), diagnostics);
                }
                None => self.add_designed(1, engine.settings.initial_design, None),
            }
        }
    }

    /// Adds `count` points of a design, or as many as are left.
    pub(super) fn add_designed(&mut self, count: usize, design: InitialDesign, note: Option<&str>) {
        let (space, seed) = (&self.engine.space, self.engine.seed);
        for _ in 0..count {
            let started = (self.engine.clock)();
            let index = self.told + self.proposals.len();
            let mut random = stream(seed, Purpose::Design, index, 0);
            let point = match design {
                InitialDesign::Random => random_point(space, &self.closed, &mut random),
                InitialDesign::Sobol => sobol_point(space, &self.closed, seed)
                    .or_else(|| random_point(space, &self.closed, &mut random)),
            };
            let Some(point) = point else {
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

    /// Adds a proposal of a new point.
    pub(super) fn add(&mut self, point: Point, diagnostics: Diagnostics) {
        self.put(self.proposals.len(), point, false, diagnostics);
    }

    /// Puts a proposal into a place among the others, in the place of the one that is there, or after all; a `repeat`
    /// where the point was tried before.
    pub(super) fn put(
        &mut self,
        place: usize,
        point: Point,
        repeat: bool,
        diagnostics: Diagnostics,
    ) {
        let index = self.told + place;
        self.closed.insert(point.clone());
        let proposal = Proposal {
            point,
            repeat,
            initial: index < self.engine.settings.initial_trials,
            diagnostics,
        };
        match self.proposals.get_mut(place) {
            Some(other) => *other = proposal,
            None => self.proposals.push(proposal),
        }
    }
}
