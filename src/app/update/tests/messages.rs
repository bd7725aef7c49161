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
    assert!(state.study_paused.is_some() && told(&state).contains("stop it first"));
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

/// A study of so many trials of which the first runs and the others wait.
fn running(trials: usize) -> State {
    let points = [[1, 0, 1, 1], [0, 2, 1, 0], [2, 0, 1, 0], [3, 0, 0, 1]];
    let mut state = study(trials, trials);
    play(&mut state, ready());
    play(&mut state, proposed(&points[..trials], true));
    play(&mut state, started(0));
    state
}

fn say(state: &mut State, message: Message) -> Vec<Effect> {
    play(state, Event::Message(message))
}

fn hear(state: &mut State, event: ExecutorEvent) -> Vec<Effect> {
    play(state, Event::Executor(event))
}

fn last_notice(state: &State) -> &str {
    state.notices.back().map_or("", |notice| &notice.text)
}

const FIRST: TrialId = TrialId(0);
const SECOND: TrialId = TrialId(1);

#[test]
fn a_paused_trial_frees_its_place_and_comes_back() {
    let mut state = running(2);
    let pause = say(&mut state, Message::Pause(FIRST));
    assert_eq!(pause, [Effect::Pause(FIRST)]);
    let next = hear(&mut state, ExecutorEvent::Paused(FIRST));
    assert!(matches!(&next[..], [Effect::Submit(job)] if job.trial == SECOND));
    play(&mut state, started(1));
    // It waits for its place, and goes on before anything else once there is one.
    assert_eq!(say(&mut state, Message::Resume(FIRST)), []);
    let waits = "trial #0 goes on as soon as the device is free";
    assert_eq!(last_notice(&state), waits);
    assert_eq!(state.trials[0].state, TrialState::Paused);
    let resumed = play(&mut state, finished(1, 0.7, 1.0));
    assert_eq!(resumed, [Effect::Forget(SECOND), Effect::Resume(FIRST)]);
    assert_eq!(hear(&mut state, ExecutorEvent::Resumed(FIRST)), []);
    assert_eq!(state.trials[0].state, TrialState::Running);
}

#[test]
fn a_pause_that_is_taken_back_before_it_is_answered_leaves_no_place_free() {
    let mut state = running(2);
    assert_eq!(
        say(&mut state, Message::Pause(FIRST)),
        [Effect::Pause(FIRST)]
    );
    assert_eq!(say(&mut state, Message::Resume(FIRST)), []);
    assert_eq!(say(&mut state, Message::Pause(FIRST)), []);
    assert_eq!(say(&mut state, Message::Resume(FIRST)), []);
    let goes_on = hear(&mut state, ExecutorEvent::Paused(FIRST));
    assert_eq!(goes_on, [Effect::Resume(FIRST)]);
    assert_eq!(hear(&mut state, ExecutorEvent::Resumed(FIRST)), []);
}

#[test]
fn pausing_the_study_pauses_what_runs_and_takes_back_what_has_not_begun() {
    let mut state = running(3);
    state.capacity = 2;
    let handed_over = schedule(&mut state);
    assert!(matches!(&handed_over[..], [Effect::Submit(job)] if job.trial == SECOND));
    let both = [FIRST, SECOND].map(Effect::Pause);
    assert_eq!(say(&mut state, Message::ToggleStudyPause), both);
    assert_eq!(last_notice(&state), "study paused: no further trial starts");
    assert_eq!(hear(&mut state, ExecutorEvent::Paused(FIRST)), []);
    assert_eq!(hear(&mut state, ExecutorEvent::Returned(SECOND)), []);
    assert_eq!(
        (state.places.taken(), state.queue()),
        (0, vec![SECOND, TrialId(2)])
    );
    let effects = say(&mut state, Message::ToggleStudyPause);
    assert!(
        matches!(&effects[..], [Effect::Resume(FIRST), Effect::Submit(job)] if job.trial == SECOND)
    );
}

#[test]
fn a_start_that_crosses_the_pause_of_the_study_stands_still_at_once() {
    let mut state = study(1, 1);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1]], true));
    let asked = say(&mut state, Message::ToggleStudyPause);
    assert_eq!(asked, [Effect::Pause(FIRST)], "it was handed over");
    assert_eq!(play(&mut state, started(0)), [], "that was asked already");
    assert_eq!(hear(&mut state, ExecutorEvent::Paused(FIRST)), []);
    assert_eq!(state.trials[0].state, TrialState::Paused);
    // Three keys before the executor answers anything.
    for _ in 0..2 {
        say(&mut state, Message::ToggleStudyPause);
    }
    let answer = hear(&mut state, ExecutorEvent::Returned(FIRST));
    assert_eq!(answer, []);
    let goes_on = say(&mut state, Message::ToggleStudyPause);
    assert_eq!(goes_on, [Effect::Resume(FIRST)]);
}

