//! Files from the Hugging Face hub, through its cache.
//!
//! The cache has the layout of Python's `huggingface_hub`, so what either has downloaded serves both. A file in
//! the cache is used as it is; the hub is asked only for files that are not there.

use std::fmt;
use std::path::{Path, PathBuf};

use hf_hub::api::Progress;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};

/// The hub, unless HF_ENDPOINT names another.
const ENDPOINT: &str = "https://huggingface.co";

/// Downloads are reported at least this often, in bytes.
const REPORT_BYTES: u64 = 1 << 20;

/// How the hub is reached, and where its files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubSettings {
    /// Address of the hub, without a slash at its end.
    pub endpoint: String,
    /// Folder of the cache (`models--...`, `datasets--...` lie in it).
    pub cache: PathBuf,
    /// Access token, if there is one.
    pub token: Option<Token>,
    /// Whether only the cache may be used.
    pub offline: bool,
}

/// An access token; it shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token, if the text is not blank.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl HubSettings {
    /// From the environment: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE (and
    /// TRANSFORMERS_OFFLINE, XDG_CACHE_HOME), with the meanings that Python's `huggingface_hub` gives them.
    pub fn from_env() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`HubSettings::from_env`], with the variables from elsewhere.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.trim().is_empty());
        let folder = |name| variable(name).map(PathBuf::from);
        let home = folder("HF_HOME").unwrap_or_else(|| {
            let caches = folder("XDG_CACHE_HOME").unwrap_or_else(|| {
                let user = std::env::home_dir().unwrap_or_default();
                user.join(".cache")
            });
            caches.join("huggingface")
        });
        let token = variable("HF_TOKEN").or_else(|| {
            let file = folder("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
            std::fs::read_to_string(file).ok()
        });
        let on = |name| {
            variable(name).is_some_and(|value| {
                ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str())
            })
        };
        Self {
            endpoint: variable("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            cache: folder("HF_HUB_CACHE").unwrap_or_else(|| home.join("hub")),
            token: token.as_deref().and_then(Token::new),
            offline: on("HF_HUB_OFFLINE") || on("TRANSFORMERS_OFFLINE"),
        }
    }

    /// The endpoint without user name and password, for messages.
    fn shown_endpoint(&self) -> String {
        match self.endpoint.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                format!("{scheme}://{host}")
            }
            None => self.endpoint.clone(),
        }
    }
}

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
            .with_token(self.settings.token.clone().map(|token| token.0))
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
            Some(Token(token)) => reason.replace(token, "(token)"),
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
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        HubSettings::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn the_environment_means_what_it_means_in_python() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        let plain = settings(&[("HF_HOME", home)]);
        assert_eq!(plain.endpoint, ENDPOINT);
        assert_eq!(plain.cache, folder.path().join("hub"));
        assert_eq!(plain.token, Token::new("hf_file"));
        assert!(!plain.offline);

        let full = settings(&[
            ("HF_HOME", home),
            ("HF_HUB_CACHE", "/elsewhere"),
            ("HF_ENDPOINT", "http://localhost:1/"),
            ("HF_TOKEN", "hf_variable"),
            ("HF_HUB_OFFLINE", "YES"),
        ]);
        assert_eq!(full.endpoint, "http://localhost:1");
        assert_eq!(full.cache, Path::new("/elsewhere"));
        assert_eq!(full.token, Token::new("hf_variable"));
        assert!(full.offline);

        let caches = settings(&[("XDG_CACHE_HOME", home), ("HF_TOKEN", " ")]);
        assert_eq!(caches.cache, folder.path().join("huggingface/hub"));
        assert_eq!(caches.token, None);
    }

    #[test]
    fn a_token_is_not_shown() {
        let settings = settings(&[
            ("HF_TOKEN", "hf_secret"),
            ("HF_ENDPOINT", "https://user:password@hub.example"),
        ]);
        assert!(!format!("{:?}", settings.token).contains("secret"));
        assert_eq!(settings.shown_endpoint(), "https://hub.example");
    }

    #[test]
    fn the_commit_is_read_off_the_path() {
        let path = Path::new("/cache/models--a--b/snapshots/abc123/config.json");
        assert_eq!(commit(path), Some("abc123"));
        assert_eq!(commit(Path::new("/data/config.json")), None);
    }
}
