//! Labels and texts that are missing: refused by name, or left out where the study says so, never trained on.

use std::path::Path;

use crate::support::own_data::{classes, has, loaded, problem, settings, single, write};
use autopeft::task::{Label, MissingLabels, ValidationSplit};

/// Rows of two classes with other labels among them; the first of these is in row 3, which is line 4.
fn rows(others: &[&str]) -> String {
    let mut labels = vec!["no", "yes"];
    labels.extend(others);
    labels.extend(["no", "yes", "no"]);
    let line = |(row, label): (usize, &&str)| format!("text {row},{label}\n");
    let lines: String = labels.iter().enumerate().map(line).collect();
    format!("text,label\n{lines}")
}

const GOOD: &str = "text,label\nsome text,no\nmore text,yes\n";

#[test]
fn marks_of_absence_are_refused_with_count_and_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let settings = single(folder, "t.csv", "v.csv");
    for (marks, parts) in [
        (
            &["-1", "-1"][..],
            &[
                "2 of 7 labels are -1 (the first in line 4)",
                "GLUE and SNLI",
                "task.labels",
            ][..],
        ),
        (&["-"], &["1 of 6 labels are `-`", "SNLI"]),
        (&[""], &["1 of 6 labels are empty (the first in line 4)"]),
        (&["nan", "nan"], &["2 of 7 labels are `nan`"]),
        (&["NaN"], &["`NaN`"]),
        (&["None"], &["`None`"]),
        (&["null"], &["`null`"]),
        (&["N/A"], &["`N/A`"]),
        (&["NA"], &["`NA`"]),
        (&["<NA>"], &["`<NA>`"]),
        (&["-1.0"], &["are -1"]),
        (&["?"], &["`?`"]),
        (
            &["N/A", "", " - "],
            &[
                "3 of 8 labels are missing",
                "1 is `-`, 1 is `N/A`, 1 is empty",
                "line 4",
            ],
        ),
    ] {
        write(folder, "t.csv", rows(marks));
        write(folder, "v.csv", GOOD);
        has(&problem(&settings), parts);
        has(
            &problem(&settings),
            &["t.csv", "task.missing_labels = \"drop\""],
        );
        // The dev set is held to the same.
        write(folder, "t.csv", GOOD);
        write(folder, "v.csv", rows(marks));
        has(&problem(&settings), parts);
    }
}

#[test]
fn rows_without_a_label_are_left_out_where_the_study_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", rows(&["-1", "nan", ""]));
    write(folder, "v.csv", rows(&["-"]));
    let mut settings = single(folder, "t.csv", "v.csv");
    settings.missing_labels = MissingLabels::Drop;
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.labels, classes(&["no", "yes"]));
    assert_eq!((dataset.train.len(), dataset.validation.len()), (5, 5));
    assert_eq!(dataset.train[2].text, "text 5");
    has(
        &dataset.warnings.join("\n"),
        &[
            "t.csv: 3 of 8 rows are left out",
            "v.csv: 1 of 6 rows are left out",
        ],
    );

    write(folder, "v.csv", "text,label\na,-1\nb,-1\n");
    has(
        &problem(&settings),
        &["v.csv", "none of its 2 rows has a label (2 are -1)"],
    );
}

#[test]
fn a_class_may_be_called_as_a_mark_is_where_the_study_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", "text,label\na,-1\nb,0\nc,1\nd,1\n");
    let mut settings = single(folder, "t.csv", "t.csv");
    has(&problem(&settings), &["1 of 4 labels are -1"]);
    settings.labels = ["-1", "0", "1"].map(str::to_owned).to_vec();
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.labels, classes(&["-1", "0", "1"]));
    assert_eq!(dataset.train[0].label, Label::Class(0));
    assert_eq!(dataset.train[3].label, Label::Class(2));

    write(
        folder,
        "t.csv",
        "text,label\na,None\nb,against\nc,favour\nd,N/A\n",
    );
    settings.labels = ["against", "favour", "None"].map(str::to_owned).to_vec();
    has(&problem(&settings), &["1 of 4 labels are `N/A`"]);
}

#[test]
fn nothing_in_json_and_a_key_that_is_absent_are_missing_labels_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\", \"label\": \"y\"}\n{\"text\": \"c\", \"label\": null}\n{\"text\": \"d\"}\n";
    write(folder, "t.jsonl", rows);
    let mut settings = single(folder, "t.jsonl", "t.jsonl");
    has(
        &problem(&settings),
        &["2 of 4 labels are null (the first in line 3)"],
    );
    settings.missing_labels = MissingLabels::Drop;
    assert_eq!(loaded(&settings).unwrap().train.len(), 2);
    write(folder, "t.jsonl", "{\"text\": \"c\", \"label\": null}\n");
    has(&problem(&settings), &["none of its 1 rows has a label"]);
}

