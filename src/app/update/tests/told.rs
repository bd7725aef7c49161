//! What comes of what executor and devices tell.

use super::*;

#[test]
fn a_diverged_trial_is_told_to_the_search_and_three_failures_pause_the_study() {
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
        error: None,
        point: Point(vec![1, 0, 1, 1]),
        outcome: Outcome::Diverged,
        third: None,
        early: Vec::new(),
    };
    assert_eq!(question(&state, 1).history, [first]);
    for trial in 1..4 {
        assert!(state.study_paused.is_none());
        play(&mut state, started(trial));
        let cause = Cause::Error {
            said: "disk".into(),
        };
        let failed = ExecutorEvent::Failed(TrialId(trial), cause);
        play(&mut state, Event::Executor(failed));
    }
    assert!(state.study_paused.is_some());
}

#[test]
fn failures_in_a_row_are_counted_by_the_order_of_ends_also_after_a_restart() {
    let failure = |said: &str| Cause::Error { said: said.into() };
    let failed =
        |trial, said| Event::Executor(ExecutorEvent::Failed(TrialId(trial), failure(said)));
    let mut state = study(4, 6);
    state.capacity = 4;
    play(&mut state, ready());
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [0, 1, 1, 0], [0, 3, 1, 0]];
    play(&mut state, proposed(&points, true));
    (0..4).for_each(|trial| {
        play(&mut state, started(trial));
    });
    // The first ends last but one: by their numbers the failures are in a row from the start, by their ends only later.
    play(&mut state, failed(3, "disk"));
    play(&mut state, failed(2, "disk"));
    play(&mut state, finished(0, 0.8, 1.0));
    play(&mut state, failed(1, "disk"));
    assert_eq!(state.study_paused, None);
    let program = "test".into();
    let session = Record::SessionStarted { program, trials: 6 };
    state.apply(&session).unwrap();
    play(&mut state, proposed(&[[2, 0, 1, 1], [2, 0, 1, 0]], false));
    play(&mut state, started(4));
    play(&mut state, started(5));
    play(&mut state, failed(5, "full"));
    assert_eq!(state.study_paused, None);
    let others = play(&mut state, failed(4, "full again"));
    assert_eq!(others, [Effect::Forget(TrialId(4))]);
    let why = StudyPause::Failed("full again".into());
    assert_eq!(state.study_paused, Some(why));
    let told = state.notices.back().unwrap();
    let paused = "study paused after 3 failures in a row; resume it once the cause is mended";
    assert_eq!(told.text, paused);
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
    assert!(state.study_paused.is_none(), "not in a row");
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(4));
    play(&mut state, infeasible(4, lacks_memory(9)));
    assert!(state.study_paused.is_some());
    let advice = &state.notices.back().unwrap().text;
    assert!(advice.contains("another `name`"), "{advice}");
}

#[test]
fn what_lacked_memory_is_tried_again_where_asked_and_its_verdict_is_forgotten() {
    let mut state = study(3, 6);
    play(&mut state, ready());
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [0, 1, 1, 0]];
    play(&mut state, proposed(&points, true));
    for (trial, cause) in (0..).zip([lacks_memory(9), diverged()]) {
        play(&mut state, started(trial));
        play(&mut state, infeasible(trial, cause));
    }
    let outcomes = |state: &State| -> Vec<Outcome> {
        let history = question(state, 1).history;
        history.iter().map(|known| known.outcome).collect()
    };
    play(&mut state, started(2));
    assert_eq!(outcomes(&state), [Outcome::Infeasible, Outcome::Diverged]);
    let retry = |id| Event::Message(Message::Retry(TrialId(id)));
    play(&mut state, retry(1));
    assert_eq!(
        state.trials[1].state,
        TrialState::Infeasible,
        "it would diverge again"
    );
    play(&mut state, retry(0));
    let again = &state.trials[0];
    assert_eq!((again.state, &again.cause), (TrialState::Queued, &None));
    assert_eq!(outcomes(&state), [Outcome::Diverged]);
    assert!(
        question(&state, 1)
            .pending
            .contains(&Point(points[0].to_vec()))
    );
    play(&mut state, finished(2, 0.7, 1.0));
    play(&mut state, started(0));
    play(&mut state, finished(0, 0.9, 2.0));
    assert!(!outcomes(&state).contains(&Outcome::Infeasible));
    assert_eq!(state.front, [TrialId(2), TrialId(0)]);
}

#[test]
fn a_device_with_more_room_offers_what_lacked_memory_and_bounds_proposals() {
    let mut state = study(3, 6);
    play(&mut state, ready());
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [0, 1, 1, 0]];
    play(&mut state, proposed(&points, true));
    for (trial, cause) in (0..).zip([lacks_memory(9), lacks_memory(20), diverged()]) {
        play(&mut state, started(trial));
        play(&mut state, infeasible(trial, cause));
    }
    assert_eq!(question(&state, 1).room, None);
    let on = |gigabytes: u64| {
        let room = TrainingRoom {
            bytes: gigabytes * 1_000_000_000,
            tokens: 64,
        };
        let device = "cpu".into();
        (
            room,
            Event::Executor(ExecutorEvent::Ready {
                device,
                room: Some(room),
            }),
        )
    };
    let told = |state: &mut State, event| {
        let before = state.notices.len();
        play(state, event);
        let news = state.notices.iter().skip(before);
        news.map(|notice| notice.text.clone()).collect::<Vec<_>>()
    };
    let (room, small) = on(8);
    assert_eq!(told(&mut state, small), ["device: cpu"]);
    assert_eq!(question(&state, 1).room, Some(room));
    let (_, larger) = on(16);
    let offer = "trials that lacked memory need at most 9000 MB by their shapes and may fit the 16000 MB that there \
                 are here: #0; retry (r) tries one again";
    assert_eq!(told(&mut state, larger), ["device: cpu", offer]);
}

#[test]
fn a_trial_that_waits_for_memory_says_so() {
    let mut state = study(1, 1);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1]], true));
    let deferred = ExecutorEvent::Deferred {
        trial: TrialId(0),
        needed_bytes: 3_200_000_000,
        free_bytes: 2_100_000_000,
    };
    assert_eq!(play(&mut state, Event::Executor(deferred)), []);
    assert_eq!(state.trials[0].state, TrialState::Queued);
    let told =
        "trial #0 waits for memory: its training needs about 3200 MB, and 2100 MB are free now";
    assert_eq!(state.notices.back().unwrap().text, told);
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

#[test]
fn a_space_of_which_nothing_fits_is_a_failure_that_says_so() {
    let mut state = study(2, 2);
    let room = Some(TrainingRoom {
        bytes: 5_000_000,
        tokens: 64,
    });
    let device = "cpu".into();
    let ready = ExecutorEvent::Ready { device, room };
    let asked = play(&mut state, Event::Executor(ready));
    assert!(matches!(&asked[..], [Effect::Ask(ask)] if ask.room == room));
    play(&mut state, Event::Search(SearchEvent::Exhausted));
    let SearchStatus::Failed(reason) = &state.search else {
        panic!("{:?}", state.search);
    };
    assert!(reason.contains("fits the 5 MB"), "{reason}");
    assert!(state.study_paused.is_some());
}
