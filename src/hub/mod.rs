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
mod request;
mod settings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hf_hub::api::sync::ApiError;
use hf_hub::{Cache, Repo};

use cache::{Found, Shelf};
pub use error::{HubError, HubErrorKind};
pub use progress::HubProgress;
use progress::Report;
pub use repository::{Repository, RepositoryKind};
use request::{Contact, status};
pub use settings::{HubSettings, Token};

/// The hub and its cache. Clones agree on the commit of every branch.
#[derive(Clone, Debug)]
pub struct Hub {
    settings: HubSettings,
    commits: Arc<Mutex<HashMap<Repository, String>>>,
    contact: Arc<Mutex<Contact>>,
}

impl Hub {
    /// The hub that the settings name.
    pub fn new(settings: HubSettings) -> Self {
        Self {
            settings,
            commits: Arc::default(),
            contact: Arc::new(Mutex::new(Contact::Untried)),
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
                let asked = self.ask(|api| {
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

    /// As [`Hub::file`], for a file that a repository may lack: none if it does (offline, or where the hub has never been
    /// reached: if the cache does).
    ///
    /// # Errors
    /// Whether it is there cannot be found out, or it cannot be fetched.
    pub fn file_if_there(
        &self,
        repository: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Option<PathBuf>, HubError> {
        let Some(at) = if_there(self.at_commit(repository, file))? else {
            return Ok(None);
        };
        match self.shelf(&at.repo()).find(&at.revision, file) {
            Found::Absent => Ok(None),
            Found::Unknown if self.is_out_of_reach() => Ok(None),
            Found::Unknown => match self.whole(Found::Unknown, &at, file, progress) {
                Err(_) if self.is_out_of_reach() => Ok(None),
                found => if_there(found),
            },
            found => if_there(self.whole(found, &at, file, progress)),
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
            Found::Absent if self.settings.offline => Err(HubError {
                repository: at.to_string(),
                file: file.to_owned(),
                kind: HubErrorKind::Missing {
                    endpoint: self.settings.shown_endpoint(),
                },
            }),
            _ if self.settings.offline => Err(self.offline(at, file)),
            Found::Damaged(path) => {
                // It stays until the hub is known to give another: gone, it would count as absent.
                let asked = self.ask(|api| api.metadata(&api.repo(at.repo()).url(file)));
                asked.map_err(|error| self.error(at, file, error))?;
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
        let Some(at) = if_there(self.at_commit(repository, file))? else {
            return Ok(false);
        };
        let repo = at.repo();
        match self.shelf(&repo).find(&at.revision, file) {
            Found::Whole(_) | Found::Damaged(_) => return Ok(true),
            Found::Absent => return Ok(false),
            Found::Unknown if self.settings.offline || self.is_out_of_reach() => return Ok(false),
            Found::Unknown => {}
        }
        let asked = self.ask(|api| api.metadata(&api.repo(repo).url(file)));
        match asked {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => {
                self.shelf(&at.repo()).keep_absence(&at.revision, file);
                Ok(false)
            }
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
        let mut total_bytes = None;
        let mut reported = |report: HubProgress| {
            total_bytes = Some(report.total_bytes);
            progress(report);
        };
        let report = Report::new(&at.id, file, &mut reported);
        let fetched = self.ask(|api| api.repo(at.repo()).download_with_progress(file, report));
        if total_bytes.is_some() {
            self.answered();
        }
        let path = fetched.map_err(|error| {
            if status(&error) == Some(404) {
                self.shelf(&at.repo()).keep_absence(&at.revision, file);
            }
            self.error(at, file, error)
        })?;
        let found = self.shelf(&at.repo()).find(&at.revision, file);
        let bytes = std::fs::metadata(&path).ok().map(|found| found.len());
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
}

/// None for what the hub, or the cache where only that may be used, does not have.
fn if_there<T>(found: Result<T, HubError>) -> Result<Option<T>, HubError> {
    match found {
        Err(HubError {
            kind: HubErrorKind::Missing { .. } | HubErrorKind::Offline { .. },
            ..
        }) => Ok(None),
        found => found.map(Some),
    }
}
