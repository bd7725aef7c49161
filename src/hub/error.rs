//! Why a file did not come.

use std::path::PathBuf;

use super::Repository;

/// A file that the hub did not give. No message holds the token.
#[derive(Debug, thiserror::Error)]
#[error("{repository}: {problem}", problem = kind.describe(file))]
pub struct HubError {
    /// The repository.
    pub repository: String,
    /// The file.
    pub file: String,
    /// Why.
    pub kind: HubErrorKind,
}

/// Why the hub did not give a file.
#[derive(Debug)]
pub enum HubErrorKind {
    /// Only the cache may be used, and the file is not in it.
    Offline {
        /// The cache.
        cache: PathBuf,
    },
    /// Only the cache may be used, and what is there is not the whole file.
    Damaged {
        /// Where it lies in the cache.
        path: PathBuf,
    },
    /// There is no such file.
    Missing {
        /// The hub.
        endpoint: String,
    },
    /// The hub wants another token, or one at all.
    Refused {
        /// The hub.
        endpoint: String,
        /// 401 or 403.
        status: u16,
        /// Whether a token was shown.
        with_token: bool,
    },
    /// There can be no such repository, revision or file.
    Name {
        /// What is wrong with its name.
        problem: String,
    },
    /// What the cache has in its place is a link that leads out of the cache.
    Outside {
        /// The link.
        path: PathBuf,
        /// The cache.
        cache: PathBuf,
    },
    /// The cache cannot be written.
    Cache {
        /// Where, and why.
        problem: String,
    },
    /// What was given to reach the hub by is of no use.
    Settings {
        /// What, why, and what to do.
        problem: String,
    },
    /// Something answers, but not as a hub does.
    Unlike {
        /// The hub.
        endpoint: String,
        /// What is unlike.
        reason: String,
    },
    /// The download failed.
    Failed {
        /// The hub.
        endpoint: String,
        /// Why.
        reason: String,
    },
}

impl HubError {
    pub(super) fn new(repository: &Repository, file: &str, kind: HubErrorKind) -> Self {
        Self {
            repository: repository.to_string(),
            file: file.to_owned(),
            kind,
        }
    }
}

impl HubErrorKind {
    fn describe(&self, file: &str) -> String {
        match self {
            Self::Offline { cache } => format!(
                "`{file}` is not in the cache {}, and HF_HUB_OFFLINE forbids to download it; run once without HF_HUB_OFFLINE, or set HF_HOME to a cache that holds it",
                cache.display()
            ),
            Self::Damaged { path } => format!(
                "{} is not the whole file: a download broke off, or the disk was full; run once without HF_HUB_OFFLINE, which fetches it anew",
                path.display()
            ),
            Self::Missing { endpoint } => {
                format!("{endpoint} has no file `{file}` there; check the name and the revision")
            }
            Self::Refused {
                endpoint,
                status,
                with_token,
            } => {
                let advice = if *with_token {
                    "the token in use (from HF_TOKEN or the token file) may not read it"
                } else {
                    "the repository is private or asks for consent: set HF_TOKEN to a token that may read it"
                };
                format!(
                    "{endpoint} refused access to `{file}` (HTTP {status}); the name may be wrong, or {advice}"
                )
            }
            Self::Name { problem } | Self::Settings { problem } => problem.clone(),
            Self::Outside { path, cache } => format!(
                "{} is a link that leads out of the cache {}, so it is not read; delete it, and `{file}` is fetched anew",
                path.display(),
                cache.display()
            ),
            Self::Cache { problem } => format!("`{file}` cannot be kept in the cache: {problem}"),
            Self::Unlike { endpoint, reason } => format!(
                "`{file}` could not be downloaded: {endpoint} does not answer as a hub does: {reason}; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)"
            ),
            Self::Failed { endpoint, reason } => format!(
                "`{file}` could not be downloaded from {endpoint}: {reason}; check the connection (and HF_ENDPOINT), or put the files into a folder and name that"
            ),
        }
    }
}