#[test]
fn the_users_own_pause_outlives_that_of_the_study() {
    let mut state = running(2);
    say(&mut state, Message::Pause(FIRST));
    hear(&mut state, ExecutorEvent::Paused(FIRST));
    play(&mut state, started(1));
    say(&mut state, Message::ToggleStudyPause);
    hear(&mut state, ExecutorEvent::Paused(SECOND));
    let goes_on = say(&mut state, Message::ToggleStudyPause);
    assert_eq!(goes_on, [Effect::Resume(SECOND)]);
    hear(&mut state, ExecutorEvent::Resumed(SECOND));
    say(&mut state, Message::ToggleStudyPause);
    hear(&mut state, ExecutorEvent::Paused(SECOND));
    // What is said of a trial meanwhile counts once the study goes on.
    assert_eq!(say(&mut state, Message::Resume(FIRST)), []);
    let with_it = "the study is paused: trial #0 goes on with it";
    assert_eq!(last_notice(&state), with_it);
    assert_eq!(say(&mut state, Message::Pause(SECOND)), []);
    let stays = "trial #1 stays paused when the study goes on";
    assert_eq!(last_notice(&state), stays);
    let goes_on = say(&mut state, Message::ToggleStudyPause);
    assert_eq!(goes_on, [Effect::Resume(FIRST)]);
}

#[test]
fn what_waits_for_memory_gives_its_place_to_a_trial_that_has_its_own() {
    let mut state = running(2);
    say(&mut state, Message::Pause(FIRST));
    hear(&mut state, ExecutorEvent::Paused(FIRST));
    let deferred = ExecutorEvent::Deferred {
        trial: SECOND,
        needed_bytes: 2,
        free_bytes: 1,
    };
    assert_eq!(hear(&mut state, deferred), []);
    let gives_way = say(&mut state, Message::Resume(FIRST));
    assert_eq!(gives_way, [Effect::Pause(SECOND)]);
    let returned = hear(&mut state, ExecutorEvent::Returned(SECOND));
    assert_eq!(returned, [Effect::Resume(FIRST)]);
    assert_eq!(state.queue(), [SECOND]);
}

#[test]
fn what_is_cancelled_while_it_is_taken_back_is_cancelled() {
    let mut state = study(1, 1);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1]], true));
    say(&mut state, Message::ToggleStudyPause);
    assert_eq!(
        say(&mut state, Message::Cancel(FIRST)),
        [Effect::Cancel(FIRST)]
    );
    assert_eq!(say(&mut state, Message::Cancel(FIRST)), [], "once");
    let over = hear(&mut state, ExecutorEvent::Returned(FIRST));
    assert_eq!(over, [Effect::Forget(FIRST)]);
    assert_eq!(state.trials[0].state, TrialState::Cancelled);
}

#[test]
fn what_is_cancelled_while_the_program_stops_is_cancelled_whatever_its_lane_tells() {
    let mut state = running(2);
    assert_eq!(say(&mut state, Message::Quit), [Effect::Stop]);
    say(&mut state, Message::Cancel(FIRST));
    assert_eq!(state.trials[0].state, TrialState::Cancelled);
    assert_eq!(hear(&mut state, ExecutorEvent::Paused(FIRST)), []);
    assert_eq!(state.trials[0].state, TrialState::Cancelled);
    // Nor does it matter to another attempt, nor begin an evaluation.
    say(&mut state, Message::Retry(FIRST));
    assert_eq!(hear(&mut state, ExecutorEvent::Paused(FIRST)), []);
    assert_eq!(state.trials[0].state, TrialState::Queued);
    assert_eq!(say(&mut state, Message::Evaluate), []);
    assert_eq!(last_notice(&state), "the program is stopping");
}

#[test]
fn an_evaluation_waits_until_every_place_is_free() {
    let mut state = running(2);
    play(&mut state, finished(0, 0.8, 1.0));
    assert!(state.places.has(SECOND), "handed over, not begun");
    say(&mut state, Message::ToggleStudyPause);
    assert_eq!(say(&mut state, Message::Evaluate), []);
    hear(&mut state, ExecutorEvent::Returned(SECOND));
    let begun = say(&mut state, Message::Evaluate);
    assert!(matches!(&begun[..], [Effect::Evaluate(_)]));
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
