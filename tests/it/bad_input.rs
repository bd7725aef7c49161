//! Files that are not what they should be. Each is refused with what is wrong, where, and what to do; nothing is
//! trained, nothing panics, and no memory is taken on a liar's word.
#![cfg(unix)]

use std::fs;
use std::process::Output;

use crate::support::lab::Lab;
use insta::assert_snapshot;

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

/// What the program tells of a study after `spoil`, and how it ends.
fn told(spoil: impl FnOnce(&Lab)) -> String {
    let lab = Lab::new(4, 1);
    spoil(&lab);
    let output = lab.output(&RUN);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("finished"));
    lab.told(&modest(output))
}

/// The output of a program that took no more memory than such a study needs.
fn modest(output: Output) -> Output {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("panicked"), "{text}");
    assert!(
        output.status.code().is_some(),
        "killed: {:?}",
        output.status
    );
    output
}

/// A name, and what makes a good study one that cannot be used.
type Case<'a> = (&'a str, &'a dyn Fn(&Lab));

/// All cases, one after the other, as one text.
fn all(cases: &[Case<'_>]) -> String {
    let tell = |(name, spoil): &Case<'_>| format!("# {name}\n{}", told(spoil));
    cases.iter().map(tell).collect::<Vec<_>>().join("\n")
}

fn write(lab: &Lab, name: &str, content: impl AsRef<[u8]>) {
    fs::write(lab.path(name), content).unwrap();
}

fn replace(lab: &Lab, name: &str, old: &str, new: &str) {
    let text = fs::read_to_string(lab.path(name)).unwrap();
    assert!(text.contains(old), "{old}");
    write(lab, name, text.replace(old, new));
}

/// The model's weights with another header; the header's length is put right.
fn with_header(lab: &Lab, change: impl FnOnce(String) -> String) {
    let bytes = fs::read(lab.path("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    let header = change(header);
    let mut lying = (header.len() as u64).to_le_bytes().to_vec();
    lying.extend_from_slice(header.as_bytes());
    lying.extend_from_slice(&bytes[8 + length..]);
    write(lab, "model.safetensors", lying);
}

#[test]
fn weights_that_are_not_whole_or_lie_are_refused() {
    let told = all(&[
        ("cut in half", &|lab| {
            let bytes = fs::read(lab.path("model.safetensors")).unwrap();
            write(lab, "model.safetensors", &bytes[..bytes.len() / 2]);
        }),
        ("empty", &|lab| write(lab, "model.safetensors", "")),
        ("a header of 2^63 bytes", &|lab| {
            write(lab, "model.safetensors", (1_u64 << 63).to_le_bytes());
        }),
        ("a header that is no JSON", &|lab| {
            with_header(lab, |header| header.replace('{', "["));
        }),
        ("an axis of 2^62", &|lab| {
            with_header(lab, |header| {
                header.replacen("\"shape\":[", "\"shape\":[4611686018427387904,", 1)
            });
        }),
        ("a tensor beyond the file", &|lab| {
            with_header(lab, |header| {
                header.replacen("\"data_offsets\":[0,", "\"data_offsets\":[99999999999,", 1)
            });
        }),
        ("a tensor that is missing", &|lab| {
            with_header(lab, |header| {
                header.replace(
                    "encoder.layer.1.output.dense.bias",
                    "encoder.layer.1.output.dense.bios",
                )
            });
        }),
        ("whole numbers", &|lab| {
            with_header(lab, |header| header.replace("\"F32\"", "\"I32\""));
        }),
        ("values that are not finite", &|lab| {
            let mut bytes = fs::read(lab.path("model.safetensors")).unwrap();
            let length = bytes.len();
            bytes[length - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
            write(lab, "model.safetensors", bytes);
        }),
        ("another size than the configuration's", &|lab| {
            replace(
                lab,
                "config.json",
                "\"intermediate_size\": 32",
                "\"intermediate_size\": 64",
            );
        }),
        ("a pickle", &|lab| {
            fs::rename(lab.path("model.safetensors"), lab.path("pytorch_model.bin")).unwrap();
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn configurations_of_no_encoder_are_refused() {
    let told = all(&[
        ("no JSON", &|lab| {
            write(lab, "config.json", "{\"model_type\": ")
        }),
        ("no text", &|lab| write(lab, "config.json", b"\xff\xfe{}")),
        ("another architecture", &|lab| {
            replace(lab, "config.json", "\"bert\"", "\"llama\"");
        }),
        ("no hidden size", &|lab| {
            replace(lab, "config.json", "\"hidden_size\": 16,", "");
        }),
        ("a hidden size of 2^62", &|lab| {
            replace(
                lab,
                "config.json",
                "\"hidden_size\": 16",
                "\"hidden_size\": 4611686018427387904",
            );
        }),
        ("a billion layers", &|lab| {
            replace(
                lab,
                "config.json",
                "\"num_hidden_layers\": 2",
                "\"num_hidden_layers\": 1000000000",
            );
        }),
        ("no heads", &|lab| {
            replace(
                lab,
                "config.json",
                "\"num_attention_heads\": 2",
                "\"num_attention_heads\": 0",
            );
        }),
        ("a vocabulary smaller than the tokenizer's", &|lab| {
            replace(
                lab,
                "config.json",
                "\"vocab_size\": 13",
                "\"vocab_size\": 5",
            );
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn tokenizers_that_cannot_be_used_are_refused() {
    let told = all(&[
        ("none", &|lab| {
            fs::remove_file(lab.path("vocab.txt")).unwrap()
        }),
        ("an empty vocabulary", &|lab| write(lab, "vocab.txt", "")),
        ("no text", &|lab| {
            write(lab, "vocab.txt", b"[PAD]\n\xff\xfe\n")
        }),
        ("a tokenizer.json of nothing", &|lab| {
            write(lab, "tokenizer.json", "{}")
        }),
        ("no JSON", &|lab| {
            write(lab, "tokenizer.json", "{\"model\":")
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn rows_that_cannot_be_used_are_refused() {
    let told = all(&[
        ("bytes that are no UTF-8", &|lab| {
            write(lab, "train.jsonl", b"{\"text\": \"a\xff\", \"label\": 0}\n");
        }),
        ("no such column", &|lab| {
            write(lab, "train.jsonl", "{\"txt\": \"a\", \"label\": 0}\n");
        }),
        ("an empty file", &|lab| write(lab, "train.jsonl", "")),
        ("one class", &|lab| {
            write(
                lab,
                "train.jsonl",
                "{\"text\": \"the red cat\", \"label\": 0}\n".repeat(20),
            );
        }),
        ("a label that no training row has", &|lab| {
            write(
                lab,
                "validation.jsonl",
                "{\"text\": \"the red cat\", \"label\": 7}\n",
            );
        }),
        ("a line that is no object", &|lab| {
            write(lab, "train.jsonl", "[1, 2]\n")
        }),
        ("a list for a text", &|lab| {
            write(lab, "train.jsonl", "{\"text\": [\"a\"], \"label\": 0}\n");
        }),
        ("brackets a million deep", &|lab| {
            write(
                lab,
                "train.jsonl",
                format!("{{\"text\": {}", "[".repeat(1_000_000)),
            );
        }),
        ("no file", &|lab| {
            fs::remove_file(lab.path("train.jsonl")).unwrap()
        }),
        ("a folder for a file", &|lab| {
            fs::remove_file(lab.path("train.jsonl")).unwrap();
            fs::create_dir(lab.path("train.jsonl")).unwrap();
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_line_of_a_million_tokens_is_cut_like_any_other() {
    let lab = Lab::new(4, 1);
    let mut rows = fs::read_to_string(lab.path("train.jsonl")).unwrap();
    let long = "red cat ".repeat(500_000);
    rows.push_str(&format!("{{\"text\": \"{long}\", \"label\": 0}}\n"));
    write(&lab, "train.jsonl", rows);
    let told = lab.text(&RUN);
    assert!(told.contains("finished"), "{told}");
}

#[test]
fn rows_shared_by_the_splits_are_reported() {
    let lab = Lab::new(4, 1);
    let rows = |range: std::ops::Range<usize>| -> String {
        let row = |i: usize| format!("{{\"text\": \"row {i}\", \"label\": {}}}\n", i % 2);
        range.map(row).collect()
    };
    write(&lab, "train.jsonl", rows(0..20));
    write(&lab, "validation.jsonl", rows(18..30));
    write(&lab, "test.jsonl", rows(26..40) + &rows(0..1));
    replace(
        &lab,
        "study.toml",
        "text_columns",
        "test_file = \"test.jsonl\"\ntext_columns",
    );
    let overview = lab.text(&["check", "study.toml", "--device", "cpu"]);
    let warnings: Vec<&str> = overview
        .lines()
        .filter(|line| line.starts_with("warning") && line.contains(" occur "))
        .collect();
    assert_snapshot!(warnings.join("\n"), @r"
    warning     2 of 12 validation rows occur word for word among the training rows
    warning     1 of 15 test rows occur word for word among the training rows
    warning     4 of 15 test rows occur word for word among the validation rows
    ");
}

#[test]
fn journals_that_this_program_did_not_write_are_refused() {
    let line = |json: &str| format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
    let journal = |lab: &Lab, content: String| {
        fs::create_dir_all(lab.path("runs/tiny")).unwrap();
        write(lab, "runs/tiny/journal.jsonl", content);
    };
    let told = all(&[
        ("of a later program", &|lab| {
            journal(
                lab,
                line(r#"{"unix_seconds":0,"record":"study_created","format":99,"tables":[]}"#),
            );
        }),
        ("with a record of a later program", &|lab| {
            journal(
                lab,
                line(r#"{"unix_seconds":0,"record":"trial_promoted","trial":0}"#),
            );
        }),
        ("that does not begin with the study", &|lab| {
            journal(
                lab,
                line(r#"{"unix_seconds":0,"record":"trial_started","trial":0}"#),
            );
        }),
        ("damaged in the middle", &|lab| {
            journal(
                lab,
                format!("something else\n{}", line(r#"{"unix_seconds":0}"#)),
            );
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_study_cannot_name_a_place_outside_its_runs() {
    let told = all(&[
        ("above", &|lab| {
            replace(lab, "study.toml", "name = \"tiny\"", "name = \"../tiny\"")
        }),
        ("elsewhere", &|lab| {
            replace(lab, "study.toml", "name = \"tiny\"", "name = \"/tmp/tiny\"")
        }),
        ("hidden", &|lab| {
            replace(lab, "study.toml", "name = \"tiny\"", "name = \"..\"")
        }),
    ]);
    assert_snapshot!(told);
}
