//! An evaluation beside the screen, on a thread of its own: what `evaluate` does with the usual baselines and seeds.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::launch::{Begun, resolve};
use crate::evaluation::{BASELINES, FULL, Plan, Purpose, Runner, SEEDS, Step, Subject, seeds};
use crate::hub::{Hub, HubSettings};
use crate::model::device::DeviceChoice;
use crate::study::Study;
use crate::threads;
use crate::train::fault;

/// What an evaluation tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationEvent {
    /// A training begins, or is known from before.
    Training {
        /// Trainings that are done.
        done: usize,
        /// Trainings in all.
        total: usize,
        /// What is trained.
        what: String,
    },
    /// Everything is done: where the table is.
    Finished(PathBuf),
    /// It was stopped, and goes on from there when it is asked for again.
    Stopped,
    /// It cannot go on.
    Failed(String),
}

/// An evaluation under way. Dropping it stops it, between two steps, and waits for that.
#[derive(Debug)]
pub struct Evaluating {
    events: Receiver<EvaluationEvent>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What an evaluation is of, besides what was found.
#[derive(Clone, Debug)]
pub struct Site {
    /// The study.
    pub study: Study,
    /// Where to train.
    pub device: DeviceChoice,
    /// Folder of the study's run.
    pub folder: PathBuf,
}

impl Evaluating {
    /// Begins to train what was found, and the baselines that nothing needs to be chosen for.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn start(site: Site, found: Vec<Subject>) -> io::Result<Self> {
        let (sender, events) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = threads::start("evaluation", move || {
            let work = AssertUnwindSafe(|| work(site, found, &asked, &sender));
            let end = match catch_unwind(work) {
                Ok(Ok(end)) => end,
                Ok(Err(error)) => EvaluationEvent::Failed(error.to_string()),
                Err(panic) => EvaluationEvent::Failed(fault::told(panic.as_ref())),
            };
            // Nobody may listen any more.
            let _ = sender.send(end);
        })?;
        Ok(Self {
            events,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it tells what happens; its last event is an end.
    pub fn events(&self) -> &Receiver<EvaluationEvent> {
        &self.events
    }

    /// Asks it to stop between two steps.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }
}

impl Drop for Evaluating {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic in it was told already.
            let _ = thread.join();
        }
    }
}

fn work(
    site: Site,
    found: Vec<Subject>,
    stop: &AtomicBool,
    events: &Sender<EvaluationEvent>,
) -> Result<EvaluationEvent, Box<dyn std::error::Error>> {
    let hub = Hub::new(HubSettings::from_env());
    // Read anew: the rows of a whole study would lie in memory twice for as long as the screen is open.
    let begun = Begun::in_folder(&site.folder)?;
    let resolved = resolve(site.study, begun.as_ref(), &hub, &mut |_| {})?;
    let usual = BASELINES.iter();
    let usual = usual.filter_map(|baseline| baseline.subject(&resolved.encoder));
    let subjects: Vec<Subject> = usual.chain(found).collect();
    let runner = Runner::new(Plan {
        study: resolved.study,
        files: resolved.files,
        dataset: resolved.dataset,
        identity: resolved.identity,
        purpose: Purpose::Measure,
        fidelity: FULL,
        device: site.device,
        subjects,
        seeds: seeds(SEEDS),
        folder: evaluation_folder(&site.folder),
    });
    let total = runner.trainings();
    let mut done = 0;
    let stop = || stop.load(Ordering::Acquire);
    let runs = runner.run(&stop, &mut |step| {
        let what = match step {
            Step::Begun(subject, seed) => format!("{}, seed {seed}", subject.name),
            Step::Known(run) | Step::Done(run) => {
                done += 1;
                format!("{}, seed {}", run.subject.name, run.seed)
            }
            Step::Diverged(subject, seed, _) => format!("{}, seed {seed}", subject.name),
        };
        let training = EvaluationEvent::Training { done, total, what };
        let _ = events.send(training);
    })?;
    if runs.len() < total {
        return Ok(EvaluationEvent::Stopped);
    }
    let report = runner.report(&runs, Vec::new())?;
    Ok(EvaluationEvent::Finished(
        report.save(&site.folder, "evaluation")?,
    ))
}

/// Where a run keeps the trainings of its evaluations.
pub fn evaluation_folder(run_folder: &Path) -> PathBuf {
    run_folder.join("evaluation")
}
