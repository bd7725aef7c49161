//! Trainings that are kept as files: stopped, pruned, and what is refused of a file.

use std::path::Path;
use std::time::Duration;

use autopeft::domain::{Job, Ladder, Objectives, Rung, Standing, TrialId};
use autopeft::executor::{Executor, ExecutorEvent, LocalExecutor};
use autopeft::train::checkpoint;
use autopeft::train::{KeepUnderWay, Plan};

use super::worker::{job, next, plan, started, trained};

/// A training whose state is kept so often, beside its weights.
fn kept_plan(folder: &Path, every: Duration, epochs: u32) -> Plan {
    Plan {
        under_way: Some(KeepUnderWay {
            folder: folder.join("under-way"),
            every,
        }),
        ..plan(folder, 3e-3, epochs)
    }
}

#[test]
fn a_stopped_trial_goes_on_from_its_last_step_and_ends_as_if_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || kept_plan(folder.path(), Duration::from_secs(3600), 40);
    let weights = |number| {
        let path = checkpoint::path(&folder.path().join("weights"), TrialId(number));
        checkpoint::load(&path).unwrap()
    };
    let undisturbed = trained(&started(kept()), job(0));

    // Five times on the way, in the middle of epochs and at their ends.
    for stop_at in [3, 40, 41, 100, 200] {
        let executor = started(kept());
        executor.submit(job(1));
        while !matches!(next(&executor), ExecutorEvent::Progress(p) if p.step >= stop_at) {}
        executor.stop();
        drop(executor);
    }
    let executor = started(kept());
    executor.submit(job(1));
    let mut epochs = Vec::new();
    let mut remarks = Vec::new();
    let stopped = loop {
        match next(&executor) {
            ExecutorEvent::Epoch(_, report) => epochs.push(report),
            ExecutorEvent::Remark(_, text) => remarks.push(text),
            ExecutorEvent::Finished(_, measurement) => break measurement,
            _ => {}
        }
    };
    assert_eq!(stopped.objectives, undisturbed.objectives);
    assert_eq!(stopped.best_epoch, undisturbed.best_epoch);
    assert_eq!(stopped.score_error, undisturbed.score_error);
    assert!(stopped.score_error.is_some());
    assert_eq!(weights(0), weights(1), "bit by bit");
    let numbers: Vec<u32> = epochs.iter().map(|report| report.epoch).collect();
    let all: Vec<u32> = (1..=40).collect();
    assert_eq!(numbers, all, "those before the stops are told again");
    assert!(epochs.is_sorted_by(|a, b| a.wall_seconds < b.wall_seconds));
    assert_eq!(remarks.len(), 1, "{remarks:?}");
    assert!(
        remarks[0].starts_with("trial #1 goes on after step"),
        "{remarks:?}"
    );

    let file = folder.path().join("under-way/trial-1.training");
    assert!(file.is_file(), "its end may not be recorded yet");
    executor.forget(TrialId(1));
    executor.stop();
    while next(&executor) != ExecutorEvent::Stopped {}
    assert!(!file.exists(), "now it is");
}

