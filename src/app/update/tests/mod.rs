//! A study played through its events, without threads or files: what is asked, submitted and recorded.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod budget;
mod estimated;
mod exports;
mod lanes;
mod messages;
mod pausing;
mod records;
mod schedule;
mod told;
mod verdict;

use proptest::prelude::*;

use super::*;
use crate::app::{Message, StudyFacts};
use crate::domain::{
    Cause, Configuration, Diagnostics, EpochReport, Ladder, Measurement, ModuleAxis, Moment,
    Objectives, PeftSpace, Point, ReferenceRule, Rungs, Standing, TrainingRoom, TrialState, front,
};
use crate::executor::ExecutorEvent;
use crate::search::{Observation, Outcome, Proposal};

fn at(score: f64, parameters_percent: f64) -> Objectives {
    Objectives {
        score,
        parameters_percent,
    }
}

fn study(initial_trials: usize, trials_wanted: usize) -> State {
    let axis = |name: &str| ModuleAxis {
        name: name.into(),
        sizes: vec![0, 1, 2, 4],
        weights_per_unit: 16,
    };
    let mut state = State::new(StudyFacts {
        name: "s".into(),
        seed: 1,
        space: PeftSpace {
            modules: vec![axis("serial"), axis("parallel")],
            layers: 2,
            candidate_layers: vec![0, 1],
            choose_layers: true,
            backbone_parameters: 10_000,
            learning_rates: Vec::new(),
        },
        reference_rule: ReferenceRule {
            score: Some(0.5),
            parameters_percent: Some(26.0),
        },
        format: 3,
        identity: None,
        settings: serde_json::Value::Null,
    });
    state.initial_trials = initial_trials;
    state
        .apply(&Record::SessionStarted {
            program: "test".into(),
            trials: trials_wanted,
        })
        .unwrap();
    state
}

/// Plays the runtime: appends are applied at once; the other effects are returned, but for questions of estimates.
fn play(state: &mut State, event: Event) -> Vec<Effect> {
    let mut done = Vec::new();
    let mut effects = update(state, event);
    loop {
        for effect in effects {
            match effect {
                Effect::Append(record) => state.apply(&record).unwrap(),
                Effect::Estimate(_) => {}
                other => done.push(other),
            }
        }
        effects = schedule(state);
        if effects.is_empty() {
            return done;
        }
    }
}

fn ready() -> Event {
    Event::Executor(ExecutorEvent::Ready {
        device: "cpu".into(),
        room: None,
    })
}

fn proposed(levels: &[[u16; 4]], initial: bool) -> Event {
    let proposal = |levels: &[u16; 4]| Proposal {
        repeat: false,
        point: Point(levels.to_vec()),
        initial,
        diagnostics: Diagnostics::default(),
    };
    Event::Search(SearchEvent::Proposed(levels.iter().map(proposal).collect()))
}

fn finished(trial: u32, score: f64, parameters_percent: f64) -> Event {
    let measurement = Measurement {
        objectives: Objectives {
            score,
            parameters_percent,
        },
        best_epoch: 1,
        trained_parameters: 1,
        wall_seconds: 1.0,
        diverged: None,
        score_error: None,
    };
    Event::Executor(ExecutorEvent::Finished(TrialId(trial), measurement))
}

fn started(trial: u32) -> Event {
    Event::Executor(ExecutorEvent::Started(TrialId(trial)))
}

fn infeasible(trial: u32, cause: Cause) -> Event {
    Event::Executor(ExecutorEvent::Infeasible(TrialId(trial), cause))
}

/// A training that needs so many gigabytes where there are eight.
fn lacks_memory(gigabytes: u64) -> Cause {
    Cause::OutOfMemory {
        needed_bytes: Some(gigabytes * 1_000_000_000),
        room_bytes: Some(8_000_000_000),
        said: None,
    }
}

fn diverged() -> Cause {
    Cause::Diverged {
        at: Some(Moment::Step(3)),
    }
}
