//! What is submitted and asked for, and when.

use super::*;
use crate::app::Places;
use crate::search::Ask;

#[test]
fn the_initial_design_is_asked_for_at_once_and_submitted_one_by_one() {
    let mut state = study(2, 3);
    assert_eq!(
        schedule(&mut state),
        Vec::new(),
        "nothing happens before the device is ready"
    );
    let asked = play(&mut state, ready());
    assert!(matches!(&asked[..], [Effect::Ask(ask)] if ask.count == 2 && ask.history.is_empty()));
    let submitted = play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    assert!(matches!(&submitted[..], [Effect::Submit(job)] if job.trial == TrialId(0)));
}

/// The question among the effects.
fn asked(effects: &[Effect]) -> Option<Ask> {
    let mut asks = effects.iter().filter_map(|effect| match effect {
        Effect::Ask(ask) => Some(ask.clone()),
        _ => None,
    });
    asks.next_back()
}

fn observed(levels: &[u16], score: f64) -> Observation {
    Observation {
        error: None,
        point: Point(levels.to_vec()),
        outcome: Outcome::Score(score),
        third: None,
        early: Vec::new(),
    }
}

#[test]
fn a_proposal_is_asked_for_once_the_place_is_free_and_rests_on_every_result() {
    let mut state = study(2, 4);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    let effects = play(&mut state, finished(0, 0.8, 1.0));
    assert!(
        matches!(&effects[..], [Effect::Forget(TrialId(0)), Effect::Submit(job)] if job.trial == TrialId(1)),
        "{effects:?}"
    );
    assert_eq!(state.front, [TrialId(0)]);
    assert_eq!(
        state.hypervolume().share,
        state.measure().share(&[at(0.8, 1.0)])
    );
    play(&mut state, started(1));
    let ask = asked(&play(&mut state, finished(1, 0.9, 2.0))).unwrap();
    let mut known = vec![observed(&[1, 0, 1, 1], 0.8), observed(&[0, 2, 1, 0], 0.9)];
    assert_eq!((&ask.history, ask.pending, ask.count), (&known, vec![], 1));
    // The same for each proposal that follows.
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(2));
    let ask = asked(&play(&mut state, finished(2, 0.7, 3.0))).unwrap();
    known.push(observed(&[2, 0, 1, 1], 0.7));
    assert_eq!((ask.history, ask.pending), (known, vec![]));
}

#[test]
fn proposals_asked_for_again_after_an_interruption_rest_on_the_same() {
    let interrupt = |state: &mut State| {
        state.search = SearchStatus::Idle;
        state.places = Places::default();
        let program = "test".into();
        let session = Record::SessionStarted { program, trials: 4 };
        state.apply(&session).unwrap();
    };
    let mut state = study(2, 4);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    play(&mut state, finished(0, 0.8, 1.0));
    play(&mut state, started(1));
    let first = asked(&play(&mut state, finished(1, 0.9, 2.0)));
    assert!(first.is_some());
    // The program is killed before the answer comes, and started again.
    interrupt(&mut state);
    assert_eq!(asked(&play(&mut state, ready())), first);
    // Killed while the trial that follows is under way, it trains that first.
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(2));
    let mut undisturbed = state.clone();
    let second = asked(&play(&mut undisturbed, finished(2, 0.7, 3.0)));
    interrupt(&mut state);
    assert_eq!(asked(&play(&mut state, ready())), None);
    play(&mut state, started(2));
    assert_eq!(asked(&play(&mut state, finished(2, 0.7, 3.0))), second);
}

#[test]
fn a_trial_that_is_to_go_on_has_its_place_before_anything_is_asked_for() {
    let mut state = study(2, 3);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    play(&mut state, Event::Message(Message::Pause(TrialId(0))));
    let paused = Event::Executor(ExecutorEvent::Paused(TrialId(0)));
    play(&mut state, paused);
    play(&mut state, started(1));
    play(&mut state, Event::Message(Message::Resume(TrialId(0))));
    let goes_on = play(&mut state, finished(1, 0.9, 2.0));
    let resumed = [Effect::Forget(TrialId(1)), Effect::Resume(TrialId(0))];
    assert_eq!(goes_on, resumed, "nothing is asked for");
    let resumed = Event::Executor(ExecutorEvent::Resumed(TrialId(0)));
    assert_eq!(play(&mut state, resumed), []);
    let ask = asked(&play(&mut state, finished(0, 0.8, 1.0))).unwrap();
    assert_eq!((ask.history.len(), ask.pending.len()), (2, 0));
}

#[test]
fn the_queue_follows_the_priorities_and_then_the_numbers() {
    let mut state = study(4, 4);
    play(&mut state, ready());
    let four = [[1, 0, 1, 1], [0, 2, 1, 0], [2, 0, 1, 0], [3, 0, 0, 1]];
    play(&mut state, proposed(&four, true));
    play(&mut state, started(0));
    let ids = |numbers: &[u32]| numbers.iter().map(|n| TrialId(*n)).collect::<Vec<_>>();
    assert_eq!(state.queue(), ids(&[1, 2, 3]));
    play(
        &mut state,
        Event::Message(Message::Prioritise(TrialId(3), 1)),
    );
    play(
        &mut state,
        Event::Message(Message::Prioritise(TrialId(1), -1)),
    );
    assert_eq!(state.queue(), ids(&[3, 2, 1]));
    assert_eq!(
        play(
            &mut state,
            Event::Message(Message::Prioritise(TrialId(0), 5))
        ),
        []
    );
    assert_eq!(
        state.priority(TrialId(0)),
        0,
        "it runs: its place is settled"
    );
    let next = play(&mut state, finished(0, 0.8, 1.0));
    assert!(
        matches!(&next[..], [Effect::Forget(_), Effect::Submit(job)] if job.trial == TrialId(3)),
        "{next:?}"
    );
}

