//! From texts to token ids: WordPiece (BERT) and byte-level BPE (RoBERTa), as the fast tokenizers of Python do it.
//!
//! A pair longer than allowed is shortened by `longest_first`. With room `R` (the allowed length without special
//! tokens) and lengths `n1 <= n2`, only if `n1 + n2 > R`: `n2' = n1` if `n1 > R`, else `max(n1, R - n1)`; if still
//! `n1 + n2' > R`, then `n1' = R div 2` and `n2' = n1' + R mod 2`.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{AddedToken, Encoding, PostProcessor, TruncationDirection};

use crate::task::Example;

/// The files that define a tokenizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerFiles {
    /// The content of a `tokenizer.json`.
    Json(Vec<u8>),
    /// `vocab.txt` of a BERT model.
    WordPiece {
        /// The file.
        vocabulary: PathBuf,
        /// The content of `tokenizer_config.json`, if there is one: whether texts are lower-cased and the like.
        settings: Option<Vec<u8>>,
    },
    /// `vocab.json` and `merges.txt` of a RoBERTa model.
    ByteBpe {
        /// The tokens.
        vocabulary: PathBuf,
        /// The merges.
        merges: PathBuf,
    },
}

/// One row as the encoder reads it, special tokens included, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Token types: 0, and 1 in the second text where the model tells the texts apart.
    pub type_ids: Vec<u32>,
}

/// A tokenizer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Its files do not define one.
    #[error("{file}: {problem}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong.
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

/// Turns texts into token ids.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    pad_id: u32,
}

