#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::HashSet;

use super::*;
use crate::domain::{Dimension, TrainingRoom};

fn engine(levels: &[u16], initial_trials: usize) -> Engine {
    let dimensions = levels
        .iter()
        .enumerate()
        .map(|(i, &levels)| Dimension::ordinal(format!("d{i}"), levels))
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
        ..EngineSettings::default()
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
    Observation {
        error: None,
        point,
        outcome,
        third: None,
        early: Vec::new(),
    }
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
    let start = |engine: &Engine| {
        points(
            &engine
                .ask(
                    &Ask {
                        count: 8,
                        ..Ask::default()
                    },
                    &|| false,
                )
                .unwrap(),
        )
    };
    assert_ne!(start(&engine), start(&other));
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
    assert_eq!(
        diagnostics.relevance.len(),
        4,
        "the dimensions and the cost"
    );
    let (mean, deviation) = diagnostics.predicted_score.unwrap();
    assert!((0.2..0.9).contains(&mean) && deviation >= 0.0);
}

fn with(engine: &Engine, change: impl Fn(&mut EngineSettings)) -> Engine {
    let mut changed = engine.clone();
    change(&mut changed.settings);
    changed
}

#[test]
fn every_method_proposes_new_valid_points_to_the_end() {
    for method in [
        SearchMethod::Bayesian,
        SearchMethod::Parego,
        SearchMethod::Nsga2,
        SearchMethod::Sobol,
        SearchMethod::Random,
    ] {
        for design in [InitialDesign::Random, InitialDesign::Sobol] {
            let engine = with(&engine(&[3, 2, 3], 4), |settings| {
                settings.method = method;
                settings.initial_design = design;
            });
            let mut ask = Ask {
                count: 3,
                ..Ask::default()
            };
            let mut seen = HashSet::new();
            while let Ok(proposals) = engine.ask(&ask, &|| false) {
                for point in points(&proposals) {
                    assert!(engine.space.is_valid(&point));
                    assert!(seen.insert(point.clone()), "{method:?} proposed twice");
                    ask.history.push(tried(point));
                }
            }
            let all = engine.space.valid_size();
            assert_eq!(seen.len() as f64, all, "{method:?} {design:?}");
        }
    }
}

#[test]
fn a_third_objective_leads_away_from_where_it_is_bad() {
    // The score does not tell the levels of the last dimension apart, the third objective does.
    let base = engine(&[6, 2, 6], 12);
    let mut ask = after(&base, 12, 1);
    for observation in &mut ask.history {
        observation.outcome = Outcome::Score(0.3 + 0.1 * f64::from(observation.point.0[0]));
        observation.third = Some(1.0 + 3.0 * f64::from(observation.point.0[2]));
    }
    let bounded = with(&base, |settings| settings.third_reference = Some(8.0));
    let level = |engine: &Engine| {
        let proposals = engine.ask(&ask, &|| false).unwrap();
        proposals[0].point.0[2]
    };
    assert!(level(&bounded) <= 2, "{}", level(&bounded));
}

