//! Reads the journal that is watched, and whether a program is at work, as often as that makes sense.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::last;
use crate::app::{RecordedError, State};
use crate::journal::{self, AtWork, Follower, News, Stamped};
use crate::threads;

/// How often the journal is looked at: folders shared over a network announce nothing.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is asked whether a program is at work. Asking takes the lock for a moment.
const ASK: Duration = Duration::from_secs(5);

/// What one look found.
pub(super) struct Look {
    pub(super) seen: Result<Seen, RecordedError>,
    pub(super) at_work: AtWork,
}

/// What is new in the journal.
pub(super) enum Seen {
    /// These records came behind the known ones.
    Further(Vec<Stamped>),
    /// The whole journal, and when its last record was written, in seconds since the Unix epoch.
    Anew(Box<State>, f64),
}

/// Who looks.
pub(super) struct Lookout {
    folder: PathBuf,
    follower: Follower,
    /// What was last heard of who is at work, and when.
    asked: Option<(AtWork, Instant)>,
}

impl Lookout {
    /// Nothing is looked at yet.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            follower: Follower::new(folder),
            asked: None,
        }
    }

    /// Looks from now on, as long as someone takes what was seen.
    pub(super) fn on_its_own_thread(mut self) -> io::Result<Receiver<Look>> {
        let (sender, looks) = bounded(1);
        threads::start("lookout", move || {
            while sender.send(self.look()).is_ok() {
                thread::sleep(LOOK);
            }
        })?;
        Ok(looks)
    }

    /// Looks once; this may take as long as the file system wants.
    pub(super) fn look(&mut self) -> Look {
        let known = self.asked.take();
        let known = known.filter(|(_, asked)| asked.elapsed() < ASK);
        let (at_work, asked) =
            known.unwrap_or_else(|| (journal::at_work(&self.folder), Instant::now()));
        self.asked = Some((at_work.clone(), asked));
        Look {
            seen: self.see(),
            at_work,
        }
    }

    fn see(&mut self) -> Result<Seen, RecordedError> {
        let records = match self.follower.news()? {
            News::Further(records) => return Ok(Seen::Further(records)),
            News::Anew(records) => records,
        };
        let last_record = last(&records);
        let records = records.into_iter().map(|stamped| stamped.record);
        let state = State::replay(records).map_err(|source| RecordedError::Replay {
            path: self.folder.join(journal::JOURNAL),
            source,
        })?;
        Ok(Seen::Anew(Box::new(state), last_record))
    }

    /// Has the next look ask whether a program is at work.
    #[cfg(test)]
    pub(super) fn ask_again(&mut self) {
        self.asked = None;
    }
}
