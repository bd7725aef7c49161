//! From texts to token ids, types and masks, as Python's `AutoTokenizer` gives them for the same files.
//!
//! What decides is in [`settings`]; the classes that are reproduced are in [`class`]. Golden ids of the library for
//! unlike folders are held in `tests/golden/tokenizers`.
//!
//! A pair longer than allowed is shortened by `longest_first`. With room `R` (the allowed length without special
//! tokens) and lengths `n1 <= n2`, only if `n1 + n2 > R`: `n2' = n1` if `n1 > R`, else `max(n1, R - n1)`; if still
//! `n1 + n2' > R`, then `n1' = R div 2` and `n2' = n1' + R mod 2`.

mod bounds;
mod chance;
mod charsmap;
mod class;
mod error;
mod files;
mod keys;
mod named;
mod outranked;
mod settings;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use tokenizers::{Encoding, NormalizedString, Normalizer, PostProcessor, TruncationDirection};

use self::bounds::Growth;
pub use self::error::TokenizerError;
pub use self::files::TokenizerFiles;
use self::files::WHOLE;
use self::settings::Settings;
use crate::json;
use crate::task::Example;

/// One row as the encoder reads it, special tokens included, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Token types: 0, and 1 in the second text where the model tells the texts apart.
    pub type_ids: Vec<u32>,
    /// Tokens before the row was cut, special ones included.
    pub whole: usize,
    /// Tokens of the texts that were kept, special ones of the template left out.
    pub words: usize,
}

/// Turns texts into token ids.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    pad_id: u32,
    unknown: Option<u32>,
    types: bool,
    truncation: TruncationDirection,
    longest: Option<usize>,
    growth: Growth,
}

impl Tokenizer {
    /// The tokenizer of these files. Lengths and padding that a `tokenizer.json` sets for itself are dropped.
    ///
    /// # Errors
    /// The files define no tokenizer, or one that Python would not use as it can be used here.
    pub fn new(files: &TokenizerFiles) -> Result<Self, TokenizerError> {
        let settings = Settings::read(files)?;
        let (mut inner, growth) = match files.get(WHOLE) {
            Some(content) => whole(content)?,
            None => (vocabulary::converted(files, &settings)?, Growth::OF_A_CLASS),
        };
        let own_padding = inner.get_padding().map(|padding| padding.pad_id);
        inner.with_padding(None);
        outranked::normalized_tokens(&inner, &settings)?;
        vocabulary::add_tokens(&mut inner, &settings)?;
        outranked::prefix_space(&mut inner, &settings);
        outranked::normalizer(&mut inner, &settings)?;
        outranked::template(&inner, &settings)?;
        chance::refuse(&inner)?;
        inner.set_encode_special_tokens(settings.split_special);
        let id = |token: &str| inner.token_to_id(token);
        let usual = |names: [&str; 2]| names.into_iter().find_map(id);
        let pad_id = (settings.part("pad_token").and_then(id))
            .or_else(|| usual(["[PAD]", "<pad>"]))
            .or(own_padding)
            .ok_or_else(|| TokenizerError::NoToken {
                token: "[PAD] or <pad>".to_owned(),
            })?;
        let unknown = settings.part("unk_token").and_then(id);
        let unknown = unknown.or_else(|| usual(["[UNK]", "<unk>"]));
        Ok(Self {
            pad_id,
            unknown,
            types: settings.types,
            truncation: settings.truncation,
            longest: settings.longest,
            growth,
            inner,
        })
    }

    /// Everything that decides ids and types, as one text: the same for files that say the same in another way.
    ///
    /// # Errors
    /// A part of it has no text form.
    pub fn canonical(&self) -> Result<String, TokenizerError> {
        let Self {
            inner,
            pad_id,
            types,
            truncation,
            // Words of these are for people.
            unknown: _,
            longest: _,
            // Follows from the rules.
            growth: _,
        } = self;
        let split_special = inner.get_encode_special_tokens();
        let inner = inner.to_string(false).map_err(TokenizerError::text)?;
        Ok(format!(
            "{pad_id} {types} {truncation:?} {split_special} {inner}"
        ))
    }

