//! The shape of an encoder, from its `config.json`.

use serde_json::{Map, Value};

pub use super::architecture::Architecture;
use super::architecture::Positions;
use super::relative;

/// Ten times as many as any encoder has.
const MOST_LAYERS: usize = 1000;

/// What `config.json` says about an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// Its family.
    pub architecture: Architecture,
    /// Number of tokens.
    pub vocabulary: usize,
    /// Width of the hidden states.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads of each layer.
    pub heads: usize,
    /// Width inside the feed-forward block.
    pub intermediate: usize,
    /// Rows of the position table (RoBERTa's are two more than its longest sequence).
    pub positions: usize,
    /// Rows of the token type table; 0 where there is none.
    pub token_types: usize,
    /// Rows of the table of attention's biases by distance; 0 where there is none.
    pub distances: usize,
    /// Width of the embeddings, where they are brought to that of the hidden states by a linear map.
    pub projected_from: Option<usize>,
    /// Id of the padding token.
    pub padding_id: u32,
    /// Inside the root of every layer normalisation.
    pub layer_norm_epsilon: f64,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
}

/// Why a `config.json` cannot be used. Each message names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON, or no object.
    #[error("{origin}: not a JSON object ({reason})")]
    Syntax {
        /// The file.
        origin: String,
        /// What the parser says.
        reason: String,
    },
    /// A key is missing.
    #[error("{origin}: the key `{key}` is missing; an encoder's config.json must have it")]
    Missing {
        /// The file.
        origin: String,
        /// The key.
        key: &'static str,
    },
    /// A value has the wrong type or an impossible value.
    #[error("{origin}: `{key}` is {found}; expected {expected}")]
    Invalid {
        /// The file.
        origin: String,
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        expected: String,
    },
}

impl EncoderConfig {
    /// Reads the text of a `config.json`; `origin` names the file in errors.
    ///
    /// # Errors
    /// The text is no JSON object, a key is missing, or the encoder is one that is not implemented.
    pub fn from_json(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let syntax = |reason: String| ConfigError::Syntax {
            origin: origin.to_owned(),
            reason,
        };
        let value: Value = serde_json::from_str(text).map_err(|e| syntax(e.to_string()))?;
        let Value::Object(object) = value else {
            return Err(syntax("the top level is something else".to_owned()));
        };
        let keys = Keys { object, origin };

        let known = || format!("one of {}", Architecture::names());
        let architecture = Architecture::named(keys.text("model_type")?)
            .ok_or_else(|| keys.invalid("model_type", &known()))?;
        let key = |key| architecture.key(key);
        keys.only(key("hidden_act"), "gelu")?;
        keys.only("position_embedding_type", "absolute")?;
        if keys.object.get("is_decoder") == Some(&Value::Bool(true)) {
            return Err(keys.invalid("is_decoder", "false: only encoders are supported"));
        }
        let hidden = keys.size(key("hidden_size"))?;
        let distil = architecture == Architecture::DistilBert;
        let config = Self {
            architecture,
            vocabulary: keys.size("vocab_size")?,
            hidden,
            layers: keys.layers(key("num_hidden_layers"))?,
            heads: keys.size(key("num_attention_heads"))?,
            intermediate: keys.size(key("intermediate_size"))?,
            positions: keys.size("max_position_embeddings")?,
            token_types: match architecture.has_token_types() {
                true => keys.size("type_vocab_size")?,
                false => 0,
            },
            distances: match architecture {
                Architecture::Mpnet => keys.distances("relative_attention_num_buckets")?,
                _ => 0,
            },
            projected_from: match architecture {
                Architecture::Electra => {
                    let width = keys.size("embedding_size")?;
                    (width != hidden).then_some(width)
                }
                _ => None,
            },
            padding_id: keys.padding(architecture)?,
            // DistilBERT's is fixed.
            layer_norm_epsilon: keys.positive("layer_norm_eps", distil.then_some(1e-12))?,
            initializer_range: keys.positive("initializer_range", Some(0.02))?,
        };
        if !config.hidden.is_multiple_of(config.heads) {
            let expected = format!("a divisor of {}, {}", key("hidden_size"), config.hidden);
            return Err(keys.invalid(key("num_attention_heads"), &expected));
        }
        if config.longest_sequence() == 0 {
            return Err(keys.invalid("max_position_embeddings", "room for at least one token"));
        }
        Ok(config)
    }

