//! A study on which another program works, perhaps on another machine: its journal is followed and shown.
//!
//! ```text
//! Lookout, a thread: journal ─▶ Look ─▶ Watch, the screen's thread: state ─▶ interface
//!                                           ▲ │ what was measured
//!                       what is believed of it │ ▼
//!                                           estimates, a thread
//! ```
//!
//! A folder shared over a network may answer late or never: only the lookout waits for it.

mod lookout;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select};

use super::launch::recorded_engine;
use super::recorded::RecordedError;
use super::runtime::Interface;
use super::update::{estimate_where_due, update};
use super::{DeviceStatus, Effect, Event, Message, Severity, State};
use crate::journal::{AtWork, Stamped};
use crate::search::{EstimateWorker, SearchError};
use lookout::{Look, Lookout, Seen};

/// How long nothing may come of looking before it is said.
const STALL: Duration = Duration::from_secs(3);
/// How often it is looked whether something has to be said.
const TICK: Duration = Duration::from_millis(500);

/// A study that is looked at.
pub struct Watch {
    looks: Receiver<Look>,
    state: State,
    estimates: EstimateWorker,
    initial_trials: usize,
    stop_below: Option<f64>,
    /// When the last record was written, in seconds since the Unix epoch.
    last_record: f64,
    at_work: AtWork,
    /// When the last look came back.
    looked: Instant,
}

/// Why a study cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// It was never started, or its journal cannot be read.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The system refuses a thread.
    #[error("cannot start the threads that read the journal and estimate the scores: {0}")]
    Thread(#[from] io::Error),
}

impl Watch {
    /// Follows the journal in a run's folder, from its beginning. `initial_trials` is the size of the study's initial design,
    /// where the journal does not say. Where reading takes long, `stalls` is told.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub fn begin(
        folder: &Path,
        initial_trials: usize,
        stalls: &mut dyn FnMut(&str),
    ) -> Result<Self, WatchError> {
        let looks = Lookout::new(folder).on_its_own_thread()?;
        let look = match looks.recv_timeout(STALL) {
            Err(RecvTimeoutError::Timeout) => {
                stalls(&format!(
                    "waiting for {} to be read: its file system does not answer; Ctrl-C ends this",
                    folder.display()
                ));
                looks.recv().ok()
            }
            look => look.ok(),
        };
        let gone = || io::Error::other("it ended unexpectedly");
        let Look { seen, at_work } = look.ok_or_else(gone)?;
        let Seen::Anew(state, last_record) = seen? else {
            return Err(gone().into());
        };
        let mut watch = Self {
            looks,
            stop_below: None,
            initial_trials: state.study.initial_trials().unwrap_or(initial_trials),
            estimates: EstimateWorker::spawn(recorded_engine(&state.study), state.plain_points())?,
            state: *state,
            last_record,
            at_work,
            looked: Instant::now(),
        };
        watch.describe();
        Ok(watch)
    }

    /// The same of a study that ends where little is to be gained; see [`State::stop_below`].
    pub fn stopping_below(mut self, share: Option<f64>) -> Self {
        self.stop_below = share;
        self.describe();
        self
    }

    /// The study as it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Waits until what is believed rests on everything that was read.
    ///
    /// # Errors
    /// The search's model cannot be fitted.
    pub fn settle(&mut self) -> Result<(), SearchError> {
        self.state.estimate(&|| false)
    }

    /// Says what is worth knowing about the study.
    pub fn caution(&mut self, text: String) {
        self.state.notify(Severity::Warning, text);
    }

    /// Shows the study until the user leaves, or the system asks to stop.
    ///
    /// # Errors
    /// Where nobody can be told any more.
    pub fn run(
        &mut self,
        interface: &mut dyn Interface,
        stop_requests: &Receiver<()>,
    ) -> io::Result<()> {
        interface.show(&self.state)?;
        loop {
            if let Some(Effect::Estimate(ask)) = estimate_where_due(&mut self.state) {
                self.estimates.ask(ask);
            }
            let mut select = Select::new();
            select.recv(stop_requests);
            select.recv(&self.looks);
            select.recv(self.estimates.events());
            interface.watch(&mut select);
            let _ = select.ready_timeout(TICK);
            drop(select);
            let messages = interface.take_messages(&self.state);
            if stop_requests.try_recv().is_ok() || messages.contains(&Message::Quit) {
                return Ok(());
            }
            let mut changed = interface.wants_showing();
            if let Ok(look) = self.looks.try_recv() {
                changed |= self.take_in(look);
            }
            if let Ok(event) = self.estimates.events().try_recv() {
                update(&mut self.state, Event::Estimated(event));
                changed = true;
            }
            changed |= self.describe();
            if changed {
                interface.show(&self.state)?;
            }
        }
    }

    /// Takes in what is new. True where the picture changes by it.
    fn take_in(&mut self, look: Look) -> bool {
        self.looked = Instant::now();
        self.at_work = look.at_work;
        match look.seen {
            Ok(Seen::Further(records)) if records.is_empty() => false,
            Ok(Seen::Further(records)) => {
                self.last_record = last(&records);
                let mut records = records.iter();
                let contradiction = records.find_map(|s| self.state.apply(&s.record).err());
                if let Some(what) = contradiction {
                    self.warn(format!("the journal contradicts itself: {what}"));
                }
                true
            }
            Ok(Seen::Anew(state, last_record)) => {
                self.last_record = last_record;
                let notices = std::mem::take(&mut self.state.notices);
                self.state = State { notices, ..*state };
                // It may be another study.
                match EstimateWorker::spawn(
                    recorded_engine(&self.state.study),
                    self.state.plain_points(),
                ) {
                    Ok(estimates) => self.estimates = estimates,
                    Err(error) => drop(self.warn(error.to_string())),
                }
                true
            }
            Err(error) => self.warn(error.to_string()),
        }
    }

    /// Says once what is wrong. True where it was not said yet.
    fn warn(&mut self, text: String) -> bool {
        let said = self
            .state
            .notices
            .back()
            .is_some_and(|notice| notice.text == text);
        if !said {
            self.state.notify(Severity::Warning, text);
        }
        !said
    }

    /// Puts what is known of the other program where the device stands. True where it changed.
    fn describe(&mut self) -> bool {
        self.state.initial_trials = self.initial_trials;
        self.state.stop_below = self.stop_below;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let since = now.map_or(0.0, |now| now.as_secs_f64()) - self.last_record;
        let ago = match since.max(0.0) as u64 / 60 {
            0 => "within the last minute".to_owned(),
            minutes @ 1..120 => format!("{minutes} min ago"),
            minutes => format!("{} h ago", minutes / 60),
        };
        let stalled = self.looked.elapsed();
        self.state.stale = stalled >= STALL;
        let who = match &self.at_work {
            _ if self.state.stale => {
                let text = "the journal's file system does not answer: what is shown may be old";
                self.warn(text.to_owned());
                format!("the journal could not be read for {} s", stalled.as_secs())
            }
            AtWork::Somebody => "another program is at work".to_owned(),
            AtWork::Nobody => "no program is at work, as far as its lock tells".to_owned(),
            AtWork::Unknown(why) => format!("whether a program is at work cannot be told: {why}"),
        };
        let device = DeviceStatus::Ready(format!("{who}; last record {ago}"));
        let changed = self.state.device != device;
        self.state.device = device;
        changed
    }
}

fn last(records: &[Stamped]) -> f64 {
    records.last().map_or(0.0, |stamped| stamped.unix_seconds)
}