#[test]
fn a_pruned_trial_keeps_its_place_and_ends_as_if_never_stopped_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || kept_plan(folder.path(), Duration::from_secs(3600), 12);
    let executor = started(kept());
    let undisturbed = trained(&executor, job(0));
    let out_of_reach = Objectives {
        score: 1.1,
        parameters_percent: 0.5,
    };
    let with_peers = |peers: Vec<Objectives>| Job {
        ladder: Ladder {
            rungs: vec![
                Rung {
                    epoch: 1,
                    peers: vec![],
                },
                Rung { epoch: 3, peers },
            ],
            reduction_factor: 2,
        },
        ..job(1)
    };
    // It costs less than any: no score stops it.
    let dearer = Objectives {
        parameters_percent: 2.0,
        ..out_of_reach
    };
    let passed = trained(&executor, with_peers(vec![dearer; 3]));
    assert_eq!(passed.objectives, undisturbed.objectives);

    let standing = Standing {
        rung: 2,
        rungs: 2,
        epoch: 3,
        rank: 2,
        of: 2,
    };
    let pruned = |executor: &LocalExecutor| {
        executor.submit(Job {
            trial: TrialId(2),
            ..with_peers(vec![out_of_reach])
        });
        let mut epochs = 0;
        loop {
            match next(executor) {
                ExecutorEvent::Epoch(..) => epochs += 1,
                ExecutorEvent::Pruned(trial, found) => break (trial, found, epochs),
                ExecutorEvent::Finished(..) => panic!("not pruned"),
                _ => {}
            }
        }
    };
    assert_eq!(pruned(&executor), (TrialId(2), standing, 3));
    let file = folder.path().join("under-way/trial-2.training");
    assert!(file.is_file());
    drop(executor);
    // Killed before its end was recorded, it is pruned at the same place.
    let executor = started(kept());
    assert_eq!(pruned(&executor), (TrialId(2), standing, 3));
    // Its file outlives further jobs.
    trained(&executor, job(3));
    assert!(file.is_file());

    executor.submit(Job {
        trial: TrialId(2),
        ..job(2)
    });
    let mut steps = 0;
    let measurement = loop {
        match next(&executor) {
            ExecutorEvent::Progress(_) => steps += 1,
            ExecutorEvent::Finished(_, measurement) => break measurement,
            _ => {}
        }
    };
    assert!(
        steps <= 8 * 9,
        "{steps} steps: the first three epochs are not done again"
    );
    assert_eq!(measurement.objectives, undisturbed.objectives);
    let weights = |number| {
        let path = checkpoint::path(&folder.path().join("weights"), TrialId(number));
        checkpoint::load(&path).unwrap()
    };
    assert_eq!(weights(0), weights(2), "bit by bit");
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_refused_and_the_trial_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let under_way = folder.path().join("under-way");
    let kept = || kept_plan(folder.path(), Duration::ZERO, 20);
    let executor = started(kept());
    executor.submit(job(0));
    while !matches!(next(&executor), ExecutorEvent::Progress(p) if p.step >= 10) {}
    executor.stop();
    drop(executor);
    let path = under_way.join("trial-0.training");
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let cases = [
        (
            0,
            whole[..whole.len() / 2].to_vec(),
            "its checksum does not fit",
        ),
        (1, flipped, "its checksum does not fit"),
        (2, b"short".to_vec(), "it is cut short"),
        (3, whole, "it is of another training"),
    ];
    for (number, bytes, reason) in cases {
        let path = under_way.join(format!("trial-{number}.training"));
        std::fs::write(path, bytes).unwrap();
        let executor = started(kept());
        executor.submit(Job {
            seed: 5 + u64::from(number),
            ..job(number)
        });
        let mut remark = String::new();
        loop {
            match next(&executor) {
                ExecutorEvent::Remark(_, text) => remark = text,
                ExecutorEvent::Finished(..) => break,
                _ => {}
            }
        }
        assert!(
            remark.contains("begins anew") && remark.contains(reason),
            "{remark}"
        );
    }
}

#[test]
fn a_checkpoint_of_other_rows_or_settings_is_refused_and_the_trial_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let resting_on = |basis: &str| Plan {
        basis: basis.to_owned(),
        ..kept_plan(folder.path(), Duration::ZERO, 20)
    };
    let executor = started(resting_on("these rows"));
    executor.submit(job(0));
    while !matches!(next(&executor), ExecutorEvent::Progress(p) if p.step >= 10) {}
    executor.stop();
    drop(executor);
    let executor = started(resting_on("those rows"));
    executor.submit(job(0));
    let remark = loop {
        match next(&executor) {
            ExecutorEvent::Remark(_, text) => break text,
            ExecutorEvent::Finished(..) => panic!("it went on with other rows"),
            _ => {}
        }
    };
    assert!(
        remark.contains("begins anew") && remark.contains("other rows"),
        "{remark}"
    );
}
