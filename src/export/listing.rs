//! What a folder of exports holds: the list in its manifest, and whether what lies there is still that.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::manifest::{self, FORMAT};
use super::{AdapterCard, ExportError, python};
use crate::domain::{Configuration, Objectives, TrialId};
use crate::{digest, json, regular};

/// What an earlier export's manifest says, as far as a later one needs it.
#[derive(Debug, Deserialize)]
pub(super) struct Earlier {
    format: u32,
    pub(super) study: Named,
    pub(super) front: Vec<Member>,
    /// Formats that were written.
    #[serde(default)]
    pub(super) formats: Vec<String>,
    /// Paths inside the folder, parts joined by `/`, and their SHA-256; none where an earlier program wrote it.
    #[serde(default)]
    files: Option<BTreeMap<String, String>>,
    /// Where an export was under way: what the files were that it replaces.
    #[serde(default)]
    replaces: BTreeMap<String, String>,
}

/// The study that was exported.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) seed: u64,
}

/// A trial on the front that was exported.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub(super) trial: TrialId,
    pub(super) configuration: Configuration,
    pub(super) objectives: Objectives,
}

/// How a listed file differs from what was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is not there.
    Missing,
    /// Its bytes are others.
    Altered,
    /// The folder of a trial that the manifest does not list.
    Unlisted,
}

impl Earlier {
    /// The manifest of a folder, if there is one.
    ///
    /// # Errors
    /// A file of its name is no manifest of this program's, or a later program's.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, ExportError> {
        let path = folder.join(manifest::FILE);
        let foreign = |reason: String| ExportError::NoManifest {
            path: path.clone(),
            reason,
        };
        let text = match read_own(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ExportError::Read { path, source }),
        };
        let earlier: Self = json::read(&text).map_err(|error| foreign(error.to_string()))?;
        if earlier.format > FORMAT {
            let found = earlier.format;
            return Err(foreign(format!(
                "it has format {found}, and this program reads up to {FORMAT}"
            )));
        }
        let outside = earlier
            .files
            .iter()
            .flatten()
            .find(|(name, _)| !is_inside(name));
        match outside {
            Some((name, _)) => Err(foreign(format!(
                "it lists `{name}`, which is not in this folder"
            ))),
            None => Ok(Some(earlier)),
        }
    }

    /// Whether a file is this program's by its name.
    pub(super) fn lists(&self, name: &str) -> bool {
        let files = self.files.as_ref();
        files.is_none_or(|files| files.contains_key(name))
    }

    /// Whether this program wrote a file with these bytes. An earlier program left no list: what has the name of one of
    /// its files is its.
    pub(super) fn wrote(&self, name: &str, digest: &str) -> bool {
        let is = |files: &BTreeMap<String, String>| files.get(name).is_some_and(|d| d == digest);
        self.files.as_ref().is_none_or(is) || is(&self.replaces)
    }

    /// What the files are that a later export replaces.
    pub(super) fn replaced(&self) -> BTreeMap<String, String> {
        let mut replaced = self.files.clone().unwrap_or_default();
        // Those that an export which was killed did not come to.
        replaced.extend(self.replaces.clone());
        replaced
    }

    /// The files that it lists, with their SHA-256.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().flatten();
        files.map(|(name, digest)| (name.as_str(), digest.as_str()))
    }
}

/// What is not as it was exported; nothing where the folder has no list.
///
/// # Errors
/// The manifest or a file cannot be read.
pub fn changes(folder: &Path) -> Result<Vec<(PathBuf, Change)>, ExportError> {
    let Some(listed) = listed_trials(folder)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (name, expected) in Earlier::read(folder)?.iter().flat_map(Earlier::files) {
        let path = folder.join(name);
        // A link, or a pipe that nobody writes to.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            found.push((path, Change::Altered));
            continue;
        }
        match digest::of_file(&path) {
            Ok(digest) if digest == expected => {}
            Ok(_) => found.push((path, Change::Altered)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                found.push((path, Change::Missing));
            }
            Err(source) => return Err(ExportError::Read { path, source }),
        }
    }
    let unlisted = trial_folders(folder)?.into_iter();
    let unlisted = unlisted.filter(|path| !listed.contains(path));
    found.extend(unlisted.map(|path| (path, Change::Unlisted)));
    Ok(found)
}

/// The folders of trials that the folder's manifest lists; none where it has no list.
///
/// # Errors
/// The manifest cannot be read.
pub fn listed_trials(folder: &Path) -> Result<Option<Vec<PathBuf>>, ExportError> {
    let Some(files) = Earlier::read(folder)?.and_then(|earlier| earlier.files) else {
        return Ok(None);
    };
    let cards = files.keys().filter(|name| {
        let parts: Vec<&str> = name.split('/').collect();
        matches!(parts[..], [trial, AdapterCard::FILE] if trial.starts_with("trial-"))
    });
    Ok(Some(cards.map(|name| folder.join(top(name))).collect()))
}

/// The folders of exported trials, by name; none where there is no folder yet.
pub(super) fn trial_folders(folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let failed = |source| ExportError::Read {
        path: folder.to_owned(),
        source,
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_trial = entry.file_name().to_string_lossy().starts_with("trial-");
        if is_trial && is_file(&entry.path().join(AdapterCard::FILE)) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Adds files to the list of a folder's manifest, where it has one: they were made of what is exported there.
///
/// # Errors
/// A file cannot be read, or the manifest not be written.
pub fn list_too(folder: &Path, files: &[PathBuf]) -> Result<(), ExportError> {
    let Some(mut listed) = Earlier::read(folder)?.and_then(|earlier| earlier.files) else {
        return Ok(());
    };
    for path in files {
        let digest = digest::of_file(path).map_err(|source| ExportError::Read {
            path: path.clone(),
            source,
        })?;
        listed.insert(name_of(folder, path), digest);
    }
    manifest::relist(folder, &listed)
}

/// The bytes of a manifest that is a file, and no link or pipe.
fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_symlink() {
        let told = "it is a link, which this program did not make: move it away";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
    }
    regular::read(path, manifest::MOST_BYTES)
}

/// Whether there is a file, and no link to one.
pub(super) fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// Whether an export makes something of this name directly in its folder.
pub(super) fn is_exported(name: &str) -> bool {
    let is_trial = |name: &str| {
        let number = name.strip_prefix("trial-");
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_front = |name: &str| {
        ["csv", "json", "svg", "png"]
            .iter()
            .any(|end| name.strip_prefix("front.") == Some(end))
    };
    is_front(name) || is_trial(name) || name == python::ENCODER || name == manifest::FILE
}

/// Whether a listed name stays inside the folder.
fn is_inside(name: &str) -> bool {
    let is_normal = |part: Component<'_>| matches!(part, Component::Normal(_));
    !name.is_empty() && Path::new(name).components().all(is_normal)
}

/// The path of something inside a folder, parts joined by `/`.
pub(super) fn name_of(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path).components();
    let parts: Vec<_> = inside
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// What lies directly in the folder: a file, or the folder that a file is in.
pub(super) fn top(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}
