//! A study whose trainings are a formula: executor of the real trait, everything else the real parts.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use autopeft::app::State;
use autopeft::app::exporting::Exporting;
use autopeft::app::runtime::Runtime;
use autopeft::domain::{
    EpochReport, Job, Measurement, ModuleAxis, Objectives, PeftSpace, Progress, ReferenceRule,
    SearchMethod, TrialId,
};
use autopeft::executor::{Executor, ExecutorEvent};
use autopeft::journal::{FORMAT_VERSION, Journal, Record, Writer};
use autopeft::search::{Engine, EngineSettings, EstimateWorker, SearchWorker};

/// Steps of an epoch.
const STEPS: u64 = 20;

/// The paper's space for twelve layers of 768 channels: 5,446,350 configurations.
pub(crate) fn space() -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.to_owned(),
        sizes: vec![0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768],
        weights_per_unit: 1536,
    };
    PeftSpace {
        modules: ["serial", "parallel", "prefix"].map(axis).to_vec(),
        layers: 12,
        candidate_layers: (0..12).collect(),
        choose_layers: true,
        backbone_parameters: 109_482_240,
        learning_rates: Vec::new(),
    }
}

/// The first records of a session on such a study.
pub(crate) fn opening(trials: usize, is_new: bool) -> Vec<Record> {
    let created = Record::StudyCreated {
        format: FORMAT_VERSION,
        name: "stub".to_owned(),
        seed: 1,
        settings: serde_json::json!({}),
        space: space(),
        reference_point: ReferenceRule {
            score: Some(0.0),
            parameters_percent: Some(26.0),
        },
    };
    let session = Record::SessionStarted {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        trials,
    };
    is_new
        .then_some(created)
        .into_iter()
        .chain([session])
        .collect()
}

/// What epoch `epoch` of the job shows: the same whenever it is asked for.
pub(crate) fn report(job: &Job, epoch: u32) -> EpochReport {
    let size = (1.0 + job.parameters_percent).ln();
    let noise = (job.seed % 1000) as f64 / 1e5;
    EpochReport {
        epoch,
        train_loss: 1.0 / f64::from(epoch + 1),
        validation_loss: 1.1 / f64::from(epoch + 1),
        score: (size / (1.0 + size)) * (1.0 - 0.5 / f64::from(epoch + 1)) + noise,
        wall_seconds: f64::from(epoch),
    }
}

/// What the job measures.
pub(crate) fn measurement(job: &Job, epochs: u32) -> Measurement {
    Measurement {
        objectives: Objectives {
            score: report(job, epochs).score,
            parameters_percent: job.parameters_percent,
        },
        best_epoch: epochs,
        trained_parameters: 1000,
        wall_seconds: f64::from(epochs),
        diverged: None,
        score_error: None,
    }
}

