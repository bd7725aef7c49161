//! The files that define a tokenizer, as Python's library looks for them.

use std::collections::BTreeMap;

/// What the fast tokenizers save: all of a tokenizer but its settings.
pub(super) const WHOLE: &str = "tokenizer.json";
/// The settings of the Python class; they outrank what `tokenizer.json` says.
pub(super) const SETTINGS: &str = "tokenizer_config.json";
/// Special tokens by their part, where the settings have no `added_tokens_decoder`.
pub(super) const SPECIAL: &str = "special_tokens_map.json";
/// Ids of added tokens, likewise.
pub(super) const ADDED: &str = "added_tokens.json";
/// The tokens of WordPiece, one on each line.
pub(super) const WORD_PIECES: &str = "vocab.txt";
/// The tokens of byte-level BPE.
pub(super) const BYTE_PAIRS: &str = "vocab.json";
/// The merges of byte-level BPE, the first line a comment.
pub(super) const MERGES: &str = "merges.txt";

/// The files that define a tokenizer, and the model's own configuration, which decides where they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizerFiles {
    contents: BTreeMap<&'static str, Vec<u8>>,
    /// The content of the model's `config.json`; none: it decides nothing.
    model: Option<Vec<u8>>,
}

impl TokenizerFiles {
    /// A `tokenizer.json` alone, to be used as it is.
    pub fn json(content: Vec<u8>) -> Self {
        Self {
            contents: BTreeMap::from([(WHOLE, content)]),
            model: None,
        }
    }

    /// The same beside a model's `config.json`.
    #[must_use]
    pub fn of_model(self, config: Vec<u8>) -> Self {
        Self {
            model: Some(config),
            ..self
        }
    }

    /// Asks `read` for the content of each file of a tokenizer, by its name; those that decide nothing are not asked
    /// for. `config` is the content of the model's `config.json`.
    ///
    /// None: there is no vocabulary that could be read.
    ///
    /// # Errors
    /// What `read` answers.
    pub fn gather<E>(
        config: &[u8],
        mut read: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Self>, E> {
        let mut files = Self::default().of_model(config.to_vec());
        let mut take = |name: &'static str| -> Result<bool, E> {
            let content = read(name)?;
            let found = content.is_some();
            files
                .contents
                .extend(content.map(|content| (name, content)));
            Ok(found)
        };
        let complete = take(WHOLE)? || take(WORD_PIECES)? || (take(BYTE_PAIRS)? && take(MERGES)?);
        if !complete {
            return Ok(None);
        }
        for name in [SETTINGS, SPECIAL, ADDED] {
            take(name)?;
        }
        Ok(Some(files))
    }

    /// The content of a file, if it is there.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.contents.get(name).map(Vec::as_slice)
    }

    /// Names and contents of the files, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.contents
            .iter()
            .map(|(name, content)| (*name, content.as_slice()))
    }

    /// The content of the model's `config.json`.
    pub(super) fn model(&self) -> Option<&[u8]> {
        self.model.as_deref()
    }
}
