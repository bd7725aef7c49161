//! The final evaluation, from the command line: baselines and front over seeds, on rows that the search never saw.

use crate::support::tiny;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const STUDY: &str = r#"
[study]
name = "tiny"
[model]
path = "."
[task]
name = "colours"
train_file = "train.jsonl"
validation_file = "dev.jsonl"
text_columns = ["text"]
label_column = "label"
validation = 0.25
[space]
sizes = [0, 4, 16]
[search]
trials = 3
initial_trials = 3
[training]
learning_rate = 1e-2
max_length = 12
batch_size = 8
epochs = 3
prefix_bottleneck = 8
"#;

fn lab() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tiny::model_folder(folder.path());
    let rows = |numbers: std::ops::Range<usize>| -> String {
        let line = |i: usize| {
            let (text, label) = tiny::sentence(i);
            format!("{{\"text\": \"{text}\", \"label\": {label}}}\n")
        };
        numbers.map(line).collect()
    };
    fs::write(folder.path().join("train.jsonl"), rows(0..120)).unwrap();
    fs::write(folder.path().join("dev.jsonl"), rows(120..160)).unwrap();
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    folder
}

fn output(lab: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autopeft-tui"));
    command.current_dir(lab).args(arguments).output().unwrap()
}

fn text(lab: &Path, arguments: &[&str]) -> String {
    let output = output(lab, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The files of trainings.
fn trainings(lab: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(lab.join("runs/tiny/evaluation")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn front_and_baselines_are_trained_over_seeds_once() {
    let lab = lab();
    let lab = lab.path();
    let refused = output(lab, &["evaluate", "study.toml"]);
    assert_eq!(refused.status.code(), Some(1), "nothing was searched yet");
    text(lab, &["run", "study.toml", "--headless", "--device", "cpu"]);
    let evaluate = ["evaluate", "study.toml", "--device", "cpu", "--seeds", "2"];
    let evaluate = [&evaluate[..], &["--baselines", "head,mam", "--chosen", "0"]].concat();
    let first = text(lab, &evaluate);
    assert!(
        first.contains("40 rows that the search never saw"),
        "{first}"
    );
    let files = trainings(lab);
    assert_eq!(files.len(), 3 * 2, "{files:?}");

    let report = fs::read_to_string(lab.join("runs/tiny/evaluation.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let lines = report["lines"].as_array().unwrap();
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["head", "mam", "trial-0"]);
    assert_eq!(lines[0]["parameters_percent"], 0.0);
    assert!(lines[1]["parameters_percent"].as_f64().unwrap() > 0.0);
    let gains = lines[2]["gains"].as_object().unwrap();
    assert_eq!(gains.len(), 2);
    for line in lines {
        assert_eq!(line["seeds"].as_array().unwrap().len(), 2);
        assert!(line["deviation"].is_number());
    }

    // What is done is not done again; what is missing is, and comes out the same.
    let before: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    fs::remove_file(&files[0]).unwrap();
    let again = text(lab, &evaluate);
    assert_eq!(again.matches("seed 40: head only").count(), 1, "{again}");
    assert_eq!(trainings(lab), files);
    for (file, before) in files.iter().zip(before) {
        let run = |bytes: &[u8]| -> Value {
            let mut run: Value = serde_json::from_slice(bytes).unwrap();
            run["wall_seconds"] = Value::Null;
            run
        };
        assert_eq!(
            run(&fs::read(file).unwrap()),
            run(&before),
            "{}",
            file.display()
        );
    }

    // Trained longer, nothing of it counts.
    fs::write(
        lab.join("study.toml"),
        STUDY.replace("epochs = 3", "epochs = 2"),
    )
    .unwrap();
    text(
        lab,
        &[&evaluate[..6], &["--baselines", "none", "--chosen", "0"]].concat(),
    );
    assert_eq!(trainings(lab).len(), 6 + 2);
}

#[test]
fn what_was_found_is_carried_to_another_task() {
    let lab = lab();
    let lab = lab.path();
    text(lab, &["run", "study.toml", "--headless", "--device", "cpu"]);
    let other = STUDY.replace("name = \"tiny\"", "name = \"other\"");
    fs::write(lab.join("other.toml"), other).unwrap();
    let transfer = ["transfer", "study.toml", "--device", "cpu", "--seeds", "1"];
    let transfer = [
        &transfer[..],
        &["--baselines", "head", "--chosen", "1", "--to", "other.toml"],
    ]
    .concat();
    let table = text(lab, &transfer);
    assert!(
        table.contains("| | parameters in % | other | mean |"),
        "{table}"
    );
    assert!(table.contains("| tiny-trial-1 |"), "{table}");
    assert!(lab.join("runs/tiny/transfer/other.json").is_file());
    assert!(lab.join("runs/other/evaluation").is_dir());
}