    /// The id that fills rows up to a common length.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// The id of what the vocabulary does not know; none: it knows everything.
    pub fn unknown_id(&self) -> Option<u32> {
        self.unknown
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

    /// The token of an id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// `model_max_length` of its settings, in tokens.
    pub fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// The share of the vocabulary that no text reaches, because texts are lower-cased and these tokens are not; 0 where
    /// case is kept.
    pub fn out_of_reach(&self) -> f64 {
        let Some(normalizer) = self.inner.get_normalizer() else {
            return 0.0;
        };
        let lowers = |text: &str| {
            let mut normalized = NormalizedString::from(text);
            normalizer.normalize(&mut normalized).is_ok() && !has_capitals(normalized.get())
        };
        let added = self.inner.get_added_vocabulary().get_vocab();
        let tokens = self.inner.get_vocab(false);
        let words = tokens.keys().filter(|token| !added.contains_key(*token));
        let (mut all, mut unreached) = (0_u64, 0_u64);
        for word in words {
            all += 1;
            unreached += u64::from(has_capitals(word) && lowers(word));
        }
        unreached as f64 / all.max(1) as f64
    }

    /// The ids of a text alone, without special tokens and of any length.
    pub fn plain(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.inner.encode_fast(text, false);
        Ok(encoding.map_err(TokenizerError::text)?.get_ids().to_vec())
    }

    /// The rows as the encoder reads them: special tokens included, at most `max_length` tokens, not padded.
    pub fn encode(
        &self,
        examples: &[Example],
        max_length: usize,
    ) -> Result<Vec<Encoded>, TokenizerError> {
        // The library panics on some texts where the vocabulary is an odd one.
        let row = |example: &Example| {
            catch_unwind(AssertUnwindSafe(|| self.row(example, max_length)))
                .unwrap_or_else(|_| Err(TokenizerError::text("the tokenizer contradicts itself")))
        };
        examples.par_iter().map(row).collect()
    }

    fn row(&self, example: &Example, max_length: usize) -> Result<Encoded, TokenizerError> {
        let wrong = |error: tokenizers::Error| TokenizerError::text(error);
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
        let encode = |text: &str| {
            self.growth.hold(&self.inner, text)?;
            self.inner.encode_fast(text, false).map_err(wrong)
        };
        let mut first = encode(&example.text)?;
        // An empty second text is a text: the row stays a pair.
        let mut second = example.pair.as_deref().map(encode).transpose()?;
        let second_length = second.as_ref().map_or(0, Encoding::len);
        let whole = first.len() + second_length + special_tokens;
        let (first_kept, second_kept) = longest_first(first.len(), second_length, room);
        first.truncate(first_kept, 0, self.truncation);
        if let Some(second) = &mut second {
            second.truncate(second_kept, 0, self.truncation);
            // A template that sets no types leaves these.
            second.set_type_ids(vec![1; second.len()]);
        }
        let words = first.len() + second.as_ref().map_or(0, Encoding::len);
        let row = self
            .inner
            .post_process(first, second, true)
            .map_err(wrong)?;
        let ids = row.get_ids().to_vec();
        let type_ids = match self.types {
            true => row.get_type_ids().to_vec(),
            false => vec![0; ids.len()],
        };
        Ok(Encoded {
            ids,
            type_ids,
            whole,
            words,
        })
    }
}

fn has_capitals(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
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

/// The tokenizer of a `tokenizer.json`, without a length of its own, once it has shown that it can encode a text and a
/// pair: the library panics where the file is no JSON, and where its template names what its vocabulary lacks.
fn whole(content: &[u8]) -> Result<(tokenizers::Tokenizer, Growth), TokenizerError> {
    let rules: serde_json::Value =
        json::read(content).map_err(|error| TokenizerError::file(WHOLE, error))?;
    let growth = bounds::growth(&rules)?;
    let tried = catch_unwind(|| {
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(content)?;
        // Its own length may have no room for a pair.
        tokenizer.with_truncation(None)?;
        // And its own padding no end.
        let padding = tokenizer.get_padding().cloned();
        tokenizer.with_padding(None);
        tokenizer.encode_fast("a", true)?;
        tokenizer.encode_fast(("a", "b"), true)?;
        tokenizer.with_padding(padding);
        Ok((tokenizer, growth))
    });
    let contradiction = || "it contradicts itself and cannot be used; fetch it again".into();
    tried
        .unwrap_or_else(|_| Err(contradiction()))
        .map_err(|error: tokenizers::Error| TokenizerError::file(WHOLE, error))
}
