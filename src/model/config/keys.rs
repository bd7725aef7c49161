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

/// By these names Python knows GELU in its exact form; others, `gelu_new` and the like, are approximations.
const GELU: [&str; 2] = ["gelu", "gelu_python"];

impl Keys<'_> {
    /// The value of a key, unless it is null.
    fn get(&self, key: &str) -> Option<&Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn invalid(&self, key: &'static str, expected: &str) -> ConfigError {
        ConfigError::Invalid {
            origin: self.origin.to_owned(),
            key,
            found: self.object.get(key).unwrap_or(&Value::Null).to_string(),
            expected: expected.to_owned(),
        }
    }

    /// The family that `model_type` names, or else the classes in `architectures`.
    pub(super) fn family(&self) -> Result<Architecture, ConfigError> {
        if let Some(value) = self.get("model_type") {
            let known = || format!("one of {}", Architecture::names());
            let family = value.as_str().and_then(Architecture::named);
            return family.ok_or_else(|| self.invalid("model_type", &known()));
        }
        let classes = self.get("architectures").and_then(Value::as_array);
        let classes = classes.into_iter().flatten().filter_map(Value::as_str);
        let mut families: Vec<Option<Architecture>> = classes.map(Architecture::of_class).collect();
        families.dedup();
        match families[..] {
            [Some(family)] => Ok(family),
            _ => Err(ConfigError::NoFamily {
                origin: self.origin.to_owned(),
                known: Architecture::names(),
            }),
        }
    }

    /// Refuses what changes the numbers in Python and is not implemented here.
    pub(super) fn refuse_what_is_not_implemented(
        &self,
        architecture: Architecture,
    ) -> Result<(), ConfigError> {
        let activation = architecture.key("hidden_act");
        self.only(activation, &GELU)?;
        self.only("position_embedding_type", &["absolute"])?;
        for key in ["is_decoder", "add_cross_attention", "is_encoder_decoder"] {
            if self
                .get(key)
                .is_some_and(|value| *value != Value::Bool(false))
            {
                return Err(self.invalid(key, "false: only encoders are supported"));
            }
        }
        let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
        if self.get("pruned_heads").is_some_and(|value| !empty(value)) {
            return Err(self.invalid("pruned_heads", "none: every layer has all its heads here"));
        }
        if self.get("quantization_config").is_some() {
            let expected = "no such key: save the encoder's weights in floats";
            return Err(self.invalid("quantization_config", expected));
        }
        let own_code = self.get("auto_map").and_then(|map| map.get("AutoModel"));
        if own_code.is_some() {
            let expected = "no `AutoModel` in it: an encoder with code of its own is not supported";
            return Err(self.invalid("auto_map", expected));
        }
        Ok(())
    }

    /// Texts that mean what is implemented, the first of them also what an absent key means.
    fn only(&self, key: &'static str, texts: &[&str]) -> Result<(), ConfigError> {
        match self.object.get(key) {
            None => Ok(()),
            Some(found) if found.as_str().is_some_and(|text| texts.contains(&text)) => Ok(()),
            Some(_) => Err(self.invalid(key, &format!("`{}`: no other is supported", texts[0]))),
        }
    }

    /// A size by its key in BERT's `config.json`.
    pub(super) fn size(
        &self,
        architecture: Architecture,
        key: &'static str,
    ) -> Result<usize, ConfigError> {
        // Far above any encoder, and products of three such numbers still fit 64 bits.
        let fits = |&n: &u64| (1..=1 << 21).contains(&n);
        let read = |key: &'static str| match self.object.get(key) {
            None => Ok(None),
            Some(value) => match value.as_u64().filter(fits) {
                Some(number) => Ok(Some(number as usize)),
                None => Err(self.invalid(key, "a whole number from 1 to 2097152")),
            },
        };
        let theirs = architecture.key(key);
        let own = read(theirs)?;
        // Python knows the sizes of a family that has names of its own by BERT's names too.
        let other = match theirs == key || key == "intermediate_size" {
            true => None,
            false => read(key)?,
        };
        match (own, other) {
            (Some(a), Some(b)) if a != b => {
                Err(self.invalid(key, &format!("{a}, as `{theirs}` says")))
            }
            _ => Ok(own.or(other).unwrap_or_else(|| architecture.size(key))),
        }
    }

    pub(super) fn layers(&self, architecture: Architecture) -> Result<usize, ConfigError> {
        // Every layer is a dimension of the space.
        let layers = self.size(architecture, "num_hidden_layers")?;
        let key = architecture.key("num_hidden_layers");
        Some(layers)
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

    pub(super) fn positive(&self, key: &'static str, default: f64) -> Result<f64, ConfigError> {
        let Some(value) = self.object.get(key) else {
            return Ok(default);
        };
        let positive = value.as_f64().filter(|&n| n > 0.0 && n.is_finite());
        positive.ok_or_else(|| self.invalid(key, "a number above 0"))
    }

    pub(super) fn padding(&self, architecture: Architecture) -> Result<u32, ConfigError> {
        let Some(value) = self.get("pad_token_id") else {
            return Ok(architecture.padding_id());
        };
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| self.invalid("pad_token_id", "a token id"))?;
        // Its positions are counted from this one, whatever the key says.
        if architecture == Architecture::Mpnet && id != architecture.padding_id() {
            let expected = format!("{}: MPNet has no other", architecture.padding_id());
            return Err(self.invalid("pad_token_id", &expected));
        }
        Ok(id)
    }
}
