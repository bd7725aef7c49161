//! The program itself, from the command line: a whole study on a tiny encoder, killed, resumed, exported, loaded again.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::lab::Lab;
use serde_json::Value;

fn trials(status: &Value) -> BTreeMap<u64, Value> {
    let trials = status["trials"].as_array().unwrap().iter();
    trials
        .map(|trial| (trial["id"].as_u64().unwrap(), trial.clone()))
        .collect()
}

/// What is on record of the finished trials; what is believed of one changes with those after it.
fn finished(status: &Value) -> BTreeMap<u64, Value> {
    let mut all = trials(status);
    all.retain(|_, trial| trial["state"] == "finished");
    for trial in all.values_mut() {
        trial.as_object_mut().unwrap().remove("estimate");
    }
    all
}

#[test]
fn a_whole_study_runs_proposes_exports_and_its_adapters_score_the_same_again() {
    let lab = Lab::new(7, 3);
    let log = lab.text(&["study.toml", "--device", "cpu"]);
    assert_eq!(log.matches("finished:").count(), 7, "{log}");
    let status = lab.status();
    assert_eq!(finished(&status).len(), 7);
    let configurations: std::collections::BTreeSet<String> = trials(&status)
        .values()
        .map(|trial| trial["configuration"].to_string())
        .collect();
    assert_eq!(configurations.len(), 7, "no configuration is tried twice");
    assert!(status["hypervolume"].as_f64().unwrap() > 0.0);
    let journal = fs::read_to_string(lab.path("runs/tiny/journal.jsonl")).unwrap();
    let derived: Vec<&str> = (journal.split(['\n', '\t']))
        .filter(|line| line.contains("reference_point_derived"))
        .collect();
    assert_eq!(derived.len(), 1, "{derived:?}");
    let (_, record) = derived[0].split_once(' ').unwrap();
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    assert_eq!(record["reference_point"], status["reference_point"]);
    assert_eq!(
        journal.matches("\"proposed\"").count(),
        3,
        "what is not initial comes from the surrogate"
    );

    let told = lab.text(&["export", "study.toml", "--format", "all", "--out", "front"]);
    assert!(told.contains("front"), "{told}");
    for name in ["front.csv", "front.json", "front.svg", "front.png"] {
        assert!(lab.path("front").join(name).is_file(), "{name}: {told}");
    }
    let verified = lab.text(&["verify", "front", "--device", "cpu"]);
    let front = status["front"].as_array().unwrap().len();
    assert_eq!(verified.matches("same score").count(), front, "{verified}");

    // A new study begins with what this one found.
    let fresh = fs::read_to_string(lab.path("study.toml")).unwrap();
    let fresh = fresh.replace("name = \"tiny\"", "name = \"fresh\"");
    fs::write(lab.path("fresh.toml"), fresh).unwrap();
    let best = status["front"].as_array().unwrap().last().unwrap();
    let best = best.as_u64().unwrap();
    let exported = format!("front/trial-{best:04}");
    let run = [
        "run",
        "fresh.toml",
        "--headless",
        "--device",
        "cpu",
        "--trials",
        "4",
    ];
    lab.text(&[&run[..], &["--try", &exported]].concat());
    let fresh: Value =
        serde_json::from_str(&lab.text(&["status", "fresh.toml", "--json"])).unwrap();
    let (first, found) = (&trials(&fresh)[&0], &trials(&status)[&best]);
    assert_eq!(first["configuration"], found["configuration"]);
    assert_eq!(first["origin"], "manual");
    assert_eq!(finished(&fresh).len(), 4);

    let again = lab.text(&["study.toml", "--device", "cpu"]);
    assert!(again.contains("7 of 7 trials are over"), "{again}");
    assert_eq!(
        lab.status(),
        status,
        "a complete study does nothing further"
    );
}

#[test]
fn killed_at_any_moment_it_resumes_without_loss() {
    let lab = Lab::new(6, 20);
    let mut before = BTreeMap::new();
    for kill in 1..=3 {
        let mut child = lab.start();
        lab.wait_for(kill);
        child.kill().unwrap();
        child.wait().unwrap();
        let now = finished(&lab.status());
        assert!(now.len() >= kill);
        for (id, trial) in &before {
            assert_eq!(now.get(id), Some(trial), "trial {id} was lost or changed");
        }
        before = now;
    }
    lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    let after = finished(&lab.status());
    assert_eq!(after.len(), 6);
    for (id, trial) in &before {
        assert_eq!(after.get(id), Some(trial), "trial {id} was lost or changed");
    }
}

