//! The keys of a tokenizer's JSON files, with errors that name them.

use serde_json::{Map, Value};
use tokenizers::TruncationDirection;

use super::TokenizerError;
use super::files::{SETTINGS, WHOLE};
use crate::json;

/// The keys of a JSON object in a file.
pub(super) struct Keys {
    pub(super) object: Map<String, Value>,
    file: &'static str,
}

impl Keys {
    /// No file has no keys.
    pub(super) fn of(content: Option<&[u8]>, file: &'static str) -> Result<Self, TokenizerError> {
        let object = match content {
            Some(content) => {
                json::read(content).map_err(|error| TokenizerError::file(file, error))?
            }
            None => Map::new(),
        };
        Ok(Self { object, file })
    }

    pub(super) fn wrong(&self, key: &str, expected: &str) -> TokenizerError {
        let found = self.object.get(key).unwrap_or(&Value::Null);
        let mut found: String = found.to_string().chars().take(60).collect();
        if found.chars().count() == 60 {
            found.push('…');
        }
        TokenizerError::file(
            self.file,
            format!("`{key}` is {found}; expected {expected}"),
        )
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, TokenizerError> {
        let value = self.object.get(key);
        let flag = |value: &Value| {
            value
                .as_bool()
                .ok_or_else(|| self.wrong(key, "true or false"))
        };
        value.map(flag).transpose()
    }

    pub(super) fn flag_or_null(&self, key: &str) -> Result<Option<bool>, TokenizerError> {
        match self.object.get(key) {
            Some(Value::Null) => Ok(None),
            _ => self.flag(key),
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, TokenizerError> {
        let value = self.object.get(key).filter(|value| !value.is_null());
        let text = |value| Value::as_str(value).ok_or_else(|| self.wrong(key, "a text"));
        value.map(text).transpose()
    }

    pub(super) fn names(&self, key: &str) -> Result<Option<Vec<String>>, TokenizerError> {
        let Some(value) = self.object.get(key) else {
            return Ok(None);
        };
        let names = serde_json::from_value(value.clone());
        let names = names.map_err(|_| self.wrong(key, "a list of names"))?;
        Ok(Some(names))
    }

    /// `model_max_length`; a number beyond all lengths says nothing.
    pub(super) fn length(&self) -> Option<usize> {
        let key = |key: &str| self.object.get(key).and_then(Value::as_f64);
        let length = key("model_max_length").or_else(|| key("max_len"))?;
        (1.0..1e9).contains(&length).then_some(length as usize)
    }

    /// A side; where it is not named, the one that a part of `tokenizer.json` has, else right.
    pub(super) fn side(
        &self,
        key: &str,
        theirs: Option<&str>,
    ) -> Result<TruncationDirection, TokenizerError> {
        let Some(side) = self.object.get(key) else {
            return Ok(match theirs {
                Some("Left") => TruncationDirection::Left,
                _ => TruncationDirection::Right,
            });
        };
        match side.as_str() {
            Some("right") => Ok(TruncationDirection::Right),
            Some("left") => Ok(TruncationDirection::Left),
            _ => Err(self.wrong(key, "\"right\" or \"left\", in small letters")),
        }
    }

    /// Refuses a word splitter of Python's own.
    pub(super) fn refuse_other_words(&self) -> Result<(), TokenizerError> {
        let basic = [
            ("word_tokenizer_type", "basic"),
            ("subword_tokenizer_type", "wordpiece"),
        ];
        for (key, known) in basic {
            if self.text(key)?.is_some_and(|found| found != known) {
                let expected = format!(
                    "\"{known}\": texts are split in Python there, which is not reproduced; choose another encoder"
                );
                return Err(self.wrong(key, &expected));
            }
        }
        Ok(())
    }

    /// Refuses what makes Python take another file than `tokenizer.json`, if that is `there`, else than the vocabulary.
    pub(super) fn refuse_other_files(&self, there: bool) -> Result<(), TokenizerError> {
        let another = |key: &str| {
            let problem = format!(
                "`{key}` makes Python take another tokenizer than the {WHOLE} beside it; take the key out, and see that \
                 {WHOLE} is the tokenizer that is meant"
            );
            TokenizerError::file(SETTINGS, problem)
        };
        let vocabulary = ["vocab_file", "merges_file"];
        let elsewhere = |key: &&str| !there && self.object.contains_key(*key);
        if let Some(key) = vocabulary.into_iter().find(elsewhere) {
            return Err(self.wrong(
                key,
                "no such key: Python takes the vocabulary from there, and not from the file beside it; take the key out, \
                 and see that the file beside it is the vocabulary that is meant",
            ));
        }
        if there && self.object.contains_key("tokenizer_file") {
            return Err(another("tokenizer_file"));
        }
        if self.flag("from_slow")? == Some(true) {
            return Err(another("from_slow"));
        }
        let versions = self.names("fast_tokenizer_files")?.unwrap_or_default();
        if versions.iter().any(|name| name != WHOLE) {
            return Err(another("fast_tokenizer_files"));
        }
        let inputs = self.object.get("init_inputs").and_then(Value::as_array);
        match inputs.is_some_and(|inputs| !inputs.is_empty()) {
            true => Err(self.wrong("init_inputs", "an empty list, or no such key")),
            false => Ok(()),
        }
    }
}
