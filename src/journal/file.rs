//! The journal of one study: opened by one writer, read by anyone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::lock::{self, Lock};
use super::log::{Log, LogError};
use super::replay::{History, replay};
use super::{JournalError, Record, line};
use crate::durable;

/// Name of the journal in a study's folder.
pub const JOURNAL: &str = "journal.jsonl";
/// Name of the lock in a study's folder.
const LOCK: &str = "lock";

/// A study's journal, open for appending; the study is locked as long as this value lives.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    log: Log<File>,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal in a study's folder and returns what it holds so far.
    ///
    /// A missing folder or an empty file is a new journal. An unfinished last line is cut away.
    ///
    /// # Errors
    /// Where another program works on the study, the folder cannot be used, or the journal is damaged or newer than
    /// this program; nothing is changed then.
    pub fn open(folder: &Path) -> Result<(Self, History), JournalError> {
        durable::create_folder(folder).map_err(failed("create", folder))?;
        let lock = Lock::take(&folder.join(LOCK))?;
        let path = folder.join(JOURNAL);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open", &path))?;
        durable::sync_folder(folder).map_err(failed("synchronise", folder))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(failed("read", &path))?;
        let history = replay(&bytes, &path)?;
        let found = bytes.len() as u64;
        let log = Log::new(file, history.bytes, found).map_err(failed("repair", &path))?;
        let journal = Self {
            path,
            log,
            _lock: lock,
        };
        Ok((journal, history))
    }

    /// Appends records; they are durable when this returns. One batch costs one synchronisation.
    ///
    /// # Errors
    /// Where that failed: then none of them is in the journal.
    pub fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        self.check_place()?;
        let now = unix_seconds();
        let mut lines = Vec::new();
        for record in records {
            line::encode(record, now, &mut lines)
                .map_err(|source| JournalError::Unwritable { source })?;
        }
        self.log.append(&lines).map_err(|error| {
            let path = self.path.clone();
            match error {
                LogError::Failed(source) => JournalError::Append { path, source },
                LogError::Unclean => JournalError::Closed { path },
            }
        })
    }

    /// A file that was deleted or moved away still takes records, and nobody would ever find them.
    #[cfg(unix)]
    fn check_place(&self) -> Result<(), JournalError> {
        use std::os::unix::fs::MetadataExt;

        let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
        let gone = |source| JournalError::Append {
            path: self.path.clone(),
            source,
        };
        let there = std::fs::metadata(&self.path).map_err(gone)?;
        let ours = self.log.file().metadata().map_err(gone)?;
        match identity(there) == identity(ours) {
            true => Ok(()),
            false => Err(gone(io::ErrorKind::NotFound.into())),
        }
    }

    /// Elsewhere an open file cannot be deleted or moved.
    #[cfg(not(unix))]
    fn check_place(&self) -> Result<(), JournalError> {
        Ok(())
    }

    /// The journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a program is at work on the study in this folder.
pub fn is_worked_on(folder: &Path) -> bool {
    lock::is_held(&folder.join(LOCK))
}

/// What the journal in a study's folder holds; nothing is locked or changed, and a writer may be at work meanwhile.
///
/// # Errors
/// Where there is no journal, it cannot be read, or it is damaged or newer than this program.
pub fn read(folder: &Path) -> Result<History, JournalError> {
    let path = folder.join(JOURNAL);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(JournalError::Missing { path });
        }
        Err(error) => return Err(failed("read", &path)(error)),
    };
    replay(&bytes, &path)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io {
        action,
        path,
        source,
    }
}

/// The clock of the journal, for people only. A clock before 1970 counts as 1970.
fn unix_seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |duration| duration.as_secs_f64())
}