impl Tokenizer {
    /// The tokenizer of these files. Lengths and padding that a `tokenizer.json` sets for itself are dropped.
    pub fn new(files: &TokenizerFiles) -> Result<Self, TokenizerError> {
        let mut inner = match files {
            TokenizerFiles::Json(content) => from_json(content)?,
            TokenizerFiles::WordPiece {
                vocabulary,
                settings,
            } => word_piece(vocabulary, settings.as_deref())?,
            TokenizerFiles::ByteBpe { vocabulary, merges } => byte_bpe(vocabulary, merges)?,
        };
        let own_padding = inner.get_padding().map(|padding| padding.pad_id);
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|error| file_error("tokenizer", error))?;
        let named = ["[PAD]", "<pad>"].iter();
        let pad_id = named
            .filter_map(|token| inner.token_to_id(token))
            .next()
            .or(own_padding)
            .ok_or_else(|| TokenizerError::NoToken {
                token: "[PAD] or <pad>".to_owned(),
            })?;
        Ok(Self { inner, pad_id })
    }

    /// The id that fills rows up to a common length.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// Number of tokens, added ones included: every id is below it.
    pub fn vocabulary_size(&self) -> usize {
        let highest = self.inner.get_vocab(true).into_values().max();
        highest.map_or(0, |id| id as usize + 1)
    }

    /// The id of a token, such as `[MASK]`.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The ids of a text alone, without special tokens and of any length.
    pub fn plain(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.inner.encode_fast(text, false);
        let encoding = encoding.map_err(|error| TokenizerError::Text(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The rows as the encoder reads them: special tokens included, at most `max_length` tokens, not padded.
    pub fn encode(
        &self,
        examples: &[Example],
        max_length: usize,
    ) -> Result<Vec<Encoded>, TokenizerError> {
        let row = |example: &Example| self.row(example, max_length);
        examples.par_iter().map(row).collect()
    }

    fn row(&self, example: &Example, max_length: usize) -> Result<Encoded, TokenizerError> {
        let wrong = |error: tokenizers::tokenizer::Error| TokenizerError::Text(error.to_string());
        let processor = self.inner.get_post_processor();
        let special_tokens = processor.map_or(0, |processor| {
            processor.added_tokens(example.pair.is_some())
        });
        let room = max_length
            .checked_sub(special_tokens)
            .filter(|&room| room > 0)
            .ok_or(TokenizerError::TooShort {
                max_length,
                special_tokens,
            })?;
        // Whole texts first: the library's own truncation clips each text before it compares their lengths, so
        // that a longer first text no longer counts as the longer one.
        let mut first = self
            .inner
            .encode_fast(example.text.as_str(), false)
            .map_err(wrong)?;
        // An empty second text is a text: the row stays a pair.
        let mut second = match &example.pair {
            Some(text) => Some(
                self.inner
                    .encode_fast(text.as_str(), false)
                    .map_err(wrong)?,
            ),
            None => None,
        };
        let second_length = second.as_ref().map_or(0, Encoding::len);
        let (first_kept, second_kept) = longest_first(first.len(), second_length, room);
        first.truncate(first_kept, 0, TruncationDirection::Right);
        if let Some(second) = &mut second {
            second.truncate(second_kept, 0, TruncationDirection::Right);
        }
        let whole = self
            .inner
            .post_process(first, second, true)
            .map_err(wrong)?;
        Ok(Encoded {
            ids: whole.get_ids().to_vec(),
            type_ids: whole.get_type_ids().to_vec(),
        })
    }
}

/// The lengths of two texts after `longest_first`.
fn longest_first(first: usize, second: usize, room: usize) -> (usize, usize) {
    if first + second <= room {
        return (first, second);
    }
    // n1 <= n2, as above.
    let mut n1 = first.min(second);
    let mut n2 = if n1 > room { n1 } else { n1.max(room - n1) };
    if n1 + n2 > room {
        n1 = room / 2;
        n2 = n1 + room % 2;
    }
    if first > second { (n2, n1) } else { (n1, n2) }
}

/// The tokenizer of a `tokenizer.json`, once it has shown that it can encode a text and a pair: the library panics where
/// the file is no JSON, and where its template names what its vocabulary lacks.
fn from_json(content: &[u8]) -> Result<tokenizers::Tokenizer, TokenizerError> {
    const FILE: &str = "tokenizer.json";
    serde_json::from_slice::<serde_json::Value>(content)
        .map_err(|error| file_error(FILE, error.into()))?;
    let tried = catch_unwind(|| {
        let tokenizer = tokenizers::Tokenizer::from_bytes(content)?;
        tokenizer.encode_fast("a", true)?;
        tokenizer.encode_fast(("a", "b"), true)?;
        Ok(tokenizer)
    });
    let contradiction = || "it contradicts itself and cannot be used; fetch it again".into();
    tried
        .unwrap_or_else(|_| Err(contradiction()))
        .map_err(|error| file_error(FILE, error))
}

/// BERT's tokenizer from its vocabulary.
fn word_piece(
    vocabulary: &Path,
    settings: Option<&[u8]>,
) -> Result<tokenizers::Tokenizer, TokenizerError> {
    /// The keys of `tokenizer_config.json` that matter, with the values that BERT gives them where they are absent.
    #[derive(serde::Deserialize)]
    #[serde(default)]
    struct Settings {
        do_lower_case: bool,
        strip_accents: Option<bool>,
        tokenize_chinese_chars: bool,
    }
    impl Default for Settings {
        fn default() -> Self {
            Self {
                do_lower_case: true,
                strip_accents: None,
                tokenize_chinese_chars: true,
            }
        }
    }
    let settings: Settings = match settings {
        Some(content) => serde_json::from_slice(content)
            .map_err(|error| file_error("tokenizer_config.json", error.into()))?,
        None => Settings::default(),
    };
    let wrong = |error| file_error(&vocabulary.display().to_string(), error);
    let model = WordPiece::from_file(text(vocabulary)?)
        .unk_token("[UNK]".into())
        .build()
        .map_err(wrong)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(BertNormalizer::new(
            true,
            settings.tokenize_chinese_chars,
            settings.strip_accents,
            settings.do_lower_case,
        )))
        .map_err(wrong)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    let names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let special = names.map(|name| AddedToken::from(name, true));
    let [_, _, cls, sep, _] = with_special_tokens(&mut tokenizer, special)?;
    tokenizer.with_post_processor(Some(BertProcessing::new(sep, cls)));
    Ok(tokenizer)
}

/// RoBERTa's tokenizer from its vocabulary and merges.
fn byte_bpe(vocabulary: &Path, merges: &Path) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let model = BPE::from_file(text(vocabulary)?, text(merges)?)
        .build()
        .map_err(|error| {
            let files = format!("{}, {}", vocabulary.display(), merges.display());
            file_error(&files, error)
        })?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    let mut special =
        ["<s>", "<pad>", "</s>", "<unk>", "<mask>"].map(|name| AddedToken::from(name, true));
    // The blank before a mask belongs to it.
    special[4].lstrip = true;
    let [cls, _, sep, _, _] = with_special_tokens(&mut tokenizer, special)?;
    tokenizer.with_post_processor(Some(
        RobertaProcessing::new(sep, cls).add_prefix_space(false),
    ));
    Ok(tokenizer)
}

