//! The final evaluation, from the command line: baselines and front over seeds, on rows that the search never saw.

use crate::support::tiny;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use autopeft::app::evaluating::Site;
use autopeft::app::{Evaluating, EvaluationEvent, State};
use autopeft::evaluation::Subject;
use autopeft::model::device::DeviceChoice;
use autopeft::study::Study;
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
    // What is named twice counts once.
    let baselines = ["--baselines", "full,head,mam,head", "--chosen", "0,0,0"];
    let evaluate = [&evaluate[..], &baselines].concat();
    let first = text(lab, &evaluate);
    assert!(first.contains(" 8/8: trial-0, seed 41"), "{first}");
    assert!(
        first.contains("40 rows that the search never saw"),
        "{first}"
    );
    let files = trainings(lab);
    assert_eq!(files.len(), 4 * 2, "{files:?}");

    let report = fs::read_to_string(lab.join("runs/tiny/evaluation.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let lines = report["lines"].as_array().unwrap();
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["head", "mam", "full", "trial-0"]);
    assert_eq!(lines[0]["parameters_percent"], 0.0);
    assert!(lines[1]["parameters_percent"].as_f64().unwrap() > 0.0);
    assert_eq!(lines[2]["parameters_percent"], 100.0);
    assert_eq!(lines[2]["recipe"]["learning_rate"], 2e-5);
    let of_head = lines[0]["trained_parameters"].as_u64().unwrap();
    let of_all = lines[2]["trained_parameters"].as_u64().unwrap();
    assert!(of_all > 10 * of_head, "{of_all} {of_head}");
    let gains = lines[3]["gains"].as_object().unwrap();
    assert_eq!(gains.len(), 3);
    let mean = |line: usize| lines[line]["mean"].as_f64().unwrap();
    let gain = gains["head"]["difference"].as_f64().unwrap();
    assert_eq!(gain, mean(3) - mean(0), "the difference of what is shown");
    for line in lines {
        assert_eq!(line["seeds"].as_array().unwrap().len(), 2);
        assert!(line["deviation"].is_number());
    }

    // What is done is not done again; what is missing is, and comes out the same.
    let before: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let of_head = files
        .iter()
        .position(|file| file.ends_with("head-seed-40.json"));
    fs::remove_file(&files[of_head.unwrap()]).unwrap();
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

    // With other epochs it is another study, whose trials these are not.
    let other = STUDY.replace("epochs = 3", "epochs = 2");
    fs::write(lab.join("study.toml"), other).unwrap();
    let refused = output(lab, &evaluate);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("`training.epochs` was 3, is 2"), "{told}");
    assert_eq!(trainings(lab), files);
}

