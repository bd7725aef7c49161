//! Why a tokenizer or a text cannot be used.

/// A tokenizer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Its files do not define one.
    #[error("{file}: {problem}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Its vocabulary lacks a token that every text needs.
    #[error("the tokenizer's vocabulary has no token {token}; is it the vocabulary of this model?")]
    NoToken {
        /// The token, or tokens of which one is needed.
        token: String,
    },
    /// No text fits.
    #[error(
        "a maximum length of {max_length} tokens leaves no room for text: {special_tokens} of them are special tokens; allow more"
    )]
    TooShort {
        /// The length asked for.
        max_length: usize,
        /// Special tokens that a row needs.
        special_tokens: usize,
    },
    /// A text could not be tokenised.
    #[error("a text could not be tokenised: {0}")]
    Text(String),
}

impl TokenizerError {
    pub(super) fn file(file: &str, problem: impl ToString) -> Self {
        Self::File {
            file: file.to_owned(),
            problem: problem.to_string(),
        }
    }

    pub(super) fn text(error: impl ToString) -> Self {
        Self::Text(error.to_string())
    }
}
