//! How many trials there are to be: the confirmation at their end, and an end of the search before that.

use super::*;

/// A study of so many trials, a quarter of which is kept for the confirmation, with a device.
fn confirmed(trials: usize) -> State {
    let mut state = study(1, trials);
    state.study.settings = serde_json::json!({"search": {"repeats": 0.25}});
    play(&mut state, ready());
    state
}

/// Plays a proposal of the next of many configurations that promises so much, and its training.
fn promise(state: &mut State, gain: f64) {
    let number = state.trials.len() as u32;
    let points = (1..4).flat_map(|a| (0..4).map(move |b| Point(vec![a, b, 1, 1])));
    let point = points.collect::<Vec<_>>()[number as usize].clone();
    let diagnostics = Diagnostics {
        expected_gain: Some(gain),
        ..Diagnostics::default()
    };
    let proposal = Proposal {
        point,
        repeat: false,
        initial: false,
        diagnostics,
    };
    play(state, Event::Search(SearchEvent::Proposed(vec![proposal])));
    play(state, started(number));
    play(state, finished(number, 0.8, f64::from(number)));
}

#[test]
fn the_last_share_of_the_trials_is_the_confirmation() {
    let mut state = confirmed(8);
    (0..6).for_each(|_| promise(&mut state, 0.1));
    assert_eq!(state.confirmation(), None);
    assert_eq!(question(&state, 1).remaining, Some(2));
    promise(&mut state, 0.1);
    assert_eq!(state.confirmation(), Some((1, 2)));
    promise(&mut state, 0.1);
    assert!(state.is_complete());
    assert_eq!(state.confirmation(), None, "there is no more to come");
    assert_eq!(state.confirming(TrialId(7)), Some((2, 2)));
    assert_eq!(state.confirming(TrialId(5)), None);
    // A study that was begun before there were repeats.
    state.study.settings = serde_json::Value::Null;
    assert_eq!(state.confirming(TrialId(7)), None);
}

#[test]
fn a_search_that_promises_too_little_five_times_in_a_row_ends_with_its_confirmation() {
    let mut state = confirmed(100);
    state.stop_below = Some(0.01);
    for gain in [0.1, 0.001, 0.001, 0.001, 0.001, 0.02] {
        promise(&mut state, gain);
    }
    assert_eq!((state.budget(), state.settled()), (100, None));
    (0..5).for_each(|_| promise(&mut state, 0.009));
    // Three trials are a quarter of eleven and three.
    assert_eq!(state.budget(), 14);
    assert_eq!(question(&state, 1).remaining, Some(3));
    let told = |state: &State| {
        let notices = state.notices.iter();
        let told = notices.filter(|n| n.text.contains("no further configurations are tried"));
        told.map(|n| n.text.clone()).collect::<Vec<String>>()
    };
    let expected = "up to #10, each of 5 proposals in a row was expected to add less than 1 % to the hypervolume \
                    (`search.stop_below`): no further configurations are tried";
    assert_eq!(told(&state), [expected], "once");
    state.stop_below = None;
    assert_eq!((state.budget(), state.settled()), (100, None));
    // Without a confirmation the study is complete.
    state.stop_below = Some(0.01);
    state.study.settings = serde_json::Value::Null;
    assert!(state.is_complete());
    assert_eq!(state.budget(), 11);
}
