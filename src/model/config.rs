//! The shape of an encoder, from its `config.json`.

mod keys;

use serde_json::Value;

pub use super::architecture::Architecture;
use super::architecture::Positions;
use crate::json;
use keys::Keys;

/// Inside the root of layer normalisations where `config.json` does not say.
const LAYER_NORM_EPSILON: f64 = 1e-12;

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
    /// Nothing says which family of encoders it is.
    #[error(
        "{origin}: there is no key `model_type`, and no class in `architectures` that tells it; add `model_type`, one of {known}"
    )]
    NoFamily {
        /// The file.
        origin: String,
        /// The families that there are.
        known: String,
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
    /// What an absent key stands for is what it stands for in Python's `transformers`, in the same family of encoders.
    ///
    /// # Errors
    /// The text is no JSON object, a value is impossible, or the encoder is one that is not implemented.
    pub fn from_json(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let syntax = |reason: String| ConfigError::Syntax {
            origin: origin.to_owned(),
            reason,
        };
        let value: Value =
            json::read(text.as_bytes()).map_err(|error| syntax(reason(text, &error)))?;
        let Value::Object(object) = value else {
            return Err(syntax("the top level is something else".to_owned()));
        };
        let keys = Keys { object, origin };

        let architecture = keys.family()?;
        keys.refuse_what_is_not_implemented(architecture)?;
        let size = |key| keys.size(architecture, key);
        let hidden = size("hidden_size")?;
        let config = Self {
            architecture,
            vocabulary: size("vocab_size")?,
            hidden,
            layers: keys.layers(architecture)?,
            heads: size("num_attention_heads")?,
            intermediate: size("intermediate_size")?,
            positions: size("max_position_embeddings")?,
            token_types: match architecture.has_token_types() {
                true => size("type_vocab_size")?,
                false => 0,
            },
            distances: match architecture {
                Architecture::Mpnet => keys.distances("relative_attention_num_buckets")?,
                _ => 0,
            },
            projected_from: match architecture {
                Architecture::Electra => {
                    let width = size("embedding_size")?;
                    (width != hidden).then_some(width)
                }
                _ => None,
            },
            padding_id: keys.padding(architecture)?,
            // DistilBERT's is fixed.
            layer_norm_epsilon: match architecture {
                Architecture::DistilBert => LAYER_NORM_EPSILON,
                _ => keys.positive("layer_norm_eps", LAYER_NORM_EPSILON)?,
            },
            initializer_range: keys.positive("initializer_range", 0.02)?,
        };
        if !config.hidden.is_multiple_of(config.heads) {
            let key = |key| architecture.key(key);
            let expected = format!("a divisor of {}, {}", key("hidden_size"), config.hidden);
            return Err(keys.invalid(key("num_attention_heads"), &expected));
        }
        // Python keeps a row of the table for it.
        if config.padding_id as usize >= config.vocabulary {
            let expected = format!("a token id below `vocab_size`, {}", config.vocabulary);
            return Err(keys.invalid("pad_token_id", &expected));
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

/// Why a text is no JSON: Python writes numbers that JSON does not have.
fn reason(text: &str, error: &serde_json::Error) -> String {
    let line = text.lines().nth(error.line().saturating_sub(1));
    let before = error.column().saturating_sub(1);
    // The column is that of the letter, or of its sign, or of what comes behind the sign.
    let places = before.saturating_sub(1)..=before;
    let mut rests = places.filter_map(|place| line?.get(place..));
    let number = rests.find_map(|rest| {
        let mut names = ["-Infinity", "Infinity", "NaN"].into_iter();
        names.find(|name| rest.starts_with(name))
    });
    match number {
        Some(number) => format!(
            "{number} in line {}, which Python writes and JSON does not know; put a number there or take the key out",
            error.line()
        ),
        None => error.to_string(),
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

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests;
