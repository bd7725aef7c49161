//! A study on which another program works, perhaps on another machine: its journal is followed and shown.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Select};

use super::recorded::RecordedError;
use super::runtime::Interface;
use super::{DeviceStatus, Message, Severity, State};
use crate::journal::{self, AtWork, Follower, News, Stamped};

/// How often the journal is looked at: folders shared over a network announce nothing.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is asked whether a program is at work. Asking takes the lock for a moment.
const ASK: Duration = Duration::from_secs(5);

/// A study that is looked at.
pub struct Watch {
    folder: PathBuf,
    follower: Follower,
    state: State,
    initial_trials: usize,
    /// When the last record was written, in seconds since the Unix epoch.
    last_record: f64,
    at_work: AtWork,
    asked: Instant,
}

impl Watch {
    /// Reads the journal in a run's folder. `initial_trials` is the size of the study's initial design, where the journal does
    /// not say.
    ///
    /// # Errors
    /// Where the study was never started, or its journal cannot be read.
    pub fn begin(folder: &Path, initial_trials: usize) -> Result<Self, RecordedError> {
        let mut follower = Follower::new(folder);
        let (News::Anew(records) | News::Further(records)) = follower.news()?;
        let last_record = last(&records);
        let state = replayed(folder, records)?;
        let initial_trials = state.study.initial_trials().unwrap_or(initial_trials);
        let mut watch = Self {
            folder: folder.to_owned(),
            follower,
            state,
            initial_trials,
            last_record,
            at_work: journal::at_work(folder),
            asked: Instant::now(),
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
    ) -> std::io::Result<()> {
        interface.show(&self.state)?;
        let mut looked = Instant::now();
        loop {
            let mut select = Select::new();
            select.recv(stop_requests);
            interface.watch(&mut select);
            let _ = select.ready_timeout(LOOK.saturating_sub(looked.elapsed()));
            drop(select);
            let messages = interface.take_messages(&self.state);
            if stop_requests.try_recv().is_ok() || messages.contains(&Message::Quit) {
                return Ok(());
            }
            let mut changed = interface.wants_showing();
            if looked.elapsed() >= LOOK {
                changed |= self.look();
                looked = Instant::now();
            }
            if changed {
                interface.show(&self.state)?;
            }
        }
    }

    /// Takes in what is new. True where the picture changes by it.
    fn look(&mut self) -> bool {
        let mut changed = match self.follower.news() {
            Ok(News::Further(records)) if records.is_empty() => false,
            Ok(News::Further(records)) => {
                self.last_record = last(&records);
                let mut records = records.iter();
                let contradiction = records.find_map(|s| self.state.apply(&s.record).err());
                if let Some(what) = contradiction {
                    self.warn(format!("the journal contradicts itself: {what}"));
                }
                true
            }
            Ok(News::Anew(records)) => {
                self.last_record = last(&records);
                match replayed(&self.folder, records) {
                    Ok(state) => {
                        let notices = std::mem::take(&mut self.state.notices);
                        self.state = State { notices, ..state };
                        true
                    }
                    Err(error) => self.warn(error.to_string()),
                }
            }
            Err(error) => self.warn(error.to_string()),
        };
        if self.asked.elapsed() >= ASK {
            self.asked = Instant::now();
            self.at_work = journal::at_work(&self.folder);
        }
        changed |= self.describe();
        changed
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
        let who = match &self.at_work {
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

fn replayed(folder: &Path, records: Vec<Stamped>) -> Result<State, RecordedError> {
    let records = records.into_iter().map(|stamped| stamped.record);
    State::replay(records).map_err(|source| RecordedError::Replay {
        path: folder.join(journal::JOURNAL),
        source,
    })
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

    #[test]
    fn what_another_program_writes_is_seen_and_who_is_at_work() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Watch::begin(folder.path(), 1).is_err(), "never started");
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.append(&records()[..2]).unwrap();
        let mut watch = Watch::begin(folder.path(), 1).unwrap();
        assert!(watch.state().trials.is_empty());
        let device = |watch: &Watch| format!("{:?}", watch.state().device);
        assert!(device(&watch).contains("another program is at work"));
        assert!(!watch.look(), "nothing happened");
        journal.append(&records()[2..]).unwrap();
        assert!(watch.look());
        assert_eq!(watch.state().trials.len(), 1);
        drop(journal);
        watch.asked -= ASK;
        assert!(watch.look());
        assert!(device(&watch).contains("no program is at work"));
    }

    #[test]
    fn a_journal_that_goes_away_is_told_once_and_looked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.append(&records()).unwrap();
        let mut watch = Watch::begin(folder.path(), 1).unwrap();
        let path = journal.path().to_owned();
        let away = folder.path().join("away");
        std::fs::rename(&path, &away).unwrap();
        assert!(watch.look());
        assert!(!watch.look(), "said once");
        assert_eq!(watch.state().trials.len(), 1, "what was seen stays");
        std::fs::rename(&away, &path).unwrap();
        watch.look();
        assert_eq!(watch.state().trials.len(), 1);
    }
}
