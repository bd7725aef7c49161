//! A token as settings name it: by its text alone, or with how it is found in texts.

use serde_json::{Value, json};
use tokenizers::AddedToken;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) content: String,
    pub(super) single_word: bool,
    pub(super) lstrip: bool,
    pub(super) rstrip: bool,
    /// None: not where it is special.
    pub(super) normalized: Option<bool>,
    pub(super) special: bool,
    /// Named by its text alone: what is known of it already holds.
    pub(super) plain: bool,
}

impl Named {
    /// By its text alone.
    pub(super) fn plain(content: &str) -> Self {
        Self {
            content: content.to_owned(),
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: None,
            special: false,
            plain: true,
        }
    }

    /// From `added_tokens.json`.
    pub(super) fn added(content: &str, special: bool) -> Self {
        Self {
            normalized: Some(!special),
            special,
            plain: false,
            ..Self::plain(content)
        }
    }

    /// From an object with `content` and flags.
    pub(super) fn of_object(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let flag = |key: &str| object.get(key).and_then(Value::as_bool);
        let set = |key: &str| flag(key).unwrap_or(false);
        Some(Self {
            content: object.get("content")?.as_str()?.to_owned(),
            single_word: set("single_word"),
            lstrip: set("lstrip"),
            rstrip: set("rstrip"),
            normalized: flag("normalized"),
            special: set("special"),
            plain: false,
        })
    }

    /// From a text, or an object that says it is an `AddedToken`.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::plain(text)),
            _ if value.get("__type")? == "AddedToken" => Self::of_object(value),
            _ => None,
        }
    }

    /// A value of `special_tokens_map.json` as the settings would write it.
    pub(super) fn marked(mut value: Value) -> Value {
        if let Value::Object(object) = &mut value {
            object.insert("__type".to_owned(), json!("AddedToken"));
            object.insert("special".to_owned(), json!(true));
        }
        value
    }

    /// As the library takes it.
    pub(super) fn token(&self, special: bool) -> AddedToken {
        let token = AddedToken::from(self.content.clone(), special)
            .single_word(self.single_word)
            .lstrip(self.lstrip)
            .rstrip(self.rstrip);
        match self.normalized {
            Some(normalized) => token.normalized(normalized),
            None => token,
        }
    }
}
