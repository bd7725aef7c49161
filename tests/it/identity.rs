//! A study is held to the rows, the weights and the settings that it began with, whatever they are called and wherever
//! they lie.

use crate::support::lab::Lab;
use crate::support::tiny;
use std::fs;
use std::path::Path;
use std::process::Output;

use autopeft::app::State;
use serde_json::Value;

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

/// A study of two trials that has run, with rows of its own to test on.
fn begun() -> Lab {
    let lab = Lab::new(4, 1);
    let rows = (200..220).map(|i| line(i, i % 2)).collect::<String>();
    fs::write(lab.path("test.jsonl"), rows).unwrap();
    edit(&lab, "study.toml", |study| {
        study
            .replace("text_columns", "test_file = \"test.jsonl\"\ntext_columns")
            .replace("initial_trials = 4", "initial_trials = 2")
            .replace("trials = 4", "trials = 2")
    });
    lab.text(&RUN);
    lab
}

fn line(number: usize, label: usize) -> String {
    let (text, _) = tiny::sentence(number);
    format!("{{\"text\": \"{text}\", \"label\": {label}}}\n")
}

fn edit(lab: &Lab, file: &str, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(lab.path(file)).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text, "{file} is to change");
    fs::write(lab.path(file), changed).unwrap();
}

/// The same labels in other words.
fn in_words(text: &str) -> String {
    let text = text.replace("\"label\": 0", "\"label\": \"red\"");
    text.replace("\"label\": 1", "\"label\": \"blue\"")
}

fn refused(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for word in words {
        assert!(told.contains(word), "no {word:?} in {told}");
    }
}

#[test]
fn other_rows_are_refused_by_every_command_with_what_changed() {
    let lab = begun();
    let train = fs::read_to_string(lab.path("train.jsonl")).unwrap();
    let mut lines = train.split_inclusive('\n');
    let first = lines.next().unwrap().to_owned();
    let rest: String = lines.collect();
    fs::write(lab.path("train.jsonl"), &rest).unwrap();
    let journal = fs::read(lab.path("runs/tiny/journal.jsonl")).unwrap();
    let words = ["the training rows changed: 160 then, 159 now", "put back"];
    refused(&lab.output(&RUN), &words);
    for command in ["check", "export", "evaluate"] {
        refused(
            &lab.output(&[command, "study.toml", "--device", "cpu"]),
            &words,
        );
    }
    let transfer = ["transfer", "study.toml", "--to", "study.toml"];
    refused(&lab.output(&transfer), &words);
    assert_eq!(
        fs::read(lab.path("runs/tiny/journal.jsonl")).unwrap(),
        journal
    );

    fs::write(lab.path("train.jsonl"), rest + &first).unwrap();
    let words = ["still 160, but texts or their order differ"];
    refused(&lab.output(&RUN), &words);

    fs::write(lab.path("train.jsonl"), train).unwrap();
    edit(&lab, "validation.jsonl", |rows| {
        rows.replacen("\"label\": 1", "\"label\": 0", 3)
    });
    let words = [
        "labels of the 32 validation rows changed",
        "\"0\" 16, \"1\" 16 then, \"0\" 19, \"1\" 13 now",
    ];
    refused(&lab.output(&RUN), &words);
    edit(&lab, "validation.jsonl", |_| {
        (0..32).map(|i| line(i, i % 2)).collect()
    });
    lab.text(&RUN);
}

#[test]
fn other_names_of_classes_are_refused_before_a_card_could_carry_them() {
    let lab = begun();
    for file in ["train.jsonl", "validation.jsonl", "test.jsonl"] {
        edit(&lab, file, in_words);
    }
    for command in ["export", "evaluate", "run"] {
        let output = lab.output(&[command, "study.toml", "--device", "cpu"]);
        refused(
            &output,
            &["the classes \"0\", \"1\" then, the classes \"blue\", \"red\" now"],
        );
    }
    assert!(!lab.path("runs/tiny/export").exists());
}

