//! The training worker on a tiny encoder: pausing, cancelling, diverging, and keeping the best weights.

use crate::support::tiny;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use autopeft::domain::{Cause, Configuration, Job, Ladder, LearningRate, Measurement, TrialId};
use autopeft::executor::{Executor, ExecutorEvent, LocalExecutor};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::ModelFiles;
use autopeft::model::device::DeviceChoice;
use autopeft::study::{FidelitySettings, ModelSource, Precision, TrainingSettings};
use autopeft::task::{Dataset, Example, Label, Labels, Metric};
use autopeft::train::Plan;
use autopeft::train::checkpoint;
use autopeft::train::workbench::Workbench;

/// Sentences that say `red` or `blue`; the colour is the label.
pub(crate) fn dataset(rows: usize) -> Dataset {
    let example = |i: usize| {
        let (text, class) = tiny::sentence(i);
        Example {
            text,
            pair: None,
            label: Label::Class(class),
        }
    };
    Dataset {
        task: "colours".into(),
        labels: Labels::Classes(vec!["red".into(), "blue".into()]),
        metric: Metric::Accuracy,
        positive: None,
        train: (0..rows).map(example).collect(),
        validation: (0..16).map(example).collect(),
        test: Vec::new(),
        warnings: Vec::new(),
        files: Vec::new(),
    }
}

/// A training on a tiny encoder in `folder`.
pub(crate) fn plan(folder: &Path, learning_rate: f64, epochs: u32) -> Plan {
    tiny::model_folder(folder);
    let hub = Hub::new(HubSettings::from_variables(|_| None));
    let files =
        ModelFiles::open(&ModelSource::Folder(folder.to_owned()), &hub, &mut |_| ()).unwrap();
    Plan {
        files,
        dataset: dataset(64),
        examined: None,
        training: TrainingSettings {
            learning_rate,
            batch_size: 8,
            evaluation_batch_size: 8,
            max_length: 12,
            pad_to_max_length: false,
            length_buckets: true,
            activation_cache_mb: 64,
            epochs,
            patience: 100,
            warmup_share: 0.0,
            warmup_share_open: false,
            standard_targets: false,
            standard_targets_open: false,
            weight_decay: 0.0,
            max_gradient_norm: 1.0,
            backbone_dropout: 0.1,
            head_dropout: 0.1,
            prefix_bottleneck: 8,
            precision: Precision::F32,
        },
        fidelity: FidelitySettings {
            data_share: 1.0,
            epochs: None,
        },
        device: DeviceChoice::Cpu,
        weights_folder: Some(folder.join("weights")),
        under_way: None,
        seed: 1,
        basis: "study".to_owned(),
    }
}

pub(crate) fn job(number: u32) -> Job {
    Job {
        trial: TrialId(number),
        configuration: Configuration {
            modules: BTreeMap::from([
                ("serial".into(), 4),
                ("parallel".into(), 2),
                ("prefix".into(), 3),
            ]),
            layers: vec![0, 1],
            ..Configuration::default()
        },
        parameters_percent: 1.5,
        seed: 5,
        ladder: Ladder::default(),
    }
}

pub(crate) fn next(executor: &LocalExecutor) -> ExecutorEvent {
    executor
        .events()
        .recv_timeout(Duration::from_secs(120))
        .unwrap()
}

/// Events until one that is no progress.
pub(crate) fn next_milestone(executor: &LocalExecutor) -> ExecutorEvent {
    loop {
        let event = next(executor);
        if !matches!(event, ExecutorEvent::Progress(_) | ExecutorEvent::Epoch(..)) {
            return event;
        }
    }
}

pub(crate) fn started(plan: Plan) -> LocalExecutor {
    started_with(plan, 1)
}

pub(crate) fn started_with(plan: Plan, lanes: usize) -> LocalExecutor {
    let executor = LocalExecutor::start(plan, lanes).unwrap();
    assert!(matches!(next(&executor), ExecutorEvent::Ready { .. }));
    executor
}