#[test]
fn other_ways_to_choose_spend_what_the_search_spent() {
    let lab = lab();
    let lab = lab.path();
    text(lab, &["run", "study.toml", "--headless", "--device", "cpu"]);
    let evaluate = ["evaluate", "study.toml", "--device", "cpu", "--seeds", "1"];
    let choosing = [
        "--baselines",
        "lora-tuned,random,one-epoch",
        "--chosen",
        "0",
    ];
    let evaluate = [&evaluate[..], &choosing].concat();
    let first = text(lab, &evaluate);
    let report = fs::read_to_string(lab.join("runs/tiny/evaluation.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let choices: Vec<(&str, u64, u64)> = (report["choices"].as_array().unwrap().iter())
        .map(|spent| {
            let number = |key: &str| spent[key].as_u64().unwrap();
            (
                spent["name"].as_str().unwrap(),
                number("trainings"),
                number("epochs"),
            )
        })
        .collect();
    let searched = choices[0].2;
    assert_eq!(choices[0], ("search of tiny", 3, searched));
    assert_eq!((choices[1].0, choices[1].1), ("lora-tuned", 9));
    assert_eq!((choices[2].0, choices[2].1), ("random", 3));
    let (one_epoch, trainings, epochs) = choices[3];
    assert!(one_epoch == "one-epoch" && trainings > 3, "{choices:?}");
    assert!(epochs <= searched, "{choices:?}");
    for spent in [0, 2, 3] {
        assert!(
            report["choices"][spent]["hypervolume_share"].is_number(),
            "{report}"
        );
    }
    let lines = report["lines"].as_array().unwrap();
    let named = |start: &str| {
        let is_named = |line: &&Value| line["name"].as_str().unwrap().starts_with(start);
        lines.iter().find(is_named).unwrap()
    };
    let rate = named("lora-tuned")["recipe"]["learning_rate"].as_f64();
    assert!([3e-4, 1e-3, 3e-3].map(Some).contains(&rate), "{rate:?}");
    named("random");
    named("one-epoch");
    named("trial-0");
    // Candidates are judged by the rows that choose alone.
    let folders = fs::read_dir(lab.join("runs/tiny/choosing/random")).unwrap();
    let folder = folders.last().unwrap().unwrap().path();
    for file in fs::read_dir(folder).unwrap() {
        let run: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        assert_eq!(run["predictions"].as_array().unwrap().len(), 0);
        assert_eq!(run["score"], run["validation_score"]);
    }
    assert_eq!(
        first.matches(", to choose: random-candidate-").count(),
        2 * 3,
        "{first}"
    );
    // What is chosen is not chosen again.
    let again = text(lab, &evaluate);
    let begun = again
        .lines()
        .filter(|line| line.contains(", seed") && !line.contains("score"));
    assert_eq!(begun.count(), 0, "{again}");
    assert!(
        again.contains(&format!("| one-epoch | {trainings} | {epochs} |")),
        "{again}"
    );
}

#[test]
fn an_evaluation_beside_the_screen_stops_and_goes_on_to_the_same_table() {
    let lab = lab();
    let lab = lab.path();
    text(lab, &["run", "study.toml", "--headless", "--device", "cpu"]);
    let folder = lab.join("runs/tiny");
    let site = Site {
        study: Study::read(&lab.join("study.toml")).unwrap(),
        device: DeviceChoice::Cpu,
        folder: folder.clone(),
    };
    let state = State::recorded(&folder).unwrap();
    let found = || vec![Subject::of_trial(&state.trials[0])];
    let first = Evaluating::start(site.clone(), found()).unwrap();
    // Three trainings are enough.
    let mut events = first.events().iter();
    let third = |event| matches!(event, EvaluationEvent::Training { done: 3, .. });
    assert!(events.any(third));
    first.stop();
    assert_eq!(events.last(), Some(EvaluationEvent::Stopped));
    assert!(!folder.join("evaluation.md").is_file());
    let kept = trainings(lab);
    assert!(kept.len() >= 3, "{kept:?}");

    let second = Evaluating::start(site, found()).unwrap();
    let end = second.events().iter().last();
    assert_eq!(
        end,
        Some(EvaluationEvent::Finished(folder.join("evaluation.md")))
    );
    let table = fs::read_to_string(folder.join("evaluation.md")).unwrap();
    let evaluate = ["evaluate", "study.toml", "--device", "cpu", "--chosen", "0"];
    let again = text(lab, &evaluate);
    assert!(again.contains(&table), "{again}");
    let begun = again
        .lines()
        .filter(|line| line.contains(", seed") && !line.contains("score"));
    assert_eq!(begun.count(), 0, "all is known: {again}");
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
    let twice = output(lab, &[&transfer[..], &["./other.toml"]].concat());
    assert_eq!(twice.status.code(), Some(2));
    let said = String::from_utf8_lossy(&twice.stderr);
    assert!(said.contains("--to names study other twice"), "{said}");
    let table = text(lab, &transfer);
    assert!(
        table.contains("| | parameters in % | other | mean |"),
        "{table}"
    );
    assert!(table.contains("| tiny-trial-1 |"), "{table}");
    assert!(lab.join("runs/tiny/transfer/other.json").is_file());
    assert!(lab.join("runs/other/evaluation").is_dir());
}
