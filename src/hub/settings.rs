//! How the hub is reached.

use std::env::VarError;
use std::path::{Path, PathBuf};

use super::token::Token;

/// The hub, unless HF_ENDPOINT names another.
const ENDPOINT: &str = "https://huggingface.co";

/// What is asked of the environment.
const VARIABLES: [&str; 8] = [
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH",
    "XDG_CACHE_HOME",
];

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
    /// Why nothing may be done with these settings.
    pub problem: Option<String>,
}

impl HubSettings {
    /// From the environment: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE (and
    /// HUGGINGFACE_HUB_CACHE, HUGGING_FACE_HUB_TOKEN, HF_HUB_DISABLE_IMPLICIT_TOKEN, TRANSFORMERS_OFFLINE,
    /// XDG_CACHE_HOME), with the meanings that Python's `huggingface_hub` gives them.
    pub fn from_env() -> Self {
        let text = |name: &&&str| matches!(std::env::var(name), Err(VarError::NotUnicode(_)));
        let problem = VARIABLES.iter().find(text).map(|name| {
            format!("the variable {name} is no UTF-8 text; set it to one that is, or unset it")
        });
        Self {
            problem,
            ..Self::from_variables(|name| std::env::var(name).ok())
        }
    }

    /// As [`HubSettings::from_env`], with the variables from elsewhere.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let user = || {
            let home = variable("HOME").map(PathBuf::from);
            home.or_else(std::env::home_dir).unwrap_or_default()
        };
        let folder = |name| {
            let text = variable(name)?;
            Some(expanded(&text, &user(), variable))
        };
        let home = folder("HF_HOME").unwrap_or_else(|| {
            let caches = folder("XDG_CACHE_HOME").unwrap_or_else(|| user().join(".cache"));
            caches.join("huggingface")
        });
        let on = |name| {
            variable(name).is_some_and(|value| {
                ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str())
            })
        };
        let token = || {
            let token = variable("HF_TOKEN").or_else(|| variable("HUGGING_FACE_HUB_TOKEN"));
            token.as_deref().and_then(Token::new).or_else(|| {
                let file = folder("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
                Token::in_file(&file)
            })
        };
        // Whoever says so keeps it from a mirror: here a token is never asked for in so many words.
        let token = match on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            true => None,
            false => token(),
        };
        Self {
            endpoint: variable("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim()
                .trim_end_matches('/')
                .to_owned(),
            cache: folder("HF_HUB_CACHE")
                .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
                .unwrap_or_else(|| home.join("hub")),
            token,
            offline: on("HF_HUB_OFFLINE") || on("TRANSFORMERS_OFFLINE"),
            problem: None,
        }
    }

    /// These settings, where something can be done with them.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn checked(&self) -> Result<&Self, String> {
        match &self.problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(self),
        }
    }

    /// The endpoint without user name, password and query, for messages.
    pub(super) fn shown_endpoint(&self) -> String {
        let (scheme, rest) = match self.endpoint.split_once("://") {
            Some((scheme, rest)) => (format!("{scheme}://"), rest),
            None => (String::new(), &*self.endpoint),
        };
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let host = host.split(['?', '#']).next().unwrap_or_default();
        let shown = format!("{scheme}{host}");
        shown.chars().take(200).collect()
    }
}

/// A path with `~` at its beginning, and `$NAME` and `${NAME}` anywhere, replaced; a variable that is not set stays as it
/// stands.
fn expanded(text: &str, user: &Path, variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let text = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", user.display())
        }
        _ => text.to_owned(),
    };
    let mut parts = text.split('$');
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let braced = part.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, rest) = braced.unwrap_or_else(|| {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            part.split_at(part.find(|c| !word(c)).unwrap_or(part.len()))
        });
        match variable(name) {
            Some(value) => path.extend([&value, rest]),
            None => path.extend(["$", part]),
        }
    }
    PathBuf::from(path)
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
    fn paths_are_expanded_as_in_python() {
        let with = |more: &[(&str, &str)]| {
            let mut variables = vec![("HOME", "/home/me"), ("DISK", "/big")];
            variables.extend(more);
            settings(&variables)
        };
        for (home, cache) in [
            ("~/x", "/home/me/x/hub"),
            ("~", "/home/me/hub"),
            ("$DISK/hf", "/big/hf/hub"),
            ("${DISK}hf", "/bighf/hub"),
            ("/a/~/$NONE/${b", "/a/~/$NONE/${b/hub"),
            ("~you/x", "~you/x/hub"),
        ] {
            assert_eq!(with(&[("HF_HOME", home)]).cache, Path::new(cache), "{home}");
        }
        let plain = with(&[]);
        assert_eq!(plain.cache, Path::new("/home/me/.cache/huggingface/hub"));
        let old = ("HUGGINGFACE_HUB_CACHE", "~/old");
        assert_eq!(
            with(&[("HF_HOME", "/h"), old]).cache,
            Path::new("/home/me/old")
        );
        let both = with(&[old, ("HF_HUB_CACHE", "~/new")]);
        assert_eq!(both.cache, Path::new("/home/me/new"));
        let token = with(&[("HUGGING_FACE_HUB_TOKEN", "hf_old")]).token;
        assert_eq!(token, Token::new("hf_old"));
    }

    #[test]
    fn no_token_is_sent_unasked_where_that_is_switched_off() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("token"), "hf_file").unwrap();
        let token = |value, more: &[(&str, &str)]| {
            let mut variables = vec![("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", value)];
            variables.extend(more);
            settings(&variables).token
        };
        for value in ["1", "ON", "yes", "True"] {
            assert_eq!(token(value, &[]), None, "{value}");
            assert_eq!(token(value, &[("HF_TOKEN", "hf_variable")]), None);
        }
        for value in ["0", "off", "no", "", "2"] {
            assert_eq!(token(value, &[]), Token::new("hf_file"), "{value}");
        }
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
