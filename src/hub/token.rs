//! Who asks.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No token is longer, in characters.
const LONGEST_TOKEN: usize = 4096;

/// An access token; it shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token, if the text is not blank; line breaks do not count, as in Python.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.replace(['\r', '\n'], "");
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// As `hf auth login` leaves it; none where there is no such file.
    pub(super) fn in_file(path: &Path) -> Option<Self> {
        // A pipe would never end.
        if !path.is_file() {
            return None;
        }
        let mut text = Vec::new();
        let file = File::open(path).ok()?;
        file.take(LONGEST_TOKEN as u64 + 2)
            .read_to_end(&mut text)
            .ok()?;
        Self::new(&String::from_utf8_lossy(&text))
    }

    /// The header that shows it.
    ///
    /// # Errors
    /// No token is like this.
    pub(super) fn header(&self) -> Result<String, String> {
        let Self(token) = self;
        let fault = if token.len() > LONGEST_TOKEN {
            format!("more than {LONGEST_TOKEN} characters")
        } else if let Some(at) = token.chars().position(|c| !c.is_ascii_graphic()) {
            format!("a character that no token has, the {}.", at + 1)
        } else {
            return Ok(format!("Bearer {token}"));
        };
        Err(format!(
            "the token in use (from HF_TOKEN or the token file) has {fault}; set HF_TOKEN to a token of the hub, or log in anew with `hf auth login`"
        ))
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
