//! The loop that performs effects: the one place that knows journal, executor, search and screen together.

mod due;
mod interface;

use std::collections::VecDeque;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, TryRecvError};

pub use super::Ending;
use super::ending::WORKER_LOST;
use super::exporting::Exporting;
use super::{Effect, Evaluating, EvaluationEvent, Event, ExportStatus, Message, State, Vitals};
use crate::evaluation::Subject;
use crate::executor::Executor;
use crate::journal::{JournalError, Writer};
use crate::search::{EstimateWorker, SearchEvent, SearchWorker};
use due::Due;
pub use interface::Interface;
use interface::Nobody;

/// What happens is shown at most this often, however fast progress arrives.
const FRAME: Duration = Duration::from_millis(100);
/// The answer to a key is shown at once; this only keeps a burst of keys from drawing each of them.
const ANSWER: Duration = Duration::from_millis(8);

/// So long an export that is under way keeps the program from leaving.
const EXPORT_PATIENCE: Duration = Duration::from_secs(3);

/// A study at work. The order is that in which its parts end where a run is given up: first what writes to the study's
/// folder, and the journal, whose lock says that somebody does, last.
pub struct Runtime {
    /// Its state.
    pub state: State,
    /// Where its trials run.
    pub executor: Box<dyn Executor>,
    /// Where proposals come from.
    pub search: SearchWorker,
    /// Where what is believed of the true scores comes from.
    pub estimates: EstimateWorker,
    /// Requests of the operating system to stop; a second one ends the program at once.
    pub stop_requests: Receiver<()>,
    /// Looks at the devices, once a second; silent where nobody sees them.
    pub vitals: Receiver<Vitals>,
    /// Writes the front to the study's own folder.
    pub exporting: Exporting,
    /// Begins an evaluation.
    pub evaluate: Evaluate,
    /// The evaluation under way, if there is one.
    pub evaluation: Option<Evaluating>,
    /// Its journal, locked by this process.
    pub journal: Writer,
}

/// Begins an evaluation of what was found.
pub type Evaluate = Box<dyn Fn(Vec<Subject>) -> std::io::Result<Evaluating>>;

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// What happened could not be written down, so nothing further may happen.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nobody can be told any more.
    #[error(transparent)]
    Interface(#[from] std::io::Error),
    /// The program contradicted itself.
    #[error("internal contradiction: {0}; please report this with the journal")]
    Contradiction(String),
}

impl Runtime {
    /// Works on the study until it is complete (headless), or until the user or the system asks to stop.
    ///
    /// # Errors
    /// See [`RuntimeError`]. What was recorded before is safe.
    pub fn run(&mut self, interface: &mut dyn Interface) -> Result<Ending, RuntimeError> {
        let mut due = Due::default();
        let ending = match self.serve(interface, &mut due) {
            // What is under way is still recorded or kept.
            Err(RuntimeError::Interface(error)) => {
                let was_asked = self.state.stopping.is_some();
                match self.serve(&mut Nobody, &mut due)? {
                    Ending::Interrupted if !was_asked => Ending::Unheard(error.to_string()),
                    ending => ending,
                }
            }
            ended => ended?,
        };
        self.settle(due)?;
        Ok(ending)
    }

    /// Ends everything that works on the study, and waits for that. The study stays locked until the journal is dropped: what
    /// is left over may be deleted before.
    pub fn end(self) -> (State, Writer) {
        let Self {
            state,
            executor,
            mut search,
            mut estimates,
            evaluation,
            journal,
            ..
        } = self;
        executor.stop();
        search.stop();
        estimates.stop();
        drop((executor, evaluation, search, estimates));
        (state, journal)
    }

