//! What another study measured is carried over when a study begins, and stays although the other one goes.

use crate::support::lab::Lab;
use std::fs;

use autopeft::app::State;
use serde_json::Value;

const RUN: [&str; 5] = ["run", "other.toml", "--headless", "--device", "cpu"];

/// A study that has run, and the file of another one.
fn begun() -> Lab {
    let lab = Lab::new(4, 1);
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let other = study.replace("name = \"tiny\"", "name = \"other\"");
    fs::write(lab.path("other.toml"), other).unwrap();
    lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    lab
}

#[test]
fn a_study_begins_with_what_another_measured_and_goes_on_without_it() {
    let lab = begun();
    let warm = [&RUN[..], &["--earlier", "runs/tiny"]].concat();
    let told = lab.text(&warm);
    assert!(told.contains("carried over from tiny: 4 trials"), "{told}");
    let state = State::recorded(&lab.path("runs/other")).unwrap();
    let tiny = State::recorded(&lab.path("runs/tiny")).unwrap();
    let scores: Vec<f64> = state.carried_over[0]
        .scored
        .iter()
        .map(|(_, score)| *score)
        .collect();
    let measured = tiny
        .trials
        .iter()
        .filter_map(|trial| Some(trial.measurement?.objectives.score));
    assert_eq!(scores, measured.collect::<Vec<f64>>());
    let first = &state.trials[0].configuration;
    let known = state.carried_over[0].scored.iter();
    assert!(
        known
            .clone()
            .any(|(configuration, _)| configuration == first),
        "{first}"
    );

    // Killed after its first record, or before its first session, it begins as it was asked to.
    let journal = lab.path("runs/other/journal.jsonl");
    let whole = fs::read_to_string(&journal).unwrap();
    for lines in 1..4 {
        let kept: Vec<&str> = whole.lines().take(lines).collect();
        fs::write(&journal, kept.join("\n") + "\n").unwrap();
        lab.text(&warm);
        let again = State::recorded(&lab.path("runs/other")).unwrap();
        assert_eq!(again.carried_over, state.carried_over, "{lines} records");
        assert_eq!(again.trials.len(), 4);
    }

    // The other one is gone; the same command goes on, and so does one that does not name it.
    fs::remove_dir_all(lab.path("runs/tiny")).unwrap();
    lab.text(&[&warm[..], &["--trials", "5"]].concat());
    lab.text(&[&RUN[..], &["--trials", "6"]].concat());
    let state = State::recorded(&lab.path("runs/other")).unwrap();
    assert_eq!((state.trials.len(), state.carried_over.len()), (6, 1));

    let status = lab.text(&["status", "other.toml"]);
    let line = status
        .lines()
        .find(|line| line.starts_with("carried over from tiny: similarity"));
    assert!(
        line.is_some_and(|line| line.ends_with(", 4 trials")),
        "{status}"
    );
    let status = lab.text(&["status", "other.toml", "--json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["carried_over"][0]["study"], "tiny");
    assert_eq!(status["carried_over"][0]["trials"], 4);
    lab.text(&["report", "other.toml"]);
    let report = fs::read_to_string(lab.path("runs/other/report.md")).unwrap();
    assert!(report.contains("carried over from"), "{report}");
}

#[test]
fn what_cannot_be_carried_over_is_said_before_anything_begins() {
    let lab = begun();
    let refused = |earlier: &str, code: i32, words: &str| {
        let output = lab.output(&[&RUN[..], &["--earlier", earlier]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(words), "no {words:?} in {told}");
    };
    refused("runs/absent", 1, "absent");
    refused("runs/tiny,runs/../runs/tiny", 2, "tiny twice");
    refused("runs/tiny,runs/tiny/weights/..", 2, "tiny twice");
    let other = fs::read_to_string(lab.path("other.toml")).unwrap();
    let random = format!("{other}\n[search]\nmethod = \"random\"\n");
    let random = match other.contains("[search]") {
        true => other.replace("[search]", "[search]\nmethod = \"random\""),
        false => random,
    };
    fs::write(lab.path("other.toml"), random).unwrap();
    refused("runs/tiny", 2, "the only one that learns from them");
    let lora = other.replace(
        "sizes = [0, 1, 4, 16]",
        "modules = [\"lora\"]\nsizes = [0, 8]",
    );
    fs::write(lab.path("other.toml"), lora).unwrap();
    refused("runs/tiny", 2, "of its 4 measured trials 0 have a place");
    assert!(State::recorded(&lab.path("runs/other")).is_err());
    fs::write(lab.path("other.toml"), other).unwrap();
    lab.text(&RUN);
    refused("runs/tiny", 2, "this study was begun with none");
}
