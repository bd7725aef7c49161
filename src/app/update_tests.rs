//! A study played through its events, without threads or files: what is asked, submitted and recorded.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::app::StudyFacts;
use crate::domain::{
    Diagnostics, EpochReport, Ladder, Measurement, ModuleAxis, Objectives, PeftSpace, Point,
    ReferenceRule, Rungs, Standing, front, hypervolume,
};
use crate::search::Proposal;

fn study(initial_trials: usize, trials_wanted: usize) -> State {
    let axis = |name: &str| ModuleAxis {
        name: name.into(),
        sizes: vec![0, 1, 2, 4],
        weights_per_unit: 16,
    };
    let mut state = State::new(StudyFacts {
        name: "s".into(),
        seed: 1,
        space: PeftSpace {
            modules: vec![axis("serial"), axis("parallel")],
            layers: 2,
            candidate_layers: vec![0, 1],
            choose_layers: true,
            backbone_parameters: 10_000,
            learning_rates: Vec::new(),
        },
        reference_rule: ReferenceRule {
            score: Some(0.5),
            parameters_percent: Some(26.0),
        },
        settings: serde_json::Value::Null,
    });
    state.initial_trials = initial_trials;
    state
        .apply(&Record::SessionStarted {
            program: "test".into(),
            trials: trials_wanted,
        })
        .unwrap();
    state
}

/// Plays the runtime: appends are applied at once; the other effects are returned.
fn play(state: &mut State, event: Event) -> Vec<Effect> {
    let mut done = Vec::new();
    let mut effects = update(state, event);
    loop {
        for effect in effects {
            match effect {
                Effect::Append(record) => state.apply(&record).unwrap(),
                other => done.push(other),
            }
        }
        effects = schedule(state);
        if effects.is_empty() {
            return done;
        }
    }
}

fn ready() -> Event {
    Event::Executor(ExecutorEvent::Ready {
        device: "cpu".into(),
    })
}

fn proposed(levels: &[[u16; 4]], initial: bool) -> Event {
    let proposal = |levels: &[u16; 4]| Proposal {
        point: Point(levels.to_vec()),
        initial,
        diagnostics: Diagnostics::default(),
    };
    Event::Search(SearchEvent::Proposed(levels.iter().map(proposal).collect()))
}

fn finished(trial: u32, score: f64, parameters_percent: f64) -> Event {
    let measurement = Measurement {
        objectives: Objectives {
            score,
            parameters_percent,
        },
        best_epoch: 1,
        trained_parameters: 1,
        wall_seconds: 1.0,
    };
    Event::Executor(ExecutorEvent::Finished(TrialId(trial), measurement))
}

fn started(trial: u32) -> Event {
    Event::Executor(ExecutorEvent::Started(TrialId(trial)))
}

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

#[test]
fn the_next_proposal_is_asked_for_while_the_last_initial_trial_runs() {
    let mut state = study(2, 3);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    let effects = play(&mut state, finished(0, 0.8, 1.0));
    assert!(
        matches!(&effects[..], [Effect::Forget(TrialId(0)), Effect::Submit(job), Effect::Ask(ask)]
        if job.trial == TrialId(1)
            && ask.history == [Observation { point: Point(vec![1, 0, 1, 1]), outcome: Outcome::Score(0.8), third: None, early: Vec::new() }]
            && ask.pending == [Point(vec![0, 2, 1, 0])])
    );
    assert_eq!(state.front, [TrialId(0)]);
    assert!((state.hypervolume() - 25.0 * 0.3).abs() < 1e-12);
}

#[test]
fn the_reference_point_is_derived_once_and_questions_asked_again_bring_the_same() {
    let mut state = study(2, 4);
    state.study.reference_rule.score = None;
    state.reference_point = None;
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    let effects = play(&mut state, finished(0, 0.5, 1.0));
    let of_one = state.reference();
    assert_eq!(of_one.score, 0.5, "nothing is better than the only score");
    assert!(matches!(&effects[..], [.., Effect::Ask(ask)] if ask.reference_point == Some(of_one)));
    assert!(state.hypervolume_trace.is_empty());
    play(&mut state, started(1));
    play(&mut state, finished(1, 0.6, 2.0));
    // q = 0.5, b = 0.6.
    let fixed = state.reference_point.unwrap();
    assert_eq!(fixed.score, 0.49);
    let trace: Vec<TrialId> = state.hypervolume_trace.iter().map(|(id, _)| *id).collect();
    assert_eq!(trace, [TrialId(0), TrialId(1)]);
    assert!((state.hypervolume_trace[0].1 - 25.0 * 0.01).abs() < 1e-9);
    // Asked for after an interruption, what was asked for before trial 1 ended is asked for as it was.
    assert_eq!(question(&state, 1).reference_point, Some(of_one));
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(2));
    play(&mut state, finished(2, 0.9, 3.0));
    assert_eq!(question(&state, 1).reference_point, Some(fixed));
    assert_eq!(state.reference_point, Some(fixed), "it stays");
}