    /// The configuration as a `config.json` that [`Self::from_json`] and the usual Python libraries read.
    pub fn to_json(&self) -> String {
        let key = |key| self.architecture.key(key);
        let mut value = serde_json::json!({
            "architectures": [self.architecture.class()],
            "attention_probs_dropout_prob": 0.1,
            key("hidden_act"): "gelu",
            "hidden_dropout_prob": 0.1,
            key("hidden_size"): self.hidden,
            "initializer_range": self.initializer_range,
            key("intermediate_size"): self.intermediate,
            "layer_norm_eps": self.layer_norm_epsilon,
            "max_position_embeddings": self.positions,
            "model_type": self.architecture.name(),
            key("num_attention_heads"): self.heads,
            key("num_hidden_layers"): self.layers,
            "pad_token_id": self.padding_id,
            "position_embedding_type": "absolute",
            "type_vocab_size": self.token_types,
            "vocab_size": self.vocabulary,
        });
        if self.architecture == Architecture::Electra {
            value["embedding_size"] = self.embedding().into();
        }
        if self.distances > 0 {
            value["relative_attention_num_buckets"] = self.distances.into();
        }
        format!("{value:#}\n")
    }

    /// Width of the embeddings.
    pub fn embedding(&self) -> usize {
        self.projected_from.unwrap_or(self.hidden)
    }

    /// Tokens of the longest sequence that the position table has room for.
    pub fn longest_sequence(&self) -> usize {
        match self.architecture.positions() {
            Positions::All => self.positions,
            Positions::Tokens => self.positions.saturating_sub(self.padding_id as usize + 1),
        }
    }

    /// Position ids of one row of token ids.
    pub fn position_ids(&self, row: &[u32]) -> Vec<u32> {
        match self.architecture.positions() {
            Positions::All => (0..row.len() as u32).collect(),
            Positions::Tokens => {
                let mut position = self.padding_id;
                row.iter()
                    .map(|&id| {
                        if id == self.padding_id {
                            return self.padding_id;
                        }
                        position += 1;
                        position
                    })
                    .collect()
            }
        }
    }

    /// All scalars of the pretrained encoder, with the pooler where such encoders have one: the whole that percentages
    /// refer to.
    pub fn backbone_parameters(&self) -> u64 {
        let (h, i) = (self.hidden as u64, self.intermediate as u64);
        let e = self.embedding() as u64;
        let projection = self.projected_from.map_or(0, |_| e * h + h);
        let pooler = match self.architecture.has_pooler() {
            true => h * h + h,
            false => 0,
        };
        let rows = (self.vocabulary + self.positions + self.token_types) as u64;
        let norm = 2 * h;
        let layer = 4 * (h * h + h) + norm + (h * i + i) + (i * h + h) + norm;
        let distances = (self.distances * self.heads) as u64;
        rows * e + 2 * e + projection + self.layers as u64 * layer + distances + pooler
    }
}

#[cfg(test)]
impl EncoderConfig {
    /// A BERT of three layers, as small as tests want it.
    pub(crate) fn tiny() -> Self {
        Self {
            architecture: Architecture::Bert,
            vocabulary: 20,
            hidden: 8,
            layers: 3,
            heads: 2,
            intermediate: 12,
            positions: 10,
            token_types: 2,
            distances: 0,
            projected_from: None,
            padding_id: 0,
            layer_norm_epsilon: 1e-12,
            initializer_range: 0.3,
        }
    }
}