#[test]
fn as_many_trials_run_as_there_are_places() {
    let mut state = study(3, 4);
    state.capacity = 2;
    play(&mut state, ready());
    let design = [[1, 0, 1, 1], [0, 2, 1, 0], [2, 0, 1, 1]];
    let begun = play(&mut state, proposed(&design, true));
    assert!(
        matches!(&begun[..], [Effect::Submit(a), Effect::Submit(b)] if (a.trial.0, b.trial.0) == (0, 1))
    );
    play(&mut state, started(0));
    play(&mut state, started(1));
    let effects = play(&mut state, finished(1, 0.8, 1.0));
    assert!(
        matches!(&effects[..], [Effect::Forget(TrialId(1)), Effect::Submit(job)] if job.trial == TrialId(2)),
        "{effects:?}"
    );
    // The next place that is free is asked for with what runs beside it.
    play(&mut state, started(2));
    let ask = asked(&play(&mut state, finished(0, 0.7, 2.0))).unwrap();
    assert_eq!((ask.history.len(), ask.pending.len()), (2, 1));
    let effects = play(&mut state, proposed(&[[3, 0, 1, 1]], false));
    assert!(matches!(&effects[..], [Effect::Submit(job)] if job.trial == TrialId(3)));
}

/// A study whose trials of four epochs are compared after the first and the second.
fn with_rungs(trials: usize) -> State {
    let mut state = study(trials, trials);
    state.rungs = Rungs {
        epochs: vec![1, 2],
        reduction_factor: 2,
    };
    state.epochs = 4;
    state
}

fn epochs(state: &mut State, trial: u32, scores: &[f64]) {
    for (epoch, score) in (1..).zip(scores) {
        let report = EpochReport {
            epoch,
            train_loss: 0.5,
            validation_loss: 0.5,
            score: *score,
            wall_seconds: f64::from(epoch),
        };
        play(
            state,
            Event::Executor(ExecutorEvent::Epoch(TrialId(trial), report)),
        );
    }
}

#[test]
fn a_pruned_trial_is_known_to_the_search_and_goes_on_to_its_end_where_asked() {
    let mut state = with_rungs(3);
    play(&mut state, ready());
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [1, 0, 1, 0]];
    let ladder = |effects: &[Effect]| {
        let submitted = effects.iter().find_map(|effect| match effect {
            Effect::Submit(job) => Some(job.ladder.clone()),
            _ => None,
        });
        submitted.unwrap()
    };
    let first = play(&mut state, proposed(&points, true));
    assert!(
        ladder(&first)
            .rungs
            .iter()
            .all(|rung| rung.peers.is_empty())
    );
    play(&mut state, started(0));
    epochs(&mut state, 0, &[0.6, 0.5, 0.8]);
    let second = play(&mut state, finished(0, 0.8, 0.64));
    let peers: Vec<f64> = (ladder(&second).rungs.iter())
        .map(|rung| rung.peers[0].score)
        .collect();
    assert_eq!(peers, [0.6, 0.6], "the best by then");
    play(&mut state, started(1));
    epochs(&mut state, 1, &[0.55]);
    let standing = Standing {
        rung: 1,
        rungs: 2,
        epoch: 1,
        rank: 2,
        of: 2,
    };
    let third = play(
        &mut state,
        Event::Executor(ExecutorEvent::Pruned(TrialId(1), standing)),
    );
    let reached: Vec<usize> = (ladder(&third).rungs.iter())
        .map(|rung| rung.peers.len())
        .collect();
    assert_eq!(reached, [2, 1]);
    let pruned = &state.trials[1];
    assert_eq!(pruned.state, TrialState::Pruned);
    let why = "stopped at rung 1 of 2, after epoch 1, rank 2 of 2";
    assert_eq!(pruned.reason().as_deref(), Some(why));
    assert_eq!(state.front, [TrialId(0)], "never on the front");
    let told = question(&state, 1).history;
    assert_eq!(told[0].outcome, Outcome::Score(0.8));
    assert_eq!(told[0].early, [(0.25, 0.6), (0.5, 0.6)]);
    assert_eq!(told[1].outcome, Outcome::Pruned);
    assert_eq!(told[1].early, [(0.25, 0.55)]);

    // On with it: nothing stops it any more.
    play(&mut state, Event::Message(Message::Retry(TrialId(1))));
    assert_eq!(state.trials[1].state, TrialState::Queued);
    play(&mut state, started(2));
    let again = play(&mut state, finished(2, 0.7, 0.32));
    assert_eq!(ladder(&again), Ladder::default());
    play(&mut state, started(1));
    play(&mut state, finished(1, 0.9, 0.32));
    assert_eq!(state.trials[1].standing, Some(standing));
    assert_eq!(state.front, [TrialId(1)]);
}

#[test]
fn what_is_tried_by_hand_is_trained_to_its_end() {
    let mut state = with_rungs(2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1]], true));
    let added = "serial 4 in layers 1".parse().unwrap();
    play(&mut state, Event::Message(Message::Add(added)));
    play(&mut state, started(0));
    let next = play(&mut state, finished(0, 0.8, 1.0));
    assert!(matches!(&next[1], Effect::Submit(job) if job.ladder == Ladder::default()));
}
