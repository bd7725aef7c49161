//! Files from the Hugging Face hub, through its cache.
//!
//! The cache has the layout of Python's `huggingface_hub`, so what either has downloaded serves both. A file in
//! the cache is used as it is; the hub is asked only for files that are not there.

mod error;
mod settings;

use std::fmt;
use std::path::{Path, PathBuf};

use hf_hub::api::Progress;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};

pub use error::{HubError, HubErrorKind};
pub use settings::{HubSettings, Token};

/// Downloads are reported at least this often, in bytes.
const REPORT_BYTES: u64 = 1 << 20;

/// A repository on the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// What it holds.
    pub kind: RepositoryKind,
    /// `owner/name`, or a canonical name.
    pub id: String,
    /// Branch, tag or commit.
    pub revision: String,
}

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepositoryKind {
    /// A model.
    Model,
    /// A data set.
    Dataset,
}

impl Repository {
    /// A model at a revision.
    pub fn model(id: &str, revision: &str) -> Self {
        Self {
            kind: RepositoryKind::Model,
            id: id.to_owned(),
            revision: revision.to_owned(),
        }
    }

    /// A data set at its main branch.
    pub fn dataset(id: &str) -> Self {
        Self {
            kind: RepositoryKind::Dataset,
            id: id.to_owned(),
            revision: "main".to_owned(),
        }
    }

    fn repo(&self) -> Repo {
        let kind = match self.kind {
            RepositoryKind::Model => RepoType::Model,
            RepositoryKind::Dataset => RepoType::Dataset,
        };
        Repo::with_revision(self.id.clone(), kind, self.revision.clone())
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RepositoryKind::Model => "model",
            RepositoryKind::Dataset => "data set",
        };
        write!(f, "{kind} `{}`", self.id)?;
        if self.revision != "main" {
            write!(f, " at `{}`", self.revision)?;
        }
        Ok(())
    }
}

/// How far a download has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubProgress {
    /// Id of the repository.
    pub repository: String,
    /// Path of the file in it.
    pub file: String,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// The hub and its cache.
#[derive(Clone, Debug)]
pub struct Hub {
    settings: HubSettings,
}

impl Hub {
    /// The hub that the settings name.
    pub fn new(settings: HubSettings) -> Self {
        Self { settings }
    }

    /// Where a file lies on this machine, downloaded first if it is not in the cache.
    pub fn file(
        &self,
        repository: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<PathBuf, HubError> {
        if let Some(path) = self.cached(repository, file) {
            return Ok(path);
        }
        if self.settings.offline {
            return Err(HubError {
                repository: repository.to_string(),
                file: file.to_owned(),
                kind: HubErrorKind::Offline {
                    cache: self.settings.cache.clone(),
                },
            });
        }
        let report = Report {
            progress,
            reported_bytes: 0,
            state: HubProgress {
                repository: repository.id.clone(),
                file: file.to_owned(),
                done_bytes: 0,
                total_bytes: 0,
            },
        };
        self.api()
            .and_then(|api| {
                api.repo(repository.repo())
                    .download_with_progress(file, report)
            })
            .map_err(|error| self.error(repository, file, error))
    }

    /// As [`Hub::file`], for a file that a repository may lack: none if it does (offline: if the cache does).
    pub fn file_if_there(
        &self,
        repository: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Option<PathBuf>, HubError> {
        match self.file(repository, file, progress) {
            Ok(path) => Ok(Some(path)),
            Err(HubError {
                kind: HubErrorKind::Missing { .. } | HubErrorKind::Offline { .. },
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The file in the cache; a revision may be a name with a reference file, or a commit.
    fn cached(&self, repository: &Repository, file: &str) -> Option<PathBuf> {
        let cache = Cache::new(self.settings.cache.clone()).repo(repository.repo());
        cache.get(file).or_else(|| {
            let path = cache.pointer_path(&repository.revision).join(file);
            path.is_file().then_some(path)
        })
    }

    fn api(&self) -> Result<Api, ApiError> {
        // The cache's own token file is not asked: the settings have already read the right one.
        ApiBuilder::from_cache(Cache::new(self.settings.cache.clone()))
            .with_endpoint(self.settings.endpoint.clone())
            .with_token(
                self.settings
                    .token
                    .as_ref()
                    .map(|token| token.secret().to_owned()),
            )
            .with_progress(false)
            .with_retries(2)
            .build()
    }

    fn error(&self, repository: &Repository, file: &str, error: ApiError) -> HubError {
        let endpoint = self.settings.shown_endpoint();
        let kind = match status(&error) {
            Some(404) => HubErrorKind::Missing { endpoint },
            Some(status @ (401 | 403)) => HubErrorKind::Refused {
                endpoint,
                status,
                with_token: self.settings.token.is_some(),
            },
            _ => HubErrorKind::Failed {
                endpoint,
                reason: self.reason(&error),
            },
        };
        HubError {
            repository: repository.to_string(),
            file: file.to_owned(),
            kind,
        }
    }

    /// The cause in words, without the token.
    fn reason(&self, error: &ApiError) -> String {
        let reason = match error {
            ApiError::InvalidResume => format!(
                "an earlier, partial download in {} is damaged; delete its `.part` files",
                self.settings.cache.display()
            ),
            ApiError::LockAcquisition(path) => format!(
                "another program is downloading it (it holds {})",
                path.display()
            ),
            other => other.to_string(),
        };
        match &self.settings.token {
            Some(token) => reason.replace(token.secret(), "(token)"),
            None => reason,
        }
    }
}

/// The HTTP status by which a request failed.
fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::RequestError(error) => match **error {
            ureq::Error::StatusCode(status) => Some(status),
            _ => None,
        },
        ApiError::TooManyRetries(error) => status(error),
        _ => None,
    }
}

/// Passes the crate's progress on.
struct Report<'a> {
    progress: &'a mut dyn FnMut(HubProgress),
    reported_bytes: u64,
    state: HubProgress,
}

impl Report<'_> {
    fn send(&mut self) {
        self.reported_bytes = self.state.done_bytes;
        (self.progress)(self.state.clone());
    }
}

impl Progress for Report<'_> {
    fn init(&mut self, size: usize, _file: &str) {
        // Called again at every attempt, which begins with an update by what is already here.
        self.state.total_bytes = size as u64;
        self.state.done_bytes = 0;
        self.send();
    }

    fn update(&mut self, size: usize) {
        self.state.done_bytes += size as u64;
        if self.state.done_bytes - self.reported_bytes >= REPORT_BYTES {
            self.send();
        }
    }

    fn finish(&mut self) {
        self.send();
    }
}

/// Whether a path lies in a cache of the hub, and of which commit it is.
pub fn commit(path: &Path) -> Option<&str> {
    let mut parts = path.components().map(|part| part.as_os_str().to_str());
    parts.find(|part| *part == Some("snapshots"))?;
    parts.next()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_read_off_the_path() {
        let path = Path::new("/cache/models--a--b/snapshots/abc123/config.json");
        assert_eq!(commit(path), Some("abc123"));
        assert_eq!(commit(Path::new("/data/config.json")), None);
    }
}
