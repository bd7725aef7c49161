#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
use super::*;
use serde_json::json;

fn told(whole: &Value) -> String {
    match growth(whole) {
        Ok(Growth(times)) => format!("{times} times"),
        Err(error) => error.to_string(),
    }
}

fn normalizers(rules: Vec<Value>) -> Value {
    json!({ "normalizer": { "type": "Sequence", "normalizers": rules } })
}

#[test]
fn rules_that_make_texts_grow_without_end_are_refused() {
    let twice = json!({ "type": "Replace", "pattern": { "String": "a" }, "content": "aa" });
    assert_eq!(told(&normalizers(vec![twice.clone(); 12])), "4096 times");
    assert_eq!(
        told(&normalizers(vec![twice.clone(); 40])),
        "tokenizer.json: its `normalizer` and `pre_tokenizer` may make a text 1099511627776 times as long, and at most 4096 times are usual; leave out rules that repeat each other"
    );
    // One in the other as well as one after the other.
    let mut nested = normalizers(vec![twice.clone()]);
    for _ in 0..13 {
        nested = normalizers(vec![nested["normalizer"].clone(), twice.clone()]);
    }
    assert!(
        told(&nested).contains("16384 times as long"),
        "{}",
        told(&nested)
    );
    let nothing = json!({ "type": "Replace", "pattern": { "Regex": "x*" }, "content": "abcd" });
    assert!(told(&normalizers(vec![nothing; 7])).contains("times as long"));
    let long =
        json!({ "type": "Replace", "pattern": { "String": "a" }, "content": "b".repeat(5000) });
    assert_eq!(
        told(&normalizers(vec![long])),
        "tokenizer.json: `content` has 5000 bytes, and at most 1000 are usual"
    );
    let before = json!({ "type": "Prepend", "prepend": "b".repeat(5000) });
    assert_eq!(
        told(&normalizers(vec![before])),
        "tokenizer.json: `prepend` has 5000 bytes, and at most 1000 are usual"
    );
    let strip = json!({ "type": "Strip", "strip_left": true, "strip_right": true });
    assert_eq!(
        told(&normalizers(vec![strip; 200])),
        "tokenizer.json: `normalizer` has 200 rules or more, and at most 64 are usual"
    );
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": false });
    let splits =
        json!({ "pre_tokenizer": { "type": "Sequence", "pretokenizers": vec![bytes; 30] } });
    assert!(told(&splits).contains("times as long"));
}

#[test]
fn rules_as_known_tokenizers_have_them_are_taken() {
    let replace = |from: &str, to: &str| json!({ "type": "Replace", "pattern": { "String": from }, "content": to });
    let albert = vec![
        replace("``", "\""),
        replace("''", "\""),
        json!({ "type": "NFKD" }),
        json!({ "type": "StripAccents" }),
        json!({ "type": "Lowercase" }),
        json!({ "type": "Precompiled", "precompiled_charsmap": "BAAAAAECAwRhAGFiYwA=" }),
        json!({ "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": "\u{2581}" }),
    ];
    let mut whole = normalizers(albert);
    whole["pre_tokenizer"] = json!({ "type": "Metaspace", "replacement": "\u{2581}" });
    assert_eq!(told(&whole), format!("{} times", 11 * 3 * 3 * 4));
    assert_eq!(
        told(&json!({ "normalizer": null, "pre_tokenizer": null })),
        "1 times"
    );
}

#[test]
fn patterns_that_try_ways_without_end_are_told() {
    for regex in [
        "(?=(a+)+$)b",
        "(a|aa)+(?!b)",
        "(?<=x)(?:a*)*",
        "(a*)*\\1",
        "(?>(a+)+)b",
        "((?:\\w+\\s?)*)(?<!y)",
    ] {
        assert!(tries_all_ways(regex), "{regex}");
    }
    // Those of GPT-2, GPT-4 and of usual rules; what is not matched by trying may repeat what it will.
    for regex in [
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "(a+)+b",
        "([(?=)*]+)",
        " {2,}",
        r"\(a\)+(?=b)",
    ] {
        assert!(!tries_all_ways(regex), "{regex}");
    }
    let split =
        json!({ "pre_tokenizer": { "type": "Split", "pattern": { "Regex": "(?=(a+)+$)b" } } });
    assert_eq!(
        told(&split),
        "tokenizer.json: the pattern `(?=(a+)+$)b` looks around or back and repeats a group: on some texts it tries ways without end, is given up, and leaves the rest of the text as it is; write it without repeated groups"
    );
    let long =
        json!({ "pre_tokenizer": { "type": "Split", "pattern": { "Regex": "a".repeat(20_000) } } });
    assert_eq!(
        told(&long),
        "tokenizer.json: `pattern` has 20000 bytes, and at most 10000 are usual"
    );
}

