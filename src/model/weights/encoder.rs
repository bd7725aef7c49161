//! The tensors of one encoder among those of a file, by the names that Python's `transformers` reads.
//!
//! They all begin with the same prefix: that of the family where the file also has a head, or none. Every tensor of the
//! encoder is asked for once; what then is left over shows that the file holds another encoder than was thought.

use std::collections::BTreeSet;

use super::{Weights, WeightsError, is_float, read};
use crate::model::config::Architecture;

/// The table that every encoder has.
const WORDS: &str = "embeddings.word_embeddings.weight";

/// What the names of an encoder's tensors begin with where nothing stands before them.
const PARTS: [&str; 5] = [
    "embeddings.",
    "embeddings_project.",
    "encoder.",
    "transformer.",
    "pooler.",
];

/// Tables of numbers that old versions of Python's library saved, and that say nothing.
const BUFFERS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];

/// The tensors of an encoder, each to be taken once.
#[derive(Debug)]
pub struct EncoderTensors<'w, 'a> {
    weights: &'w Weights<'a>,
    architecture: Architecture,
    prefix: String,
    taken: BTreeSet<String>,
}

impl<'a> Weights<'a> {
    /// The encoder of this family.
    ///
    /// # Errors
    /// There is none, or its names begin with what Python does not know.
    pub fn encoder(
        &self,
        architecture: Architecture,
    ) -> Result<EncoderTensors<'_, 'a>, WeightsError> {
        let usual = architecture.prefix();
        let named = |prefix: &str| self.tensors.contains_key(&format!("{prefix}{WORDS}"));
        let prefix = match (named(""), named(&usual)) {
            (true, false) => String::new(),
            (false, true) => usual,
            (true, true) => {
                return Err(WeightsError::TwoEncoders {
                    origin: self.origin.clone(),
                    prefix: usual,
                });
            }
            (false, false) => return Err(self.no_encoder(architecture)),
        };
        Ok(EncoderTensors {
            weights: self,
            architecture,
            prefix,
            taken: BTreeSet::new(),
        })
    }

    /// Why there is no encoder of this family.
    fn no_encoder(&self, architecture: Architecture) -> WeightsError {
        let (origin, family) = (self.origin.clone(), architecture.name());
        let usual = architecture.prefix();
        let mut found = (self.tensors.keys()).filter_map(|name| name.strip_suffix(WORDS));
        match found.find(|prefix| prefix.ends_with('.')) {
            Some(found) => match Architecture::of_prefix(found) {
                Some(other) => WeightsError::OtherFamily {
                    origin,
                    found: found.to_owned(),
                    other: other.name(),
                    family,
                },
                None => WeightsError::Prefix {
                    origin,
                    family,
                    surplus: found.strip_suffix(&usual).unwrap_or(found).to_owned(),
                    found: found.to_owned(),
                    prefix: usual,
                },
            },
            None => {
                let first = self.tensors.keys().next();
                let example = first.map(|name| format!(", and the first is `{name}`"));
                WeightsError::NoEncoder {
                    origin,
                    tensors: self.tensors.len(),
                    family,
                    prefix: usual,
                    example: example.unwrap_or_default(),
                }
            }
        }
    }
}

impl EncoderTensors<'_, '_> {
    /// Whether there is a tensor of this name, one of BERT's without prefix.
    pub fn has(&self, name: &str) -> bool {
        let mut spellings = self.spellings(name).into_iter();
        spellings.any(|name| self.weights.tensors.contains_key(&name))
    }

    /// The numbers of the tensor with this name, one of BERT's without prefix.
    ///
    /// # Errors
    /// There is no such tensor, or it has another shape or no finite floats.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let spellings = self.spellings(name);
        let tensors = &self.weights.tensors;
        let found = spellings.iter().find_map(|n| tensors.get_key_value(n));
        let Some((name, (origin, view))) = found else {
            return Err(WeightsError::Missing {
                origin: self.weights.origin.clone(),
                name: spellings[0].clone(),
                expected: shape.to_vec(),
            });
        };
        self.taken.insert(name.clone());
        read(origin, name, view, shape)
    }

    /// Checks that the encoder of the file has been taken as a whole. Heads and buffers may be left.
    ///
    /// # Errors
    /// It has a tensor that was not asked for.
    pub fn nothing_left(self) -> Result<(), WeightsError> {
        let left: Vec<&String> = (self.weights.tensors.keys())
            .filter(|name| !self.taken.contains(*name) && self.is_of_encoder(name))
            .collect();
        let Some(&first) = left.first() else {
            return Ok(());
        };
        let (origin, view) = &self.weights.tensors[first];
        Err(WeightsError::Surplus {
            origin: origin.clone(),
            name: first.clone(),
            shape: view.shape().to_vec(),
            more: match left.len() - 1 {
                0 => String::new(),
                others => format!(", nor have {others} others"),
            },
        })
    }

    fn is_of_encoder(&self, name: &str) -> bool {
        let Some(own) = name.strip_prefix(&self.prefix) else {
            return false;
        };
        let known = !self.prefix.is_empty() || PARTS.iter().any(|part| own.starts_with(part));
        let (_, view) = &self.weights.tensors[name];
        known && is_float(view.dtype()) && !BUFFERS.contains(&own)
    }

    /// The names that a tensor of BERT's may have in the file, the usual one first: LayerNorms are called otherwise in
    /// files that came from TensorFlow.
    fn spellings(&self, name: &str) -> Vec<String> {
        let usual = format!("{}{}", self.prefix, self.architecture.tensor(name));
        let old = [
            ("LayerNorm.weight", "LayerNorm.gamma"),
            ("LayerNorm.bias", "LayerNorm.beta"),
        ];
        let old = old.iter().find_map(|(new, old)| {
            let stem = usual.strip_suffix(new)?;
            Some(format!("{stem}{old}"))
        });
        [usual].into_iter().chain(old).collect()
    }
}
