//! What is asked for on the hub.

use std::fmt;

use hf_hub::{Repo, RepoType};

/// A repository on the hub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repository {
    /// What it holds.
    pub kind: RepositoryKind,
    /// `owner/name`, or a canonical name.
    pub id: String,
    /// Branch, tag or commit.
    pub revision: String,
}

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    pub(super) fn repo(&self) -> Repo {
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
