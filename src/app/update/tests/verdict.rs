//! The hypervolume by what is believed, and the verdict.

use super::*;
use crate::app::plain_choices;
use crate::domain::Hypervolume;
use crate::search::{Estimate, Estimates};

/// Serial of 24 in both layers costs 7.68 % there, serial of 2 in one 0.32 %.
fn with_plain_choice() -> State {
    let mut state = study(3, 4);
    state.study.space.modules[0].sizes = vec![0, 2, 24];
    state
}

const LEAST: [u16; 4] = [1, 0, 0, 1];
const SMALL: [u16; 4] = [1, 0, 1, 1];
const PLAIN: [u16; 4] = [2, 0, 1, 1];

/// Points with their measurements and expected scores, and draws that lie half the noise below and above.
fn believed(state: &State, points: &[([u16; 4], &[f64], f64, bool)], noise: f64) -> Event {
    let estimate = |&(levels, measured, score, on_front): &([u16; 4], &[f64], f64, bool)| {
        let point = Point(levels.to_vec());
        let configuration = state.study.space.configuration(&point);
        Estimate {
            cost: state.study.space.parameters_percent(&configuration),
            point,
            measured: measured.to_vec(),
            score,
            interval: (score - noise / 2.0, score + noise / 2.0),
            front_probability: 0.5,
            on_front,
        }
    };
    let draw = |off: f64| points.iter().map(|(_, _, score, _)| score + off).collect();
    Event::Estimated(Ok(Estimates {
        points: points.iter().map(estimate).collect(),
        draws: vec![draw(-noise / 2.0), draw(noise / 2.0)],
        noise: Some(noise),
    }))
}

/// Three finished trials, the first of which was lucky.
fn measured() -> State {
    let mut state = with_plain_choice();
    play(&mut state, ready());
    play(&mut state, proposed(&[LEAST, SMALL, PLAIN], true));
    for (trial, levels, score) in [(0, LEAST, 0.9), (1, SMALL, 0.8), (2, PLAIN, 0.85)] {
        let configuration = state.study.space.configuration(&Point(levels.to_vec()));
        let percent = state.study.space.parameters_percent(&configuration);
        play(&mut state, started(trial));
        play(&mut state, finished(trial, score, percent));
    }
    state
}

#[test]
fn the_trace_is_what_the_first_trials_are_worth_by_what_is_believed_now() {
    let mut state = measured();
    let by_luck = state.hypervolume();
    assert_eq!(by_luck.interval, None);
    let points: [([u16; 4], &[f64], f64, bool); 3] = [
        (LEAST, &[0.9], 0.7, true),
        (SMALL, &[0.8], 0.8, true),
        (PLAIN, &[0.85], 0.8, false),
    ];
    let event = believed(&state, &points, 0.1);
    play(&mut state, event);
    let trace: Vec<Hypervolume> = state.hypervolume_trace.iter().map(|(_, r)| *r).collect();
    let share = |points: &[(f64, f64)]| {
        let points: Vec<Objectives> = points
            .iter()
            .map(|&(score, cost)| at(score, cost))
            .collect();
        state.measure().share(&points)
    };
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    close(trace[0].share, share(&[(0.7, 0.32)]));
    close(trace[1].share, share(&[(0.7, 0.32), (0.8, 0.64)]));
    assert_eq!(trace[1], trace[2], "what is dominated adds nothing");
    assert!(by_luck.share > trace[2].share, "luck is taken out");
    let (low, high) = trace[1].interval.unwrap();
    close(low, share(&[(0.65, 0.32), (0.75, 0.64)]));
    close(high, share(&[(0.75, 0.32), (0.85, 0.64)]));
    assert_eq!(state.hypervolume(), trace[2]);
    // A trial that ends later gains nothing until it is estimated.
    play(&mut state, proposed(&[[1, 1, 1, 1]], false));
    play(&mut state, started(3));
    play(&mut state, finished(3, 0.99, 1.0));
    assert_eq!(
        state.hypervolume_trace.last(),
        Some(&(TrialId(3), trace[2]))
    );
}

#[test]
fn the_verdict_names_what_beats_the_plain_choice_and_what_spares_parameters() {
    let mut state = measured();
    let unknown = "serial 24 in all layers: too little is measured to compare it yet";
    assert_eq!(state.verdict().lines(), [unknown]);
    let points: [([u16; 4], &[f64], f64, bool); 3] = [
        (LEAST, &[0.9], 0.7, true),
        (SMALL, &[0.8, 0.82], 0.81, true),
        (PLAIN, &[], 0.79, false),
    ];
    let event = believed(&state, &points, 0.04);
    play(&mut state, event);
    let verdict = state.verdict();
    assert_eq!(
        verdict.lines(),
        [
            "serial 24 in all layers is beaten: 0.790 (0.770–0.810; never trained), against 0.810 (0.790–0.830; 2 \
             trials) of #1 at 8 % of its parameters, better with probability 1.00 (+0.020, +0.020 to +0.020); #1 is no \
             worse with probability 1.00 at 8 %"
        ]
    );
    let told = serde_json::to_value(&verdict).unwrap();
    let choice = &told["plain_choices"][0];
    assert_eq!(
        (&choice["ruling"], &choice["rival"]["trial"]),
        (&"beaten".into(), &1.into())
    );
    assert_eq!(choice["rival"]["configuration"]["modules"]["serial"], 2);
}

#[test]
fn what_one_more_configuration_is_expected_to_bring_is_told_of_the_latest() {
    let mut state = measured();
    assert_eq!(state.verdict().expected_gain, None);
    // The last is a plain choice that is measured to be compared with.
    for (trial, expected_gain) in [(0, Some(0.5)), (1, Some(0.0234)), (2, None)] {
        state.trials[trial].origin = Origin::Proposed(Diagnostics {
            expected_gain,
            ..Diagnostics::default()
        });
    }
    let told = state.verdict().lines().pop().unwrap();
    assert!(
        told.contains("expected to add 2.3 % to the hypervolume"),
        "{told}"
    );
}

#[test]
fn a_space_without_a_plain_choice_says_so() {
    let mut state = study(1, 1);
    state.study.space.modules[0].name = "prefix".into();
    let nothing =
        "nothing to compare with: the space has neither serial 24 nor lora 8 in all layers";
    assert_eq!(state.verdict().lines(), [nothing]);
}

#[test]
fn a_plain_choice_has_a_point_per_learning_rate() {
    let mut state = with_plain_choice();
    let rates = ["1e-4", "1e-3"].map(|rate| rate.parse().unwrap());
    state.study.space.learning_rates = rates.to_vec();
    let choices = plain_choices(&state.study.space);
    let points: Vec<usize> = choices.iter().map(|choice| choice.points.len()).collect();
    assert_eq!(points, [2, 0]);
    // Where the space has no such size, the next one counts.
    state.study.space.modules[0].sizes = vec![0, 1, 16, 96];
    let choices = plain_choices(&state.study.space);
    assert_eq!(choices[0].name, "serial 16 in all layers");
    assert_eq!(choices[0].points[0].0[..2], [2, 0]);
}
