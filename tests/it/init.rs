//! Data of one's own: three unlike files, each from `init` to a running study without an edit.

use crate::support::parquet_file::{Column, write_parquet};
use crate::support::tiny;
use std::fs;
use std::process::{Command, Output};

use autopeft::study::Study;
use autopeft::task::{Metric, MissingLabels, ValidationSplit};

struct Lab(tempfile::TempDir);

impl Lab {
    /// A folder with a tiny encoder in `model/` and one data file.
    fn new(name: &str, content: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("model")).unwrap();
        tiny::model_folder(&folder.path().join("model"));
        fs::write(folder.path().join(name), content).unwrap();
        Self(folder)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_autopeft-tui"));
        let command = command.current_dir(self.0.path()).args(arguments);
        command.stdin(std::process::Stdio::null()).output().unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}\n{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes the study, checks it, and runs two of its trials.
    fn runs(&self, train: &str) -> (Study, String) {
        let init = ["init", "mine.toml", "--train", train, "--model", "model"];
        self.text(&init);
        let path = self.0.path().join("mine.toml");
        let written = fs::read_to_string(&path).unwrap();
        self.text(&["check", "mine.toml", "--device", "cpu"]);
        let run = [
            "run",
            "mine.toml",
            "--headless",
            "--device",
            "cpu",
            "--trials",
            "2",
        ];
        let log = self.text(&run);
        assert_eq!(log.matches("finished: score").count(), 2, "{log}");
        (Study::read(&path).unwrap(), written)
    }
}

#[test]
fn pairs_in_csv() {
    let row = |i: usize| {
        let (a, colour) = tiny::sentence(i);
        let (b, other) = tiny::sentence(i * 7 / 3);
        format!("{i},\"{a}, the\",{b},{}\n", u8::from(colour == other))
    };
    let rows: String = (0..300).map(row).collect();
    let lab = Lab::new("pairs.csv", &format!("id,premise,hypothesis,same\n{rows}"));
    let (study, written) = lab.runs("pairs.csv");
    assert_eq!(study.task.text_columns, ["premise", "hypothesis"]);
    assert_eq!(study.task.label_column.as_deref(), Some("same"));
    assert_eq!(study.task.validation, ValidationSplit::TrainShare(0.2));
    assert!(!study.task.regression);
    assert!(written.contains("train_file = \"pairs.csv\""), "{written}");
    assert!(written.contains("300 rows in pairs.csv"), "{written}");
}

#[test]
fn single_sentences_in_json_lines_with_lopsided_names_as_labels() {
    let row = |i: usize| {
        let (text, colour) = tiny::sentence(i);
        let label = if colour == 0 && i.is_multiple_of(3) {
            "rare"
        } else {
            "usual"
        };
        format!("{{\"text\": \"{text}\", \"label\": \"{label}\", \"tags\": [\"x\"]}}\n")
    };
    let lab = Lab::new("train.jsonl", &(0..300).map(row).collect::<String>());
    let (study, written) = lab.runs("train.jsonl");
    assert_eq!(study.task.metric, Some(Metric::Matthews));
    assert!(
        written.contains("2 classes: rare 50, usual 250."),
        "{written}"
    );
    assert_eq!(study.training.max_length, 8);
}

#[test]
fn amounts_in_tab_separated_text() {
    let row = |i: usize| {
        let (text, colour) = tiny::sentence(i);
        format!("{text}\t{text} a \"quote\t{}\n", colour as f64 + 0.25)
    };
    let rows: String = (0..1200).map(row).collect();
    let lab = Lab::new("near.tsv", &format!("left\tright\tscore\n{rows}"));
    let (study, written) = lab.runs("near.tsv");
    assert!(study.task.regression);
    assert_eq!(study.task.metric, Some(Metric::Spearman));
    assert_eq!(study.task.validation, ValidationSplit::TrainShare(0.1));
    assert!(written.contains("an amount from 0.25 to 1.25"), "{written}");
}

#[test]
fn what_is_not_clear_is_asked_for_and_nothing_is_overwritten() {
    let lab = Lab::new(
        "odd.csv",
        "one,two,three,label\nthe cat,a dog,red cat,0\na cat,the dog,blue cat,1\n",
    );
    let init = ["init", "odd.toml", "--train", "odd.csv", "--model", "model"];
    let refused = lab.output(&init);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("--text") && said.contains("one, two, three, label"),
        "{said}"
    );
    fs::write(lab.0.path().join("odd.toml"), "mine").unwrap();
    let refused = lab.output(&init);
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("is there already")
    );
    assert_eq!(
        fs::read_to_string(lab.0.path().join("odd.toml")).unwrap(),
        "mine"
    );
}

/// What `init` tells when it refuses a file; no study file is written.
fn refusal(lab: &Lab, arguments: &[&str]) -> String {
    let init = ["init", "mine.toml", "--model", "model", "--train"];
    let refused = lab.output(&[&init, arguments].concat());
    assert_eq!(refused.status.code(), Some(2));
    assert!(!lab.0.path().join("mine.toml").exists());
    String::from_utf8(refused.stderr).unwrap()
}

