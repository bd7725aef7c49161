//! Files from the Hugging Face hub, through its cache.
//!
//! The cache has the layout of Python's `huggingface_hub`, so what either has downloaded serves both. A file in
//! the cache is used as it is; the hub is asked only for files that are not there.
//!
//! A branch or tag is turned into a commit once, by the cache or else by the hub, and all files of a repository are
//! those of this commit: a branch that moves between two of them mixes nothing.

mod cache;
mod error;
mod progress;
mod repository;
mod settings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo};

use cache::{Found, Shelf};
pub use error::{HubError, HubErrorKind};
pub use progress::HubProgress;
use progress::Report;
pub use repository::{Repository, RepositoryKind};
pub use settings::{HubSettings, Token};

/// The hub and its cache. Clones agree on the commit of every branch.
#[derive(Clone, Debug)]
pub struct Hub {
    settings: HubSettings,
    commits: Arc<Mutex<HashMap<Repository, String>>>,
}

impl Hub {
    /// The hub that the settings name.
    pub fn new(settings: HubSettings) -> Self {
        Self {
            settings,
            commits: Arc::default(),
        }
    }

    /// The repository at the commit that its revision stands for: the one in the cache, or else the hub's. `file` is one
    /// that it must have, by which the hub is asked.
    ///
    /// # Errors
    /// The cache does not know, and the hub does not say.
    pub fn at_commit(&self, repository: &Repository, file: &str) -> Result<Repository, HubError> {
        let at = |commit: &str| Repository {
            revision: commit.to_owned(),
            ..repository.clone()
        };
        if cache::is_commit(&repository.revision) {
            return Ok(repository.clone());
        }
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commit) = commits.get(repository) {
            return Ok(at(commit));
        }
        let repo = repository.repo();
        let commit = match self.shelf(&repo).commit(&repository.revision) {
            Some(commit) => commit,
            None if self.settings.offline => return Err(self.offline(repository, file)),
            None => {
                let asked = self.api().and_then(|api| {
                    let commit = api.metadata(&api.repo(repo.clone()).url(file))?;
                    let commit = commit.commit_hash().to_owned();
                    // By this the commit is found again offline.
                    let cache = Cache::new(self.settings.cache.clone());
                    cache.repo(repo.clone()).create_ref(&commit)?;
                    Ok(commit)
                });
                asked.map_err(|error| self.error(repository, file, error))?
            }
        };
        commits.insert(repository.clone(), commit.clone());
        Ok(at(&commit))
    }

    /// Where a file lies on this machine, downloaded first if it is not in the cache.
    ///
    /// # Errors
    /// It is not there, or cannot be fetched.
    pub fn file(
        &self,
        repository: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<PathBuf, HubError> {
        let at = self.at_commit(repository, file)?;
        let found = self.shelf(&at.repo()).find(&at.revision, file);
        self.whole(found, &at, file, progress)
    }

    /// As [`Hub::file`], for a file that a repository may lack: none if it does (offline: if the cache does).
    ///
    /// # Errors
    /// Whether it is there cannot be found out, or it cannot be fetched.
    pub fn file_if_there(
        &self,
        repository: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Option<PathBuf>, HubError> {
        let found = self.at_commit(repository, file).and_then(|at| {
            match self.shelf(&at.repo()).find(&at.revision, file) {
                Found::Absent => Ok(None),
                found => self.whole(found, &at, file, progress).map(Some),
            }
        });
        match found {
            Err(HubError {
                kind: HubErrorKind::Missing { .. } | HubErrorKind::Offline { .. },
                ..
            }) => Ok(None),
            found => found,
        }
    }

    /// The whole file, fetched where the cache has nothing or no whole one.
    fn whole(
        &self,
        found: Found,
        at: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<PathBuf, HubError> {
        match found {
            Found::Whole(path) => Ok(path),
            Found::Damaged(path) if self.settings.offline => Err(HubError {
                repository: at.to_string(),
                file: file.to_owned(),
                kind: HubErrorKind::Damaged { path },
            }),
            _ if self.settings.offline => Err(self.offline(at, file)),
            Found::Damaged(path) => {
                // What stands in the way of the link to the new blob.
                let removed = std::fs::remove_file(path).map_err(ApiError::from);
                removed.map_err(|error| self.error(at, file, error))?;
                self.download(at, file, progress)
            }
            Found::Absent | Found::Unknown => self.download(at, file, progress),
        }
    }

    /// Whether a repository has a file, without fetching it (offline: whether the cache has it).
    ///
    /// # Errors
    /// The hub does not say.
    pub fn holds(&self, repository: &Repository, file: &str) -> Result<bool, HubError> {
        let at = match self.at_commit(repository, file) {
            Ok(at) => at,
            Err(HubError {
                kind: HubErrorKind::Missing { .. } | HubErrorKind::Offline { .. },
                ..
            }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let repo = at.repo();
        match self.shelf(&repo).find(&at.revision, file) {
            Found::Whole(_) | Found::Damaged(_) => return Ok(true),
            Found::Absent => return Ok(false),
            Found::Unknown if self.settings.offline => return Ok(false),
            Found::Unknown => {}
        }
        let asked = self
            .api()
            .and_then(|api| api.metadata(&api.repo(repo).url(file)));
        match asked {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(self.error(repository, file, error)),
        }
    }

    fn download(
        &self,
        at: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<PathBuf, HubError> {
        // What an earlier download left may be spoilt, and is gone on with; so once more from the beginning.
        if let Some(path) = self.fetch(at, file, progress)? {
            return Ok(path);
        }
        let fetched = self.fetch(at, file, progress)?;
        fetched.ok_or_else(|| HubError {
            repository: at.to_string(),
            file: file.to_owned(),
            kind: HubErrorKind::Failed {
                endpoint: self.settings.shown_endpoint(),
                reason: "what came is not the whole file".to_owned(),
            },
        })
    }

    /// The file from the hub; none, and nothing left of it, where it is not whole.
    fn fetch(
        &self,
        at: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Option<PathBuf>, HubError> {
        let mut total_bytes = 0;
        let mut reported = |report: HubProgress| {
            total_bytes = report.total_bytes;
            progress(report);
        };
        let report = Report::new(&at.id, file, &mut reported);
        let fetched = self
            .api()
            .and_then(|api| api.repo(at.repo()).download_with_progress(file, report));
        let path = fetched.map_err(|error| self.error(at, file, error))?;
        let found = self.shelf(&at.repo()).find(&at.revision, file);
        let bytes = std::fs::metadata(&path).map_or(0, |found| found.len());
        if matches!(found, Found::Whole(_)) && bytes == total_bytes {
            return Ok(Some(path));
        }
        for spoilt in path.canonicalize().into_iter().chain([path]) {
            let _ = std::fs::remove_file(spoilt);
        }
        Ok(None)
    }

    fn shelf(&self, repo: &Repo) -> Shelf {
        Shelf::of(&self.settings.cache, repo)
    }

    fn offline(&self, repository: &Repository, file: &str) -> HubError {
        HubError {
            repository: repository.to_string(),
            file: file.to_owned(),
            kind: HubErrorKind::Offline {
                cache: self.settings.cache.clone(),
            },
        }
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
