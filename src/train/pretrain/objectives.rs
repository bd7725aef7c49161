//! The objectives' heads, which are thrown away after pretraining, and their losses.

use super::masking::Masked;
use crate::model::Initial;
use crate::model::config::EncoderConfig;
use crate::model::parameters::{Parameters, Slot};
use crate::model::tensor::{Tensor, integers, layer_norm, linear, relu, tanh};

/// Places of the heads' weights.
pub(super) struct Objectives {
    words: Slot,
    word_dense: Dense,
    word_norm: [Slot; 2],
    word_bias: Slot,
    judged: Dense,
    entailment_dense: Dense,
    entailment: Dense,
}

#[derive(Clone, Copy)]
struct Dense([Slot; 2]);

/// The losses of one step, one number each.
pub(super) struct Losses {
    /// The hidden words.
    pub(super) hidden: Tensor<1>,
    /// Was this word changed?
    pub(super) judged: Tensor<1>,
    /// Does the sentence follow?
    pub(super) entailments: Tensor<1>,
}

impl Objectives {
    /// Adds the heads' weights to those of the encoder.
    pub(super) fn add(parameters: &mut Parameters, config: &EncoderConfig, seed: u64) -> Self {
        let h = config.hidden;
        // Another stream than the encoder's weights.
        let mut initial = Initial::new(seed.wrapping_add(1));
        let mut dense = |parameters: &mut Parameters, name: &str, output: usize| {
            let weight = initial.normal(output * h, config.initializer_range);
            Dense([
                parameters.add(format!("heads.{name}.weight"), &[output, h], weight),
                parameters.add(format!("heads.{name}.bias"), &[output], vec![0.0; output]),
            ])
        };
        let words = parameters
            .slot("embeddings.word_embeddings.weight")
            .expect("every encoder has word embeddings");
        Self {
            words,
            word_dense: dense(parameters, "word_dense", h),
            judged: dense(parameters, "judged", 2),
            entailment_dense: dense(parameters, "entailment_dense", h),
            entailment: dense(parameters, "entailment", 2),
            word_norm: [
                parameters.add("heads.word_norm.weight", &[h], vec![1.0; h]),
                parameters.add("heads.word_norm.bias", &[h], vec![0.0; h]),
            ],
            word_bias: parameters.add(
                "heads.word.bias",
                &[config.vocabulary],
                vec![0.0; config.vocabulary],
            ),
        }
    }

    /// The losses, given the encoder's last hidden states, [B, S, H]; 0 where a batch has no place for an objective.
    pub(super) fn losses(
        &self,
        parameters: &Parameters,
        hidden: Tensor<3>,
        masked: &Masked,
    ) -> Losses {
        let [rows, tokens, h] = hidden.dims();
        debug_assert_eq!(tokens, masked.length);
        let hidden = hidden.reshape([rows * tokens, h]);
        let loss = |places: &[([usize; 2], u32)], logits: &dyn Fn(Tensor<2>) -> Tensor<2>| {
            let device = parameters.device();
            if places.is_empty() {
                return Tensor::zeros([1], (device, parameters.dtype()));
            }
            let flat = places
                .iter()
                .map(|([row, token], _)| (row * tokens + token) as u32);
            let at = integers(flat, [places.len()], device);
            let targets = integers(places.iter().map(|place| place.1), [places.len()], device);
            let logits = logits(hidden.clone().select(0, at));
            parameters.ops().cross_entropy(logits, targets)
        };
        Losses {
            hidden: loss(&masked.hidden, &|x| {
                let x = relu(self.word_dense.forward(parameters, x));
                let [weight, bias] = self.word_norm.map(|slot| parameters.vector(slot));
                let x = layer_norm(x, weight, Some(bias), 1e-12);
                let words = parameters.matrix(self.words).transpose();
                linear(x, words, Some(parameters.vector(self.word_bias)))
            }),
            judged: loss(&masked.judged, &|x| self.judged.forward(parameters, x)),
            entailments: loss(&masked.entailments, &|x| {
                let x = tanh(self.entailment_dense.forward(parameters, x));
                self.entailment.forward(parameters, x)
            }),
        }
    }
}

impl Dense {
    fn forward(self, parameters: &Parameters, x: Tensor<2>) -> Tensor<2> {
        let [weight, bias] = self.0;
        let weight = parameters.matrix(weight).transpose();
        linear(x, weight, Some(parameters.vector(bias)))
    }
}
