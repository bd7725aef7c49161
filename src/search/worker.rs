//! The engine on threads of its own: what is asked of one, one question in flight, is answered as events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::Point;
use crate::threads;

use super::{Ask, Engine, Estimates, Proposal, SearchError};

/// The answer to an ask.
#[derive(Clone, Debug, PartialEq)]
pub enum SearchEvent {
    /// Points to try; as many as were asked for, or all that are left.
    Proposed(Vec<Proposal>),
    /// No point is left.
    Exhausted,
    /// The engine failed, in words; the next ask may succeed.
    Failed(String),
}

/// What is believed after the history of an ask, or how the engine failed, in words.
pub type EstimateEvent = Result<Estimates, String>;

/// The engine at work on proposals.
pub type SearchWorker = Worker<SearchEvent>;

/// The engine at work on what is believed of the true scores, beside the proposals: nothing waits for it.
pub type EstimateWorker = Worker<EstimateEvent>;

/// An engine at work on its own thread, whose answers are `A`. Dropping it stops the thread and waits for it.
#[derive(Debug)]
pub struct Worker<A> {
    asks: Option<Sender<Ask>>,
    events: Receiver<A>,
    busy: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// What is believed after the history of an ask, also of some points, within its bounds of the hypervolume; see
    /// [`Engine::estimate`].
    ///
    /// # Errors
    /// [`SearchError::Cancelled`] once `cancelled` says so.
    pub fn estimate_of(
        &self,
        ask: &Ask,
        also: &[Point],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Estimates, SearchError> {
        let within = ask.reference_point.map(|point| self.clone().within(point));
        let engine = within.as_ref().unwrap_or(self);
        engine.estimate(&ask.history, also, cancelled)
    }
}

impl SearchWorker {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn spawn(engine: Engine) -> std::io::Result<Self> {
        let answer = move |ask: &Ask, cancelled: &dyn Fn() -> bool| match engine.ask(ask, cancelled)
        {
            Ok(proposals) => Some(SearchEvent::Proposed(proposals)),
            Err(SearchError::Exhausted) => Some(SearchEvent::Exhausted),
            Err(SearchError::Cancelled) => None,
        };
        Self::start("search", answer, SearchEvent::Failed)
    }
}

impl EstimateWorker {
    /// Starts the thread; what is believed of the points in `also` is told too, measured or not.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn spawn(engine: Engine, also: Vec<Point>) -> std::io::Result<Self> {
        let answer = move |ask: &Ask, cancelled: &dyn Fn() -> bool| {
            engine.estimate_of(ask, &also, cancelled).ok().map(Ok)
        };
        Self::start("estimates", answer, Err)
    }
}

impl<A: Send + 'static> Worker<A> {
    /// `answer` has no answer once it is cancelled; `failed` is what it is where it panics.
    fn start(
        name: &str,
        answer: impl Fn(&Ask, &dyn Fn() -> bool) -> Option<A> + Send + 'static,
        failed: fn(String) -> A,
    ) -> std::io::Result<Self> {
        // One ask in flight and one event waiting at most, so neither side ever blocks on a full channel.
        let (asks, received) = bounded(1);
        let (sender, events) = bounded(1);
        let busy = Arc::new(AtomicBool::new(false));
        let cancelled = Arc::new(AtomicBool::new(false));
        let thread = threads::start(name, {
            let (busy, cancelled) = (Arc::clone(&busy), Arc::clone(&cancelled));
            move || {
                let stopped = || cancelled.load(Ordering::Acquire);
                let answer = |ask: &Ask| {
                    // The engine keeps no state, so nothing half-changed can survive a panic.
                    catch_unwind(AssertUnwindSafe(|| answer(ask, &stopped))).unwrap_or_else(
                        |panic| {
                            Some(failed(format!(
                                "the search engine failed: {}; this is a defect of the program",
                                reason(panic.as_ref())
                            )))
                        },
                    )
                };
                work(&answer, &received, &sender, &busy, &stopped);
            }
        })?;
        Ok(Self {
            asks: Some(asks),
            events,
            busy,
            cancelled,
            thread: Some(thread),
        })
    }
}

impl<A> Worker<A> {
    /// Hands over an ask. False where one is in flight already (or the worker was stopped): that one goes on, this
    /// one is dropped.
    pub fn ask(&self, ask: Ask) -> bool {
        let Some(asks) = &self.asks else {
            return false;
        };
        if self.busy.swap(true, Ordering::AcqRel) {
            return false;
        }
        asks.send(ask).is_ok()
    }

    /// Whether an ask is in flight, its event included until it has been received.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) || !self.events.is_empty()
    }

    /// Where the answers arrive: exactly one per accepted ask, unless the worker is stopped before.
    pub fn events(&self) -> &Receiver<A> {
        &self.events
    }

    /// Breaks off the ask in flight, if any, and lets the thread end; waits for nothing.
    pub fn stop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
        self.asks = None;
    }
}

