//! The loop that performs effects: the one place that knows journal, executor, search and screen together.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select};

use super::{DeviceStatus, Effect, Event, Message, SearchStatus, State, Vitals, schedule, update};
use crate::domain::TrialState;
use crate::executor::Executor;
use crate::journal::{Journal, JournalError, Record};
use crate::search::{SearchEvent, SearchWorker};

/// What happens is shown at most this often, however fast progress arrives.
const FRAME: Duration = Duration::from_millis(100);
/// The answer to a key is shown at once; this only keeps a burst of keys from drawing each of them.
const ANSWER: Duration = Duration::from_millis(8);

/// What people see of a running study, and what they say to it.
pub trait Interface {
    /// Waits for nothing: input that arrived and what it asks for.
    fn take_messages(&mut self, state: &State) -> Vec<Message>;
    /// Adds to `select` what announces input, if there is any.
    fn watch<'a>(&'a self, select: &mut Select<'a>);
    /// A record became durable and is part of `state`.
    ///
    /// # Errors
    /// Where nobody can be told any more, such as a closed pipe.
    fn recorded(&mut self, record: &Record, state: &State) -> std::io::Result<()>;
    /// Whether input changed what is to be shown, though not the state.
    fn wants_showing(&self) -> bool;
    /// Shows the state, which may have changed.
    ///
    /// # Errors
    /// Where nobody can be told any more.
    fn show(&mut self, state: &State) -> std::io::Result<()>;
    /// Whether the program ends by itself once the study is complete.
    fn leaves_when_complete(&self) -> bool;
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every trial wanted is over.
    Complete,
    /// Stopped before that, everything saved.
    Interrupted,
    /// Something outside the configurations failed; the text says what.
    Failed(String),
}

/// A study at work.
pub struct Runtime {
    /// Its state.
    pub state: State,
    /// Its journal, locked by this process.
    pub journal: Journal,
    /// Where its trials run.
    pub executor: Box<dyn Executor>,
    /// Where proposals come from.
    pub search: SearchWorker,
    /// Requests of the operating system to stop; a second one ends the program at once.
    pub stop_requests: Receiver<()>,
    /// Looks at the devices, once a second; silent where nobody sees them.
    pub vitals: Receiver<Vitals>,
    /// Writes the front to the study's own folder.
    pub export: Export,
}