#[test]
fn another_encoder_is_refused_and_one_that_says_the_same_is_not() {
    let lab = begun();
    edit(&lab, "config.json", |config| {
        let config: Value = serde_json::from_str(config).unwrap();
        format!("{config:#}").replace('{', "{\"transformers_version\": \"5.0\",")
    });
    lab.text(&RUN);
    edit(&lab, "config.json", |config| {
        config.replace("1e-12", "1e-6")
    });
    refused(&lab.output(&RUN), &["config.json says otherwise"]);
    edit(&lab, "config.json", |config| {
        config.replace("1e-6", "1e-12")
    });

    let vocabulary = fs::read_to_string(lab.path("vocab.txt")).unwrap();
    fs::write(
        lab.path("vocab.txt"),
        vocabulary.replace("red\nblue", "blue\nred"),
    )
    .unwrap();
    refused(&lab.output(&RUN), &["tokenizer"]);
    fs::write(lab.path("vocab.txt"), vocabulary).unwrap();

    let weights = fs::read(lab.path("model.safetensors")).unwrap();
    let mut other = weights.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(lab.path("model.safetensors"), other).unwrap();
    for command in ["export", "evaluate", "run"] {
        let output = lab.output(&[command, "study.toml", "--device", "cpu"]);
        refused(&output, &["model.safetensors"]);
    }
    fs::write(lab.path("model.safetensors"), weights).unwrap();
    lab.text(&RUN);
}

#[test]
#[cfg(unix)]
fn the_same_content_elsewhere_is_no_change() {
    let lab = begun();
    // Files of other names and formats, a model behind a link, a roundabout path.
    fs::rename(lab.path("train.jsonl"), lab.path("rows.jsonl")).unwrap();
    let rows = fs::read_to_string(lab.path("validation.jsonl")).unwrap();
    let csv: String = (rows.lines())
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            format!("{},{}\n", row["label"], row["text"].as_str().unwrap())
        })
        .collect();
    fs::write(lab.path("dev.csv"), format!("label,text\n{csv}")).unwrap();
    fs::create_dir(lab.path("model")).unwrap();
    for file in ["config.json", "vocab.txt", "model.safetensors"] {
        std::os::unix::fs::symlink(lab.path(file), lab.path("model").join(file)).unwrap();
    }
    edit(&lab, "study.toml", |study| {
        study
            .replace("path = \".\"", "path = \"model/../model\"")
            .replace("\"train.jsonl\"", "\"./rows.jsonl\"")
            .replace("\"validation.jsonl\"", "\"dev.csv\"")
    });
    let told = lab.text(&RUN);
    assert!(told.contains("2 of 2 trials are over"), "{told}");
    lab.text(&["export", "study.toml", "--out", "front"]);

    // The whole project elsewhere, and a copy of the model in place of the links.
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved");
    copy(lab.folder.path(), &moved);
    drop(lab);
    let program = env!("CARGO_BIN_EXE_autopeft-tui");
    let mut command = std::process::Command::new(program);
    let output = command.current_dir(&moved).args(RUN).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(!told.contains("warning"), "{told}");
}

/// Copies a folder; what links lead to, in their place.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let to = to.join(entry.file_name().unwrap());
        match entry.is_dir() {
            true => copy(&entry, &to),
            false => drop(fs::copy(&entry, &to).unwrap()),
        }
    }
}

#[test]
fn a_journal_that_knows_no_content_goes_on_with_a_word_and_is_held_from_then_on() {
    let lab = begun();
    let path = lab.path("runs/tiny/journal.jsonl");
    let journal = fs::read_to_string(&path).unwrap();
    let older: String = (journal.split_inclusive(['\n', '\t']))
        .filter(|line| !line.contains("study_identified"))
        .collect();
    assert_ne!(journal, older);
    fs::write(&path, older).unwrap();
    let export = lab.output(&["export", "study.toml", "--format", "csv"]);
    let told = String::from_utf8_lossy(&export.stderr);
    assert!(
        export.status.success() && told.contains("cannot be told"),
        "{told}"
    );
    let told = lab.text(&[&RUN[..], &["--trials", "3"]].concat());
    assert!(told.contains("cannot be told"), "{told}");
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    let identity = state.study.identity.unwrap();
    assert_eq!((identity.train.count, identity.test.count), (160, 20));
    assert_eq!(state.trials.len(), 3);

    edit(&lab, "train.jsonl", |rows| {
        rows.replacen("\"label\": 1", "\"label\": 0", 1)
    });
    let words = ["labels of the 160 training rows"];
    refused(
        &lab.output(&[&RUN[..], &["--trials", "4"]].concat()),
        &words,
    );
}