#[test]
fn what_a_run_would_refuse_is_refused_here() {
    let lab = Lab::new(
        "labels.csv",
        "text,label\na red cat,0\na blue cat,1\nthe dog,-1\n",
    );
    let write = |name: &str, content: &str| fs::write(lab.0.path().join(name), content).unwrap();
    let said = refusal(&lab, &["labels.csv"]);
    assert!(
        said.contains("1 of 3 labels are -1 (the first in line 4)"),
        "{said}"
    );
    write(
        "quote.csv",
        "label,text\nno,a cat\nyes,\"a dog\nno,a cat\nyes,a cat\n",
    );
    let said = refusal(&lab, &["quote.csv"]);
    assert!(
        said.contains("quote.csv, line 3") && said.contains("not closed"),
        "{said}"
    );
    // A text with a line that reads as a row: only its owner can tell.
    let stars: String = (0..40)
        .map(|i| format!("the {i} cats,{}\n", i % 5 + 1))
        .collect();
    let verse = "\"a cat,4\na dog\",5\n";
    write("stars.csv", &format!("text,label\n{stars}{verse}"));
    let said = refusal(&lab, &["stars.csv"]);
    assert!(said.contains("is --trust-quoted-lines"), "{said}");
    let trusted = [
        "init",
        "stars.toml",
        "--train",
        "stars.csv",
        "--model",
        "model",
    ];
    lab.text(&[&trusted[..], &["--trust-quoted-lines"]].concat());
    let written = fs::read_to_string(lab.0.path().join("stars.toml")).unwrap();
    assert!(written.contains("41 rows in stars.csv"), "{written}");
    assert!(written.contains("quoted_lines = \"trust\""), "{written}");
    write("twice.csv", "text,label,text\na cat,no,b\na dog,yes,c\n");
    let said = refusal(&lab, &["twice.csv"]);
    assert!(said.contains("2 columns are called `text`"), "{said}");
    write("semicolon.csv", "text;label\na cat;no\na dog;yes\n");
    let said = refusal(&lab, &["semicolon.csv"]);
    assert!(said.contains("separated by `;`"), "{said}");
    let rows: String = (0..12)
        .map(|i| format!("{i},the {i} cats,{}\n", ["no", "yes"][i % 2]))
        .collect();
    write("index.csv", &format!(",words,mood\n{rows}"));
    let said = refusal(&lab, &["index.csv", "--label", ""]);
    assert!(
        said.contains("counts the rows") && said.contains("words, mood"),
        "{said}"
    );
}

#[test]
fn a_label_may_hold_anything_and_says_nothing_to_the_study_file() {
    let evil = "a\n[output]\nkeep_adapters = false\n#\u{1b}[31m \"\"\" ''' \\";
    let row = |i: usize| {
        let label = [evil, "b"][i % 2];
        let row = serde_json::json!({"te\"xt = 1\n": tiny::sentence(i).0, "label": label, "id": i});
        format!("{row}\n")
    };
    let lab = Lab::new("train.jsonl", &(0..300).map(row).collect::<String>());
    let init = [
        "init",
        "mine.toml",
        "--train",
        "train.jsonl",
        "--model",
        "model",
        "--labels",
    ];
    let listed = format!("b,{evil}");
    let told = lab.text(&[&init[..], &[&listed]].concat());
    assert!(!told.contains('\u{1b}'), "{told:?}");
    let study = Study::read(&lab.0.path().join("mine.toml")).unwrap();
    assert!(study.output.keep_adapters);
    assert_eq!(study.task.text_columns, ["te\"xt = 1\n"]);
    assert_eq!(study.task.labels, ["b", evil]);
}

#[test]
fn a_column_whose_name_has_a_comma_can_be_named() {
    let row = |i: usize| {
        let (text, label) = tiny::sentence(i);
        let more = tiny::sentence(i * 3).0;
        let label = ["Smith, John", "it's \"so\""][label];
        let row = serde_json::json!({"title, body": text, "a = [b].c 'd'": more, "title": 1, "body": 2, "who, \"really\"": label});
        format!("{row}\n")
    };
    let lab = Lab::new("train.jsonl", &(0..300).map(row).collect::<String>());
    let init = [
        "init",
        "mine.toml",
        "--train",
        "train.jsonl",
        "--model",
        "model",
        "--text",
        "title, body",
        "--text",
        "a = [b].c 'd'",
        "--label",
        "who, \"really\"",
        "--labels",
        "\"Smith, John\",it's \"so\"",
    ];
    lab.text(&init);
    let study = Study::read(&lab.0.path().join("mine.toml")).unwrap();
    assert_eq!(study.task.text_columns, ["title, body", "a = [b].c 'd'"]);
    assert_eq!(study.task.label_column.as_deref(), Some("who, \"really\""));
    assert_eq!(study.task.labels, ["Smith, John", "it's \"so\""]);
    lab.text(&["check", "mine.toml", "--device", "cpu"]);
}

