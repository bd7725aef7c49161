//! What is asked for on the hub.

use std::fmt;

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
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RepositoryKind::Model => "model",
            RepositoryKind::Dataset => "data set",
        };
        // Not every one is a name on the hub.
        let shown = |name: &str| name.chars().take(200).collect::<String>();
        write!(f, "{kind} `{}`", shown(&self.id))?;
        if self.revision != "main" {
            write!(f, " at `{}`", shown(&self.revision))?;
        }
        Ok(())
    }
}
