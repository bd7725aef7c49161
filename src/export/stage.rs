//! Where an export is made before it takes its place: whole, in a hidden folder inside the folder of exports.
//!
//! A file takes its place only once all are made, and only where nothing lies there or what this program wrote. The
//! manifest knows both by then, what was and what comes, so that a program that is killed in between leaves nothing that
//! the next export would take for somebody else's.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ExportError;
use super::listing::{Earlier, is_exported, name_of, top};
use crate::visible::listed;
use crate::{digest, durable};

/// What the hidden folder's name begins with.
const NAME: &str = ".export.partial-";
/// Characters drawn for its end.
const DRAWN: usize = 12;

/// The hidden folder; it goes, with what is left in it.
pub(super) struct Stage {
    place: TempDir,
    /// Locked as long as this program lives, by which another one knows that the folder is in use.
    _held: Option<File>,
    folder: PathBuf,
}

impl Stage {
    /// Inside a folder of exports; deletes those that killed programs left there.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn new(folder: &Path) -> Result<Self, ExportError> {
        let failed = |source: io::Error| ExportError::Write {
            path: folder.to_owned(),
            // Without the name that was drawn.
            source: source.kind().into(),
        };
        delete_leftovers(folder).map_err(failed)?;
        let place = tempfile::Builder::new()
            .prefix(NAME)
            .rand_bytes(DRAWN)
            .tempdir_in(folder)
            .map_err(failed)?;
        let held = File::open(place.path()).ok();
        Ok(Self {
            _held: held.filter(|held| held.try_lock().is_ok()),
            place,
            folder: folder.to_owned(),
        })
    }

    /// Where to make the files.
    pub(super) fn path(&self) -> &Path {
        self.place.path()
    }

    /// Where a file that was made will be.
    fn at(&self, path: &Path) -> PathBuf {
        let inside = path.strip_prefix(self.path());
        inside.map_or_else(|_| path.to_owned(), |inside| self.folder.join(inside))
    }

    /// An error in making the files, told of the places where they would be.
    pub(super) fn told(&self, error: ExportError) -> ExportError {
        match error {
            ExportError::Write { path, source } => ExportError::Write {
                path: self.at(&path),
                source,
            },
            ExportError::Stale {
                folder,
                format,
                source,
            } => ExportError::Stale {
                folder,
                format,
                source: Box::new(self.told(*source)),
            },
            other => other,
        }
    }

    /// The files by their names in the folder, with their SHA-256.
    ///
    /// # Errors
    /// One cannot be read.
    pub(super) fn digests(
        &self,
        files: &[PathBuf],
    ) -> Result<BTreeMap<String, String>, ExportError> {
        let one = |path: &PathBuf| {
            let digest = digest::of_file(path).map_err(|source| ExportError::Read {
                path: self.at(path),
                source,
            })?;
            Ok((name_of(self.path(), path), digest))
        };
        files.iter().map(one).collect()
    }

    /// Gives the files their places; returns their paths there.
    ///
    /// # Errors
    /// One cannot be moved.
    pub(super) fn place(self, files: &[PathBuf]) -> Result<Vec<PathBuf>, ExportError> {
        let placed = |path: &PathBuf| {
            let at = self.at(path);
            let parent = at.parent().unwrap_or(&self.folder);
            durable::create_folder(parent)
                .and_then(|()| fs::rename(path, &at))
                .and_then(|()| durable::sync_folder(parent))
                .map_err(|source| ExportError::Write {
                    path: at.clone(),
                    source,
                })?;
            Ok(at)
        };
        files.iter().map(placed).collect()
    }
}

