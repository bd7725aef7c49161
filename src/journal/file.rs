//! The journal of one study: opened by one writer, read by anyone.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::Fate;
use super::lock::{self, AtWork, Lock};
use super::log::{Log, LogError};
use super::replay::{History, replay};
use super::{JournalError, Record, line};
use crate::{durable, regular};

/// Name of the journal in a study's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// A study's journal, open for appending; the study is locked as long as this value lives.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    log: Log<File>,
    lock: Lock,
}

impl Journal {
    /// Opens the journal in a study's folder and returns what it holds so far.
    ///
    /// A missing folder or an empty file is a new journal. An unfinished last batch is cut away. A link in the journal's
    /// place is not followed: it may lead to what somebody else wrote.
    ///
    /// # Errors
    /// Where another program works on the study or that cannot be told, the folder cannot be used, or the journal is
    /// damaged or newer than this program; nothing is changed then.
    pub fn open(folder: &Path) -> Result<(Self, History), JournalError> {
        durable::create_folder(folder).map_err(failed("create", folder))?;
        let path = folder.join(JOURNAL);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let existing = match regular::open_own(&path, &options) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            found => Some(found.map_err(failed("open", &path))?),
        };
        let mut lock = Lock::take(folder, existing.as_ref())?;
        let mut file = match existing {
            Some(file) => file,
            None => regular::open_own(&path, options.create(true).truncate(false))
                .map_err(failed("open", &path))?,
        };
        lock.cover(&file)?;
        check_place(&path, &file)?;
        durable::sync_folder(folder).map_err(failed("synchronise", folder))?;
        let bytes = regular::content_in_memory(&mut file).map_err(failed("read", &path))?;
        let history = replay(&bytes, &path)?;
        let log = Log::new(file, history.bytes, &bytes).map_err(failed("repair", &path))?;
        Ok((Self { path, log, lock }, history))
    }

    /// Appends records; they are durable when this returns. One batch costs one synchronisation.
    ///
    /// # Errors
    /// Where that failed: then none of them is in the journal, but for a record that says its format. Where the journal is not in its place any more, something
    /// else wrote to it, or another program may work on the study: then nothing was changed.
    pub fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        check_place(&self.path, self.log.file())?;
        self.lock.check()?;
        let now = unix_seconds();
        // What says the format stands alone, so that any program can read it before anything that it cannot.
        let together = |one: &Record, next: &Record| !one.says_format() && !next.says_format();
        for batch in records.chunk_by(together) {
            let line =
                line::encode(batch, now).map_err(|source| JournalError::Unwritable { source })?;
            let appended = self.log.append(&line);
            appended.map_err(|error| self.appending(error))?;
        }
        Ok(())
    }

    fn appending(&self, error: LogError) -> JournalError {
        let path = self.path.clone();
        match error {
            LogError::Failed(source) => JournalError::Append { path, source },
            LogError::Unclean => JournalError::Closed { path },
            LogError::Altered { found, left } => JournalError::Altered { path, found, left },
        }
    }

    /// The journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is worth knowing of how the study is locked.
    pub fn caution(&self) -> Option<&str> {
        self.lock.caution()
    }
}

/// A file that was deleted or moved away still takes records, and nobody would ever find them.
#[cfg(unix)]
fn check_place(path: &Path, file: &File) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;

    let path = path.to_owned();
    let identity = |found: &std::fs::Metadata| (found.dev(), found.ino());
    let there = match std::fs::metadata(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(JournalError::Append {
                path,
                source: error,
            });
        }
        there => there.ok().as_ref().map(identity),
    };
    let ours = match file.metadata() {
        Ok(ours) => ours,
        Err(source) => return Err(JournalError::Append { path, source }),
    };
    let fate = match ours.nlink() {
        _ if there == Some(identity(&ours)) => return Ok(()),
        0 if there.is_some() => Fate::Replaced,
        0 => Fate::Deleted,
        _ => Fate::Moved,
    };
    Err(JournalError::Gone { path, fate })
}

/// Elsewhere an open file cannot be deleted or moved.
#[cfg(not(unix))]
fn check_place(_: &Path, _: &File) -> Result<(), JournalError> {
    Ok(())
}

/// Whether a program is at work on the study in this folder.
pub fn at_work(folder: &Path) -> AtWork {
    let journal = regular::open(&folder.join(JOURNAL));
    lock::at_work(folder, journal.ok().as_ref())
}

/// What the journal in a study's folder holds; nothing is locked or changed, and a writer may be at work meanwhile.
///
/// # Errors
/// Where there is no journal, it cannot be read, or it is damaged or newer than this program.
pub fn read(folder: &Path) -> Result<History, JournalError> {
    let path = folder.join(JOURNAL);
    match regular::read_into_memory(&path) {
        Ok(bytes) => replay(&bytes, &path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(JournalError::Missing { path })
        }
        Err(error) => Err(failed("read", &path)(error)),
    }
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