#[test]
fn proposals_asked_for_again_after_an_interruption_rest_on_what_was_known_then() {
    let mut state = study(2, 3);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    let asked = |effects: &[Effect]| {
        let mut asks = effects.iter().filter_map(|effect| match effect {
            Effect::Ask(ask) => Some(ask.clone()),
            _ => None,
        });
        asks.next_back().unwrap()
    };
    let first = asked(&play(&mut state, finished(0, 0.8, 1.0)));
    play(&mut state, started(1));
    play(&mut state, finished(1, 0.9, 2.0));
    // The program is killed before the answer comes, and started again.
    state.search = SearchStatus::Idle;
    state
        .apply(&Record::SessionStarted {
            program: "test".into(),
            trials: 3,
        })
        .unwrap();
    assert_eq!(asked(&play(&mut state, ready())), first);
    // The trial that follows is proposed with everything that was over when it began.
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(2));
    assert_eq!(state.known(), [TrialId(0), TrialId(1)].into());
}

proptest! {
    #[test]
    fn the_front_grows_trial_by_trial_to_what_it_is_at_once(
        results in proptest::collection::vec((0..5_u8, 0..5_u8), 1..12),
        keys in proptest::collection::vec(any::<u64>(), 12),
    ) {
        let mut state = study(1, results.len());
        let mut order: Vec<usize> = (0..results.len()).collect();
        order.sort_by_key(|i| keys[*i]);
        let number = |i: usize| TrialId(i as u32);
        for i in 0..results.len() {
            let configuration = state.study.space.configuration(&Point(vec![1, 0, 1, 0]));
            let (trial, origin) = (number(i), Origin::Manual);
            state.apply(&Record::TrialQueued { trial, configuration, origin }).unwrap();
            state.apply(&Record::TrialStarted { trial }).unwrap();
        }
        let objectives: Vec<Objectives> = results
            .iter()
            .map(|(score, cost)| Objectives {
                score: if *score == 4 { f64::NAN } else { f64::from(*score) },
                parameters_percent: f64::from(*cost),
            })
            .collect();
        for i in order {
            let Objectives { score, parameters_percent } = objectives[i];
            play(&mut state, finished(i as u32, score, parameters_percent));
        }
        let at_once: Vec<TrialId> = front(&objectives).into_iter().map(number).collect();
        prop_assert_eq!(&state.front, &at_once);
        let reached = hypervolume(&objectives, state.reference());
        prop_assert!((state.hypervolume() - reached).abs() < 1e-12);
    }
}

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
fn replay_queues_interrupted_trials_again_and_keeps_finished_ones() {
    let mut state = study(2, 2);
    let mut records = vec![Record::StudyCreated {
        format: crate::journal::FORMAT_VERSION,
        name: "s".into(),
        seed: 1,
        settings: serde_json::Value::Null,
        space: state.study.space.clone(),
        reference_point: state.study.reference_rule,
    }];
    let queued = |number: u32, levels: &[u16]| Record::TrialQueued {
        trial: TrialId(number),
        configuration: state.study.space.configuration(&Point(levels.to_vec())),
        origin: Origin::Initial,
    };
    records.extend([queued(0, &[1, 0, 1, 1]), queued(1, &[0, 2, 1, 0])]);
    records.extend([Record::TrialStarted { trial: TrialId(0) }]);
    let Event::Executor(ExecutorEvent::Finished(trial, measurement)) = finished(0, 0.9, 1.0) else {
        unreachable!("made just above");
    };
    records.extend([
        Record::TrialFinished { trial, measurement },
        Record::TrialStarted { trial: TrialId(1) },
    ]);
    records.push(Record::SessionStarted {
        program: "test".into(),
        trials: 2,
    });
    let replayed = State::replay(records.clone()).unwrap();
    assert_eq!(replayed.trials[0].state, TrialState::Finished);
    assert_eq!(replayed.trials[1].state, TrialState::Queued);
    assert_eq!(replayed.front, [TrialId(0)]);

    records.push(Record::TrialFinished { trial, measurement });
    assert!(
        State::replay(records.clone()).is_err(),
        "a trial cannot finish twice"
    );
    assert_eq!(
        state.apply(&records[2]).unwrap_err(),
        "trial #1 queued as number 0"
    );
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
        matches!(&effects[..], [Effect::Forget(TrialId(1)), Effect::Submit(job), Effect::Ask(ask)]
        if job.trial == TrialId(2) && ask.history.len() == 1 && ask.pending.len() == 2),
        "{effects:?}"
    );
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
    assert_eq!(pruned.reason.as_deref(), Some(why));
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

#[test]
fn rungs_and_epochs_are_those_on_record() {
    let facts = |settings| StudyFacts {
        settings,
        ..study(1, 1).study
    };
    let state = State::new(facts(serde_json::json!({
        "training": { "epochs": 10 },
        "fidelity": { "data_share": 1.0, "epochs": null },
        "rungs": { "epochs": [1, 3], "reduction_factor": 3 }
    })));
    assert_eq!((state.rungs.epochs, state.epochs), (vec![1, 3], 10));
    let state = State::new(facts(serde_json::json!({
        "training": { "epochs": 10 },
        "fidelity": { "data_share": 1.0, "epochs": 6 }
    })));
    assert_eq!((state.rungs, state.epochs), (Rungs::default(), 6));
}