/// Deletes the hidden folders of programs that were killed. One that is in use, or that holds what no export makes, stays.
fn delete_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let drawn = name.to_str().and_then(|name| name.strip_prefix(NAME));
        let is_ours = drawn.is_some_and(|drawn| drawn.len() == DRAWN);
        if !is_ours || !entry.file_type()?.is_dir() {
            continue;
        }
        let path = entry.path();
        // A file system without locks keeps them: nobody can tell.
        let is_left = File::open(&path).is_ok_and(|held| held.try_lock().is_ok());
        let names: Vec<_> = fs::read_dir(&path)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        let is_made = |name: &String| is_exported(name) || name.starts_with('.');
        if is_left && names.iter().all(is_made) {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Refuses a folder without a manifest in which something lies: it is not one of exports.
///
/// # Errors
/// Something lies there, or the folder cannot be read.
pub(super) fn check_free(folder: &Path) -> Result<(), ExportError> {
    let failed = |source| ExportError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy().into_owned();
        // Such as a version control's, or what a file browser leaves.
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    match names.is_empty() {
        true => Ok(()),
        false => Err(ExportError::NotEmpty {
            folder: folder.to_owned(),
            files: listed(names.iter().map(String::as_str)),
        }),
    }
}

/// The files in the places of new ones that this program wrote and somebody changed since.
///
/// # Errors
/// Something lies in such a place that this program did not write.
pub(super) fn changed(
    folder: &Path,
    made: &BTreeMap<String, String>,
    earlier: Option<&Earlier>,
) -> Result<Vec<PathBuf>, ExportError> {
    let (mut changed, mut others) = (Vec::new(), Vec::new());
    for (name, digest) in made {
        let Some((place, is_file)) = occupant(folder, name) else {
            continue;
        };
        let there = is_file.then(|| digest::of_file(&place)).transpose();
        let there = there.map_err(|source| ExportError::Read {
            path: place.clone(),
            source,
        })?;
        let wrote = |there: &String| {
            there == digest || earlier.is_some_and(|earlier| earlier.wrote(name, there))
        };
        let is_listed = earlier.is_some_and(|earlier| earlier.lists(name));
        match there {
            Some(there) if wrote(&there) => {}
            Some(_) if is_listed => changed.push(place),
            _ => others.push(name_of(folder, &place)),
        }
    }
    others.dedup();
    match others.is_empty() {
        true => Ok(changed),
        false => Err(ExportError::OtherFiles {
            folder: folder.to_owned(),
            files: listed(others.iter().map(String::as_str)),
        }),
    }
}

/// What lies in a file's place, or where a folder on the way to it should be; and whether it is a file in its place. Links
/// are somebody else's, wherever they lead.
fn occupant(folder: &Path, name: &str) -> Option<(PathBuf, bool)> {
    let mut place = folder.to_owned();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let is_last = parts.peek().is_none();
        match fs::symlink_metadata(&place) {
            Err(_) => return None,
            Ok(found) if found.is_dir() && !is_last => {}
            Ok(found) => return Some((place, found.is_file() && is_last)),
        }
    }
    None
}

/// Gives files other names, `NAME.changed`, so that new ones can have theirs; returns the new paths.
///
/// # Errors
/// One cannot be moved.
pub(super) fn set_aside(files: &[PathBuf]) -> Result<Vec<PathBuf>, ExportError> {
    let moved = |path: &PathBuf| {
        let named = |number: usize| {
            let mut name = path.clone().into_os_string();
            name.push(match number {
                1 => ".changed".to_owned(),
                _ => format!(".changed-{number}"),
            });
            PathBuf::from(name)
        };
        let aside = (1..).map(named);
        let mut free = aside.filter(|path| fs::symlink_metadata(path).is_err());
        let aside = free.next().unwrap_or_else(|| path.clone());
        fs::rename(path, &aside).map_err(|source| ExportError::Write {
            path: aside.clone(),
            source,
        })?;
        Ok(aside)
    };
    files.iter().map(moved).collect()
}

/// What a manifest lists while files take their places: the new ones, and those of before that are not made again.
pub(super) fn both(
    earlier: Option<&Earlier>,
    made: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let before = earlier.into_iter().flat_map(Earlier::files);
    let before = before.filter(|(name, _)| is_exported(top(name)));
    let mut both: BTreeMap<String, String> = before
        .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
        .collect();
    both.extend(made.clone());
    both
}
