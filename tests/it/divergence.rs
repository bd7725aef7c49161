//! Trainings whose loss stops being a finite number: what was measured before counts.

use std::path::Path;
use std::time::Duration;

use crate::worker::{job, plan};
use autopeft::domain::{EpochReport, Measurement, Moment, TrialId};
use autopeft::executor::{Executor, ExecutorEvent, LocalExecutor};
use autopeft::train::trainer::{Advance, Training};
use autopeft::train::workbench::Workbench;
use autopeft::train::{KeepUnderWay, Plan, checkpoint};

const EPOCHS: u32 = 6;
/// Of 64 rows in batches of 8.
const STEPS: u64 = 8;

/// A training to its end: the epochs that were measured, and the result or when it diverged.
fn trained(bench: &Workbench) -> (Vec<EpochReport>, Result<Measurement, Moment>) {
    let mut training = Training::begin(bench, &job(0)).unwrap();
    let mut reports = Vec::new();
    loop {
        match training.advance().unwrap() {
            Advance::Epoch(report) => reports.push(report),
            Advance::Done(measurement) => return (reports, Ok(measurement)),
            Advance::Diverged(at) => return (reports, Err(at)),
            Advance::Pruned(_) => panic!("there are no rungs"),
            Advance::Prepared | Advance::Step(_) | Advance::Evaluated => {}
        }
    }
}

/// A learning rate at which the loss is finite for some epochs and then is not: products of weights overflow, sooner
/// the larger it is.
fn breaking_down(folder: &Path) -> f64 {
    let rates = (0..80).map(|i| 1e14 * 1.25_f64.powi(i));
    let late = |rate: &f64| {
        let bench = Workbench::prepare(plan(folder, *rate, EPOCHS)).unwrap();
        matches!(
            trained(&bench),
            (
                _,
                Ok(Measurement {
                    diverged: Some(_),
                    ..
                })
            )
        )
    };
    rates.into_iter().find(late).expect("one breaks down late")
}

#[test]
fn epochs_before_the_loss_is_no_number_count_also_after_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let rate = breaking_down(folder.path());
    let bench = Workbench::prepare(plan(folder.path(), rate, EPOCHS)).unwrap();
    let (reports, measured) = trained(&bench);
    let measured = measured.unwrap();
    let epochs = reports.len() as u64;
    assert!((1..u64::from(EPOCHS)).contains(&epochs), "{reports:?}");
    match measured.diverged.unwrap() {
        Moment::Step(step) => assert!((epochs * STEPS + 1..=(epochs + 1) * STEPS).contains(&step)),
        Moment::Epoch(epoch) => assert_eq!(u64::from(epoch), epochs + 1),
    }
    let best = reports
        .iter()
        .map(|report| report.score)
        .fold(0.0, f64::max);
    assert_eq!(measured.objectives.score, best);
    let first = reports.iter().find(|report| report.score == best).unwrap();
    assert_eq!(measured.best_epoch, first.epoch);
    let path = checkpoint::path(&folder.path().join("weights"), TrialId(0));
    let weights = checkpoint::load(&path).unwrap();
    assert_eq!(bench.score(&job(0).configuration, &weights).unwrap(), best);

    let kept = || Plan {
        under_way: Some(KeepUnderWay {
            folder: folder.path().join("under-way"),
            every: Duration::ZERO,
        }),
        ..plan(folder.path(), rate, EPOCHS)
    };
    let executor = LocalExecutor::start(kept(), 1).unwrap();
    executor.submit(job(0));
    let next = |executor: &LocalExecutor| {
        let event = executor.events().recv_timeout(Duration::from_secs(120));
        event.unwrap()
    };
    while !matches!(next(&executor), ExecutorEvent::Epoch(..)) {}
    executor.stop();
    drop(executor);
    let executor = LocalExecutor::start(kept(), 1).unwrap();
    executor.submit(job(0));
    let mut remarks = Vec::new();
    let again = loop {
        match next(&executor) {
            ExecutorEvent::Finished(_, measured) => break measured,
            ExecutorEvent::Remark(_, text) => remarks.push(text),
            ExecutorEvent::Infeasible(_, cause) => panic!("{cause}"),
            _ => {}
        }
    };
    let timeless = |measured: Measurement| Measurement {
        wall_seconds: 0.0,
        ..measured
    };
    assert_eq!(timeless(again), timeless(measured));
    let moment = measured.diverged.unwrap().to_string();
    assert!(
        remarks.iter().any(|text| text.contains(&moment)),
        "{remarks:?}"
    );
}

#[test]
fn without_an_epoch_before_it_the_trial_has_diverged() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Workbench::prepare(plan(folder.path(), f64::MAX, EPOCHS)).unwrap();
    let (reports, measured) = trained(&bench);
    assert!(reports.is_empty());
    assert!(matches!(
        measured,
        Err(Moment::Step(1..=STEPS) | Moment::Epoch(1))
    ));
}