#[test]
fn long_tokens_words_and_templates_are_told_with_their_bounds() {
    let unigram =
        json!({ "model": { "type": "Unigram", "vocab": [["a", 0.0], ["a".repeat(300), -1.0]] } });
    assert_eq!(
        told(&unigram),
        "tokenizer.json: it has a token of 300 bytes, and at most 256 are usual"
    );
    let long = "a".repeat(2000);
    let bpe = json!({ "model": { "type": "BPE", "vocab": { long.clone(): 0 } } });
    assert_eq!(
        told(&bpe),
        "tokenizer.json: it has a token of 2000 bytes, and at most 1000 are usual"
    );
    assert_eq!(
        told(
            &json!({ "model": { "type": "WordPiece", "vocab": {}, "max_input_chars_per_word": 1_000_000 } })
        ),
        "tokenizer.json: `max_input_chars_per_word` is 1000000, and at most 1000 are usual"
    );
    assert_eq!(
        told(&json!({ "model": { "type": "WordPiece", "continuing_subword_prefix": long } })),
        "tokenizer.json: `continuing_subword_prefix` has 2000 bytes, and at most 1000 are usual"
    );
    assert_eq!(
        told(&json!({ "added_tokens": vec![json!({ "content": "a" }); 100_001] })),
        "tokenizer.json: `added_tokens` has 100001 tokens, and at most 100000 are usual"
    );
    let template = |pieces: Vec<Value>, ids: usize| {
        told(
            &json!({ "post_processor": { "type": "Sequence", "processors": [{
            "type": "TemplateProcessing",
            "single": pieces,
            "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": vec![1; ids] } },
        }] } }),
        )
    };
    let special = json!({ "SpecialToken": { "id": "[CLS]", "type_id": 0 } });
    let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
    assert_eq!(template(vec![special.clone(), text.clone()], 1), "1 times");
    assert_eq!(
        template(vec![special.clone(); 1000], 1),
        "tokenizer.json: the template `single` has 1000 pieces, and at most 64 are usual"
    );
    assert_eq!(
        template(vec![text.clone(), text], 1),
        "tokenizer.json: the template `single` names the text $A twice"
    );
    assert_eq!(
        template(vec![special], 65),
        "tokenizer.json: the template's token `[CLS]` has 65 ids, and at most 64 are usual"
    );
}

#[test]
fn a_long_text_is_tried_on_pieces_where_it_could_grow() {
    let grown = |content: &str| {
        let rule = json!({ "type": "Replace", "pattern": { "String": "a" }, "content": content });
        let mut whole = normalizers(vec![rule]);
        let growth = growth(&whole).unwrap();
        whole["model"] = json!({ "type": "WordLevel", "vocab": { "a": 0 }, "unk_token": "a" });
        whole["added_tokens"] = json!([]);
        let tokenizer = Tokenizer::from_bytes(whole.to_string()).unwrap();
        let hold = |text: &str| {
            growth
                .hold(&tokenizer, text)
                .map_err(|error| error.to_string())
        };
        (hold(&"a".repeat(200_000)), hold(&"\u{e9}".repeat(200_000)))
    };
    let long = "b".repeat(1000);
    let (of_those, of_others) = grown(&long);
    assert_eq!(
        of_those.unwrap_err(),
        "a text could not be tokenised: the `normalizer` of tokenizer.json makes a text of 200000 bytes longer than 67108864"
    );
    assert_eq!(of_others, Ok(()));
    assert_eq!(grown("bb").0, Ok(()));
}

#[test]
fn ids_for_which_there_is_no_room_are_refused() {
    let vocabulary = |id: u64| json!({ "model": { "vocab": { "[UNK]": 0, "huge": id } } });
    let added = json!({ "added_tokens": [{ "id": 4_294_967_295_u64, "content": "[NEW]" }] });
    assert_eq!(told(&vocabulary(16_777_215)), "1 times");
    assert_eq!(
        told(&vocabulary(16_777_216)),
        "tokenizer.json: it has a token of the id 16777216, and ids up to 16777215 are usual"
    );
    assert_eq!(
        told(&added),
        "tokenizer.json: it has a token of the id 4294967295, and ids up to 16777215 are usual"
    );
}
