//! Whether a program works on a study, asked without getting in the way of one that starts.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::claim::{self, Claim};
use super::owner::{Owner, Standing};
use super::{LOCK, TryLock, no_locks, text_of, whole_file};
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
    match named(&claim::path(folder), claim) {
        AtWork::Nobody => {}
        other => return other,
    }
    let mut lock = match regular::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return AtWork::Nobody,
        Err(error) => return unknown(&path, &error),
    };
    match try_lock(&lock) {
        Ok(()) => AtWork::Nobody,
        Err(TryLockError::WouldBlock) => AtWork::Somebody,
        // Who works there has a claim, or comes from where there are locks and has left its name.
        Err(TryLockError::Error(error)) if no_locks(&error) => {
            let owner = Owner::parse(&text_of(&mut lock));
            named(&path, owner)
        }
        Err(TryLockError::Error(error)) => unknown(&path, &error),
    }
}

/// What a name in a file tells of the one that it names.
fn named(path: &Path, owner: Option<Owner>) -> AtWork {
    let Some(owner) = owner else {
        return AtWork::Nobody;
    };
    match owner.standing() {
        Standing::Alive => AtWork::Somebody,
        Standing::Ended => AtWork::Nobody,
        Standing::Unknown => AtWork::Unknown(format!("{} names {}", path.display(), owner.who())),
    }
}
