//! What rows can measure, told and kept: small classes, scores that are undefined, the class that F1 counts.

use std::fs;
use std::process::Output;

use crate::support::lab::Lab;
use serde_json::Value;

const CHECK: [&str; 4] = ["check", "study.toml", "--device", "cpu"];
const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

/// A study of these training and dev rows, by this metric; `validation` says which are measured on.
fn lab(train: &str, dev: &str, task: &str) -> Lab {
    let lab = Lab::new(4, 1);
    fs::remove_file(lab.path("train.jsonl")).unwrap();
    fs::remove_file(lab.path("validation.jsonl")).unwrap();
    fs::write(lab.path("train.csv"), format!("text,label\n{train}")).unwrap();
    fs::write(lab.path("dev.csv"), format!("text,label\n{dev}")).unwrap();
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = study
        .replace("train.jsonl", "train.csv")
        .replace("validation.jsonl", "dev.csv")
        .replace("validation = \"dev\"", task);
    fs::write(lab.path("study.toml"), study).unwrap();
    lab
}

/// So many rows of a label, all unlike.
fn rows(label: &str, count: usize) -> String {
    let row = |i: usize| format!("the red cat runs {label} {i},{label}\n");
    (0..count).map(row).collect()
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn rows_on_which_the_score_is_undefined_are_refused_by_check_and_run_in_the_same_words() {
    let classes = rows("no", 20) + &rows("yes", 20);
    let amounts = rows("0.5", 20) + &rows("3.5", 20);
    for (train, dev, task, told) in [
        (
            &classes,
            rows("no", 12),
            "metric = \"matthews\"",
            "the Matthews correlation is undefined on the validation rows, whatever is predicted: all 12 rows are of one class; give it rows of two classes at least, out of no, yes",
        ),
        (
            &classes,
            rows("no", 12),
            "metric = \"f1\"\npositive_label = \"yes\"",
            "the F1 of `yes` is undefined on the validation rows, whatever is predicted: none of the 12 rows is of the class that counts; give it rows of `yes`",
        ),
        (
            &amounts,
            rows("2.5", 12),
            "metric = \"pearson\"\nregression = true",
            "the Pearson correlation is undefined on the validation rows, whatever is predicted: the amounts of all 12 rows are the same; give it rows whose amounts differ",
        ),
    ] {
        let lab = lab(train, &dev, &format!("validation = \"dev\"\n{task}"));
        let (checked, run) = (error(&lab.output(&CHECK)), error(&lab.output(&RUN)));
        assert!(checked.contains(told), "{checked}");
        assert_eq!(checked, run);
        assert!(!lab.path("runs").exists());
    }
}

#[test]
fn rows_of_one_class_are_warned_of_where_the_score_is_defined() {
    let train = rows("no", 20) + &rows("yes", 20);
    let lab = lab(&train, &rows("no", 12), "validation = \"dev\"");
    let overview = lab.text(&CHECK);
    for told in [
        "measure     12 rows: a score has a standard error of up to about 0.14 and moves in steps of 0.083",
        "            always saying `no` scores 1.0000",
        "warning     no validation row has the label `yes`",
        "warning     all 12 validation rows have the label `no`: a model that always says so",
        "warning     little can be told from 12 validation rows",
    ] {
        assert!(overview.contains(told), "{told} is not in: {overview}");
    }
    let log = lab.text(&RUN);
    assert!(
        log.contains("no validation row has the label `yes`"),
        "{log}"
    );
}

#[test]
fn test_rows_that_cannot_be_measured_are_told_by_check_and_refused_by_evaluate() {
    let train = rows("no", 30) + &rows("yes", 30);
    let lab = lab(
        &train,
        &rows("no", 12),
        "validation = 0.2\nmetric = \"matthews\"",
    );
    let undefined = "the Matthews correlation is undefined on the";
    let overview = lab.text(&CHECK);
    assert!(
        overview.contains(&format!("warning     {undefined} test rows")),
        "{overview}"
    );
    lab.text(&[&RUN[..], &["--trials", "1"]].concat());
    let evaluate = ["evaluate", "study.toml", "--device", "cpu", "--seeds", "1"];
    let told = error(&lab.output(&evaluate));
    assert!(told.contains(undefined), "{told}");
    assert!(!lab.path("runs/tiny/evaluation.md").exists());
}

#[test]
fn f1_on_own_data_must_say_which_class_counts_and_every_page_names_it() {
    let train = rows("no", 30) + &rows("yes", 30);
    let dev = rows("no", 12) + &rows("yes", 12);
    let silent = lab(&train, &dev, "validation = \"dev\"\nmetric = \"f1\"");
    let told = error(&silent.output(&CHECK));
    let help = "add positive_label = \"no\" or positive_label = \"yes\"";
    assert!(told.contains(help), "{told}");
    let named = |class: &str| {
        let task = format!("validation = \"dev\"\nmetric = \"f1\"\npositive_label = \"{class}\"");
        lab(&train, &dev, &task)
    };
    let told = error(&named("maybe").output(&RUN));
    assert!(
        told.contains("is \"maybe\", which is none of the classes"),
        "{told}"
    );
    let lab = named("no");
    assert!(lab.text(&CHECK).contains("measured by F1 of `no`"));
    lab.text(&[&RUN[..], &["--trials", "1"]].concat());
    assert!(
        lab.text(&["status", "study.toml"])
            .contains("scores are F1 of `no` on")
    );
    lab.text(&["report", "study.toml"]);
    let report = fs::read_to_string(lab.path("runs/tiny/report.md")).unwrap();
    assert!(report.contains("F1 of \\`no\\`"), "{report}");
    let export = ["export", "study.toml", "--format", "adapters"];
    lab.text(&export);
    let folder = lab.path("runs/tiny/export/trial-0000");
    let card: Value =
        serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap();
    assert_eq!(
        (&card["metric"], &card["positive_label"]),
        (&"f1".into(), &"no".into())
    );
    lab.text(&["verify", "runs/tiny/export", "--device", "cpu"]);
}

/// As many rows as the first line of `check` about rows says are measured on.
fn measured(overview: &str) -> usize {
    let line = overview.lines().find(|line| line.starts_with("rows"));
    let counts = line.unwrap().split(" to train on, ").nth(1).unwrap();
    counts.split(' ').next().unwrap().parse().unwrap()
}

/// A journal as a program wrote it that knew neither editions nor digests of rows.
fn of_before(journal: &str) -> String {
    let known = journal
        .split(['\n', '\t'])
        .filter(|text| !text.is_empty() && !text.contains("\"study_identified\""));
    let old: Vec<String> = known
        .map(|line| {
            let json = line[9..].replace("\"edition\":\"second\",", "");
            format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
        })
        .collect();
    let old = old.concat();
    assert!(
        old.len() < journal.len() && !old.contains("edition"),
        "{journal}"
    );
    old
}

#[test]
fn small_classes_are_measured_and_a_study_that_was_begun_without_goes_on_with_its_rows() {
    // Five classes of four rows beside one of sixty: shares of 0.4 and 6.
    let small: String = (0..5).map(|k| rows(&format!("intent{k}"), 4)).collect();
    let lab = lab(&(rows("other", 60) + &small), "", "validation = 0.1");
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = study.replace("validation_file = \"dev.csv\"\n", "");
    fs::write(lab.path("study.toml"), study).unwrap();
    let overview = lab.text(&CHECK);
    assert_eq!(measured(&overview), 11, "{overview}");
    assert!(!overview.contains("no validation row"), "{overview}");
    assert!(
        overview.contains("11 of 80 rows are for validation rather than 8"),
        "{overview}"
    );
    lab.text(&[&RUN[..], &["--trials", "1"]].concat());

    let path = lab.path("runs/tiny/journal.jsonl");
    let journal = fs::read_to_string(&path).unwrap();
    fs::write(&path, of_before(&journal)).unwrap();
    let overview = lab.text(&CHECK);
    assert_eq!(measured(&overview), 6, "{overview}");
    assert!(
        overview.contains("5 of 6 classes have no validation row: `intent0`, `intent1`"),
        "{overview}"
    );
    let log = lab.text(&[&RUN[..], &["--trials", "2"]].concat());
    assert_eq!(log.matches("finished: score").count(), 1, "{log}");
}