#[test]
fn minus_one_is_an_amount_and_nothing_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", "text,label\na,-1\nb,0.5\nc,2\n");
    let mut settings = single(folder, "t.csv", "t.csv");
    settings.regression = true;
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.train[0].label, Label::Value(-1.0));
    write(folder, "t.csv", "text,label\na,-1\nb,0.5\nc,\nd,nan\n");
    let text = problem(&settings);
    has(
        &text,
        &["2 of 4 labels are missing", "the first in line 4", "drop"],
    );
    assert!(
        !text.contains("task.labels"),
        "amounts have no classes: {text}"
    );
    settings.missing_labels = MissingLabels::Drop;
    assert_eq!(loaded(&settings).unwrap().train.len(), 2);
}

#[test]
fn texts_that_are_missing_are_refused_unless_their_row_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let missing = "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\", \"label\": \"y\"}\n{\"text\": null, \"label\": null}\n";
    write(folder, "t.jsonl", missing);
    let mut settings = single(folder, "t.jsonl", "t.jsonl");
    settings.missing_labels = MissingLabels::Drop;
    assert_eq!(loaded(&settings).unwrap().train.len(), 2);
    write(
        folder,
        "t.jsonl",
        format!("{missing}{{\"label\": \"x\"}}\n"),
    );
    has(
        &problem(&settings),
        &["line 4, column `text`", "1 of 3 texts are missing"],
    );
}

#[test]
fn texts_that_may_stand_for_nothing_are_counted_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(
        folder,
        "t.csv",
        "text,label\nnan,no\nnull,yes\n\"\",no\nfine,yes\nNone of it,no\n",
    );
    let dataset = loaded(&single(folder, "t.csv", "t.csv")).unwrap();
    assert_eq!(dataset.train[1].text, "null");
    let warned = dataset.warnings.join("\n");
    has(
        &warned,
        &["of 5 texts in column `text` 1 is `nan`, 1 is `null`, 1 is empty, the first in line 2"],
    );
}

/// A folder as GLUE's: the test set's labels are kept back.
fn glue(folder: &Path, test: &str) {
    let row = |i: usize, label: &str| {
        format!("{{\"sentence\": \"sentence number {i}\", \"label\": {label}}}\n")
    };
    let rows: String = (0..6).map(|i| row(i, ["0", "1"][i % 2])).collect();
    write(folder, "train.jsonl", &rows);
    write(folder, "validation.jsonl", row(7, "1") + &row(8, "0"));
    write(folder, "test.jsonl", row(9, test) + &row(10, "-1"));
}

#[test]
fn a_test_set_whose_labels_are_kept_back_is_passed_over_or_refused_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    glue(folder, "-1");
    let mut cola = settings("cola", folder);
    cola.validation = ValidationSplit::TrainShare(0.34);
    let dataset = loaded(&cola).unwrap();
    assert_eq!(dataset.test.len(), 2, "the dev set");
    has(
        &dataset.warnings.join("\n"),
        &["test.jsonl is not used: none of its 2 rows has a label (2 are -1)"],
    );
    assert!(
        dataset
            .files
            .iter()
            .all(|path| !path.ends_with("test.jsonl"))
    );

    cola.folder = None;
    cola.train_file = Some(folder.join("train.jsonl"));
    cola.test_file = Some(folder.join("test.jsonl"));
    has(&problem(&cola), &["test.jsonl", "none of its 2 rows"]);

    // Where some have a label, somebody must say what becomes of the others.
    glue(folder, "1");
    has(
        &problem(&settings("cola", folder)),
        &["test.jsonl", "1 of 2 labels are -1", "line 2"],
    );
}

#[test]
fn a_test_file_without_rows_is_passed_over_unless_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "train.csv", rows(&[]));
    write(folder, "dev.csv", GOOD);
    let mut settings = single(folder, "train.csv", "dev.csv");
    settings.test_file = Some(folder.join("test.csv"));
    let mut whole = single(folder, "", "");
    whole.folder = Some(folder.to_owned());
    (whole.train_file, whole.validation_file) = (None, None);
    for empty in ["text,label\n", ""] {
        write(folder, "test.csv", empty);
        let dataset = loaded(&whole).unwrap();
        has(
            &dataset.warnings.join("\n"),
            &["test.csv is not used: it holds no rows"],
        );
        has(&problem(&settings), &["test.csv: the file holds no rows"]);
    }
}

#[test]
fn a_test_file_without_the_column_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "train.csv", rows(&[]));
    write(folder, "dev.csv", GOOD);
    write(folder, "test.csv", "id,text\n1,guess this\n");
    let mut settings = single(folder, "", "");
    settings.folder = Some(folder.to_owned());
    (settings.train_file, settings.validation_file) = (None, None);
    let dataset = loaded(&settings).unwrap();
    has(
        &dataset.warnings.join("\n"),
        &["test.csv is not used: it has no column `label`"],
    );
    settings.validation = ValidationSplit::TrainShare(0.4);
    assert_eq!(loaded(&settings).unwrap().test.len(), 2);
}
