//! Files from the Hugging Face hub, through its cache.
//!
//! The cache has the layout of Python's `huggingface_hub`, so what either has downloaded serves both. A file in
//! the cache is used as it is; the hub is asked only for files that are not there.
//!
//! A branch or tag is turned into a commit once, by the cache or else by the hub, and all files of a repository are
//! those of this commit: a branch that moves between two of them mixes nothing.

mod cache;
mod client;
mod content;
mod download;
mod endpoint;
mod error;
mod fault;
mod name;
mod progress;
mod proxy;
mod repository;
mod request;
mod settings;
#[cfg(test)]
mod tests;
mod token;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cache::{Found, Shelf};
use client::Client;
use download::Download;
pub use error::{HubError, HubErrorKind};
use fault::Fault;
pub use name::{repository_fault, revision_fault};
pub use progress::HubProgress;
pub use repository::{Repository, RepositoryKind};
use request::Contact;
pub use settings::HubSettings;
pub use token::Token;

/// The hub and its cache. Clones agree on the commit of every branch.
#[derive(Clone)]
pub struct Hub {
    settings: HubSettings,
    client: Arc<OnceLock<Result<Client, String>>>,
    commits: Arc<Mutex<HashMap<Repository, String>>>,
    contact: Arc<Mutex<Contact>>,
}

impl Hub {
    /// The hub that the settings name.
    pub fn new(settings: HubSettings) -> Self {
        Self {
            settings,
            client: Arc::default(),
            commits: Arc::default(),
            contact: Arc::new(Mutex::new(Contact::Untried)),
        }
    }

    /// The repository at the commit that its revision stands for: the one in the cache, or else the hub's. `file` is one
    /// that it must have, by which the hub is asked.
    ///
    /// # Errors
    /// The cache does not know, and the hub does not say; or there can be no such repository.
    pub fn at_commit(&self, repository: &Repository, file: &str) -> Result<Repository, HubError> {
        self.check(repository, file)?;
        let at = |commit: &str| Repository {
            revision: commit.to_owned(),
            ..repository.clone()
        };
        if name::is_commit(&repository.revision) {
            return Ok(repository.clone());
        }
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commit) = commits.get(repository) {
            return Ok(at(commit));
        }
        let shelf = self.shelf(repository);
        let commit = match shelf.commit(&repository.revision) {
            Some(commit) => commit,
            None if self.settings.offline => return Err(self.offline(repository, file)),
            None => {
                let about = self.ask(|client| client.about(repository, file));
                let about = about.map_err(|fault| self.error(repository, file, fault))?;
                let kept = shelf.keep_commit(&repository.revision, &about.commit);
                kept.map_err(|trouble| self.error(repository, file, trouble.into()))?;
                about.commit
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
        let found = self.shelf(&at).find(&at.revision, file);
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
        match self.shelf(&at).find(&at.revision, file) {
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
        let kind = match found {
            Found::Whole(path) => return Ok(path),
            Found::Outside(path) => HubErrorKind::Outside {
                path,
                cache: self.settings.cache.clone(),
            },
            Found::Damaged(path) if self.settings.offline => HubErrorKind::Damaged { path },
            Found::Absent if self.settings.offline => HubErrorKind::Missing {
                endpoint: self.settings.shown_endpoint(),
            },
            Found::Unknown if self.settings.offline => return Err(self.offline(at, file)),
            Found::Damaged(_) | Found::Absent | Found::Unknown => {
                return self.download(at, file, progress);
            }
        };
        Err(HubError::new(at, file, kind))
    }

    /// Whether a repository has a file, without fetching it (offline: whether the cache has it).
    ///
    /// # Errors
    /// The hub does not say.
    pub fn holds(&self, repository: &Repository, file: &str) -> Result<bool, HubError> {
        let Some(at) = if_there(self.at_commit(repository, file))? else {
            return Ok(false);
        };
        match self.shelf(&at).find(&at.revision, file) {
            Found::Whole(_) | Found::Damaged(_) | Found::Outside(_) => return Ok(true),
            Found::Absent => return Ok(false),
            Found::Unknown if self.settings.offline || self.is_out_of_reach() => return Ok(false),
            Found::Unknown => {}
        }
        match self.about(&at, file) {
            Ok(_) => Ok(true),
            Err(Fault::Status(404)) => Ok(false),
            Err(fault) => Err(self.error(repository, file, fault)),
        }
    }

    /// What the hub says of a file at a commit; that there is none is kept.
    fn about(&self, at: &Repository, file: &str) -> Result<client::About, Fault> {
        let about = self.ask(|client| client.about(at, file));
        match &about {
            Err(Fault::Status(404)) => self.shelf(at).keep_absence(&at.revision, file),
            Ok(about) if about.commit != at.revision => {
                return Err(Fault::Answer(format!(
                    "asked for the commit {}, it answers with {}",
                    at.revision, about.commit
                )));
            }
            _ => {}
        }
        about
    }

    fn download(
        &self,
        at: &Repository,
        file: &str,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<PathBuf, HubError> {
        let fetched = self.about(at, file).and_then(|about| {
            let shelf = self.shelf(at);
            self.ask(|client| {
                let download = Download {
                    client,
                    shelf: &shelf,
                    at,
                    file,
                    about: &about,
                };
                download.run(progress)
            })
        });
        fetched.map_err(|fault| self.error(at, file, fault))
    }

    /// Nothing becomes an address or a path that is no name on the hub.
    fn check(&self, repository: &Repository, file: &str) -> Result<(), HubError> {
        let settings = self.settings.checked().err();
        if let Some(problem) = settings {
            return Err(HubError::new(
                repository,
                file,
                HubErrorKind::Settings { problem },
            ));
        }
        let fault = repository_fault(&repository.id)
            .or_else(|| revision_fault(&repository.revision))
            .or_else(|| name::file_fault(file));
        match fault {
            Some(problem) => Err(HubError::new(
                repository,
                file,
                HubErrorKind::Name { problem },
            )),
            None => Ok(()),
        }
    }

    fn shelf(&self, repository: &Repository) -> Shelf {
        Shelf::of(&self.settings.cache, repository)
    }

    fn offline(&self, repository: &Repository, file: &str) -> HubError {
        let cache = self.settings.cache.clone();
        HubError::new(repository, file, HubErrorKind::Offline { cache })
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
