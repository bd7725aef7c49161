//! Why a file did not come.

use std::path::PathBuf;

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
    /// The download failed.
    Failed {
        /// The hub.
        endpoint: String,
        /// Why.
        reason: String,
    },
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
            Self::Failed { endpoint, reason } => format!(
                "`{file}` could not be downloaded from {endpoint}: {reason}; check the connection (and HF_ENDPOINT), or put the files into a folder and name that"
            ),
        }
    }
}