#[test]
fn a_study_with_rungs_prunes_the_same_trials_however_often_it_is_killed() {
    let with_rungs = || {
        let lab = Lab::new(8, 6);
        lab.add_to_study(
            "[rungs]\nepochs = [1, 3]\nreduction_factor = 2\n[output]\ncheckpoint_seconds = 0\n",
        );
        lab
    };
    let told = |lab: &Lab| -> Vec<Value> {
        let trials = trials(&lab.status()).into_values();
        let known = trials.map(|trial| {
            let epochs = trial["epochs"].as_array().unwrap().iter();
            let scores: Vec<Value> = epochs.map(|epoch| epoch["score"].clone()).collect();
            let keys = ["state", "configuration", "objectives", "standing"];
            serde_json::json!([keys.map(|key| trial[key].clone()), scores])
        });
        known.collect()
    };
    let at_once = with_rungs();
    at_once.text(&["study.toml", "--device", "cpu"]);
    let expected = told(&at_once);
    let status = at_once.status();
    let (all, front) = (trials(&status), status["front"].as_array().unwrap());
    let pruned: Vec<&Value> = all
        .values()
        .filter(|trial| trial["state"] == "pruned")
        .collect();
    assert!(!pruned.is_empty(), "{expected:?}");
    for trial in pruned {
        assert!(!front.contains(&trial["id"]));
        let epochs = trial["epochs"].as_array().unwrap().len();
        assert_eq!(trial["standing"]["epoch"], epochs, "{trial}");
    }

    let killed = with_rungs();
    for kill in [1, 2] {
        let mut child = killed.start();
        killed.wait_for(kill);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killed.text(&["study.toml", "--device", "cpu"]);
    assert_eq!(told(&killed), expected);
}

#[test]
fn the_last_trials_confirm_the_front_the_same_however_often_the_study_is_killed() {
    let with_repeats = || {
        let lab = Lab::new(12, 3);
        let study = fs::read_to_string(lab.path("study.toml")).unwrap();
        let study = study.replace("repeats = 0\n", "repeats = 0.34\n");
        fs::write(lab.path("study.toml"), study).unwrap();
        lab
    };
    let told = |lab: &Lab| -> (Vec<Value>, Value) {
        let status = lab.status();
        let known = trials(&status).into_values().map(|trial| {
            let keys = ["configuration", "objectives", "estimate"];
            serde_json::json!(keys.map(|key| trial[key].clone()))
        });
        (known.collect(), status["front"].clone())
    };
    let at_once = with_repeats();
    let log = at_once.text(&["study.toml", "--device", "cpu"]);
    assert!(
        log.contains("; confirming ") && log.contains("best score "),
        "{log}"
    );
    let status = at_once.status();
    let all = trials(&status);
    assert_eq!(finished(&status).len(), 12);
    let repeats: Vec<&Value> = (all.values())
        .filter(|trial| trial["origin"].get("repeat").is_some())
        .collect();
    assert!(!repeats.is_empty(), "{log}");
    for repeat in repeats {
        let first = &all[&repeat["origin"]["repeat"]["of"].as_u64().unwrap()];
        assert_eq!(repeat["configuration"], first["configuration"]);
        assert_eq!(repeat["estimate"], first["estimate"]);
        let measured = repeat["estimate"]["measured"].as_array().unwrap();
        let repeats = repeat["estimate"]["repeats"].as_u64().unwrap();
        assert!(repeats > 0 && measured.len() as u64 == repeats + 1);
    }
    for id in status["front"].as_array().unwrap() {
        let trial = &all[&id.as_u64().unwrap()];
        let of = |key: &str| trial["estimate"][key].as_f64().unwrap();
        assert!(of("low") <= of("score") && of("score") <= of("high"));
        assert!(of("front_probability") > 0.0, "{trial}");
    }
    let table = at_once.text(&["status", "study.toml"]);
    assert!(table.contains("(repeats #"), "{table}");

    let killed = with_repeats();
    for kill in [5, 9] {
        let mut child = killed.start();
        killed.wait_for(kill);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killed.text(&["study.toml", "--device", "cpu"]);
    assert_eq!(told(&killed), told(&at_once));
}

#[test]
fn a_polite_stop_saves_everything_and_says_so_by_its_exit_code() {
    let lab = Lab::new(6, 2000);
    let mut child = lab.start();
    let begun = Instant::now();
    while !fs::read_to_string(lab.path("runs/tiny/journal.jsonl"))
        .unwrap_or_default()
        .contains("trial_started")
    {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    let busy = lab.output(&["run", "study.toml", "--headless"]);
    assert_eq!(busy.status.code(), Some(1), "a second writer is refused");
    let told = String::from_utf8(busy.stderr).unwrap();
    assert!(
        told.contains(&child.id().to_string()),
        "and told who works on it: {told}"
    );
    let terminated = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(terminated.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        trials(&lab.status())
            .values()
            .all(|trial| trial["state"] != "finished")
    );
}

#[test]
fn a_study_that_no_longer_fits_its_run_is_refused_with_the_difference() {
    let lab = Lab::new(4, 1);
    lab.text(&["study.toml", "--device", "cpu"]);
    let file = lab.path("study.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("learning_rate = 1e-2", "learning_rate = 2e-2"),
    )
    .unwrap();
    let refused = lab.output(&["study.toml", "--device", "cpu"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(
        told.contains("training.learning_rate") && told.contains("0.01") && told.contains("0.02"),
        "{told}"
    );
    fs::write(&file, text.replace("\ntrials = 4", "\ntrials = 5")).unwrap();
    lab.text(&["study.toml", "--device", "cpu"]);
    assert_eq!(finished(&lab.status()).len(), 5, "more trials are welcome");
}

#[test]
fn json_events_are_one_object_a_line() {
    let lab = Lab::new(4, 1);
    let log = lab.text(&[
        "run",
        "study.toml",
        "--headless",
        "--json",
        "--device",
        "cpu",
        "--trials",
        "2",
    ]);
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| {
        events
            .iter()
            .filter(|event| event["record"] == kind)
            .count()
    };
    assert_eq!((of("trial_started"), of("trial_finished")), (2, 2), "{log}");
}