/// Makes tokens special; returns them with their ids.
fn with_special_tokens<const N: usize>(
    tokenizer: &mut tokenizers::Tokenizer,
    tokens: [AddedToken; N],
) -> Result<[(String, u32); N], TokenizerError> {
    let mut named = Vec::with_capacity(N);
    for token in &tokens {
        let name = token.content.clone();
        match tokenizer.token_to_id(&name) {
            Some(id) => named.push((name, id)),
            None => return Err(TokenizerError::NoToken { token: name }),
        }
    }
    tokenizer
        .add_special_tokens(tokens)
        .map_err(|error| TokenizerError::Text(error.to_string()))?;
    let named: Result<[(String, u32); N], _> = named.try_into();
    Ok(named.unwrap_or_else(|_| unreachable!("one entry per token was pushed")))
}

/// A path as the tokenizer library wants it.
fn text(path: &Path) -> Result<&str, TokenizerError> {
    path.to_str().ok_or_else(|| TokenizerError::File {
        file: path.display().to_string(),
        problem: "the path is no UTF-8 text; move the files to one that is".to_owned(),
    })
}

fn file_error(file: &str, error: tokenizers::tokenizer::Error) -> TokenizerError {
    TokenizerError::File {
        file: file.to_owned(),
        problem: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;
    use crate::task::Label;

    fn files(folder: &Path, words: &[&str], settings: Option<&str>) -> TokenizerFiles {
        let vocabulary = folder.join("vocab.txt");
        std::fs::write(&vocabulary, words.join("\n")).unwrap();
        TokenizerFiles::WordPiece {
            vocabulary,
            settings: settings.map(|text| text.as_bytes().to_vec()),
        }
    }

    const WORDS: [&str; 8] = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "Cat", "dog",
    ];

    #[test]
    fn a_cased_vocabulary_keeps_its_case() {
        let folder = tempfile::tempdir().unwrap();
        let uncased = Tokenizer::new(&files(folder.path(), &WORDS, None)).unwrap();
        assert_eq!(uncased.plain("Cat").unwrap(), [5]);
        let cased = files(folder.path(), &WORDS, Some(r#"{"do_lower_case": false}"#));
        assert_eq!(Tokenizer::new(&cased).unwrap().plain("Cat").unwrap(), [6]);
        assert_eq!(uncased.pad_id(), 0);
        assert_eq!(uncased.vocabulary_size(), WORDS.len());
    }

    #[test]
    fn a_length_without_room_for_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = Tokenizer::new(&files(folder.path(), &WORDS, None)).unwrap();
        let pair = Example {
            text: "cat".into(),
            pair: Some("dog dog".into()),
            label: Label::Class(0),
        };
        let error = tokenizer
            .encode(std::slice::from_ref(&pair), 3)
            .unwrap_err();
        assert!(
            error.to_string().contains("3 of them are special"),
            "{error}"
        );
        let row = &tokenizer.encode(&[pair], 5).unwrap()[0];
        assert_eq!(row.ids, [2, 5, 3, 7, 3]);
        assert_eq!(row.type_ids, [0, 0, 0, 1, 1]);
    }

    #[test]
    fn a_vocabulary_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Tokenizer::new(&files(folder.path(), &["cat"], None)).unwrap_err();
        assert!(error.to_string().contains("[PAD]"), "{error}");
        let error = Tokenizer::new(&TokenizerFiles::Json(b"{".to_vec())).unwrap_err();
        assert!(error.to_string().contains("tokenizer.json"), "{error}");
    }
}