pub(crate) fn trained(executor: &LocalExecutor, job: Job) -> Measurement {
    executor.submit(job);
    assert!(matches!(
        next_milestone(executor),
        ExecutorEvent::Started(_)
    ));
    match next_milestone(executor) {
        ExecutorEvent::Finished(_, measurement) => measurement,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trial_learns_keeps_its_best_weights_and_they_score_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let executor = started(plan(folder.path(), 1e-2, 30));
    let measurement = trained(&executor, job(0));
    assert!(measurement.objectives.score > 0.9, "{measurement:?}");
    assert_eq!(measurement.objectives.parameters_percent, 1.5);

    let bench = Workbench::prepare(plan(folder.path(), 1e-2, 30)).unwrap();
    let kept = checkpoint::load(&checkpoint::path(
        &folder.path().join("weights"),
        TrialId(0),
    ))
    .unwrap();
    let scalars: usize = kept.iter().map(|tensor| tensor.values.len()).sum();
    assert_eq!(scalars as u64, measurement.trained_parameters);
    assert_eq!(
        bench.score(&job(0).configuration, &kept).unwrap(),
        measurement.objectives.score
    );
    let other = Configuration {
        modules: BTreeMap::from([("serial".into(), 2)]),
        layers: vec![0],
        ..Configuration::default()
    };
    assert!(
        bench.score(&other, &kept).is_err(),
        "weights of another configuration are refused"
    );
}

#[test]
fn a_learning_rate_of_the_configuration_takes_the_place_of_the_studys() {
    let folder = tempfile::tempdir().unwrap();
    let with = |rate: f64| {
        let mut job = job(0);
        job.configuration.learning_rate = LearningRate::try_from(rate).ok();
        job
    };
    let objectives = |measurement: Measurement| (measurement.objectives, measurement.best_epoch);
    let slow = started(plan(folder.path(), 1e-6, 30));
    let unlearnt = objectives(trained(&slow, job(0)));
    let fast = objectives(trained(&slow, with(1e-2)));
    assert!(
        fast.0.score > unlearnt.0.score + 0.1,
        "{fast:?} {unlearnt:?}"
    );
    drop(slow);
    let study = started(plan(folder.path(), 1e-2, 30));
    assert_eq!(objectives(trained(&study, job(0))), fast);
}

#[test]
fn a_paused_trial_lets_another_pass_and_ends_as_if_never_paused() {
    let folder = tempfile::tempdir().unwrap();
    let executor = started(plan(folder.path(), 3e-3, 40));
    let undisturbed = trained(&executor, job(0));

    executor.submit(job(1));
    while !matches!(next(&executor), ExecutorEvent::Progress(progress) if progress.step == 3) {}
    executor.pause(TrialId(1));
    assert_eq!(next_milestone(&executor), ExecutorEvent::Paused(TrialId(1)));
    let between = trained(&executor, Job { seed: 99, ..job(2) });
    executor.resume(TrialId(1));
    assert_eq!(
        next_milestone(&executor),
        ExecutorEvent::Resumed(TrialId(1))
    );
    let ExecutorEvent::Finished(_, paused) = next_milestone(&executor) else {
        panic!("not finished")
    };
    assert_eq!(paused.objectives, undisturbed.objectives);
    assert_eq!(paused.best_epoch, undisturbed.best_epoch);
    assert_ne!(between.wall_seconds, 0.0);
    let weights = |number| {
        let path = checkpoint::path(&folder.path().join("weights"), TrialId(number));
        checkpoint::load(&path).unwrap()
    };
    assert_eq!(weights(0), weights(1), "bit by bit");
    assert_ne!(weights(0), weights(2), "another seed, another result");
}

#[test]
fn trials_side_by_side_end_as_they_do_alone() {
    let folder = tempfile::tempdir().unwrap();
    let others = |number| Job {
        seed: 9,
        ..job(number)
    };
    let alone = started(plan(folder.path(), 3e-3, 12));
    let first = trained(&alone, job(0));
    let second = trained(&alone, others(1));
    drop(alone);

    let executor = started_with(plan(folder.path(), 3e-3, 12), 2);
    assert_eq!(executor.capacity(), 2);
    for job in [job(2), others(3), job(4)] {
        executor.submit(job);
    }
    executor.pause(TrialId(4));
    let (mut running, mut most, mut paused) = (0, 0, 0);
    let mut measured = BTreeMap::new();
    while measured.len() < 4 {
        match next_milestone(&executor) {
            ExecutorEvent::Started(TrialId(4)) => {
                running += 1;
                executor.pause(TrialId(4));
            }
            ExecutorEvent::Started(_) | ExecutorEvent::Resumed(_) => running += 1,
            // It had not begun; once it has, it is asked to stand still.
            ExecutorEvent::Returned(trial) => {
                assert_eq!(trial, TrialId(4));
                executor.submit(job(4));
                executor.submit(others(5));
            }
            ExecutorEvent::Paused(trial) => {
                running -= 1;
                paused += 1;
                executor.resume(trial);
            }
            ExecutorEvent::Finished(trial, measurement) => {
                running -= 1;
                measured.insert(trial.0, measurement);
            }
            other => panic!("{other:?}"),
        }
        most = most.max(running);
    }
    assert_eq!((most, paused), (2, 1));
    for (number, alone) in [(2, first), (3, second), (4, first), (5, second)] {
        assert_eq!(measured[&number].objectives, alone.objectives);
        assert_eq!(measured[&number].best_epoch, alone.best_epoch);
    }
    let weights = |number| {
        let path = checkpoint::path(&folder.path().join("weights"), TrialId(number));
        checkpoint::load(&path).unwrap()
    };
    assert_eq!(weights(0), weights(2), "bit by bit");
    assert_eq!(weights(1), weights(5), "bit by bit");

    // Several at work, several standing still, one waiting: the end keeps to its promises.
    for number in 6..10 {
        executor.submit(job(number));
    }
    while !matches!(next(&executor), ExecutorEvent::Progress(p) if p.trial == TrialId(7)) {}
    executor.pause(TrialId(6));
    while next(&executor) != ExecutorEvent::Paused(TrialId(6)) {}
    executor.cancel(TrialId(9));
    executor.cancel(TrialId(7));
    let mut cancelled = Vec::new();
    while cancelled.len() < 2 {
        if let ExecutorEvent::Cancelled(trial) = next(&executor) {
            cancelled.push(trial.0);
        }
    }
    cancelled.sort_unstable();
    assert_eq!(cancelled, [7, 9]);
    executor.stop();
    let mut paused = Vec::new();
    loop {
        match next(&executor) {
            ExecutorEvent::Paused(trial) => paused.push(trial),
            ExecutorEvent::Stopped => break,
            _ => {}
        }
    }
    assert!(paused.len() <= 1, "only #8 was running: {paused:?}");
}

#[test]
fn a_resumed_trial_is_reported_once_its_turn_comes() {
    let folder = tempfile::tempdir().unwrap();
    let executor = started(plan(folder.path(), 3e-3, 4));
    let reach = |trial: u32, step: u64| {
        while !matches!(next(&executor), ExecutorEvent::Progress(p) if p.trial == TrialId(trial) && p.step >= step)
        {
        }
    };
    executor.submit(job(0));
    reach(0, 2);
    executor.submit(job(1));
    executor.pause(TrialId(0));
    assert_eq!(next_milestone(&executor), ExecutorEvent::Paused(TrialId(0)));
    assert_eq!(
        next_milestone(&executor),
        ExecutorEvent::Started(TrialId(1))
    );
    executor.resume(TrialId(0));
    let after = [next_milestone(&executor), next_milestone(&executor)];
    assert!(
        matches!(after[0], ExecutorEvent::Finished(TrialId(1), _)),
        "{after:?}"
    );
    assert_eq!(after[1], ExecutorEvent::Resumed(TrialId(0)));
}

#[test]
fn cancelled_and_diverged_trials_end_and_the_worker_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let executor = started(plan(folder.path(), f64::MAX, 50));
    executor.submit(job(0));
    assert!(matches!(
        next_milestone(&executor),
        ExecutorEvent::Started(_)
    ));
    assert!(matches!(
        next_milestone(&executor),
        ExecutorEvent::Infeasible(TrialId(0), Cause::Diverged { at: Some(_) })
    ));
    drop(executor);

    let executor = started(plan(folder.path(), 1e-3, 10_000));
    executor.submit(job(1));
    executor.submit(job(2));
    assert!(matches!(
        next_milestone(&executor),
        ExecutorEvent::Started(_)
    ));
    executor.cancel(TrialId(2));
    assert_eq!(
        next_milestone(&executor),
        ExecutorEvent::Cancelled(TrialId(2)),
        "still waiting"
    );
    executor.cancel(TrialId(1));
    assert_eq!(
        next_milestone(&executor),
        ExecutorEvent::Cancelled(TrialId(1)),
        "under way"
    );
    executor.stop();
    assert_eq!(next_milestone(&executor), ExecutorEvent::Stopped);
}

#[test]
fn a_model_that_cannot_be_loaded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let broken = plan(folder.path(), 1e-3, 1);
    let weights = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    let executor = LocalExecutor::start(broken, 1).unwrap();
    let ExecutorEvent::Unavailable { cause } = next(&executor) else {
        panic!("not refused")
    };
    assert!(cause.to_string().contains("model.safetensors"), "{cause}");
}
