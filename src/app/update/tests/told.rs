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
    let reason = "the loss is no number".to_owned();
    play(
        &mut state,
        Event::Executor(ExecutorEvent::Infeasible(TrialId(0), reason)),
    );
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
        play(
            &mut state,
            Event::Executor(ExecutorEvent::Failed(TrialId(trial), "disk".into())),
        );
    }
    assert!(state.study_paused);
}

#[test]
fn three_trials_in_a_row_without_memory_pause_the_study() {
    let mut state = study(4, 6);
    play(&mut state, ready());
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [0, 1, 1, 0], [0, 3, 1, 0]];
    play(&mut state, proposed(&points, true));
    for (trial, reason) in [
        (0, "out of memory: it needs 9 GB"),
        (1, "the training loss is NaN"),
        (2, "out of memory: it needs 9 GB"),
        (3, "out of memory: it needs 9 GB"),
    ] {
        play(&mut state, started(trial));
        let reason = reason.to_owned();
        let event = ExecutorEvent::Infeasible(TrialId(trial), reason);
        play(&mut state, Event::Executor(event));
    }
    assert!(!state.study_paused, "not in a row");
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(4));
    let reason = "out of memory: it needs 9 GB".to_owned();
    let event = ExecutorEvent::Infeasible(TrialId(4), reason);
    play(&mut state, Event::Executor(event));
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