#[test]
fn what_tells_of_the_journal_alone_tells_its_settings_and_says_that_the_file_has_others() {
    let lab = begun();
    edit(&lab, "study.toml", |study| {
        let study = study.replace("validation = \"dev\"", "validation = 0.5");
        study.replace("learning_rate = 1e-2", "learning_rate = 5e-4")
    });
    let status = lab.output(&["status", "study.toml"]);
    let (out, err) = (
        String::from_utf8_lossy(&status.stdout),
        String::from_utf8_lossy(&status.stderr),
    );
    assert!(
        status.status.success() && out.contains("the dev set"),
        "{out}"
    );
    assert!(
        err.contains("`training.learning_rate` was 0.01, is 0.0005"),
        "{err}"
    );
    let picture = lab.output(&["watch", "study.toml", "--picture", "screen.svg"]);
    let err = String::from_utf8_lossy(&picture.stderr);
    assert!(
        picture.status.success() && err.contains("training.learning_rate"),
        "{err}"
    );
    for command in ["report", "export", "evaluate"] {
        let output = lab.output(&[command, "study.toml"]);
        refused(&output, &["`training.learning_rate` was 0.01, is 0.0005"]);
    }
}

#[test]
fn weights_of_another_trial_or_study_are_not_handed_over() {
    let lab = begun();
    let front = lab.status()["front"].clone();
    let member = front[0].as_u64().unwrap();
    let weights = |trial: u64| lab.path(&format!("runs/tiny/weights/trial-{trial}.safetensors"));
    let export = [
        "export",
        "study.toml",
        "--format",
        "adapters",
        "--out",
        "front",
    ];
    lab.text(&export);
    let own = fs::read(weights(member)).unwrap();
    fs::copy(weights(1 - member), weights(member)).unwrap();
    let output = lab.output(&export);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains(&format!("holds the weights of trial #{}", 1 - member)),
        "{told}"
    );

    // The same configuration and number in a study with another learning rate.
    edit(&lab, "study.toml", |study| {
        let study = study.replace("name = \"tiny\"", "name = \"other\"");
        study.replace("learning_rate = 1e-2", "learning_rate = 2e-2")
    });
    lab.text(&RUN);
    let other = format!("runs/other/weights/trial-{member}.safetensors");
    fs::write(lab.path(&other), own).unwrap();
    let output = lab.output(&["export", "study.toml", "--format", "adapters"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("the weights of a study with other rows"),
        "{told}"
    );
}

#[test]
fn an_export_is_verified_against_its_digests() {
    let lab = begun();
    let export = || lab.text(&["export", "study.toml", "--out", "front"]);
    let member = lab.status()["front"][0].as_u64().unwrap();
    let folder = lab.path(&format!("front/trial-{member:04}"));
    export();
    let verify = || {
        let output = lab.output(&["verify", "front", "--device", "cpu"]);
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    assert_eq!(verify().0, Some(0), "{}", verify().1);
    let manifest = fs::read_to_string(lab.path("front/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["identity"]["train"]["count"], 160);

    let broken = |file: &str, change: &dyn Fn(&str) -> String, words: &str| {
        export();
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert_ne!(change(&text), text);
        fs::write(folder.join(file), change(&text)).unwrap();
        let (code, told) = verify();
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(words) && told.contains(file), "{told}");
    };
    let reversed = |card: &str| card.replacen("\"0\",\n      \"1\"", "\"1\",\n      \"0\"", 1);
    broken("config.json", &reversed, "is not as it was exported");
    let longer = |card: &str| card.replacen("\"max_length\": 12", "\"max_length\": 13", 1);
    broken("config.json", &longer, "is not as it was exported");
    // As a card of format 1, which has no digests: what is said twice is still compared.
    let older = |change: &'static (dyn Fn(&str) -> String + Sync)| {
        move |card: &str| {
            let mut card: Value = serde_json::from_str(&change(card)).unwrap();
            card["format"] = 1.into();
            for key in ["identity", "weights_sha256", "digest"] {
                card.as_object_mut().unwrap().remove(key);
            }
            card.to_string()
        }
    };
    broken(
        "config.json",
        &older(&|card| card.replacen("\"0\",\n      \"1\"", "\"1\",\n      \"0\"", 1)),
        "the classes are",
    );
    broken(
        "config.json",
        &older(&|card| card.replace("\"metric\": \"accuracy\"", "\"metric\": \"f1\"")),
        "the metric is",
    );
    export();
    let card = fs::read_to_string(folder.join("config.json")).unwrap();
    fs::write(folder.join("config.json"), older(&str::to_owned)(&card)).unwrap();
    let manifest = lab.path("front/manifest.json");
    let listed = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    let (code, told) = verify();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("from before there were digests"), "{told}");

    fs::write(&manifest, listed).unwrap();
    export();
    let path = folder.join("adapter.safetensors");
    let mut weights = fs::read(&path).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs::write(&path, weights).unwrap();
    let (code, told) = verify();
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("adapter.safetensors is not the file that was exported"),
        "{told}"
    );

    export();
    edit(&lab, "validation.jsonl", |rows| {
        rows.replacen("\"label\": 1", "\"label\": 0", 1)
    });
    let (code, told) = verify();
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("labels of the 32 validation rows changed"),
        "{told}"
    );
}

