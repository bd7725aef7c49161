//! In which order the parts of a study end.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use autopeft::app::headless::Headless;
use autopeft::app::runtime::Ending;
use autopeft::domain::{Job, Point, TrialId};
use autopeft::executor::{Executor, ExecutorEvent};
use autopeft::journal::{AtWork, at_work};
use autopeft::search::{Engine, EngineSettings, SearchWorker};
use crossbeam_channel::{Receiver, unbounded};

use crate::support::stub_study::{StubExecutor, runtime, space};

fn is_worked_on(folder: &Path) -> bool {
    at_work(folder) == AtWork::Somebody
}

/// An executor that takes its time to end, and what was seen meanwhile.
struct Slow {
    inside: StubExecutor,
    folder: PathBuf,
    asked_to_stop: Arc<Mutex<Option<Instant>>>,
    was_locked: Arc<Mutex<Option<bool>>>,
}

impl Slow {
    fn start(folder: PathBuf) -> Self {
        Self {
            inside: StubExecutor::start(1),
            folder,
            asked_to_stop: Arc::default(),
            was_locked: Arc::default(),
        }
    }
}

impl Executor for Slow {
    fn capacity(&self) -> usize {
        self.inside.capacity()
    }

    fn submit(&self, job: Job) {
        self.inside.submit(job);
    }

    fn pause(&self, trial: TrialId) {
        self.inside.pause(trial);
    }

    fn resume(&self, trial: TrialId) {
        self.inside.resume(trial);
    }

    fn cancel(&self, trial: TrialId) {
        self.inside.cancel(trial);
    }

    fn stop(&self) {
        let mut asked = self.asked_to_stop.lock().unwrap();
        asked.get_or_insert_with(Instant::now);
        self.inside.stop();
    }

    fn events(&self) -> &Receiver<ExecutorEvent> {
        self.inside.events()
    }
}

impl Drop for Slow {
    /// As a lane that still writes a checkpoint.
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(100));
        let is_locked = is_worked_on(&self.folder);
        *self.was_locked.lock().unwrap() = Some(is_locked);
    }
}

#[test]
fn the_study_is_locked_until_nobody_writes_there_any_more() {
    for is_given_up in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let executor = Slow::start(folder.path().to_owned());
        let was_locked = Arc::clone(&executor.was_locked);
        let mut runtime = runtime(folder.path(), executor, 2).unwrap();
        let ending = runtime.run(&mut Headless::new(std::io::sink(), false));
        assert_eq!(ending.unwrap(), Ending::Complete);
        if is_given_up {
            // Such as by an error.
            drop(runtime);
        } else {
            let (_, journal) = runtime.end();
            assert!(
                is_worked_on(folder.path()),
                "until the journal is let go of"
            );
            drop(journal);
        }
        assert_eq!(*was_locked.lock().unwrap(), Some(true));
        assert!(!is_worked_on(folder.path()));
    }
}

#[test]
fn a_search_that_thinks_does_not_keep_the_executor_from_stopping() {
    const THINKS: Duration = Duration::from_secs(2);
    let folder = tempfile::tempdir().unwrap();
    let executor = Slow::start(folder.path().to_owned());
    let asked_to_stop = Arc::clone(&executor.asked_to_stop);
    let mut runtime = runtime(folder.path(), executor, 20).unwrap();
    let (thinks, thought) = (Arc::new(AtomicBool::new(false)), unbounded());
    let cost = {
        let (space, sender) = (space(), thought.0);
        move |point: &Point| {
            if !thinks.swap(true, Ordering::SeqCst) {
                sender.send(()).unwrap();
                thread::sleep(THINKS);
            }
            space.parameters_percent(&space.configuration(point))
        }
    };
    let settings = EngineSettings {
        initial_trials: 2,
        ..EngineSettings::default()
    };
    let engine = Engine::new(
        space().space(),
        Arc::new(cost),
        settings,
        1,
        Arc::new(|| 0.0),
    );
    runtime.search = SearchWorker::spawn(engine).unwrap();
    // Whoever hears that it thinks asks to stop.
    let (stop, requests) = unbounded();
    runtime.stop_requests = requests;
    let asker = thread::spawn(move || {
        thought.1.recv_timeout(Duration::from_secs(60)).unwrap();
        stop.send(()).unwrap();
        (Instant::now(), stop)
    });
    let ending = runtime.run(&mut Headless::new(std::io::sink(), false));
    let (asked, _stop) = asker.join().unwrap();
    assert_eq!(ending.unwrap(), Ending::Interrupted);
    let answered = asked.elapsed();
    assert!(answered < THINKS / 2, "the run ended after {answered:?}");
    let stopped = asked_to_stop.lock().unwrap().unwrap();
    let waited = stopped.duration_since(asked);
    assert!(
        waited < THINKS / 2,
        "the executor was asked after {waited:?}"
    );
}