/// Writes the front somewhere: where to, or what went wrong.
pub type Export = Box<dyn Fn(&State) -> Result<PathBuf, String>>;

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// What happened could not be written down, so nothing further may happen.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nobody can be told any more.
    #[error("cannot write to the terminal or pipe: {0}")]
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
        interface.show(&self.state)?;
        let mut last_shown = std::time::Instant::now();
        let mut unseen = None;
        let mut gone = None;
        loop {
            self.wait(interface, last_shown, unseen);
            let mut events: VecDeque<Event> = VecDeque::new();
            if self.stop_requests.try_recv().is_ok() {
                if self.state.stopping {
                    return Ok(Ending::Interrupted);
                }
                events.push_back(Event::Message(Message::Quit));
            }
            events.extend(
                interface
                    .take_messages(&self.state)
                    .into_iter()
                    .map(Event::Message),
            );
            events.extend(self.executor.events().try_iter().map(Event::Executor));
            events.extend(self.search.events().try_iter().map(Event::Search));
            events.extend(self.vitals.try_iter().map(Event::Vitals));
            if interface.wants_showing() {
                unseen = Some(ANSWER);
            } else if !events.is_empty() {
                unseen = unseen.or(Some(FRAME));
            }
            for event in events {
                let effects = update(&mut self.state, event);
                if self.perform(effects, interface)? {
                    if let Some(error) = gone {
                        return Err(RuntimeError::Interface(error));
                    }
                    interface.show(&self.state)?;
                    return Ok(self.ending());
                }
            }
            if !self.state.stopping && (self.leaves(interface) || self.is_stuck(interface)) {
                self.state.stopping = true;
                self.perform(vec![Effect::Stop], interface)?;
            }
            if unseen.is_some_and(|pace| last_shown.elapsed() >= pace) {
                // Where the terminal is gone, what is under way is still stopped in order and written down.
                if gone.is_none()
                    && let Err(error) = interface.show(&self.state)
                {
                    gone = Some(error);
                    let effects = update(&mut self.state, Event::Message(Message::Quit));
                    self.perform(effects, interface)?;
                }
                unseen = None;
                last_shown = std::time::Instant::now();
            }
        }
    }

    /// Blocks until something arrives, or until what is unseen is to be shown.
    fn wait(
        &self,
        interface: &dyn Interface,
        last_shown: std::time::Instant,
        unseen: Option<Duration>,
    ) {
        let mut select = Select::new();
        select.recv(&self.stop_requests);
        select.recv(self.executor.events());
        if !self.state.stopping {
            select.recv(self.search.events());
        }
        select.recv(&self.vitals);
        interface.watch(&mut select);
        let patience = unseen.map_or(Duration::from_secs(1), |pace| {
            pace.saturating_sub(last_shown.elapsed())
        });
        // What arrived is taken by the caller; here it only ends the wait.
        let _ = select.ready_timeout(patience);
    }

    /// Performs effects in order, then whatever should be under way as a consequence. True: leave.
    fn perform(
        &mut self,
        effects: Vec<Effect>,
        interface: &mut dyn Interface,
    ) -> Result<bool, RuntimeError> {
        let mut waiting: VecDeque<Effect> = effects.into();
        loop {
            let records = leading_records(&mut waiting);
            if !records.is_empty() {
                self.journal.append(&records)?;
                for record in &records {
                    self.state
                        .apply(record)
                        .map_err(RuntimeError::Contradiction)?;
                    interface.recorded(record, &self.state)?;
                }
                continue;
            }
            match waiting.pop_front() {
                Some(Effect::Append(_)) => {}
                Some(Effect::Submit(job)) => self.executor.submit(job),
                Some(Effect::Pause(trial)) => self.executor.pause(trial),
                Some(Effect::Resume(trial)) => self.executor.resume(trial),
                Some(Effect::Cancel(trial)) => self.executor.cancel(trial),
                Some(Effect::Ask(ask)) => {
                    if !self.search.ask(ask) {
                        let reason = "it takes no questions any more".to_owned();
                        waiting.extend(update(
                            &mut self.state,
                            Event::Search(SearchEvent::Failed(reason)),
                        ));
                    }
                }
                Some(Effect::Export) => {
                    let written = (self.export)(&self.state);
                    let told = written
                        .map(|folder| (folder.display().to_string(), self.state.front.clone()));
                    let event = Event::Exported(told);
                    waiting.extend(update(&mut self.state, event));
                }
                Some(Effect::Stop) => {
                    self.search.stop();
                    self.executor.stop();
                }
                Some(Effect::Leave) => return Ok(true),
                None => {
                    waiting.extend(schedule(&mut self.state));
                    if waiting.is_empty() {
                        return Ok(false);
                    }
                }
            }
        }
    }

    fn leaves(&self, interface: &dyn Interface) -> bool {
        interface.leaves_when_complete() && self.state.is_complete()
    }

    /// Nothing is under way and nobody is there to change that.
    fn is_stuck(&self, interface: &dyn Interface) -> bool {
        let idle = self.state.in_state(TrialState::Running).next().is_none();
        let unavailable = matches!(self.state.device, DeviceStatus::Unavailable(_));
        interface.leaves_when_complete() && idle && (unavailable || self.state.study_paused)
    }

    fn ending(&self) -> Ending {
        match (&self.state.device, &self.state.search) {
            _ if self.state.is_complete() => Ending::Complete,
            (DeviceStatus::Unavailable(reason), _) | (_, SearchStatus::Failed(reason)) => {
                Ending::Failed(reason.clone())
            }
            _ if self.state.study_paused => {
                let latest = self
                    .state
                    .trials
                    .iter()
                    .rev()
                    .find_map(|trial| trial.reason.clone());
                Ending::Failed(latest.unwrap_or_else(|| "the study was paused".to_owned()))
            }
            _ => Ending::Interrupted,
        }
    }
}

/// Takes the records off the front of the queue, so that they share one durable write.
fn leading_records(effects: &mut VecDeque<Effect>) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(Effect::Append(record)) =
        effects.pop_front_if(|e| matches!(e, Effect::Append(_)))
    {
        records.push(record);
    }
    records
}
