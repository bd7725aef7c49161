//! A lock where the file system has none: a file that only one program can have created, and that names it.
//!
//! It stays behind where that program is killed. One that provably has ended on this machine is no obstacle; one that
//! may live elsewhere is, until a person deletes the file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::owner::{Owner, Standing};
use super::text_of;
use crate::regular;

/// Name of the claim in a study's folder.
const CLAIM: &str = "claim";

/// This program's claim on a study; deleted with this value.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    text: String,
}

/// The claim in a study's folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(CLAIM)
}

impl Claim {
    /// Claims the study.
    ///
    /// # Errors
    /// `AlreadyExists` where another program does that may live; else what the system says.
    pub(super) fn take(folder: &Path) -> io::Result<Self> {
        let path = path(folder);
        let text = Owner::this().to_string();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        if let Err(error) = written {
            // It would keep everybody out, and name nobody.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { path, text })
    }

    /// Deletes the claim of a program that provably has ended: once this machine has been started again, that could not
    /// be told any more.
    pub(super) fn forget_ended(folder: &Path) -> io::Result<()> {
        match Self::owner(folder)?.map(|owner| owner.standing()) {
            Some(Standing::Ended) => fs::remove_file(path(folder)),
            _ => Ok(()),
        }
    }

    /// Who claims the study; none where nobody does.
    pub(super) fn owner(folder: &Path) -> io::Result<Option<Owner>> {
        match regular::open(&path(folder)) {
            Ok(mut file) => Ok(Some(Owner::parse(&text_of(&mut file)).unwrap_or_default())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says as long as the claim is this program's.
    pub(super) fn text(&self) -> &String {
        &self.text
    }
}

impl Drop for Claim {
    /// Another program's claim, made after somebody deleted this one, stays.
    fn drop(&mut self) {
        let found = regular::open(&self.path);
        if found.is_ok_and(|mut file| text_of(&mut file) == self.text) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