#[test]
fn every_kind_of_dimension_can_be_searched() {
    let space = Space {
        dimensions: vec![
            Dimension::ordinal("module", 3),
            Dimension::log_real("learning rate", 1e-5, 1e-2).only_if(0),
            Dimension::categorical("schedule", 4),
        ],
        any_of: vec![],
    };
    let rate = |point: &Point| space.dimensions[1].value(point.0[1]);
    let score = |point: &Point| match point.0[0] {
        0 => 0.5,
        _ => 0.9 - 0.1 * (rate(point) / 1e-3).log10().abs() - 0.05 * f64::from(point.0[2] != 2),
    };
    let cost: Cost = Arc::new(|point: &Point| 1.0 + f64::from(point.0[0]));
    let settings = EngineSettings {
        initial_trials: 8,
        acquisition_evaluations: 400,
        ..EngineSettings::default()
    };
    let engine = Engine::new(space.clone(), cost, settings, 3, Arc::new(|| 0.0));
    let mut ask = Ask {
        count: 1,
        ..Ask::default()
    };
    let mut best: f64 = 0.0;
    for _ in 0..30 {
        let point = engine.ask(&ask, &|| false).unwrap().remove(0).point;
        assert!(space.is_valid(&point));
        best = best.max(score(&point));
        ask.history.push(Observation {
            error: None,
            outcome: Outcome::Score(score(&point)),
            point,
            third: None,
            early: Vec::new(),
        });
    }
    assert!(best > 0.88, "{best}");
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

/// An engine that proposes only points whose levels sum up to the room's bytes at most.
fn bounded(engine: Engine) -> Engine {
    engine.fitting(Arc::new(|point: &Point, room: TrainingRoom| {
        size(point) <= room.bytes
    }))
}

fn size(point: &Point) -> u64 {
    point.0.iter().map(|&level| u64::from(level)).sum()
}

#[test]
fn every_method_proposes_all_that_fits_the_room_and_nothing_else() {
    for method in [
        SearchMethod::Bayesian,
        SearchMethod::Parego,
        SearchMethod::Nsga2,
        SearchMethod::Sobol,
        SearchMethod::Random,
    ] {
        let engine = with(&bounded(engine(&[3, 2, 4], 4)), |settings| {
            settings.method = method;
        });
        let room = TrainingRoom {
            bytes: 3,
            tokens: 1,
        };
        let mut ask = Ask {
            count: 2,
            room: Some(room),
            ..Ask::default()
        };
        let mut seen = HashSet::new();
        while let Ok(proposals) = engine.ask(&ask, &|| false) {
            for point in points(&proposals) {
                assert!(size(&point) <= 3, "{method:?} {point:?}");
                assert!(seen.insert(point.clone()));
                ask.history.push(tried(point));
            }
        }
        // Levels of the first two that are not both 0, and of the third what is left.
        assert_eq!(seen.len(), 3 + 3 + 2 + 2 + 1, "{method:?}");
        // With more room there is more to try.
        ask.room = Some(TrainingRoom { bytes: 4, ..room });
        assert!(engine.ask(&ask, &|| false).is_ok());
    }
}

#[test]
fn a_diverged_point_is_told_as_the_worst_score_and_nothing_below_it() {
    let engine = engine(&[6, 6, 6], 12);
    let mut ask = after(&engine, 12, 1);
    for (number, observation) in ask.history.iter_mut().enumerate() {
        observation.outcome = match observation.point.0[0] > 3 {
            true => Outcome::Diverged,
            false => Outcome::Score(0.5 + 0.01 * (number % 3) as f64),
        };
    }
    let diverged = super::super::method::diverged(&ask.history);
    let count = |outcome| ask.history.iter().filter(|o| o.outcome == outcome).count();
    assert!(count(Outcome::Diverged) > 1);
    assert_eq!(diverged.len(), count(Outcome::Diverged));
    let scores = ask.history.iter().filter_map(|o| match o.outcome {
        Outcome::Score(score) => Some(score),
        _ => None,
    });
    let worst = scores.fold(f64::INFINITY, f64::min);
    assert!(diverged.iter().all(|(_, score)| *score == worst));

    // Where high levels break down, the model expects little of them; told nothing of that, it would not.
    let told = engine.effects(&ask.history).unwrap().unwrap();
    for observation in &mut ask.history {
        if observation.outcome == Outcome::Diverged {
            observation.outcome = Outcome::Infeasible;
        }
    }
    let untold = engine.effects(&ask.history).unwrap().unwrap();
    let drop = |effects: &[crate::search::Effect]| {
        let levels = &effects.iter().find(|e| e.dimension == "d0").unwrap().levels;
        levels[1].1 - levels[5].1
    };
    assert!(
        drop(&told) > drop(&untold) + 1e-4,
        "{} {}",
        drop(&told),
        drop(&untold)
    );
    assert!(super::super::method::diverged(&[]).is_empty());
}
