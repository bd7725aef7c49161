//! What the program does with bytes from outside, as functions of those bytes: the targets of fuzzing. Each may return
//! or not; none may panic, run for long or take much memory, and
//! what is read says the same once it is written. `fuzz/run` runs them under libFuzzer, `benches/fuzz.rs` and
//! `tests/it/fuzz.rs` under the plain mutations below.

use std::fs;
use std::path::{Path, PathBuf};

use autopeft::app::State;
use autopeft::hub::{Hub, HubSettings};
use autopeft::journal;
use autopeft::model::config::{Architecture, EncoderConfig};
use autopeft::model::space::peft_space;
use autopeft::model::weights::Weights;
use autopeft::model::{Tokenizer, TokenizerFiles};
use autopeft::study::Study;
use autopeft::task::{
    Edition, Example, Label, MissingLabels, QuotedLines, TaskSettings, ValidationSplit, load,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A study file. What is accepted is laid out for an encoder of the paper's size.
pub(crate) fn study(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let folder = Path::new("/nowhere");
    match Study::parse(&text, &folder.join("study.toml"), folder) {
        Ok(study) => {
            // As it goes into the journal.
            keeps(&study);
            let config = include_str!("../golden/peft/bert_tiny/config.json");
            if let Ok(encoder) = EncoderConfig::from_json(config, "config.json") {
                let _ = peft_space(&study.space, &encoder).map(|space| space.space().valid_size());
            }
        }
        Err(error) => drop(error.to_string()),
    }
}

/// A journal, and the state that its records make.
pub(crate) fn journal(bytes: &[u8]) {
    match journal::replay(bytes, Path::new("journal.jsonl")) {
        Ok(history) => {
            history
                .records
                .iter()
                .for_each(|stamped| keeps(&stamped.record));
            match State::replay(history.records.into_iter().map(|s| s.record)) {
                Ok(state) => drop((state.hypervolume(), state.is_complete())),
                Err(error) => drop(error.to_string()),
            }
        }
        Err(error) => drop(error.to_string()),
    }
}

/// A journal whose lines are given their checksums first, so that their contents are reached.
pub(crate) fn checked_journal(bytes: &[u8]) {
    let mut checked = Vec::with_capacity(bytes.len());
    for text in bytes.split_inclusive(|byte| b"\t\n".contains(byte)) {
        let (json, end) = match text.split_last() {
            Some((b'\t' | b'\n', json)) => (json, &text[json.len()..]),
            _ => (text, &[][..]),
        };
        let json = json.get(9..).unwrap_or_default();
        checked.extend_from_slice(format!("{:08x} ", crc32fast::hash(json)).as_bytes());
        checked.extend_from_slice(json);
        checked.extend_from_slice(end);
    }
    journal(&checked);
}

/// A file of rows: the first byte chooses its format.
pub(crate) fn rows(bytes: &[u8]) {
    let Some((first, content)) = bytes.split_first() else {
        return;
    };
    let extension = ["jsonl", "csv", "tsv", "parquet"][usize::from(first % 4)];
    let path = scratch("rows").join(format!("rows.{extension}"));
    if fs::write(&path, content).is_err() {
        return;
    }
    let settings = TaskSettings {
        name: "rows".to_owned(),
        folder: None,
        train_file: Some(path.clone()),
        validation_file: Some(path),
        test_file: None,
        format: None,
        text_columns: vec!["text".to_owned()],
        label_column: Some("label".to_owned()),
        regression: first & 8 != 0,
        labels: Vec::new(),
        missing_labels: match first & 16 {
            0 => MissingLabels::Refuse,
            _ => MissingLabels::Drop,
        },
        quoted_lines: match first & 32 {
            0 => QuotedLines::Check,
            _ => QuotedLines::Trust,
        },
        metric: None,
        positive_label: None,
        validation: ValidationSplit::Dev,
        train_rows: None,
        validation_rows: None,
        edition: Edition::LATEST,
    };
    let hub = Hub::new(HubSettings::from_variables(|_| None));
    match load(&settings, 1, &hub, &mut |_| ()) {
        Ok(dataset) => drop(dataset),
        Err(error) => drop(error.to_string()),
    }
}

/// A folder of this process alone, in memory where there is one.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let place = match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    };
    let folder = place.join(format!("hostile-{name}-{}", std::process::id()));
    let made = fs::create_dir_all(&folder);
    assert!(made.is_ok(), "{}: {made:?}", folder.display());
    folder
}

/// What was read says the same once it is written and read again.
pub(crate) fn keeps<T: Serialize + DeserializeOwned>(value: &T) {
    let written = serde_json::to_string(value).map_err(|error| error.to_string());
    let again = written.clone().and_then(|text| {
        let read = serde_json::from_str::<T>(&text);
        let again = read.and_then(|value| serde_json::to_string(&value));
        again.map_err(|error| format!("{error}: {text}"))
    });
    assert_eq!(again, written);
}

/// A safetensors file.
pub(crate) fn weights(bytes: &[u8]) {
    match Weights::new(bytes, "model.safetensors") {
        Ok(weights) => {
            if let Ok(mut encoder) = weights.encoder(Architecture::Bert) {
                let _ = encoder.take("embeddings.word_embeddings.weight", &[2, 3]);
                let _ = encoder.nothing_left().map_err(|error| error.to_string());
            }
            let _ = weights.floats().map_err(|error| error.to_string());
        }
        Err(error) => drop(error.to_string()),
    }
}

/// A `config.json`, and the space of the encoder that it describes.
pub(crate) fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match EncoderConfig::from_json(&text, "config.json") {
        Ok(encoder) => {
            let settings = Study::parse(
                "[model]\nembedded = true\n[task]\nname = \"demo\"\n",
                Path::new("/nowhere/study.toml"),
                Path::new("/nowhere"),
            );
            if let Ok(study) = settings {
                let space = peft_space(&study.space, &encoder);
                let _ = space.map(|space| (space.space().size(), space.parameter_range()));
            }
            let _ = (encoder.backbone_parameters(), encoder.longest_sequence());
        }
        Err(error) => drop(error.to_string()),
    }
}

/// A `tokenizer.json`, and a text that goes through it.
pub(crate) fn tokenizer(bytes: &[u8]) {
    let files = TokenizerFiles::json(bytes.to_vec());
    match Tokenizer::new(&files) {
        Ok(tokenizer) => {
            let example = Example {
                text: "the red cat".to_owned(),
                pair: Some("a blue dog, 語".to_owned()),
                label: Label::Class(0),
            };
            let _ = tokenizer.encode(&[example], 8);
        }
        Err(error) => drop(error.to_string()),
    }
}
