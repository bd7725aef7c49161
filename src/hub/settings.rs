//! How the hub is reached.

use std::fmt;
use std::path::PathBuf;

/// The hub, unless HF_ENDPOINT names another.
const ENDPOINT: &str = "https://huggingface.co";

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

    /// The token itself, for the request alone.
    pub(super) fn secret(&self) -> &str {
        &self.0
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
    pub(super) fn shown_endpoint(&self) -> String {
        match self.endpoint.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                format!("{scheme}://{host}")
            }
            None => self.endpoint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use std::path::Path;

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
}
