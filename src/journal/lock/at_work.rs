//! Whether a program works on a study, asked without getting in the way of one that starts.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::claim::{self, Claim};
use super::owner::{Owner, Standing};
use super::{LOCK, TryLock, no_locks, whole_file};
use crate::regular;

/// Whether a program works on a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtWork {
    /// One does.
    Somebody,
    /// None does, as far as this machine can know.
    Nobody,
    /// It cannot be told; the text says why.
    Unknown(String),
}

/// Whether a program works on the study in this folder; `journal` is its journal, if there is one.
pub(in crate::journal) fn at_work(folder: &Path, journal: Option<&File>) -> AtWork {
    at_work_by(folder, journal, File::try_lock_shared)
}

pub(super) fn at_work_by(folder: &Path, journal: Option<&File>, try_lock: TryLock) -> AtWork {
    let path = folder.join(LOCK);
    let unknown = |path: &Path, error: &io::Error| {
        AtWork::Unknown(format!("cannot look at {}: {error}", path.display()))
    };
    if journal.and_then(whole_file::is_locked) == Some(true) {
        return AtWork::Somebody;
    }
    let claim = match Claim::owner(folder) {
        Ok(claim) => claim,
        Err(error) => return unknown(&claim::path(folder), &error),
    };
    match claim.as_ref().map(Owner::standing) {
        Some(Standing::Alive) => return AtWork::Somebody,
        Some(Standing::Unknown) => {
            return AtWork::Unknown(format!(
                "{} names {}",
                claim::path(folder).display(),
                claim.unwrap_or_default().who()
            ));
        }
        Some(Standing::Ended) | None => {}
    }
    let lock = match regular::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return AtWork::Nobody,
        Err(error) => return unknown(&path, &error),
    };
    match try_lock(&lock) {
        Ok(()) => AtWork::Nobody,
        Err(TryLockError::WouldBlock) => AtWork::Somebody,
        // Who works there has a claim.
        Err(TryLockError::Error(error)) if no_locks(&error) => AtWork::Nobody,
        Err(TryLockError::Error(error)) => unknown(&path, &error),
    }
}
