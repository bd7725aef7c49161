//! Token ids and metrics against the original libraries.

use std::path::{Path, PathBuf};

use autopeft::model::{Tokenizer, TokenizerFiles};
use autopeft::task::{Example, Label, Metric, Scoring};
use serde_json::{Value, json};

use super::golden;

/// Largest difference of a metric.
const TOLERANCE: f64 = 1e-12;

/// The folders of tokenizers in a golden folder; none where that part is absent.
fn tokenizer_folders(golden: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(golden.join("tokenizers")) else {
        return Vec::new();
    };
    let folders = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders
        .filter(|folder| folder.join("encodings.json").is_file())
        .collect();
    assert!(!folders.is_empty(), "{}: no tokenizer", golden.display());
    folders.sort();
    folders
}

fn numbers(value: &Value) -> Vec<u32> {
    let values = value.as_array().unwrap().iter();
    values
        .map(|id| id.as_u64().unwrap().try_into().unwrap())
        .collect()
}

/// Compares every row of a folder; returns how many there were.
fn compare_rows(folder: &Path, tokenizer: &Tokenizer) -> usize {
    let golden = golden::json(&folder.join("encodings.json"));
    let rows = golden["rows"].as_array().unwrap();
    for (index, row) in rows.iter().enumerate() {
        let name = format!("{}, row {index}", folder.display());
        let text = row["a"].as_str().unwrap();
        let expected = numbers(&row["input_ids"]);
        if row["kind"] == "single_plain" {
            assert_eq!(tokenizer.plain(text).unwrap(), expected, "{name}");
            continue;
        }
        let example = Example {
            text: text.to_owned(),
            pair: row["b"].as_str().map(str::to_owned),
            label: Label::Class(0),
        };
        let max_length = row["max_length"].as_u64().unwrap() as usize;
        let encoded = tokenizer.encode(&[example], max_length).unwrap().remove(0);
        let length = encoded.ids.len();
        // The golden rows are padded, ours are padded when batches are made.
        let mask = numbers(&row["attention_mask"]);
        let tokens = mask.iter().filter(|&&bit| bit == 1).count();
        assert_eq!(length, tokens, "{name}: length");
        assert!(
            mask[..tokens].iter().all(|&bit| bit == 1),
            "{name}: padded on the left"
        );
        assert_eq!(encoded.ids, expected[..length], "{name}: ids");
        assert!(
            expected[length..]
                .iter()
                .all(|&id| id == tokenizer.pad_id()),
            "{name}: pad id {}",
            tokenizer.pad_id()
        );
        let types = numbers(&row["token_type_ids"]);
        assert_eq!(encoded.type_ids, types[..length], "{name}: types");
        assert!(
            types[length..].iter().all(|&kind| kind == 0),
            "{name}: types of padding"
        );
    }
    let size = golden["vocab_size"].as_u64().unwrap() as usize;
    assert_eq!(tokenizer.vocabulary_size(), size, "{}", folder.display());
    rows.len()
}

#[test]
fn tokenizer_json_gives_the_golden_ids() {
    for golden in golden::folders("peft") {
        for folder in tokenizer_folders(&golden) {
            let file = folder.join("tokenizer.json");
            if !file.is_file() {
                continue;
            }
            let files = TokenizerFiles::json(std::fs::read(file).unwrap());
            let rows = compare_rows(&folder, &Tokenizer::new(&files).unwrap());
            assert!(rows > 0, "{}: no rows", folder.display());
        }
    }
}

/// The tokenizer files of a folder as a model's folder has them, those named left out.
fn gathered(folder: &Path, config: &[u8], without: &str) -> Option<TokenizerFiles> {
    let read = |name: &str| {
        let path = Some(folder.join(name)).filter(|path| path.is_file() && name != without);
        path.map(std::fs::read).transpose()
    };
    let files = TokenizerFiles::gather(config, read);
    files.unwrap()
}

#[test]
fn vocabulary_files_give_the_golden_ids() {
    for golden in golden::folders("peft") {
        for folder in tokenizer_folders(&golden) {
            let class = match folder.join("vocab.txt").is_file() {
                true => br#"{"model_type": "bert"}"#.as_slice(),
                false => br#"{"model_type": "roberta"}"#,
            };
            let Some(files) = gathered(&folder, class, "tokenizer.json") else {
                continue;
            };
            // They do not say whether RoBERTa's texts have types: these rows do not.
            let rows = compare_rows(&folder, &Tokenizer::new(&files).unwrap());
            assert!(rows > 0, "{}: no rows", folder.display());
        }
    }
}