impl<A> Drop for Worker<A> {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic outside an ask cannot be told to anybody any more.
            let _ = thread.join();
        }
    }
}

fn work<A>(
    answer: &dyn Fn(&Ask) -> Option<A>,
    asks: &Receiver<Ask>,
    events: &Sender<A>,
    busy: &AtomicBool,
    stopped: &dyn Fn() -> bool,
) {
    for ask in asks {
        let Some(mut event) = answer(&ask) else {
            return;
        };
        // Free before the event is out, so that whoever receives it may ask again at once.
        busy.store(false, Ordering::Release);
        loop {
            // An event that nobody has taken yet must not keep the thread from stopping.
            match events.send_timeout(event, std::time::Duration::from_millis(50)) {
                Ok(()) => break,
                Err(crossbeam_channel::SendTimeoutError::Timeout(back)) if !stopped() => {
                    event = back;
                }
                Err(_) => return,
            }
        }
    }
}

/// The message of a panic, where it is text.
fn reason(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for an unknown reason")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::time::Duration;

    use super::*;
    use crate::domain::{Dimension, ReferencePoint, Space};
    use crate::search::{Cost, EngineSettings, Observation, Outcome};

    fn engine() -> Engine {
        engine_with(Arc::new(|point: &Point| f64::from(point.0[0])), 10)
    }

    fn engine_with(cost: Cost, initial_trials: usize) -> Engine {
        let space = Space {
            dimensions: vec![Dimension::ordinal("only", 3)],
            any_of: vec![],
        };
        let settings = EngineSettings {
            initial_trials,
            warmup_draws: 8,
            posterior_draws: 8,
            thinning: 2,
            acquisition_evaluations: 10,
            local_search_starts: 2,
            reference_point: ReferencePoint {
                score: 0.0,
                parameters_percent: 10.0,
            },
            ..EngineSettings::default()
        };
        Engine::new(space, cost, settings, 3, Arc::new(|| 0.0))
    }

    fn next(worker: &SearchWorker) -> SearchEvent {
        worker
            .events()
            .recv_timeout(Duration::from_secs(20))
            .unwrap()
    }

    #[test]
    fn answers_one_ask_with_one_event() {
        let worker = SearchWorker::spawn(engine()).unwrap();
        let mut ask = Ask {
            count: 5,
            ..Ask::default()
        };
        assert!(worker.ask(ask.clone()));
        let SearchEvent::Proposed(proposals) = next(&worker) else {
            panic!("no proposals");
        };
        assert_eq!(proposals.len(), 3, "all that the space has");
        ask.pending = proposals.into_iter().map(|p| p.point).collect();
        assert!(worker.ask(ask));
        assert_eq!(next(&worker), SearchEvent::Exhausted);
        assert!(!worker.is_busy());
    }

    #[test]
    fn a_panic_is_a_failed_ask_and_the_next_ask_is_answered() {
        let worker = SearchWorker::spawn(engine_with(Arc::new(|_| panic!("no cost")), 2)).unwrap();
        let tried = |level: u16| Observation {
            error: None,
            point: Point(vec![level]),
            outcome: Outcome::Score(f64::from(level)),
            third: None,
            early: Vec::new(),
        };
        assert!(worker.ask(Ask {
            history: vec![tried(0), tried(1)],
            count: 1,
            ..Ask::default()
        }));
        let SearchEvent::Failed(reason) = next(&worker) else {
            panic!("a panic was taken for an answer");
        };
        assert!(reason.contains("no cost"), "{reason}");
        assert!(worker.ask(Ask {
            count: 1,
            ..Ask::default()
        }));
        assert!(matches!(next(&worker), SearchEvent::Proposed(_)));
    }

    #[test]
    fn estimates_are_answered_beside_proposals_and_a_panic_is_told() {
        let tried = |level: u16| Observation {
            error: None,
            point: Point(vec![level]),
            outcome: Outcome::Score(f64::from(level)),
            third: None,
            early: Vec::new(),
        };
        let ask = Ask {
            history: vec![tried(0), tried(1)],
            ..Ask::default()
        };
        let answer = |engine: Engine| {
            let worker = EstimateWorker::spawn(engine, Vec::new()).unwrap();
            assert!(worker.ask(ask.clone()));
            worker
                .events()
                .recv_timeout(Duration::from_secs(20))
                .unwrap()
        };
        let estimates = answer(engine()).unwrap();
        assert_eq!(estimates.front().len(), 2, "the better one costs more");
        let reason = answer(engine_with(Arc::new(|_| panic!("no cost")), 2)).unwrap_err();
        assert!(reason.contains("no cost"), "{reason}");
    }

    #[test]
    fn stops_with_an_event_that_nobody_took() {
        let mut worker = SearchWorker::spawn(engine()).unwrap();
        assert!(worker.ask(Ask {
            count: 1,
            ..Ask::default()
        }));
        worker.stop();
        assert!(!worker.ask(Ask::default()));
    }
}
