//! A journal that another program writes, read as it grows.

use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::file::{JOURNAL, read};
use super::replay::replay;
use super::{JournalError, Stamped};
use crate::regular;

/// How far a journal was read.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    /// Everything before this was told.
    offset: u64,
}

/// What is new in a journal.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// These records came behind the known ones.
    Further(Vec<Stamped>),
    /// What was told does not hold any more, such as a batch that its writer took back: this is the whole journal.
    Anew(Vec<Stamped>),
}

impl Follower {
    /// Stands before the first record of the journal in a study's folder. Nothing is read yet, and nothing locked.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            offset: 0,
        }
    }

    /// The records that became whole since the last call.
    ///
    /// # Errors
    /// See [`read`](super::read). The next call tries again.
    pub fn news(&mut self) -> Result<News, JournalError> {
        if self.offset > 0
            && let Some(bytes) = self.appended()
        {
            // Damage is told with its place in the whole file, below.
            if let Ok(history) = replay(&bytes, &self.folder.join(JOURNAL)) {
                let whole = history
                    .torn_tail
                    .map_or(bytes.len() as u64, |tail| tail.offset);
                self.offset += whole;
                return Ok(News::Further(history.records));
            }
        }
        let history = read(&self.folder)?;
        self.offset = history.bytes;
        Ok(News::Anew(history.records))
    }

    /// The bytes behind the known ones; none where those are not there any more.
    fn appended(&self) -> Option<Vec<u8>> {
        let path = self.folder.join(JOURNAL);
        let mut file = regular::open(&path).ok()?;
        let length = file.metadata().ok()?.len();
        if length < self.offset {
            return None;
        }
        file.seek(SeekFrom::Start(self.offset)).ok()?;
        regular::content_in_memory(&mut file).ok()
    }
}
