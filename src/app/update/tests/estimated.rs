//! The front by what is believed, and trials that repeat others.

use super::*;
use crate::app::EstimateStatus;
use crate::search::{Estimate, Estimates};

/// What is believed of a point that was measured as often as it is there: score, and whether it is on the front.
fn estimate(levels: [u16; 4], cost: f64, measured: &[f64], score: f64, on_front: bool) -> Estimate {
    Estimate {
        point: Point(levels.to_vec()),
        cost,
        measured: measured.to_vec(),
        score,
        interval: (score - 0.1, score + 0.1),
        front_probability: 0.5,
        on_front,
    }
}

fn believed(points: Vec<Estimate>) -> Event {
    Event::Estimated(Ok(Estimates {
        points,
        draws: Vec::new(),
        noise: Some(0.02),
    }))
}

fn repeated(levels: [u16; 4]) -> Event {
    Event::Search(SearchEvent::Proposed(vec![Proposal {
        point: Point(levels.to_vec()),
        repeat: true,
        initial: false,
        diagnostics: Diagnostics::default(),
    }]))
}

/// The question of estimates that follows from the state as it stands, if any.
fn asked(state: &mut State) -> Option<usize> {
    let effects = schedule(state);
    effects.iter().find_map(|effect| match effect {
        Effect::Estimate(ask) => Some(ask.history.len()),
        _ => None,
    })
}

const CHEAP: [u16; 4] = [1, 0, 1, 1];
const DEAR: [u16; 4] = [2, 0, 1, 1];

/// Two finished trials, the cheaper of which was lucky.
fn measured() -> State {
    let mut state = study(2, 5);
    play(&mut state, ready());
    play(&mut state, proposed(&[CHEAP, DEAR], true));
    for (trial, score, percent) in [(0, 0.9, 1.0), (1, 0.8, 2.0)] {
        play(&mut state, started(trial));
        play(&mut state, finished(trial, score, percent));
    }
    state
}

#[test]
fn the_front_is_the_measured_one_until_something_is_believed_and_then_what_is_believed() {
    let mut state = measured();
    assert_eq!((&state.front[..], state.best()), (&[TrialId(0)][..], None));
    let points = vec![
        estimate(CHEAP, 1.0, &[0.9], 0.7, true),
        estimate(DEAR, 2.0, &[0.8], 0.8, true),
    ];
    play(&mut state, believed(points));
    assert_eq!(state.front, [TrialId(0), TrialId(1)], "by ascending cost");
    assert_eq!(state.measured_front, [TrialId(0)]);
    let (best, belief) = state.best().unwrap();
    assert_eq!((best, belief.score, belief.high), (TrialId(1), 0.8, 0.9));
    // A trial that ends later waits for the next answer.
    play(&mut state, proposed(&[[3, 0, 1, 1]], false));
    play(&mut state, started(2));
    play(&mut state, finished(2, 0.99, 3.0));
    assert_eq!(state.front, [TrialId(0), TrialId(1)]);
    assert_eq!(state.belief(TrialId(2)), None);
}

#[test]
fn a_repeat_is_a_trial_that_says_of_which_and_the_best_measured_one_is_handed_over() {
    let mut state = measured();
    play(&mut state, repeated(DEAR));
    let repeat = &state.trials[2];
    assert_eq!(repeat.origin.repeats(), Some(TrialId(1)));
    assert_eq!(repeat.configuration, state.trials[1].configuration);
    play(&mut state, started(2));
    play(&mut state, finished(2, 0.85, 2.0));
    // A second one is of the first trial too.
    play(&mut state, repeated(DEAR));
    assert_eq!(state.trials[3].origin.repeats(), Some(TrialId(1)));
    let points = vec![
        estimate(CHEAP, 1.0, &[0.9], 0.7, false),
        estimate(DEAR, 2.0, &[0.8, 0.85], 0.82, true),
    ];
    play(&mut state, believed(points));
    assert_eq!(state.front, [TrialId(2)]);
    for trial in [TrialId(1), TrialId(2)] {
        let belief = state.belief(trial).unwrap();
        assert_eq!((belief.score, belief.repeats), (0.82, 1));
    }
    // Told as two measurements of one point, and as pending while the third is under way.
    let ask = question(&state, 1);
    let dear = ask.history.iter().filter(|o| o.point.0 == DEAR).count();
    assert_eq!((dear, ask.pending), (2, vec![Point(DEAR.to_vec())]));
    assert_eq!(ask.remaining, Some(1));
}

#[test]
fn a_repeat_is_trained_to_its_end_whatever_the_rungs_are() {
    let mut state = measured();
    state.rungs = Rungs {
        epochs: vec![1],
        reduction_factor: 3,
    };
    let ladder = |effects: &[Effect]| match effects {
        [Effect::Submit(job)] => job.ladder.clone(),
        other => panic!("{other:?}"),
    };
    let submitted = play(&mut state, repeated(DEAR));
    assert_eq!(ladder(&submitted), Ladder::default());
    play(&mut state, started(2));
    play(&mut state, finished(2, 0.85, 2.0));
    let submitted = play(&mut state, proposed(&[[3, 0, 1, 1]], false));
    assert_ne!(ladder(&submitted), Ladder::default());
}

#[test]
fn estimates_are_asked_for_once_at_a_time_and_rest_on_everything_in_the_end() {
    let mut state = study(1, 1);
    assert_eq!(asked(&mut state), None, "nothing was measured");
    let played = |state: &mut State, event| {
        for effect in update(state, event) {
            if let Effect::Append(record) = effect {
                state.apply(&record).unwrap();
            }
        }
    };
    played(&mut state, proposed(&[CHEAP, DEAR], true));
    let end = |trial| Record::TrialCancelled {
        trial: TrialId(trial),
    };
    state.apply(&end(0)).unwrap();
    // Whether or not there is a device.
    assert_eq!(asked(&mut state), Some(1));
    assert_eq!(asked(&mut state), None, "it is under way");
    state.apply(&end(1)).unwrap();
    assert_eq!(asked(&mut state), None);
    assert_eq!(state.ending_unattended(), None, "the last word is out");
    played(&mut state, believed(Vec::new()));
    assert_eq!(asked(&mut state), Some(2));
    played(&mut state, Event::Estimated(Err("out of luck".into())));
    assert_eq!(state.estimating, EstimateStatus::Current);
    assert_eq!(asked(&mut state), None);
    assert_eq!(state.ending_unattended(), Some(Ending::Complete));
}

#[test]
fn what_is_believed_here_and_now_is_what_the_worker_believes() {
    let mut state = measured();
    state.estimate(&|| false).unwrap();
    assert_eq!(state.estimating, EstimateStatus::Current);
    let measured = state.estimates.points.iter();
    let measured = measured.filter(|estimate| !estimate.measured.is_empty());
    assert_eq!(measured.count(), 2);
    let ask = question(&state, 0);
    let engine = crate::app::launch::recorded_engine(&state.study);
    let also = state.plain_points();
    let other = engine.estimate_of(&ask, &also, &|| false).unwrap();
    assert_eq!(*state.estimates, other);
}
