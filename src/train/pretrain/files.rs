//! The tokenizer of a language whose every word is a token.

use serde_json::{Map, json};

/// The tokens that are no words, in the order of their ids from 0.
pub(super) const SPECIAL_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Id of the token that hides a word.
pub(super) const MASK_ID: u32 = 4;

/// A BERT tokenizer, lower case, of these words, as the text of a `tokenizer.json`.
pub(super) fn tokenizer_json(words: &[String]) -> String {
    let tokens = SPECIAL_TOKENS
        .iter()
        .copied()
        .chain(words.iter().map(String::as_str));
    let vocabulary: Map<String, serde_json::Value> = tokens
        .enumerate()
        .map(|(id, token)| (token.to_owned(), id.into()))
        .collect();
    let added: Vec<_> = SPECIAL_TOKENS
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({
                "id": id, "content": content, "special": true, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false,
            })
        })
        .collect();
    let value = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    });
    format!("{value:#}\n")
}
