//! What the records make of a state, at once and one by one.

use super::*;

#[test]
fn the_reference_point_is_derived_once_before_the_first_proposal_is_asked_for() {
    let mut state = study(2, 4);
    state.study.reference_rule.score = None;
    state.reference_point = None;
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [0, 2, 1, 0]], true));
    play(&mut state, started(0));
    play(&mut state, finished(0, 0.5, 1.0));
    let of_one = state.reference();
    assert_eq!(of_one.score, 0.5, "nothing is better than the only score");
    assert!(state.hypervolume_trace.is_empty());
    play(&mut state, started(1));
    let effects = play(&mut state, finished(1, 0.6, 2.0));
    // q = 0.5, b = 0.6.
    let fixed = state.reference_point.unwrap();
    assert_eq!(fixed.score, 0.49);
    let trace: Vec<TrialId> = state.hypervolume_trace.iter().map(|(id, _)| *id).collect();
    assert_eq!(trace, [TrialId(0), TrialId(1)]);
    let of_the_first = [at(0.5, 1.0)];
    let reached = state.measure().share(&of_the_first);
    assert!(reached > 0.0);
    assert_eq!(state.hypervolume_trace[0].1.share, reached);
    assert!(matches!(&effects[..], [.., Effect::Ask(ask)] if ask.reference_point == Some(fixed)));
    play(&mut state, proposed(&[[2, 0, 1, 1]], false));
    play(&mut state, started(2));
    play(&mut state, finished(2, 0.9, 3.0));
    assert_eq!(question(&state, 1).reference_point, Some(fixed));
    assert_eq!(state.reference_point, Some(fixed), "it stays");
}

#[test]
fn an_epoch_that_is_told_again_is_no_news() {
    let mut state = study(1, 1);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1]], true));
    play(&mut state, started(0));
    let epoch = |epoch: u32| {
        let report = EpochReport {
            epoch,
            train_loss: 0.5,
            validation_loss: 0.6,
            score: 0.7,
            wall_seconds: f64::from(epoch),
        };
        Event::Executor(ExecutorEvent::Epoch(TrialId(0), report))
    };
    for told in [1, 2, 1, 2, 3] {
        play(&mut state, epoch(told));
    }
    let known: Vec<u32> = state.trials[0].epochs.iter().map(|e| e.epoch).collect();
    assert_eq!(known, [1, 2, 3]);
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
            play(&mut state, started(trial.0));
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
        let reached = state.measure().share(&objectives);
        prop_assert!((state.hypervolume().share - reached).abs() < 1e-12);
    }
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
