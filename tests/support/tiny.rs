//! A tiny encoder with random weights in Hugging Face layout, and a task that it can learn.

use std::path::Path;

use autopeft::model::Backbone;
use autopeft::model::config::EncoderConfig;
use autopeft::model::weights::{FileFormat, to_bytes};

const WORDS: [&str; 8] = ["red", "blue", "cat", "dog", "runs", "sleeps", "the", "a"];

/// A BERT of two layers as a folder: configuration, vocabulary, weights.
pub(crate) fn model_folder(folder: &Path) {
    let config = r#"{"model_type": "bert", "vocab_size": 13, "hidden_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 16, "type_vocab_size": 2,
        "pad_token_id": 0, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "initializer_range": 0.2}"#;
    let parsed = EncoderConfig::from_json(config, "config.json").unwrap();
    let tensors = Backbone::random(&parsed, 11);
    let weights = to_bytes(&tensors, FileFormat::F32).unwrap();
    std::fs::write(folder.join("config.json"), config).unwrap();
    std::fs::write(folder.join("model.safetensors"), weights).unwrap();
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let vocabulary: Vec<&str> = special.into_iter().chain(WORDS).collect();
    std::fs::write(folder.join("vocab.txt"), vocabulary.join("\n")).unwrap();
}

/// A sentence that says `red` or `blue`, and the colour's number.
pub(crate) fn sentence(number: usize) -> (String, usize) {
    let colour = number % 2;
    let (noun, verb) = (WORDS[2 + number / 2 % 2], WORDS[4 + number / 4 % 2]);
    (format!("the {} {noun} {verb}", WORDS[colour]), colour)
}