/// Answers every job at once by `epochs` epochs and a result, on a thread of its own; does nothing else.
pub(crate) struct StubExecutor {
    commands: Sender<Option<Job>>,
    events: Receiver<ExecutorEvent>,
    /// Nanoseconds for which the worker waited for somebody to take its events.
    pub(crate) waited: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl StubExecutor {
    pub(crate) fn start(epochs: u32) -> Self {
        let (commands, received) = unbounded::<Option<Job>>();
        // As many as the real worker has.
        let (sender, events) = bounded(256);
        let waited = Arc::new(AtomicU64::new(0));
        let thread = std::thread::spawn({
            let waited = Arc::clone(&waited);
            move || work(epochs, &received, &sender, &waited)
        });
        Self {
            commands,
            events,
            waited,
            thread: Some(thread),
        }
    }
}

fn work(
    epochs: u32,
    commands: &Receiver<Option<Job>>,
    events: &Sender<ExecutorEvent>,
    waited: &AtomicU64,
) {
    let tell = |event| {
        let begun = std::time::Instant::now();
        let told = events.send(event).is_ok();
        waited.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        told
    };
    let device = "a formula".to_owned();
    let mut listening = tell(ExecutorEvent::Ready { device, room: None });
    let mut seen = BTreeSet::<TrialId>::new();
    while let (true, Ok(Some(job))) = (listening, commands.recv()) {
        assert!(
            seen.insert(job.trial),
            "trial {} was submitted twice",
            job.trial
        );
        listening = tell(ExecutorEvent::Started(job.trial));
        for epoch in 1..=epochs {
            for step in 1..=STEPS {
                let progress = Progress {
                    trial: job.trial,
                    step: STEPS * u64::from(epoch - 1) + step,
                    steps: STEPS * u64::from(epochs),
                    epoch,
                    loss: 1.0 / step as f64,
                    wall_seconds: f64::from(epoch),
                };
                // As the real worker does: skipped rather than waited for.
                let _ = events.try_send(ExecutorEvent::Progress(progress));
            }
            listening &= tell(ExecutorEvent::Epoch(job.trial, report(&job, epoch)));
        }
        listening &= tell(ExecutorEvent::Finished(
            job.trial,
            measurement(&job, epochs),
        ));
    }
    let _ = events.send(ExecutorEvent::Stopped);
}

impl Executor for StubExecutor {
    fn capacity(&self) -> usize {
        1
    }

    fn submit(&self, job: Job) {
        let _ = self.commands.send(Some(job));
    }

    fn pause(&self, _: TrialId) {}

    fn resume(&self, _: TrialId) {}

    fn cancel(&self, _: TrialId) {}

    fn stop(&self) {
        let _ = self.commands.send(None);
    }

    fn events(&self) -> &Receiver<ExecutorEvent> {
        &self.events
    }
}

impl Drop for StubExecutor {
    fn drop(&mut self) {
        self.stop();
        while self.events.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The study in `folder` with this executor, proposals at random: begun, or gone on with.
pub(crate) fn runtime(
    folder: &Path,
    executor: impl Executor + 'static,
    trials: usize,
) -> io::Result<Runtime> {
    runtime_on_slow_disk(folder, executor, trials, Duration::ZERO)
}

/// The same, with a disk that takes so long longer for each synchronisation.
pub(crate) fn runtime_on_slow_disk(
    folder: &Path,
    executor: impl Executor + 'static,
    trials: usize,
    delay: Duration,
) -> io::Result<Runtime> {
    let (mut journal, history) = Journal::open(folder).map_err(io::Error::other)?;
    let mut records: Vec<Record> = history.records.into_iter().map(|s| s.record).collect();
    let fresh = opening(trials, records.is_empty());
    journal.append(&fresh).map_err(io::Error::other)?;
    records.extend(fresh);
    let mut state = State::replay(records).map_err(io::Error::other)?;
    state.initial_trials = 16;
    state.batch = 16;
    state.capacity = executor.capacity();
    let settings = EngineSettings {
        method: SearchMethod::Random,
        repeats: 0.0,
        ..EngineSettings::default()
    };
    let cost = {
        let space = space();
        Arc::new(move |point: &_| space.parameters_percent(&space.configuration(point)))
    };
    let engine = Engine::new(space().space(), cost, settings, 1, Arc::new(|| 0.0));
    let (_, stop_requests) = unbounded();
    Ok(Runtime {
        vitals: crossbeam_channel::never(),
        state,
        journal: Writer::start(move |records| {
            std::thread::sleep(delay);
            journal.append(records)
        })?,
        executor: Box::new(executor),
        estimates: EstimateWorker::spawn(engine.clone(), Vec::new())?,
        search: SearchWorker::spawn(engine)?,
        stop_requests,
        exporting: Exporting::new(|_| Err("a formula has no weights to export".to_owned())),
        evaluate: Box::new(|_| Err(io::Error::other("a formula cannot be trained anew"))),
        evaluation: None,
    })
}
