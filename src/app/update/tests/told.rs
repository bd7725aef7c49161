//! What comes of what executor and devices tell.

use super::*;

#[test]
fn an_infeasible_trial_is_told_to_the_search_and_three_failures_pause_the_study() {
    let mut state = study(4, 6);
    play(&mut state, ready());
    play(
        &mut state,
        proposed(
            &[[1, 0, 1, 1], [0, 2, 1, 0], [0, 1, 1, 0], [0, 3, 1, 0]],
            true,
        ),
    );
    play(&mut state, started(0));
    play(&mut state, infeasible(0, diverged()));
    let first = Observation {
        point: Point(vec![1, 0, 1, 1]),
        outcome: Outcome::Infeasible,
        third: None,
        early: Vec::new(),
    };
    assert_eq!(question(&state, 1).history, [first]);
    for trial in 1..4 {
        assert!(!state.study_paused);
        play(&mut state, started(trial));
        let cause = Cause::Error {
            said: "disk".into(),
        };
        let failed = ExecutorEvent::Failed(TrialId(trial), cause);
        play(&mut state, Event::Executor(failed));
    }
    assert!(state.study_paused);
}

#[test]
fn three_trials_in_a_row_without_memory_pause_the_study() {
    let mut state = study(4, 6);
    play(&mut state, ready());
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [0, 1, 1, 0], [0, 3, 1, 0]];
    play(&mut state, proposed(&points, true));
    let ends = [
        lacks_memory(9),
        diverged(),
        lacks_memory(9),
        lacks_memory(10),
    ];
    for (trial, cause) in (0..).zip(ends) {
        play(&mut state, started(trial));
        play(&mut state, infeasible(trial, cause));
    }
    assert!(!state.study_paused, "not in a row");
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(4));
    play(&mut state, infeasible(4, lacks_memory(9)));
    assert!(state.study_paused);
}

#[test]
fn looks_at_the_devices_are_kept_for_a_while() {
    let mut state = study(2, 2);
    for look in 0..1000 {
        let device = crate::app::DeviceVitals {
            utilisation: Some(f64::from(look) / 1000.0),
            ..Default::default()
        };
        let vitals = crate::app::Vitals {
            devices: vec![device],
            program_bytes: None,
        };
        assert_eq!(play(&mut state, Event::Vitals(vitals)), []);
    }
    assert!(state.utilisation.len() < 1000);
    assert_eq!(state.utilisation.back(), Some(&0.999));
    let latest = state.vitals.unwrap().devices[0].utilisation;
    assert_eq!(latest, Some(0.999));
}
