//! Rows that cannot be read, each with its place.

use crate::model::TokenizerError;
use crate::task::Example;

/// Letters of a text that errors show.
const LETTERS_SHOWN: usize = 40;

/// Rows that an encoder cannot read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The model's tokenizer cannot be used.
    #[error("{model}: {source}")]
    Model {
        /// Where the model came from.
        model: String,
        /// Why.
        source: TokenizerError,
    },
    /// A tokenizer cannot be used, or no text fits the length asked for.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A row cannot be tokenised.
    #[error("{row}: {source}")]
    Text {
        /// Which row.
        row: Which,
        /// Why.
        source: TokenizerError,
    },
    /// A row has a token that the encoder has no embedding for.
    #[error(
        "{row}: the token `{token}` has id {id}, but the encoder knows ids from 0 to {last} ({count}); do tokenizer and encoder belong together? take the token out of the tokenizer's added tokens, or give the encoder a row for it, in Python: `model.resize_token_embeddings(len(tokenizer))`"
    )]
    TokenId {
        /// Which row.
        row: Which,
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// The largest id of the encoder.
        last: usize,
        /// How many rows have such a token.
        count: Count,
    },
    /// A row has a token type that the encoder does not know.
    #[error(
        "{row}: the tokenizer gives the second text type {found}, but the encoder knows {known} ({count}); do tokenizer and encoder belong together? name `[\"input_ids\", \"attention_mask\"]` as `model_input_names` in tokenizer_config.json, and there are no types, in Python neither"
    )]
    TokenType {
        /// Which row.
        row: Which,
        /// The type.
        found: u32,
        /// The types of the encoder.
        known: String,
        /// How many rows have such a type.
        count: Count,
    },
}

/// A row, for people: its part of the data, its number there from 1, and how its text begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which {
    part: &'static str,
    number: usize,
    text: String,
}

impl Which {
    pub(super) fn of(part: &'static str, index: usize, example: &Example) -> Self {
        let first: String = example.text.chars().take(LETTERS_SHOWN).collect();
        let cut = first.len() < example.text.len();
        Self {
            part,
            number: index + 1,
            text: format!("{}{}", first.escape_debug(), if cut { "…" } else { "" }),
        }
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { part, number, text } = self;
        write!(f, "{part} row {number} (\"{text}\")")
    }
}

/// How many rows of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub(super) part: &'static str,
    pub(super) these: usize,
    pub(super) all: usize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { part, these, all } = self;
        write!(f, "so in {these} of {all} {part} rows")
    }
}