/// The keys of one file.
struct Keys<'a> {
    object: Map<String, Value>,
    origin: &'a str,
}

impl Keys<'_> {
    fn get(&self, key: &'static str) -> Result<&Value, ConfigError> {
        self.object.get(key).ok_or_else(|| ConfigError::Missing {
            origin: self.origin.to_owned(),
            key,
        })
    }

    fn invalid(&self, key: &'static str, expected: &str) -> ConfigError {
        ConfigError::Invalid {
            origin: self.origin.to_owned(),
            key,
            found: self.object.get(key).unwrap_or(&Value::Null).to_string(),
            expected: expected.to_owned(),
        }
    }

    fn text(&self, key: &'static str) -> Result<&str, ConfigError> {
        let value = self.get(key)?;
        value.as_str().ok_or_else(|| self.invalid(key, "a text"))
    }

    /// The one value that is implemented; it is also what an absent key means.
    fn only(&self, key: &'static str, value: &str) -> Result<(), ConfigError> {
        match self.object.get(key) {
            None => Ok(()),
            Some(found) if found.as_str() == Some(value) => Ok(()),
            Some(_) => Err(self.invalid(key, &format!("`{value}`: no other is supported"))),
        }
    }

    fn size(&self, key: &'static str) -> Result<usize, ConfigError> {
        // Far above any encoder, and products of three such numbers still fit 64 bits.
        let fits = |&n: &u64| (1..=1 << 21).contains(&n);
        let number = self.get(key)?.as_u64().filter(fits);
        match number {
            Some(number) => Ok(number as usize),
            None => Err(self.invalid(key, "a whole number from 1 to 2097152")),
        }
    }

    fn layers(&self, key: &'static str) -> Result<usize, ConfigError> {
        // Every layer is a dimension of the space.
        Some(self.size(key)?)
            .filter(|layers| *layers <= MOST_LAYERS)
            .ok_or_else(|| self.invalid(key, &format!("a whole number from 1 to {MOST_LAYERS}")))
    }

    fn distances(&self, key: &'static str) -> Result<usize, ConfigError> {
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

    fn positive(&self, key: &'static str, default: Option<f64>) -> Result<f64, ConfigError> {
        if let (None, Some(value)) = (self.object.get(key), default) {
            return Ok(value);
        }
        let number = self.get(key)?.as_f64();
        let positive = number.filter(|&n| n > 0.0 && n.is_finite());
        positive.ok_or_else(|| self.invalid(key, "a number above 0"))
    }

    fn padding(&self, architecture: Architecture) -> Result<u32, ConfigError> {
        match self.object.get("pad_token_id") {
            None | Some(Value::Null) => Ok(architecture.padding_id()),
            Some(value) => match value.as_u64().map(u32::try_from) {
                Some(Ok(id)) => Ok(id),
                _ => Err(self.invalid("pad_token_id", "a token id")),
            },
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;

    /// BERT-base or RoBERTa-base.
    fn base(architecture: Architecture) -> EncoderConfig {
        let roberta = architecture == Architecture::Roberta;
        EncoderConfig {
            architecture,
            vocabulary: if roberta { 50265 } else { 30522 },
            hidden: 768,
            layers: 12,
            heads: 12,
            intermediate: 3072,
            positions: if roberta { 514 } else { 512 },
            token_types: if roberta { 1 } else { 2 },
            distances: 0,
            projected_from: None,
            padding_id: u32::from(roberta),
            layer_norm_epsilon: if roberta { 1e-5 } else { 1e-12 },
            initializer_range: 0.02,
        }
    }

    fn with(key: &str, value: Value) -> Result<EncoderConfig, ConfigError> {
        let mut json: Value = serde_json::from_str(&base(Architecture::Bert).to_json()).unwrap();
        match value {
            Value::Null => json.as_object_mut().unwrap().remove(key),
            value => json.as_object_mut().unwrap().insert(key.to_owned(), value),
        };
        EncoderConfig::from_json(&json.to_string(), "config.json")
    }

    #[test]
    fn published_encoders_have_their_published_sizes() {
        assert_eq!(base(Architecture::Bert).backbone_parameters(), 109_482_240);
        let roberta = base(Architecture::Roberta);
        assert_eq!(roberta.backbone_parameters(), 124_645_632);
        assert_eq!(roberta.longest_sequence(), 512);
        let large = EncoderConfig {
            hidden: 1024,
            layers: 24,
            heads: 16,
            intermediate: 4096,
            ..roberta
        };
        assert_eq!(large.backbone_parameters(), 355_359_744);
        let [distil, electra, mpnet] = others();
        assert_eq!(mpnet.backbone_parameters(), 109_486_464);
        assert_eq!(distil.backbone_parameters(), 66_362_880);
        assert_eq!(electra.backbone_parameters(), 13_483_008);
    }

    /// DistilBERT-base, ELECTRA-small and MPNet-base.
    fn others() -> [EncoderConfig; 3] {
        let distil = EncoderConfig {
            architecture: Architecture::DistilBert,
            layers: 6,
            token_types: 0,
            ..base(Architecture::Bert)
        };
        let electra = EncoderConfig {
            architecture: Architecture::Electra,
            hidden: 256,
            heads: 4,
            intermediate: 1024,
            projected_from: Some(128),
            ..base(Architecture::Bert)
        };
        let mpnet = EncoderConfig {
            architecture: Architecture::Mpnet,
            vocabulary: 30527,
            positions: 514,
            token_types: 0,
            distances: 32,
            padding_id: 1,
            ..base(Architecture::Bert)
        };
        [distil, electra, mpnet]
    }

    #[test]
    fn a_configuration_survives_writing_and_reading() {
        let [distil, electra, mpnet] = others();
        let [bert, roberta] = [Architecture::Bert, Architecture::Roberta].map(base);
        for config in [bert, roberta, distil, electra, mpnet] {
            assert_eq!(EncoderConfig::from_json(&config.to_json(), "x"), Ok(config));
        }
    }

    #[test]
    fn what_is_not_implemented_is_refused_by_name() {
        for (key, value) in [
            ("model_type", "t5"),
            ("hidden_act", "relu"),
            ("position_embedding_type", "relative_key"),
        ] {
            let message = with(key, value.into()).unwrap_err().to_string();
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
        let message = with("num_attention_heads", 7.into()).unwrap_err();
        assert!(message.to_string().contains("divisor of hidden_size, 768"));
        let [.., mpnet] = others();
        let few = (mpnet.to_json()).replace("num_buckets\": 32", "num_buckets\": 16");
        let message = EncoderConfig::from_json(&few, "x").unwrap_err().to_string();
        assert!(
            message.contains("num_buckets` is 16; expected 32"),
            "{message}"
        );
    }

    #[test]
    fn missing_and_malformed_values_are_named() {
        for key in ["model_type", "vocab_size", "layer_norm_eps"] {
            let message = with(key, Value::Null).unwrap_err().to_string();
            assert!(
                message.contains(key) && message.contains("missing"),
                "{message}"
            );
        }
        for value in [
            serde_json::json!(0),
            serde_json::json!(-3),
            serde_json::json!("12"),
        ] {
            let message = with("num_hidden_layers", value).unwrap_err().to_string();
            assert!(message.contains("whole number"), "{message}");
        }
        assert!(EncoderConfig::from_json("[1]", "c").is_err());
        assert!(EncoderConfig::from_json("{", "c").is_err());
    }

    #[test]
    fn roberta_counts_positions_over_tokens_only() {
        let config = base(Architecture::Roberta);
        assert_eq!(config.position_ids(&[0, 9, 1, 7, 1]), [2, 3, 1, 4, 1]);
        let config = base(Architecture::Bert);
        assert_eq!(config.position_ids(&[5, 6, 0]), [0, 1, 2]);
    }
}
