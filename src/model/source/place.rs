//! Where a model's files are looked for: a folder, or one commit on the hub.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::SourceError;
use crate::hub::{Hub, HubProgress, Repository};
use crate::regular;

/// How a file begins that Git LFS has left for the file itself.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A place with a model's files.
pub(super) enum Place<'a> {
    /// A folder.
    Folder(&'a Path),
    /// A commit on the hub.
    Hub {
        repository: Repository,
        hub: &'a Hub,
        progress: &'a mut dyn FnMut(HubProgress),
    },
}

impl<'a> Place<'a> {
    /// # Errors
    /// There is no such folder.
    pub(super) fn folder(folder: &'a Path) -> Result<Self, SourceError> {
        match folder.is_dir() {
            true => Ok(Self::Folder(folder)),
            false => Err(SourceError::NoFolder(folder.to_owned())),
        }
    }

    /// The commit that the repository's revision names: all files are looked for there, whatever happens to the branch.
    ///
    /// # Errors
    /// The hub does not say.
    pub(super) fn on_hub(
        repository: &Repository,
        hub: &'a Hub,
        progress: &'a mut dyn FnMut(HubProgress),
    ) -> Result<Self, SourceError> {
        Ok(Self::Hub {
            repository: hub.at_commit(repository, super::CONFIG)?,
            hub,
            progress,
        })
    }

    /// The file, if it is there.
    ///
    /// # Errors
    /// Whether it is there cannot be found out, or it is no more than a pointer to itself.
    pub(super) fn find(&mut self, name: &str) -> Result<Option<PathBuf>, SourceError> {
        let found = match self {
            // What is there and is no file is not passed over.
            Self::Folder(folder) => Some(folder.join(name)).filter(|path| path.exists()),
            Self::Hub {
                repository,
                hub,
                progress,
            } => hub.file_if_there(repository, name, progress)?,
        };
        match found {
            Some(path) if is_pointer(&path)? => Err(self.incomplete(format!(
                "{name} is not the file itself but Git LFS's pointer to it; run `git lfs pull` where it was cloned, or fetch the file anew"
            ))),
            found => Ok(found),
        }
    }

    /// The file, which must be there.
    ///
    /// # Errors
    /// It is not, or is of no use.
    pub(super) fn required(&mut self, name: &str) -> Result<PathBuf, SourceError> {
        match self.find(name)? {
            Some(path) => Ok(path),
            None => Err(self.lacks(name, "is it the folder of a model?")),
        }
    }

    /// The first of these files that is there, without fetching it.
    ///
    /// # Errors
    /// The hub does not say.
    pub(super) fn holding<'n>(&self, names: &[&'n str]) -> Result<Option<&'n str>, SourceError> {
        for &name in names {
            let holds = match self {
                Self::Folder(folder) => folder.join(name).is_file(),
                Self::Hub {
                    repository, hub, ..
                } => hub.holds(repository, name)?,
            };
            if holds {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Why a file that must be there is not; `advice` is for a folder.
    pub(super) fn lacks(&mut self, name: &str, advice: &str) -> SourceError {
        match self {
            Self::Folder(_) => self.incomplete(format!("it has no {name}; {advice}")),
            // The hub's own words say what to do: it is asked once more, for a file that must be there.
            Self::Hub {
                repository,
                hub,
                progress,
            } => match hub.file(repository, name, progress) {
                Err(error) => error.into(),
                Ok(_) => self.incomplete(format!("{name} has only just come; start again")),
            },
        }
    }

    /// What is wrong here.
    pub(super) fn incomplete(&self, problem: String) -> SourceError {
        let place = match self {
            Self::Folder(folder) => format!("model folder {}", folder.display()),
            Self::Hub { repository, .. } => repository.to_string(),
        };
        SourceError::Incomplete { place, problem }
    }

    /// The commit, on the hub.
    pub(super) fn commit(&self) -> Option<String> {
        match self {
            Self::Folder(_) => None,
            Self::Hub { repository, .. } => Some(repository.revision.clone()),
        }
    }

    /// The place, for people and manifests.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Hub { repository, .. } => {
                format!("{} (commit {})", repository.id, repository.revision)
            }
        }
    }
}

/// Whether a file is no more than Git LFS's pointer to it.
fn is_pointer(path: &Path) -> Result<bool, SourceError> {
    let mut start = Vec::with_capacity(POINTER.len());
    let file = regular::open(path);
    let read = file.and_then(|file| file.take(POINTER.len() as u64).read_to_end(&mut start));
    read.map(|_| start == POINTER)
        .map_err(|source| SourceError::Io {
            path: path.to_owned(),
            source,
        })
}
