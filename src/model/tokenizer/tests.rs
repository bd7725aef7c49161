//! Tokenizers of small folders.

#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use serde_json::{Value, json};

use super::*;
use crate::task::Label;

/// The files of a folder, by name and content.
fn files(contents: &[(&str, &str)]) -> TokenizerFiles {
    let read = |name: &str| {
        let found = contents.iter().find(|(file, _)| *file == name);
        Ok::<_, ()>(found.map(|(_, content)| content.as_bytes().to_vec()))
    };
    let gathered = TokenizerFiles::gather(br#"{"model_type": "bert"}"#, read);
    gathered.unwrap().unwrap()
}

/// A BERT tokenizer of these words.
fn word_pieces(words: &[&str], settings: &str) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::new(&files(&[
        ("vocab.txt", &words.join("\n")),
        ("tokenizer_config.json", settings),
    ]))
}

const WORDS: [&str; 8] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "Cat", "dog",
];

#[test]
fn a_cased_vocabulary_keeps_its_case() {
    let uncased = word_pieces(&WORDS, "{}").unwrap();
    assert_eq!(uncased.plain("Cat").unwrap(), [5]);
    let cased = word_pieces(&WORDS, r#"{"do_lower_case": false}"#).unwrap();
    assert_eq!(cased.plain("Cat").unwrap(), [6]);
    assert_eq!(uncased.pad_id(), 0);
    assert_eq!(uncased.vocabulary_size(), WORDS.len());
    assert_eq!(uncased.out_of_reach(), 1.0 / 3.0, "Cat of cat, Cat, dog");
    assert_eq!(cased.out_of_reach(), 0.0);
}

#[test]
fn a_length_without_room_for_text_is_refused() {
    let tokenizer = word_pieces(&WORDS, "{}").unwrap();
    let pair = Example {
        text: "cat".into(),
        pair: Some("dog dog".into()),
        label: Label::Class(0),
    };
    let error = tokenizer
        .encode(std::slice::from_ref(&pair), 3)
        .unwrap_err();
    assert!(
        error.to_string().contains("3 of them are special"),
        "{error}"
    );
    let row = &tokenizer.encode(&[pair], 5).unwrap()[0];
    assert_eq!(row.ids, [2, 5, 3, 7, 3]);
    assert_eq!(row.type_ids, [0, 0, 0, 1, 1]);
    assert_eq!((row.whole, row.words), (6, 2));
}

#[test]
fn a_vocabulary_of_another_kind_is_refused() {
    let error = word_pieces(&["cat"], "{}").unwrap_err();
    assert!(error.to_string().contains("[UNK]"), "{error}");
    let error = Tokenizer::new(&TokenizerFiles::json(b"{".to_vec())).unwrap_err();
    assert!(error.to_string().contains("tokenizer.json"), "{error}");
}

#[test]
fn what_python_would_do_otherwise_is_refused_with_the_remedy() {
    let refused = |settings: &str| word_pieces(&WORDS, settings).unwrap_err().to_string();
    for (settings, parts) in [
        (
            r#"{"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}"#,
            ["MeCab", "Choose"],
        ),
        (
            r#"{"tokenizer_class": "BertweetTokenizer"}"#,
            ["tweets", "Choose"],
        ),
        (
            r#"{"tokenizer_class": "AlbertTokenizer"}"#,
            ["AlbertTokenizer", "save_pretrained"],
        ),
        (
            r#"{"tokenizer_class": "XLMRobertaTokenizer"}"#,
            ["tokenizer.json only", "save_pretrained"],
        ),
        (
            r#"{"tokenizer_class": "RobertaTokenizer"}"#,
            ["vocab.json", "neither"],
        ),
        (r#"{"padding_side": "left"}"#, ["padding", "\"right\""]),
        (
            r#"{"truncation_side": "middle"}"#,
            ["truncation_side", "\"left\""],
        ),
        (
            r#"{"truncation_side": "Left"}"#,
            ["truncation_side", "small letters"],
        ),
        (
            r#"{"padding_side": "Right"}"#,
            ["padding_side", "small letters"],
        ),
        (r#"{"pad_token": null}"#, ["`pad_token` is null", "[PAD]"]),
        (
            r#"{"vocab_file": "/elsewhere/other.txt"}"#,
            ["/elsewhere/other.txt", "take the key out"],
        ),
        (
            r#"{"vocab_file": null}"#,
            ["`vocab_file` is null", "take the key out"],
        ),
        (
            r#"{"merges_file": "merges.txt"}"#,
            ["merges_file", "take the key out"],
        ),
        (
            r#"{"model_input_names": ["input_ids"]}"#,
            ["model_input_names", "attention_mask"],
        ),
        (
            r#"{"do_lower_case": "yes"}"#,
            ["do_lower_case", "true or false"],
        ),
        (
            r#"{"word_tokenizer_type": "mecab"}"#,
            ["word_tokenizer_type", "another encoder"],
        ),
        (r#"{"from_slow": true}"#, ["from_slow", "take the key out"]),
        (r#"{"cls_token": 3}"#, ["cls_token", "AddedToken"]),
        ("[1]", ["tokenizer_config.json", "map"]),
    ] {
        let error = refused(settings);
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}

/// Why a `tokenizer.json` with settings beside it is refused; the file is the embedded encoder's, changed.
fn refused(change: impl FnOnce(&mut Value), settings: &Value) -> String {
    let whole = include_bytes!("../../../assets/demo/tokenizer.json");
    let mut whole: Value = serde_json::from_slice(whole).unwrap();
    change(&mut whole);
    let error = Tokenizer::new(&files(&[
        ("tokenizer.json", &whole.to_string()),
        ("tokenizer_config.json", &settings.to_string()),
    ]));
    error
        .err()
        .map_or("nothing".into(), |error| error.to_string())
}

#[test]
fn what_versions_of_the_library_differ_on_is_refused_with_the_remedy() {
    assert_eq!(refused(|_| (), &json!({})), "nothing");
    let other = json!({"type": "Lowercase"});
    let named = json!({"id": 900, "content": "Red", "special": false, "normalized": true,
        "single_word": false, "lstrip": false, "rstrip": false});
    let kept = json!({"added_tokens_decoder": {"0": {"content": "[PAD]", "special": true}}});
    let cases = [
        (
            refused(|whole| whole["post_processor"] = Value::Null, &json!({})),
            ["no template", "save the tokenizer"],
        ),
        (
            refused(|_| (), &json!({"cls_token": "[MASK]"})),
            ["`cls_token` is [MASK]", "has [CLS]"],
        ),
        (
            refused(|whole| whole["normalizer"] = other.clone(), &json!({})),
            ["unlike BERT", "PreTrainedTokenizerFast"],
        ),
        (
            refused(|whole| whole["normalizer"] = Value::Null, &json!({})),
            ["`normalizer` is null", "save the tokenizer"],
        ),
        (
            refused(|_| (), &kept),
            ["leaves out `[UNK]`", "name it in both"],
        ),
        (
            refused(
                |whole| whole["added_tokens"].as_array_mut().unwrap().push(named),
                &json!({"do_lower_case": false}),
            ),
            ["added token `Red`", "both files agree"],
        ),
        (
            refused(
                |_| (),
                &json!({"tokenizer_file": "/elsewhere/tokenizer.json"}),
            ),
            ["tokenizer_file", "take the key out"],
        ),
    ];
    for (told, parts) in cases {
        for part in parts {
            assert!(told.contains(part), "{part:?} is not in: {told}");
        }
    }
    // As it is, for Python too, whatever it does.
    let of_no_class = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
    assert_eq!(
        refused(|whole| whole["normalizer"] = other, &of_no_class),
        "nothing"
    );
}

#[test]
fn merges_end_and_begin_as_every_version_reads_them() {
    let vocabulary = r#"{"<s>": 0, "<pad>": 1, "</s>": 2, "a": 3, "b": 4, "ab": 5, "<mask>": 6}"#;
    let with = |merges: &str| {
        Tokenizer::new(&files(&[
            ("vocab.json", vocabulary),
            ("merges.txt", merges),
            (
                "tokenizer_config.json",
                r#"{"tokenizer_class": "RobertaTokenizer"}"#,
            ),
        ]))
    };
    assert_eq!(
        with("#version: 0.2\na b\n").unwrap().plain("ab").unwrap(),
        [5]
    );
    for (merges, part) in [
        ("#version: 0.2\na b", "end it"),
        ("a b\n", "#version"),
        ("#version: 0.2\na b c\n", "line 2: expected two tokens"),
    ] {
        let error = with(merges).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
}

#[test]
fn what_chance_would_decide_is_refused() {
    let token = |id: u32, content: &str, normalized: bool| {
        json!({"id": id, "content": content, "special": false, "normalized": normalized,
            "single_word": false, "lstrip": false, "rstrip": false})
    };
    let with = |first: Value, second: Value| {
        let both = |whole: &mut Value| {
            let added = whole["added_tokens"].as_array_mut().unwrap();
            added.extend([first, second]);
        };
        refused(both, &json!({}))
    };
    // The library gives new tokens the ids after the vocabulary, whatever the file says.
    let told = with(token(900, "Xyzzy", true), token(901, "XYZZY", true));
    assert!(
        told.contains("`Xyzzy` and `XYZZY`") && told.contains("take one out"),
        "{told}"
    );
    let told = with(token(900, "É", true), token(901, "e", true));
    assert!(told.contains("both `e` once normalised"), "{told}");
    let apart = with(token(900, "Xyzzy", true), token(901, "XYZZY", false));
    assert_eq!(apart, "nothing");

    let merges = |dropout: Value| {
        let model = json!({"type": "BPE", "dropout": dropout, "unk_token": "[UNK]", "merges": ["a b"],
            "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6, "ab": 7}});
        refused(|whole| whole["model"] = model, &json!({}))
    };
    let told = merges(json!(0.1));
    assert!(
        told.contains("`dropout` is 0.1") && told.contains("null"),
        "{told}"
    );
    assert_eq!(merges(Value::Null), "nothing");
    assert_eq!(merges(json!(0.0)), "nothing");
    // Without a `tokenizer.json`, from the settings alone.
    let decoder = json!({"added_tokens_decoder": {
        "8": {"content": "New", "normalized": true}, "9": {"content": "NEW", "normalized": true}}});
    let error = word_pieces(&WORDS, &decoder.to_string()).unwrap_err();
    assert!(error.to_string().contains("`New` and `NEW`"), "{error}");
}

#[test]
fn added_tokens_that_two_files_normalise_otherwise_are_refused() {
    let with = |normalized: bool| {
        let named = |(id, content): (usize, &&str)| {
            let normalized = normalized && *content == "[UNK]";
            let token = json!({"content": content, "special": true, "normalized": normalized});
            (id.to_string(), token)
        };
        let decoder: serde_json::Map<_, _> = WORDS.iter().take(5).enumerate().map(named).collect();
        refused(|_| (), &json!({"added_tokens_decoder": decoder}))
    };
    assert_eq!(with(false), "nothing");
    let told = with(true);
    assert!(
        told.contains("`normalized` true of `[UNK]`") && told.contains("say the same"),
        "{told}"
    );
}

#[test]
fn a_length_of_its_own_does_not_hold() {
    let short = json!({"direction": "Left", "max_length": 5, "strategy": "OnlyFirst", "stride": 2});
    assert_eq!(
        refused(|whole| whole["truncation"] = short, &json!({})),
        "nothing"
    );
}
