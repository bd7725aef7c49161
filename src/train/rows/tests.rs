//! Rows of small vocabularies.

use super::*;
use crate::task::Label;
use serde_json::json;

/// A model whose tokenizer has 10 tokens, the last two of them added, and whose encoder knows `known` of them.
fn reader(encoder: &EncoderConfig, settings: &serde_json::Value) -> Reader<'static> {
    let words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\ncat\nCat\n";
    let settings = settings.to_string();
    let files = [("vocab.txt", words), ("tokenizer_config.json", &settings)];
    let read = |name: &str| {
        let found = files.iter().find(|(file, _)| *file == name);
        Ok::<_, ()>(found.map(|(_, content)| content.as_bytes().to_vec()))
    };
    let files = TokenizerFiles::gather(br#"{"model_type": "bert"}"#, read)
        .unwrap()
        .unwrap();
    let encoder = Box::leak(Box::new(encoder.clone()));
    Reader::new(&files, encoder, 8).unwrap()
}

fn encoder(vocabulary: usize, token_types: usize) -> EncoderConfig {
    EncoderConfig {
        vocabulary,
        token_types,
        ..ModelFiles::embedded().encoder_config().unwrap()
    }
}

fn rows(texts: &[(&str, Option<&str>)]) -> Vec<Example> {
    let example = |(text, pair): &(&str, Option<&str>)| Example {
        text: (*text).to_owned(),
        pair: pair.map(str::to_owned),
        label: Label::Class(0),
    };
    texts.iter().map(example).collect()
}

#[test]
fn a_token_beyond_the_table_is_found_in_whatever_row_it_is() {
    let added = json!({"additional_special_tokens": ["<user>", "<extra>"]});
    let texts = rows(&[
        ("red", None),
        ("cat <user>", None),
        ("<extra>\u{1b}[2J", None),
    ]);
    let error = reader(&encoder(8, 2), &added)
        .read("test", &texts)
        .unwrap_err();
    let told = error.to_string();
    for part in [
        "test row 2 (\"cat <user>\")",
        "`<user>` has id 8",
        "from 0 to 7",
        "so in 2 of 3 test rows",
    ] {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
    let error = reader(&encoder(9, 2), &added)
        .read("test", &texts)
        .unwrap_err();
    assert!(
        error.to_string().contains("(\"<extra>\\u{1b}[2J\")"),
        "{error}"
    );
    assert!(reader(&encoder(10, 2), &added).read("test", &texts).is_ok());
}

#[test]
fn a_type_that_the_encoder_lacks_is_found_and_can_be_left_out() {
    let texts = rows(&[("red", None), ("red", Some("cat"))]);
    let error = reader(&encoder(8, 1), &json!({}))
        .read("training", &texts)
        .unwrap_err();
    let told = error.to_string();
    for part in [
        "training row 2",
        "type 0 alone",
        "so in 1 of 2",
        "model_input_names",
    ] {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
    // DistilBERT has no table of types.
    assert!(
        reader(&encoder(8, 0), &json!({}))
            .read("training", &texts)
            .is_ok()
    );
    let none = json!({"model_input_names": ["input_ids", "attention_mask"]});
    let read = reader(&encoder(8, 1), &none)
        .read("training", &texts)
        .unwrap();
    assert_eq!(read.rows[1].types, [0; 5]);
    assert_eq!(read.lengths, [3, 5]);
}

#[test]
fn empty_and_unknown_texts_and_a_cased_vocabulary_are_remarked_on() {
    let plain = reader(&encoder(8, 2), &json!({"model_max_length": 6}));
    let texts = rows(&[
        ("red", None),
        ("", None),
        (" \u{200b}", None),
        ("zebra cat", None),
    ]);
    let read = plain.read("validation", &texts).unwrap();
    assert_eq!(read.remarks.len(), 2, "{:?}", read.remarks);
    assert!(read.remarks[0].starts_with("2 of 4 validation rows have no token of text"));
    assert!(
        read.remarks[0].contains("validation row 2 (\"\")"),
        "{:?}",
        read.remarks
    );
    assert!(read.remarks[1].starts_with("33 %"), "{:?}", read.remarks);
    let of_tokenizer = plain.remarks();
    assert_eq!(of_tokenizer.len(), 2, "{of_tokenizer:?}");
    assert!(of_tokenizer[0].contains("33 %") && of_tokenizer[0].contains("do_lower_case"));
    assert!(of_tokenizer[1].contains("model_max_length` of the tokenizer is 6"));
    let cased = reader(&encoder(8, 2), &json!({"do_lower_case": false}));
    assert_eq!(cased.remarks(), [""; 0]);
    assert_eq!(
        cased.read("validation", &texts[..1]).unwrap().remarks,
        [""; 0]
    );
}

#[test]
fn a_length_without_room_is_no_rows_fault() {
    let mut short = reader(&encoder(8, 2), &json!({}));
    short.max_length = 2;
    let error = short.read("training", &rows(&[("red", None)])).unwrap_err();
    assert!(matches!(error, RowsError::Tokenizer(_)), "{error}");
}
