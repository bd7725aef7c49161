//! `check` finds what would end a study, in the run's words, and both end with exit code 2 before any trial.
#![cfg(unix)]

use std::fs;

use crate::support::lab::Lab;

const CHECK: [&str; 4] = ["check", "study.toml", "--device", "cpu"];
const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

fn replace(lab: &Lab, name: &str, old: &str, new: &str) {
    let text = fs::read_to_string(lab.path(name)).unwrap();
    assert!(text.contains(old), "{old}");
    fs::write(lab.path(name), text.replace(old, new)).unwrap();
}

fn append(lab: &Lab, name: &str, text: &str) {
    let old = fs::read_to_string(lab.path(name)).unwrap();
    fs::write(lab.path(name), old + text).unwrap();
}

/// What `check` and a run say of a study that cannot run: the same, and no run is begun.
fn refused(lab: &Lab) -> String {
    let [check, run] = [&CHECK[..], &RUN].map(|command| {
        let output = lab.output(command);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {told}");
        told
    });
    assert_eq!(check, run);
    assert!(!lab.path("runs").exists(), "nothing is begun");
    check
}

#[test]
fn a_token_beyond_the_table_is_found_in_any_file() {
    let added = r#"{"additional_special_tokens": ["<user>"]}"#;
    let row = "{\"text\": \"<user> the red cat\", \"label\": 0}\n";
    for (file, place) in [
        ("train.jsonl", "training row 161"),
        ("validation.jsonl", "validation row 33"),
        ("test.jsonl", "test row 1"),
    ] {
        let lab = Lab::new(4, 1);
        replace(
            &lab,
            "study.toml",
            "text_columns",
            "test_file = \"test.jsonl\"\ntext_columns",
        );
        fs::write(lab.path("test.jsonl"), "").unwrap();
        fs::write(lab.path("tokenizer_config.json"), added).unwrap();
        append(&lab, file, row);
        if file != "test.jsonl" {
            append(
                &lab,
                "test.jsonl",
                "{\"text\": \"the red cat\", \"label\": 0}\n",
            );
        }
        let told = refused(&lab);
        for part in [
            place,
            "`<user>` has id 13",
            "from 0 to 12",
            "resize_token_embeddings",
        ] {
            assert!(told.contains(part), "{part:?} is not in: {told}");
        }
    }
}

#[test]
fn token_types_without_a_table_are_found() {
    let lab = Lab::new(4, 1);
    replace(
        &lab,
        "config.json",
        "\"type_vocab_size\": 2",
        "\"type_vocab_size\": 1",
    );
    for (file, text) in [("train.jsonl", "a"), ("validation.jsonl", "b")] {
        let row = |label| {
            format!("{{\"text\": \"red {text}\", \"more\": \"blue\", \"label\": {label}}}\n")
        };
        fs::write(lab.path(file), row(0) + &row(1)).unwrap();
    }
    replace(&lab, "study.toml", "[\"text\"]", "[\"text\", \"more\"]");
    let told = refused(&lab);
    assert!(
        told.contains("type 0 alone (so in 2 of 2 training rows)"),
        "{told}"
    );
}

#[test]
fn tokenizers_that_python_would_use_otherwise_are_found() {
    for (settings, part) in [
        (
            r#"{"tokenizer_class": "BertJapaneseTokenizer"}"#,
            "Japanese word splitter",
        ),
        (r#"{"padding_side": "left"}"#, "padding_side"),
    ] {
        let lab = Lab::new(4, 1);
        fs::write(lab.path("tokenizer_config.json"), settings).unwrap();
        let told = refused(&lab);
        assert!(told.contains(part), "{told}");
    }
    let lab = Lab::new(4, 1);
    fs::rename(lab.path("vocab.txt"), lab.path("spiece.model")).unwrap();
    let told = refused(&lab);
    assert!(
        told.contains("spiece.model") && told.contains("tokenizer.json"),
        "{told}"
    );
}

#[test]
fn weights_that_a_run_could_not_load_end_a_check() {
    let lab = Lab::new(4, 1);
    let bytes = fs::read(lab.path("model.safetensors")).unwrap();
    fs::write(lab.path("model.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
    let output = lab.output(&CHECK);
    let (told, overview) = (
        String::from_utf8(output.stderr).unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    );
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("model.safetensors"), "{told}");
    assert!(overview.contains("tokens      median"), "{overview}");
    let run = String::from_utf8(lab.output(&RUN).stderr).unwrap();
    assert!(run.contains(told.trim()), "{run}");
}

#[test]
fn rows_without_words_and_a_cased_vocabulary_are_told() {
    let lab = Lab::new(4, 1);
    append(
        &lab,
        "train.jsonl",
        "{\"text\": \"\", \"label\": 0}\n{\"text\": \" \", \"label\": 1}\n",
    );
    replace(&lab, "vocab.txt", "blue", "Blue");
    let overview = lab.text(&CHECK);
    let told: Vec<&str> = overview
        .lines()
        .filter(|line| line.starts_with("warning"))
        .collect();
    for part in [
        "2 of 162 training rows have no token of text",
        "capital letters",
        "not in the encoder's vocabulary",
    ] {
        assert!(
            told.iter().any(|line| line.contains(part)),
            "{part:?} is not in: {overview}"
        );
    }
    // The settings say that the encoder is cased: `blue` is not `Blue`, and nothing is out of reach.
    fs::write(
        lab.path("tokenizer_config.json"),
        r#"{"do_lower_case": false}"#,
    )
    .unwrap();
    assert!(!lab.text(&CHECK).contains("capital letters"));
}