#[test]
fn rows_without_a_label_are_left_out_where_that_is_asked_for() {
    let row = |i: usize| {
        let (text, colour) = tiny::sentence(i);
        let label = if i.is_multiple_of(10) {
            -1
        } else {
            colour as i64
        };
        format!("{{\"text\": \"{text}\", \"label\": {label}}}\n")
    };
    let lab = Lab::new("train.jsonl", &(0..300).map(row).collect::<String>());
    let init = [
        "init",
        "mine.toml",
        "--train",
        "train.jsonl",
        "--model",
        "model",
    ];
    let told = lab.text(&[&init[..], &["--drop-missing-labels"]].concat());
    assert!(told.contains("30 of 300 rows are left out"), "{told}");
    let study = Study::read(&lab.0.path().join("mine.toml")).unwrap();
    assert_eq!(study.task.missing_labels, MissingLabels::Drop);
}

fn rows(count: usize, label: impl Fn(usize) -> String) -> String {
    let row = |i: usize| format!("{},{}\n", tiny::sentence(i).0, label(i));
    format!("text,label\n{}", (0..count).map(row).collect::<String>())
}

#[test]
fn numbers_that_may_be_classes_or_amounts_are_asked_about() {
    let lab = Lab::new("many.csv", &rows(300, |i| (i % 77).to_string()));
    let said = refusal(&lab, &["many.csv"]);
    assert!(
        said.contains("77 whole numbers") && said.contains("--predict classes"),
        "{said}"
    );
    let said = refusal(
        &lab,
        &["many.csv", "--predict", "amounts", "--labels", "a,b"],
    );
    assert!(said.contains("keep one of them"), "{said}");
    let init = [
        "init",
        "mine.toml",
        "--model",
        "model",
        "--train",
        "many.csv",
    ];
    for (what, regression) in [("classes", false), ("amounts", true)] {
        lab.text(&[&init[..], &["--predict", what]].concat());
        let path = lab.0.path().join("mine.toml");
        assert_eq!(Study::read(&path).unwrap().task.regression, regression);
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_mark_among_amounts_is_told_with_what_to_say_here() {
    let label = |i: usize| match i {
        17 => "-".to_owned(),
        i => (1000 + 3 * (i % 100)).to_string(),
    };
    let lab = Lab::new("ratings.csv", &rows(300, label));
    let said = refusal(&lab, &["ratings.csv"]);
    assert!(
        said.contains("1 of 300 labels are `-`")
            && said.contains("is --drop-missing-labels")
            && !said.contains("regression"),
        "{said}"
    );
    let init = [
        "init",
        "mine.toml",
        "--model",
        "model",
        "--train",
        "ratings.csv",
    ];
    let told = lab.text(&[&init[..], &["--drop-missing-labels"]].concat());
    assert!(
        told.contains("regression = true")
            && told.contains("Take care: the 100 whole numbers of `label` are taken for amounts"),
        "{told}"
    );
}

#[test]
fn single_words_are_texts_and_other_labels_are_named() {
    let row = |i: usize| {
        let word = ["cat", "dog", "red", "blue"][i % 4];
        format!("{word},{},{}\n", i % 2, i % 3 / 2)
    };
    let rows: String = (0..200).map(row).collect();
    let lab = Lab::new("words.csv", &format!("text,rude,mean\n{rows}"));
    let init = [
        "init",
        "mine.toml",
        "--model",
        "model",
        "--train",
        "words.csv",
    ];
    let told = lab.text(&init);
    assert!(
        told.contains(
            "`mean` is taken for the label, which could also be `rude`; --label names it"
        ),
        "{told}"
    );
    let study = Study::read(&lab.0.path().join("mine.toml")).unwrap();
    assert_eq!(study.task.text_columns, ["text"]);
}

#[test]
fn numbers_that_their_file_names_are_classes() {
    let lab = Lab::new("unused.csv", "");
    let texts: Vec<String> = (0..300).map(|i| tiny::sentence(i).0).collect();
    let labels: Vec<i64> = (0..300).map(|i| i % 77).collect();
    let names: Vec<String> = (0..77).map(|i| format!("intent {i}")).collect();
    let features = serde_json::json!({"topic": {"names": names, "_type": "ClassLabel"}});
    let metadata = serde_json::json!({"info": {"features": features}}).to_string();
    let columns = [
        ("text", Column::Texts(&texts)),
        ("topic", Column::Whole(&labels)),
    ];
    let path = lab.0.path().join("banking.parquet");
    write_parquet(&path, &columns, Some(("huggingface", &metadata)));
    let init = ["init", "mine.toml", "--model", "model", "--train"];
    let told = lab.text(&[&init[..], &["banking.parquet"]].concat());
    assert!(told.contains("77 classes: intent 0 "), "{told}");
    let study = Study::read(&lab.0.path().join("mine.toml")).unwrap();
    assert!(!study.task.regression);
    assert_eq!(study.task.label_column.as_deref(), Some("topic"));
}
