//! A study on which another program works, perhaps on another machine: its journal is followed and shown.
//!
//! ```text
//! Lookout, a thread: journal ─▶ Look ─▶ Watch, the screen's thread: state ─▶ interface
//! ```
//!
//! A folder shared over a network may answer late or never: only the lookout waits for it.

mod lookout;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select};

use super::recorded::RecordedError;
use super::runtime::Interface;
use super::{DeviceStatus, Message, Severity, State};
use crate::journal::{AtWork, Stamped};
use lookout::{Look, Lookout, Seen};

/// How long nothing may come of looking before it is said.
const STALL: Duration = Duration::from_secs(3);
/// How often it is looked whether something has to be said.
const TICK: Duration = Duration::from_millis(500);

/// A study that is looked at.
pub struct Watch {
    looks: Receiver<Look>,
    state: State,
    initial_trials: usize,
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
    #[error("cannot start the thread that reads the journal: {0}")]
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
            initial_trials: state.study.initial_trials().unwrap_or(initial_trials),
            state: *state,
            last_record,
            at_work,
            looked: Instant::now(),
        };
        watch.describe();
        Ok(watch)
    }

    /// The study as it stands.
    pub fn state(&self) -> &State {
        &self.state
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
            let mut select = Select::new();
            select.recv(stop_requests);
            select.recv(&self.looks);
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
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let since = now.map_or(0.0, |now| now.as_secs_f64()) - self.last_record;
        let ago = match since.max(0.0) as u64 / 60 {
            0 => "within the last minute".to_owned(),
            minutes @ 1..120 => format!("{minutes} min ago"),
            minutes => format!("{} h ago", minutes / 60),
        };
        let stalled = self.looked.elapsed();
        let who = match &self.at_work {
            _ if stalled >= STALL => {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;
    use crate::domain::{Configuration, ModuleAxis, Origin, PeftSpace, ReferenceRule, TrialId};
    use crate::journal::{FORMAT_VERSION, Journal, Record};

    fn records() -> [Record; 3] {
        let configuration = Configuration {
            modules: [("serial".to_owned(), 1)].into(),
            layers: vec![0],
            ..Configuration::default()
        };
        [
            Record::StudyCreated {
                format: FORMAT_VERSION,
                name: "s".into(),
                seed: 1,
                settings: serde_json::Value::Null,
                space: PeftSpace {
                    modules: vec![ModuleAxis {
                        name: "serial".into(),
                        sizes: vec![0, 1],
                        weights_per_unit: 1,
                    }],
                    layers: 1,
                    candidate_layers: vec![0],
                    choose_layers: true,
                    backbone_parameters: 10,
                    learning_rates: Vec::new(),
                },
                reference_point: ReferenceRule {
                    score: Some(0.5),
                    parameters_percent: Some(26.0),
                },
            },
            Record::SessionStarted {
                program: "test".into(),
                trials: 2,
            },
            Record::TrialQueued {
                trial: TrialId(0),
                configuration,
                origin: Origin::Initial,
            },
        ]
    }

    /// A watch whose looks are taken by hand, behind the first.
    fn begin(folder: &Path) -> Result<(Watch, Lookout), WatchError> {
        let mut watch = Watch::begin(folder, 1, &mut |_| {})?;
        watch.looks = crossbeam_channel::never();
        let mut lookout = Lookout::new(folder);
        watch.take_in(lookout.look());
        watch.describe();
        Ok((watch, lookout))
    }

    fn look(watch: &mut Watch, lookout: &mut Lookout) -> bool {
        watch.take_in(lookout.look()) | watch.describe()
    }

    fn device(watch: &Watch) -> &str {
        match &watch.state().device {
            DeviceStatus::Ready(text) => text,
            _ => "",
        }
    }

    #[test]
    fn what_another_program_writes_is_seen_and_who_is_at_work() {
        let folder = tempfile::tempdir().unwrap();
        assert!(begin(folder.path()).is_err(), "never started");
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.append(&records()[..2]).unwrap();
        let (mut watch, mut lookout) = begin(folder.path()).unwrap();
        assert!(watch.state().trials.is_empty());
        assert!(device(&watch).contains("another program is at work"));
        assert!(!look(&mut watch, &mut lookout), "nothing happened");
        journal.append(&records()[2..]).unwrap();
        assert!(look(&mut watch, &mut lookout));
        assert_eq!(watch.state().trials.len(), 1);
        drop(journal);
        lookout.ask_again();
        assert!(look(&mut watch, &mut lookout));
        assert!(device(&watch).contains("no program is at work"));
    }

    /// Presses keys when it is asked, and counts its pictures.
    struct Hand {
        quits_at: Instant,
        shown: usize,
    }

    impl Interface for Hand {
        fn take_messages(&mut self, _: &State) -> Vec<Message> {
            match Instant::now() >= self.quits_at {
                true => vec![Message::Quit],
                false => Vec::new(),
            }
        }

        fn watch<'a>(&'a self, _: &mut Select<'a>) {}

        fn recorded(&mut self, _: &Record, _: &State) -> io::Result<()> {
            Ok(())
        }

        fn wants_showing(&self) -> bool {
            false
        }

        fn show(&mut self, _: &State) -> io::Result<()> {
            self.shown += 1;
            Ok(())
        }

        fn leaves_when_complete(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_journal_that_cannot_be_read_for_a_while_is_told_of_and_keys_work() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.append(&records()).unwrap();
        let (mut watch, mut lookout) = begin(folder.path()).unwrap();
        let begun = Instant::now();
        watch.looked = begun.checked_sub(STALL * 2).unwrap();
        let mut hand = Hand {
            quits_at: begun + TICK * 3 / 2,
            shown: 0,
        };
        watch.run(&mut hand, &crossbeam_channel::never()).unwrap();
        assert!(begun.elapsed() < STALL);
        assert!(hand.shown >= 2);
        assert_eq!(
            device(&watch),
            "the journal could not be read for 6 s; last record within the last minute"
        );
        let told = watch.state().notices.iter();
        let told: Vec<&str> = told.map(|notice| notice.text.as_str()).collect();
        assert_eq!(
            told,
            ["the journal's file system does not answer: what is shown may be old"]
        );
        assert!(look(&mut watch, &mut lookout), "it is there again");
        assert!(device(&watch).contains("another program is at work"));
    }

    #[test]
    fn a_journal_that_goes_away_is_told_once_and_looked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.append(&records()).unwrap();
        let (mut watch, mut lookout) = begin(folder.path()).unwrap();
        let path = journal.path().to_owned();
        let away = folder.path().join("away");
        std::fs::rename(&path, &away).unwrap();
        assert!(look(&mut watch, &mut lookout));
        assert!(!look(&mut watch, &mut lookout), "said once");
        assert_eq!(watch.state().trials.len(), 1, "what was seen stays");
        std::fs::rename(&away, &path).unwrap();
        look(&mut watch, &mut lookout);
        assert_eq!(watch.state().trials.len(), 1);
    }
}
