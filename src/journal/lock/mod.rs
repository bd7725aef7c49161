//! One writer per study, whatever becomes of the files that say so.
//!
//! Two files are locked, as far as the system can: `lock`, whose text says who holds it, and the journal itself. Only
//! the second lock cannot be lost: whoever deletes `lock` under a running program, and starts another, is refused by the
//! journal. The operating system holds both and lets them go when the process ends, however it ends. Where only `lock`
//! can be locked (systems other than Linux), or where nothing can and a [claim](claim) stands in for it, every append
//! looks first whether that file still says what it said.
//!
//! The journal is asked for its lock and never locked by readers; `lock` can only be tried. A start that meets a reader
//! there tries again for a while.

mod at_work;
mod claim;
mod owner;
mod whole_file;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use self::at_work::AtWork;
pub(super) use self::at_work::at_work;
use self::claim::Claim;
use self::owner::{Owner, Standing};
use super::JournalError;
use crate::regular;

/// Name of the lock in a study's folder.
const LOCK: &str = "lock";
/// For so long a start tries again: readers hold the lock for an instant, programs for hours.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest text read from a lock's file.
const TEXT_BYTES: u64 = 400;

/// How a file is locked; what the system cannot do is an error.
type TryLock = fn(&File) -> Result<(), TryLockError>;

/// The study's lock: held as long as this value lives.
#[derive(Debug)]
pub(super) struct Lock {
    held: Held,
    /// What is worth knowing of it.
    caution: Option<String>,
}

#[derive(Debug)]
enum Held {
    /// `lock`, and perhaps the journal itself.
    Files {
        lock: File,
        path: PathBuf,
        text: String,
        journal_too: bool,
    },
    /// A claim: the file system has no locks.
    Claim(Claim),
}

impl Lock {
    /// Takes the lock in a study's folder; `journal` is its journal, if there is one.
    ///
    /// # Errors
    /// Where another program works on the study, or it cannot be told whether one does.
    pub(super) fn take(folder: &Path, journal: Option<&File>) -> Result<Self, JournalError> {
        Self::take_by(folder, journal, File::try_lock)
    }

    fn take_by(
        folder: &Path,
        journal: Option<&File>,
        try_lock: TryLock,
    ) -> Result<Self, JournalError> {
        let path = folder.join(LOCK);
        let unknown = |source| JournalError::LockUnknown {
            path: path.clone(),
            source,
        };
        let unclaimed = |source| JournalError::LockUnknown {
            path: claim::path(folder),
            source,
        };
        // On file systems without locks, and on those that another machine takes for such.
        if let Some(owner) = Claim::owner(folder).map_err(unclaimed)?
            && owner.standing() != Standing::Ended
        {
            return Err(claimed(folder, &owner));
        }
        Claim::forget_ended(folder).map_err(unclaimed)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = regular::open_own(&path, &options).map_err(unknown)?;
        if !is_a_locks(&text_of(&mut lock)) {
            let other = "it holds something else than the name of a process";
            return Err(unknown(io::Error::new(io::ErrorKind::InvalidInput, other)));
        }
        if journal.and_then(whole_file::is_locked) == Some(true) {
            return Err(locked(path, &mut lock));
        }
        match patiently(&lock, try_lock) {
            Ok(()) => Ok(Self {
                held: Held::Files {
                    lock,
                    path,
                    text: Owner::this().to_string(),
                    journal_too: false,
                },
                caution: None,
            }),
            Err(TryLockError::WouldBlock) => Err(locked(path, &mut lock)),
            Err(TryLockError::Error(error)) if no_locks(&error) => {
                // A program for which there were locks left its name here.
                let owner = Owner::parse(&text_of(&mut lock));
                if let Some(owner) = owner.filter(|owner| owner.standing() != Standing::Ended) {
                    let owner = owner.who();
                    return Err(JournalError::Claimed { path, owner });
                }
                Self::claim(folder, &error)
            }
            Err(TryLockError::Error(error)) => Err(unknown(error)),
        }
    }