#[test]
fn an_evaluation_of_other_test_rows_is_made_anew() {
    let lab = begun();
    let evaluate = [
        "evaluate",
        "study.toml",
        "--device",
        "cpu",
        "--seeds",
        "1",
        "--baselines",
        "none",
        "--chosen",
        "0",
    ];
    let begun_in = |told: &str| told.matches(", seed 40: ").count();
    lab.text(&evaluate);
    let again = lab.text(&evaluate);
    let known = begun_in(&again);
    // Fewer rows, and one label another.
    edit(&lab, "test.jsonl", |rows| {
        rows.lines()
            .skip(5)
            .map(|line| format!("{line}\n"))
            .collect()
    });
    let output = lab.output(&evaluate);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{err}");
    assert!(
        err.contains("the test rows changed: 20 then, 15 now"),
        "{err}"
    );
    assert!(begun_in(&out) > known, "trained anew: {out}");
    assert!(out.contains("15 rows that the search never saw"), "{out}");
    edit(&lab, "test.jsonl", |rows| {
        rows.replacen("\"label\": 1", "\"label\": 0", 1)
    });
    let anew = lab.text(&evaluate);
    assert!(begun_in(&anew) > known, "{anew}");
}

#[test]
fn a_study_grows_and_what_only_speeds_it_up_may_change() {
    let lab = Lab::new(4, 1);
    edit(&lab, "study.toml", |study| {
        let study = study.replace("initial_trials = 4\n", "");
        study.replace("trials = 4", "trials = 3")
    });
    lab.text(&RUN);
    let initial = |lab: &Lab| {
        let state = State::recorded(&lab.path("runs/tiny")).unwrap();
        state.study.initial_trials().unwrap()
    };
    assert_eq!(initial(&lab), 1);
    edit(&lab, "study.toml", |study| {
        study
            .replace("trials = 3", "trials = 9\nparallel = 2")
            .replace(
                "patience",
                "activation_cache_mb = 0\nevaluation_batch_size = 5\npatience",
            )
    });
    lab.add_to_study("[output]\nkeep_adapters = false\ncheckpoint_seconds = 5\n");
    let log = lab.text(&RUN);
    assert!(
        log.contains("9 of 9") || log.matches("finished:").count() == 6,
        "{log}"
    );
    assert_eq!(initial(&lab), 1, "as the study began, not a share of nine");
    edit(&lab, "study.toml", |study| {
        study.replace("trials = 9", "trials = 2")
    });
    lab.text(&RUN);
    edit(&lab, "study.toml", |study| {
        study.replace("trials = 2", "trials = 9\ninitial_trials = 5")
    });
    refused(&lab.output(&RUN), &["`search.initial_trials` was 1, is 5"]);
}

#[test]
fn a_study_goes_on_with_the_warm_up_that_it_began_with() {
    let lab = Lab::new(4, 1);
    let edited = |from: &str, to: &str| edit(&lab, "study.toml", |study| study.replace(from, to));
    edited("[training]\n", "[training]\nwarmup_share = 0.06\n");
    lab.text(&RUN);
    edited("warmup_share = 0.06\n", "");
    edited("\ntrials = 4", "\ntrials = 5");
    let log = lab.text(&RUN);
    assert_eq!(log.matches("finished:").count(), 1, "{log}");
    edited("[training]\n", "[training]\nwarmup_share = 0.2\n");
    let told = ["`training.warmup_share` was 0.06, is 0.2"];
    refused(&lab.output(&RUN), &told);
}

#[test]
fn a_journal_without_a_record_is_a_study_that_has_not_begun() {
    let lab = Lab::new(4, 1);
    fs::create_dir_all(lab.path("runs/tiny")).unwrap();
    fs::write(lab.path("runs/tiny/journal.jsonl"), "0badcafe {\"unix_sec").unwrap();
    let overview = lab.text(&["check", "study.toml", "--device", "cpu"]);
    assert!(overview.contains("not begun"), "{overview}");
    let log = lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    assert_eq!(log.matches("finished:").count(), 4, "{log}");
}
