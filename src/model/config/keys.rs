//! The keys of a `config.json`, each with what may stand there.

use serde_json::{Map, Value};

use super::{Architecture, ConfigError};
use crate::model::relative;

/// Ten times as many layers as any encoder has.
const MOST_LAYERS: usize = 1000;

/// The keys of one file.
pub(super) struct Keys<'a> {
    pub(super) object: Map<String, Value>,
    pub(super) origin: &'a str,
}

impl Keys<'_> {
    fn get(&self, key: &'static str) -> Result<&Value, ConfigError> {
        self.object.get(key).ok_or_else(|| ConfigError::Missing {
            origin: self.origin.to_owned(),
            key,
        })
    }

    pub(super) fn invalid(&self, key: &'static str, expected: &str) -> ConfigError {
        ConfigError::Invalid {
            origin: self.origin.to_owned(),
            key,
            found: self.object.get(key).unwrap_or(&Value::Null).to_string(),
            expected: expected.to_owned(),
        }
    }

    pub(super) fn text(&self, key: &'static str) -> Result<&str, ConfigError> {
        let value = self.get(key)?;
        value.as_str().ok_or_else(|| self.invalid(key, "a text"))
    }

    /// The one value that is implemented; it is also what an absent key means.
    pub(super) fn only(&self, key: &'static str, value: &str) -> Result<(), ConfigError> {
        match self.object.get(key) {
            None => Ok(()),
            Some(found) if found.as_str() == Some(value) => Ok(()),
            Some(_) => Err(self.invalid(key, &format!("`{value}`: no other is supported"))),
        }
    }

    pub(super) fn size(&self, key: &'static str) -> Result<usize, ConfigError> {
        // Far above any encoder, and products of three such numbers still fit 64 bits.
        let fits = |&n: &u64| (1..=1 << 21).contains(&n);
        let number = self.get(key)?.as_u64().filter(fits);
        match number {
            Some(number) => Ok(number as usize),
            None => Err(self.invalid(key, "a whole number from 1 to 2097152")),
        }
    }

    pub(super) fn layers(&self, key: &'static str) -> Result<usize, ConfigError> {
        // Every layer is a dimension of the space.
        Some(self.size(key)?)
            .filter(|layers| *layers <= MOST_LAYERS)
            .ok_or_else(|| self.invalid(key, &format!("a whole number from 1 to {MOST_LAYERS}")))
    }

    pub(super) fn distances(&self, key: &'static str) -> Result<usize, ConfigError> {
        match self
            .object
            .get(key)
            .map_or(Some(relative::ROWS as u64), Value::as_u64)
        {
            Some(rows) if rows == relative::ROWS as u64 => Ok(relative::ROWS),
            _ => {
                let expected = format!("{}: no other is supported", relative::ROWS);
                Err(self.invalid(key, &expected))
            }
        }
    }

    pub(super) fn positive(
        &self,
        key: &'static str,
        default: Option<f64>,
    ) -> Result<f64, ConfigError> {
        if let (None, Some(value)) = (self.object.get(key), default) {
            return Ok(value);
        }
        let number = self.get(key)?.as_f64();
        let positive = number.filter(|&n| n > 0.0 && n.is_finite());
        positive.ok_or_else(|| self.invalid(key, "a number above 0"))
    }

    pub(super) fn padding(&self, architecture: Architecture) -> Result<u32, ConfigError> {
        match self.object.get("pad_token_id") {
            None | Some(Value::Null) => Ok(architecture.padding_id()),
            Some(value) => match value.as_u64().map(u32::try_from) {
                Some(Ok(id)) => Ok(id),
                _ => Err(self.invalid("pad_token_id", "a token id")),
            },
        }
    }
}