    /// Locks the journal as well, where the system can, and says whose the lock is.
    ///
    /// # Errors
    /// Another program has locked the journal, whatever became of the lock beside it.
    pub(super) fn cover(&mut self, journal: &File) -> Result<(), JournalError> {
        let Held::Files {
            lock,
            path,
            text,
            journal_too,
        } = &mut self.held
        else {
            return Ok(());
        };
        match whole_file::try_lock(journal) {
            Ok(()) => *journal_too = true,
            Err(TryLockError::WouldBlock) => return Err(locked(path.clone(), lock)),
            Err(TryLockError::Error(_)) => {}
        }
        write_text(lock, text).map_err(|source| JournalError::Io {
            action: "write",
            path: path.clone(),
            source,
        })
    }

    fn claim(folder: &Path, error: &io::Error) -> Result<Self, JournalError> {
        let claim = match Claim::take(folder) {
            Ok(claim) => claim,
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                let owner = Claim::owner(folder).ok().flatten();
                return Err(claimed(folder, &owner.unwrap_or_default()));
            }
            Err(source) => {
                return Err(JournalError::Io {
                    action: "create",
                    path: claim::path(folder),
                    source,
                });
            }
        };
        let caution = format!(
            "the file system of {} has no locks ({error}): {} stands in for one. A program that is killed leaves it \
             behind; a start on the machine that it ran on sees that and goes on, others have to be told by deleting it",
            folder.display(),
            claim.path().display()
        );
        Ok(Self {
            held: Held::Claim(claim),
            caution: Some(caution),
        })
    }

    /// What is worth knowing of the lock.
    pub(super) fn caution(&self) -> Option<&str> {
        self.caution.as_deref()
    }

    /// Whether nobody can have taken the lock meanwhile.
    ///
    /// # Errors
    /// The file that says who works on the study was deleted or says something else.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        let (path, text) = match &self.held {
            Held::Files {
                journal_too: true, ..
            } => return Ok(()),
            // There, what is locked can neither be read by others nor leave its place.
            Held::Files { .. } if cfg!(windows) => return Ok(()),
            Held::Files { path, text, .. } => (path.as_path(), text),
            Held::Claim(claim) => (claim.path(), claim.text()),
        };
        let found = regular::open(path);
        match found.is_ok_and(|mut file| text_of(&mut file) == *text) {
            true => Ok(()),
            false => Err(JournalError::LockLost {
                path: path.to_owned(),
            }),
        }
    }
}

impl Drop for Lock {
    /// A name that stays behind is that of a program that was killed.
    fn drop(&mut self) {
        if let Held::Files { lock, .. } = &self.held {
            let _ = lock.set_len(0);
        }
    }
}

/// Tries until the lock is had or patience ends.
fn patiently(file: &File, try_lock: TryLock) -> Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match try_lock(file) {
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            tried => return tried,
        }
    }
}

/// Whether an error says that the file system knows no locks: ENOTSUP, ENOSYS, EINVAL, and ENOLCK, which network file
/// systems say whose server has none.
fn no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ENOLCK) {
        return true;
    }
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

fn claimed(folder: &Path, owner: &Owner) -> JournalError {
    JournalError::Claimed {
        path: claim::path(folder),
        owner: owner.who(),
    }
}

/// Another program holds the lock. One that was there before and has ended is not the holder.
fn locked(path: PathBuf, lock: &mut File) -> JournalError {
    let owner = Owner::parse(&text_of(lock));
    let owner = owner.filter(|owner| owner.standing() != Standing::Ended);
    JournalError::Locked {
        path,
        holder: owner.unwrap_or_default().who(),
    }
}

/// Whether a file that says this may be written over: it was made for a lock.
fn is_a_locks(text: &str) -> bool {
    text.is_empty() || text.starts_with("process ")
}

fn text_of(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(TEXT_BYTES).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text);
    match read {
        Ok(_) => text.trim().to_owned(),
        Err(_) => String::new(),
    }
}

fn write_text(file: &mut File, text: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests;