    fn serve(
        &mut self,
        interface: &mut dyn Interface,
        due: &mut Due,
    ) -> Result<Ending, RuntimeError> {
        interface.show(&self.state)?;
        let mut last_shown = std::time::Instant::now();
        let mut unseen = None;
        let mut lost = false;
        let mut leaving = None;
        // Also before anything arrives: the study may be complete.
        let mut changed = true;
        loop {
            self.wait(interface, last_shown, unseen, due.behind.is_some(), lost);
            let mut events: VecDeque<Event> = VecDeque::new();
            if self.stop_requests.try_recv().is_ok() {
                if self.state.stopping.is_some() {
                    return Ok(self.state.ending());
                }
                events.push_back(Event::Message(Message::Quit));
            }
            events.extend(
                interface
                    .take_messages(&self.state)
                    .into_iter()
                    .map(Event::Message),
            );
            // While the disk is busy only keys are answered: what is reported meanwhile shares the next synchronisation.
            if due.behind.is_none() {
                lost = self.take_reports(&mut events);
                events.extend(self.search.events().try_iter().map(Event::Search));
                events.extend(self.estimates.events().try_iter().map(Event::Estimated));
                events.extend(self.vitals.try_iter().map(Event::Vitals));
                events.extend(self.exporting.ended().try_iter().map(Event::Exported));
                if let Some(evaluation) = &self.evaluation {
                    events.extend(evaluation.events().try_iter().map(Event::Evaluation));
                }
            }
            let (durable, mut leaves) = self.take_durable(due, &mut events)?;
            if interface.wants_showing() {
                unseen = Some(ANSWER);
            } else if !events.is_empty() {
                unseen = unseen.or(Some(FRAME));
            }
            changed |= !events.is_empty();
            leaves |= self.take_in(events, due)?;
            let mut recorded = durable.iter();
            let told = recorded.try_for_each(|record| interface.recorded(record, &self.state));
            if leaves {
                leaving.get_or_insert_with(std::time::Instant::now);
            }
            if leaving.is_some_and(|since| !self.awaits_export(since)) {
                // Whoever is not there for the last of it is told how it ended, as far as that is possible.
                let _ = told.and_then(|()| interface.show(&self.state));
                return Ok(self.state.ending());
            }
            told?;
            if lost && due.is_empty() && leaving.is_none() {
                return Ok(Ending::Failed(WORKER_LOST.to_owned()));
            }
            // Looks at every trial, so not for nothing.
            let changed = std::mem::take(&mut changed);
            let unattended = changed && interface.leaves_when_complete();
            if unattended
                && self.state.stopping.is_none()
                && let Some(ending) = self.state.ending_unattended()
            {
                self.take_in([Event::Over(ending)].into(), due)?;
            }
            if unseen.is_some_and(|pace| last_shown.elapsed() >= pace) {
                interface.show(&self.state)?;
                unseen = None;
                last_shown = std::time::Instant::now();
            }
        }
    }

    /// Takes what the executor reported. True: it is gone, and nothing further will come.
    fn take_reports(&self, events: &mut VecDeque<Event>) -> bool {
        loop {
            match self.executor.events().try_recv() {
                Ok(event) => events.push_back(Event::Executor(event)),
                Err(error) => return error == TryRecvError::Disconnected,
            }
        }
    }

    /// Blocks until something arrives that can be taken now, or until what is unseen is to be shown. Nothing more arrives
    /// from an executor that is lost.
    fn wait(
        &self,
        interface: &dyn Interface,
        last_shown: std::time::Instant,
        unseen: Option<Duration>,
        disk_is_busy: bool,
        lost: bool,
    ) {
        let mut select = Select::new();
        select.recv(&self.stop_requests);
        select.recv(self.journal.written());
        if !disk_is_busy && !lost {
            select.recv(self.executor.events());
        }
        if !disk_is_busy && self.state.stopping.is_none() {
            select.recv(self.search.events());
            select.recv(self.estimates.events());
        }
        if !disk_is_busy {
            select.recv(&self.vitals);
            select.recv(self.exporting.ended());
        }
        let evaluation = self.evaluation.as_ref().filter(|_| !disk_is_busy);
        if let (Some(evaluation), true) = (evaluation, self.state.evaluation.is_some()) {
            select.recv(evaluation.events());
        }
        interface.watch(&mut select);
        let patience = unseen.map_or(Duration::from_secs(1), |pace| {
            pace.saturating_sub(last_shown.elapsed())
        });
        // What arrived is taken by the caller; here it only ends the wait.
        let _ = select.ready_timeout(patience);
    }

    /// Performs one effect that is no record; some are events at once.
    fn perform(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Submit(job) => self.executor.submit(job),
            Effect::Pause(trial) => self.executor.pause(trial),
            Effect::Resume(trial) => self.executor.resume(trial),
            Effect::Cancel(trial) => self.executor.cancel(trial),
            Effect::Forget(trial) => self.executor.forget(trial),
            Effect::Ask(ask) => {
                if !self.search.ask(ask) {
                    let reason = "it takes no questions any more".to_owned();
                    return Some(Event::Search(SearchEvent::Failed(reason)));
                }
            }
            Effect::Estimate(ask) => {
                if !self.estimates.ask(ask) {
                    let reason = "nothing is estimated any more".to_owned();
                    return Some(Event::Estimated(Err(reason)));
                }
            }
            Effect::Export => {
                if let Err(error) = self.exporting.start(&self.state) {
                    return Some(Event::Exported(Err(error.to_string())));
                }
            }
            Effect::Evaluate(found) => match (self.evaluate)(found) {
                Ok(evaluation) => self.evaluation = Some(evaluation),
                Err(error) => {
                    let failed = EvaluationEvent::Failed(error.to_string());
                    return Some(Event::Evaluation(failed));
                }
            },
            Effect::StopEvaluation => self.evaluation.iter().for_each(Evaluating::stop),
            Effect::Stop => {
                // All of them at once: none waits for another to end.
                self.executor.stop();
                self.evaluation.iter().for_each(Evaluating::stop);
                self.search.stop();
                self.estimates.stop();
            }
            Effect::Append(_) | Effect::Leave => {}
        }
        None
    }

    /// Whether an export is under way that may end soon; `leaving`: since when nothing else is.
    fn awaits_export(&self, leaving: std::time::Instant) -> bool {
        self.state.export != ExportStatus::Idle && leaving.elapsed() < EXPORT_PATIENCE
    }
}
