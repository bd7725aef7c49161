//! What comes of the user's wishes.

use super::*;

#[test]
fn an_evaluation_takes_the_device_and_gives_it_back() {
    let mut state = study(2, 3);
    let evaluate = || Event::Message(Message::Evaluate);
    let told = |state: &State| state.notices.back().unwrap().text.clone();
    play(&mut state, ready());
    play(&mut state, evaluate());
    assert!(told(&state).contains("no trial has finished"));
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    play(&mut state, finished(0, 0.8, 1.0));
    assert!(play(&mut state, evaluate()).is_empty());
    assert!(told(&state).contains("pause the study first"));
    play(&mut state, started(1));
    play(&mut state, finished(1, 0.7, 2.0));
    play(&mut state, Event::Message(Message::ToggleStudyPause));

    let names = |effects: &[Effect]| match effects {
        [Effect::Evaluate(found)] => found.iter().map(|s| s.name.clone()).collect(),
        other => vec![format!("{other:?}")],
    };
    assert_eq!(
        names(&play(&mut state, evaluate())),
        ["trial-0"],
        "the front"
    );
    let training = |done| {
        Event::Evaluation(EvaluationEvent::Training {
            done,
            total: 45,
            what: "head, seed 40".into(),
        })
    };
    play(&mut state, training(3));
    assert_eq!(state.evaluation.as_ref().unwrap().done, 3);
    // Nothing else is trained meanwhile.
    play(&mut state, Event::Message(Message::ToggleStudyPause));
    assert!(state.study_paused && told(&state).contains("stop it first"));
    assert_eq!(play(&mut state, proposed(&[[2, 0, 1, 1]], false)), []);
    assert_eq!(play(&mut state, evaluate()), [Effect::StopEvaluation]);
    play(&mut state, Event::Evaluation(EvaluationEvent::Stopped));
    let marked = Message::Mark(TrialId(1), true);
    play(&mut state, Event::Message(marked));
    assert_eq!(
        names(&play(&mut state, evaluate())),
        ["trial-1"],
        "marked ones"
    );
    play(
        &mut state,
        Event::Evaluation(EvaluationEvent::Finished("evaluation.md".into())),
    );
    let goes_on = play(&mut state, Event::Message(Message::ToggleStudyPause));
    assert!(matches!(&goes_on[..], [Effect::Submit(job)] if job.trial == TrialId(2)));
}

#[test]
fn a_paused_trial_frees_its_place_and_comes_back() {
    let mut state = study(2, 2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    let pause = play(&mut state, Event::Message(Message::Pause(TrialId(0))));
    assert_eq!(pause, [Effect::Pause(TrialId(0))]);
    let next = play(
        &mut state,
        Event::Executor(ExecutorEvent::Paused(TrialId(0))),
    );
    assert!(matches!(&next[..], [Effect::Submit(job)] if job.trial == TrialId(1)));
    let resume = play(&mut state, Event::Message(Message::Resume(TrialId(0))));
    assert_eq!(resume, [Effect::Resume(TrialId(0))]);
    // It waits for its place, and is known to.
    assert_eq!(state.trials[0].state, TrialState::Paused);
    assert!(state.resuming.contains(&TrialId(0)));
    play(
        &mut state,
        Event::Executor(ExecutorEvent::Resumed(TrialId(0))),
    );
    assert_eq!(state.trials[0].state, TrialState::Running);
    assert!(state.resuming.is_empty());
}

#[test]
fn a_trial_that_waits_to_go_on_is_held_with_the_study() {
    let mut state = study(2, 2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    play(
        &mut state,
        Event::Executor(ExecutorEvent::Paused(TrialId(0))),
    );
    play(&mut state, started(1));
    play(&mut state, Event::Message(Message::Resume(TrialId(0))));
    let notice = state.notices.back().map(|notice| notice.text.as_str());
    assert_eq!(
        notice,
        Some("trial #0 goes on as soon as the device is free")
    );
    let pause = play(&mut state, Event::Message(Message::ToggleStudyPause));
    let both = [TrialId(1), TrialId(0)];
    assert_eq!(pause, both.map(Effect::Pause));
    let resume = play(&mut state, Event::Message(Message::ToggleStudyPause));
    assert_eq!(resume[..2], [TrialId(0), TrialId(1)].map(Effect::Resume));
    play(
        &mut state,
        Event::Executor(ExecutorEvent::Cancelled(TrialId(0))),
    );
    assert!(!state.resuming.contains(&TrialId(0)));
}

#[test]
fn pausing_the_study_pauses_what_runs_and_starts_nothing() {
    let mut state = study(2, 2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    let pause = play(&mut state, Event::Message(Message::ToggleStudyPause));
    assert_eq!(pause, [Effect::Pause(TrialId(0))]);
    assert_eq!(
        play(
            &mut state,
            Event::Executor(ExecutorEvent::Paused(TrialId(0)))
        ),
        []
    );
    let resume = play(&mut state, Event::Message(Message::ToggleStudyPause));
    assert_eq!(resume[0], Effect::Resume(TrialId(0)));
}

#[test]
fn a_queued_trial_is_cancelled_without_the_executor_and_retried_on_demand() {
    let mut state = study(2, 2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    assert_eq!(
        play(&mut state, Event::Message(Message::Cancel(TrialId(1)))),
        [Effect::Forget(TrialId(1))]
    );
    assert_eq!(state.trials[1].state, TrialState::Cancelled);
    play(&mut state, Event::Message(Message::Retry(TrialId(1))));
    assert_eq!(state.trials[1].state, TrialState::Queued);
}

#[test]
fn a_configuration_added_by_hand_is_queued_and_one_outside_the_space_refused() {
    let mut state = study(2, 2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    let added: Configuration = "serial 4 + parallel 1 in layers 1".parse().unwrap();
    play(&mut state, Event::Message(Message::Add(added.clone())));
    assert_eq!(state.trials[2].configuration, added);
    assert_eq!(state.trials[2].origin, Origin::Manual);
    let outside: Configuration = "serial 3 in layers 1".parse().unwrap();
    play(&mut state, Event::Message(Message::Add(outside)));
    assert_eq!(state.trials.len(), 3);
    let told = state.notices.back().map(|notice| notice.text.as_str());
    assert_eq!(
        told,
        Some("not added: serial takes the sizes 0, 1, 2, 4, not 3")
    );
}

#[test]
fn marks_and_notes_are_kept_and_taken_away() {
    let mut state = study(2, 2);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    let say = |state: &mut State, message| play(state, Event::Message(message));
    say(&mut state, Message::Mark(TrialId(1), true));
    say(
        &mut state,
        Message::Note(TrialId(1), " odd\u{1b}[31m loss\n ".into()),
    );
    say(&mut state, Message::Mark(TrialId(9), true));
    assert_eq!(state.marked.iter().collect::<Vec<_>>(), [&TrialId(1)]);
    assert_eq!(state.notes[&TrialId(1)], "odd[31m loss");
    say(&mut state, Message::Mark(TrialId(1), false));
    say(&mut state, Message::Note(TrialId(1), String::new()));
    assert!(state.marked.is_empty() && state.notes.is_empty());
}