/// 24 unlike folders, 200 texts in each: `tests/golden/tokenizers/reference.py` says how they were made.
/// `AUTOPEFT_TOKENIZERS` names a place of other folders, which that script has written its expectations into.
#[test]
fn folders_of_tokenizers_give_what_python_gives() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tokenizers");
    let texts = golden::json(&golden.join("texts.json"));
    let others = std::env::var_os("AUTOPEFT_TOKENIZERS");
    let root = others.as_ref().map_or(golden, PathBuf::from);
    let texts = texts.as_array().unwrap();
    let entries = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap());
    let folders = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    let mut compared = 0;
    for folder in folders {
        let config = std::fs::read(folder.join("config.json")).unwrap();
        let files = gathered(&folder, &config, "").unwrap();
        let name = folder.display();
        let tokenizer = Tokenizer::new(&files).unwrap_or_else(|error| panic!("{name}: {error}"));
        let golden = golden::json(&folder.join("expected.json"));
        assert_eq!(u64::from(tokenizer.pad_id()), golden["pad_id"], "{name}");
        assert_eq!(tokenizer.vocabulary_size() as u64, golden["size"], "{name}");
        let rows = golden["rows"].as_array().unwrap();
        assert_eq!(rows.len(), texts.len(), "{name}");
        for (text, expected) in texts.iter().zip(rows) {
            let example = Example {
                text: text[0].as_str().unwrap().to_owned(),
                pair: text[1].as_str().map(str::to_owned),
                label: Label::Class(0),
            };
            let length = text[2].as_u64().unwrap() as usize;
            let encoded = tokenizer.encode(&[example], length).unwrap().remove(0);
            let digits: String = encoded.type_ids.iter().map(ToString::to_string).collect();
            let mut found: Vec<Value> = encoded.ids.iter().map(|id| json!(id)).collect();
            found.push(json!(digits));
            assert_eq!(json!(found), *expected, "{name}: {text}");
        }
        compared += 1;
    }
    assert!(others.is_some() || compared >= 24, "{compared} folders");
    println!("{compared} folders, {} texts each", texts.len());
}

/// One score of a golden row; none where the row does not give it.
fn compare_score(row: &Value, key: &str, metric: Metric) -> usize {
    let values = |key: &str| -> Vec<f64> {
        let values = row[key].as_array().unwrap().iter();
        values.map(|value| value.as_f64().unwrap()).collect()
    };
    let (predictions, labels) = (values("predictions"), values("labels"));
    let most = labels
        .iter()
        .chain(&predictions)
        .fold(0.0, |most: f64, &k| most.max(k));
    let scoring = Scoring {
        metric,
        classes: most as usize + 1,
        positive: 1,
    };
    // scikit-learn counts the classes that occur.
    let occurs = |k: usize| labels.iter().chain(&predictions).any(|&v| v == k as f64);
    if metric == Metric::MacroF1 && !(0..scoring.classes).all(occurs) {
        return 0;
    }
    let score = scoring.score(&predictions, &labels);
    let name = &row["name"];
    match &row[key] {
        Value::Null => return 0,
        Value::String(text) => {
            assert_eq!(text, "nan", "{name}: {key}");
            assert!(score.is_err(), "{name}: {key} is {score:?}, not undefined");
        }
        expected => {
            let expected = expected.as_f64().unwrap();
            // scikit-learn gives 0 where the labels leave F1 and Matthews undefined.
            let score = match scoring.measures(&labels) {
                Ok(()) => score.unwrap(),
                Err(_) => 0.0,
            };
            assert!(
                (score - expected).abs() <= TOLERANCE,
                "{name}: {key} is {score}, not {expected}"
            );
        }
    }
    1
}

#[test]
fn metrics_are_the_golden_ones() {
    for golden in golden::folders("peft") {
        let file = golden.join("metrics.json");
        if !file.is_file() {
            continue;
        }
        let golden = golden::json(&file);
        let mut compared = 0;
        for row in golden["rows"].as_array().unwrap() {
            compared += compare_score(row, "accuracy", Metric::Accuracy)
                + compare_score(row, "matthews", Metric::Matthews)
                + compare_score(row, "f1_binary_positive_1", Metric::F1)
                + compare_score(row, "f1_macro", Metric::MacroF1)
                + compare_score(row, "pearson", Metric::Pearson)
                + compare_score(row, "spearman", Metric::Spearman);
        }
        assert!(compared > 0, "{}: no metric", file.display());
    }
}
