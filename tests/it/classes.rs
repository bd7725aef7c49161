//! The list of classes: stated once, and used by every file.

use std::path::Path;

use crate::support::own_data::{classes, has, loaded, problem, settings, single, write};
use crate::support::parquet_file::{Column, write_parquet};
use autopeft::task::{Dataset, Label};

const WORDS: &str = "text,label\na,real\nb,fake\nc,real\nd,fake\n";
const NUMBERS: &str = "text,label\ne,0\nf,1\n";

fn validation(dataset: &Dataset) -> Vec<usize> {
    let class = |row: &autopeft::task::Example| match row.label {
        Label::Class(class) => class,
        Label::Value(value) => panic!("{value} is no class"),
    };
    dataset.validation.iter().map(class).collect()
}

#[test]
fn words_in_one_file_and_numbers_in_the_other_are_refused_with_both_lists() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "words.csv", WORDS);
    write(folder, "numbers.csv", NUMBERS);
    let text = problem(&single(folder, "words.csv", "numbers.csv"));
    has(
        &text,
        &[
            "numbers.csv, line 2",
            "`0`, `1`",
            "`fake`, `real`",
            "words.csv",
            "task.labels",
        ],
    );
    let text = problem(&single(folder, "numbers.csv", "words.csv"));
    has(
        &text,
        &[
            "words.csv, line 2",
            "`fake`, `real`",
            "`0`, `1`",
            "numbers.csv",
            "task.labels",
        ],
    );
}

#[test]
fn numbers_are_places_in_a_stated_list() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "words.csv", WORDS);
    write(folder, "numbers.csv", NUMBERS);
    let mut settings = single(folder, "words.csv", "numbers.csv");
    settings.labels = ["real", "fake"].map(str::to_owned).to_vec();
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.labels, classes(&["real", "fake"]));
    assert_eq!(dataset.train[0].label, Label::Class(0));
    assert_eq!(validation(&dataset), [0, 1]);

    write(folder, "numbers.csv", "text,label\ne,0\nf,2\n");
    has(
        &problem(&settings),
        &[
            "line 3",
            "`2`",
            "0 to 1 or one of `real`, `fake` (from `task.labels`)",
        ],
    );
    write(folder, "numbers.csv", "text,label\ne,0\nf,fake\n");
    has(
        &problem(&settings),
        &[
            "line 3",
            "line 2 has `0`",
            "line 3 has `fake`",
            "all names or all numbers",
        ],
    );
}

#[test]
fn a_mixture_inside_the_training_file_is_refused_unless_the_list_names_all() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", "text,label\na,0\nb,1\nc,neg\nd,pos\n");
    let mut settings = single(folder, "t.csv", "t.csv");
    has(
        &problem(&settings),
        &[
            "some labels are words (`neg`, `pos`) and some are numbers (`0`, `1`)",
            "task.labels",
        ],
    );
    settings.labels = ["neg", "pos"].map(str::to_owned).to_vec();
    has(&problem(&settings), &["all names or all numbers"]);
    settings.labels = ["0", "1", "neg", "pos"].map(str::to_owned).to_vec();
    assert_eq!(validation(&loaded(&settings).unwrap()), [0, 1, 2, 3]);
}

#[test]
fn a_label_that_is_no_class_is_refused_with_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", WORDS);
    write(folder, "v.csv", "text,label\ne,fake\nf,Real\n");
    let text = problem(&single(folder, "t.csv", "v.csv"));
    has(
        &text,
        &[
            "v.csv, line 3",
            "`Real`",
            "one of `fake`, `real` (the labels of t.csv)",
        ],
    );
}

#[test]
fn truth_is_a_name_in_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(
        folder,
        "t.jsonl",
        "{\"text\": \"a\", \"label\": true}\n{\"text\": \"b\", \"label\": false}\n",
    );
    write(folder, "v.csv", "text,label\nc,True\nd,False\n");
    let dataset = loaded(&single(folder, "t.jsonl", "v.csv")).unwrap();
    assert_eq!(dataset.labels, classes(&["false", "true"]));
    assert_eq!(validation(&dataset), [1, 0]);
    write(folder, "v.csv", NUMBERS);
    has(
        &problem(&single(folder, "t.jsonl", "v.csv")),
        &["`0`, `1`", "`false`, `true`"],
    );
    // A list that does not name them gives true and false no place.
    let mut settings = single(folder, "t.jsonl", "t.jsonl");
    settings.labels = ["yes", "no"].map(str::to_owned).to_vec();
    has(&problem(&settings), &["line 1", "true", "`yes`, `no`"]);
}

#[test]
fn numbers_in_another_spelling_are_one_class_and_words_are_doubted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", "text,label\na,1.0\nb,0\nc, 1\nd,0.00\n");
    write(
        folder,
        "v.jsonl",
        "{\"text\": \"e\", \"label\": 1}\n{\"text\": \"f\", \"label\": \"0\"}\n",
    );
    let dataset = loaded(&single(folder, "t.csv", "v.jsonl")).unwrap();
    assert_eq!(dataset.labels, classes(&["0", "1"]));
    assert_eq!(validation(&dataset), [1, 0]);

    write(
        folder,
        "t.csv",
        "text,label\na,Spam\nb,spam\nc,ham\nd,ham \ne,unknown\n",
    );
    let dataset = loaded(&single(folder, "t.csv", "t.csv")).unwrap();
    assert_eq!(dataset.labels, classes(&["Spam", "ham", "spam", "unknown"]));
    let warned = dataset.warnings.join("\n");
    has(
        &warned,
        &[
            "`Spam`, `spam` differ in their spelling alone",
            "`ham`, `ham ` differ in the blanks",
            "`unknown`",
        ],
    );
}

#[test]
fn a_column_that_names_every_row_is_no_label() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..20).map(|i| format!("text {i},{i}\n")).collect();
    write(folder.path(), "t.csv", format!("text,label\n{rows}"));
    has(
        &problem(&single(folder.path(), "t.csv", "t.csv")),
        &["20 rows has a label of its own"],
    );
}

/// Rows with whole numbers as labels that the file's metadata gives names.
fn class_label(path: &Path, labels: &[i64], names: &str) {
    named_column(path, Column::Whole(labels), labels.len(), names);
}

/// The same, the numbers in whatever form.
fn named_column(path: &Path, labels: Column<'_>, rows: usize, names: &str) {
    let texts: Vec<String> = (0..rows).map(|i| format!("text {i}")).collect();
    let metadata = format!(
        r#"{{"info": {{"features": {{"text": {{"dtype": "string", "_type": "Value"}}, "label": {{"names": {names}, "_type": "ClassLabel"}}}}}}}}"#
    );
    let columns = [("text", Column::Texts(&texts)), ("label", labels)];
    write_parquet(path, &columns, Some(("huggingface", &metadata)));
}

#[test]
fn numbers_have_their_files_names_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    class_label(&folder.join("t.parquet"), &[0, 1, 0], r#"["neg", "pos"]"#);
    let written = ["0", "1.0"].map(str::to_owned);
    for column in [
        Column::Fractional(&[0.0, 1.0]),
        Column::Decimal(&[0, 100]),
        Column::Half(&[0.0, 1.0]),
        Column::Texts(&written),
    ] {
        named_column(&folder.join("v.parquet"), column, 2, r#"["pos", "neg"]"#);
        let dataset = loaded(&single(folder, "t.parquet", "v.parquet")).unwrap();
        assert_eq!(validation(&dataset), [1, 0]);
    }
}

#[test]
fn a_class_label_that_names_nothing_certain_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "v.csv", WORDS);
    for (names, word) in [
        (r#"["neg", "pos", "neg"]"#, "`neg` twice"),
        (r#"["1", "1.0"]"#, "`1` twice"),
        (r#"[null, "neg", "pos"]"#, "no text"),
        ("[1, 0]", "no text"),
    ] {
        class_label(&folder.join("t.parquet"), &[0, 1, 0], names);
        has(
            &problem(&single(folder, "t.parquet", "v.csv")),
            &["t.parquet", word],
        );
    }
    // Names that are others' places.
    class_label(&folder.join("t.parquet"), &[0, 1, 0], r#"["1", "0"]"#);
    write(folder, "v.csv", "text,label\na,0\nb,1\n");
    let mut settings = single(folder, "t.parquet", "v.csv");
    has(&problem(&settings), &["names or places", "task.labels"]);
    settings.labels = ["0", "1"].map(str::to_owned).to_vec();
    assert_eq!(validation(&loaded(&settings).unwrap()), [0, 1]);
}

#[test]
fn truth_is_no_answer_to_which_of_two() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |label: &str| {
        format!("{{\"sentence1\": \"a\", \"sentence2\": \"b\", \"label\": {label}}}\n")
    };
    for (yes, no) in [("true", "false"), ("\"TRUE\"", "\"FALSE\"")] {
        for name in ["train.jsonl", "validation.jsonl"] {
            write(folder.path(), name, [rows(yes), rows(no)].concat());
        }
        let mut rte = settings("rte", folder.path());
        has(&problem(&rte), &["entailment"]);
        rte.name = "mrpc".to_owned();
        assert_eq!(validation(&loaded(&rte).unwrap()), [1, 0]);
    }
}

#[test]
fn an_accent_is_one_with_its_letter() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(
        folder,
        "t.csv",
        "text,label\na,caf\u{e9}\nb,tea\nc,cafe\u{301}\n",
    );
    write(folder, "v.csv", "text,label\nd,cafe\u{301}\ne,tea\n");
    let dataset = loaded(&single(folder, "t.csv", "v.csv")).unwrap();
    assert_eq!(dataset.labels, classes(&["caf\u{e9}", "tea"]));
    assert_eq!(validation(&dataset), [0, 1]);
}

#[test]
fn amounts_that_32_bits_would_blur_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = |amount: fn(u64) -> f64| {
        let rows = (0..30).map(|i| format!("text {i},{}\n", amount(i)));
        format!("text,label\n{}", rows.collect::<String>())
    };
    write(folder, "t.csv", table(|i| 1.7e9 + 50.0 * i as f64));
    let mut settings = single(folder, "t.csv", "t.csv");
    settings.regression = true;
    has(&problem(&settings), &["32-bit", "subtract 1700000000"]);
    for good in [|i| i as f64 / 3.0, |i| 1e9 * i as f64] {
        write(folder, "t.csv", table(good));
        loaded(&settings).unwrap();
    }
}

#[test]
fn the_class_label_of_a_parquet_file_names_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    class_label(
        &folder.join("t.parquet"),
        &[0, 1, 1, 2],
        r#"["neg", "pos", "mixed"]"#,
    );
    // The same names in another order: numbers mean what their own file says.
    class_label(
        &folder.join("v.parquet"),
        &[0, 1, 2],
        r#"["mixed", "neg", "pos"]"#,
    );
    let dataset = loaded(&single(folder, "t.parquet", "v.parquet")).unwrap();
    assert_eq!(dataset.labels, classes(&["neg", "pos", "mixed"]));
    assert_eq!(validation(&dataset), [2, 0, 1]);

    write(folder, "v.csv", "text,label\na,pos\nb,mixed\n");
    assert_eq!(
        validation(&loaded(&single(folder, "t.parquet", "v.csv")).unwrap()),
        [1, 2]
    );
    write(folder, "v.csv", "text,label\na,1\nb,0\n");
    assert_eq!(
        validation(&loaded(&single(folder, "t.parquet", "v.csv")).unwrap()),
        [1, 0]
    );

    write(folder, "t.csv", "text,label\na,pos\nb,neg\nc,mixed\n");
    let dataset = loaded(&single(folder, "t.csv", "v.parquet")).unwrap();
    assert_eq!(dataset.labels, classes(&["mixed", "neg", "pos"]));
    assert_eq!(validation(&dataset), [0, 1, 2]);
}

#[test]
fn class_labels_of_other_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    class_label(&folder.join("t.parquet"), &[0, 1], r#"["neg", "pos"]"#);
    class_label(&folder.join("v.parquet"), &[1], r#"["good", "bad"]"#);
    let text = problem(&single(folder, "t.parquet", "v.parquet"));
    has(
        &text,
        &[
            "v.parquet, row 1",
            "`bad`",
            "`neg`, `pos` (the ClassLabel of t.parquet)",
        ],
    );
    class_label(&folder.join("v.parquet"), &[1, -1, 7], r#"["neg", "pos"]"#);
    let mut settings = single(folder, "t.parquet", "v.parquet");
    has(
        &problem(&settings),
        &["1 of 3 labels are -1 (the first in row 2)"],
    );
    settings.missing_labels = autopeft::task::MissingLabels::Drop;
    has(&problem(&settings), &["row 3", "beyond the 2 names"]);
    settings.labels = ["bad", "good"].map(str::to_owned).to_vec();
    has(
        &problem(&settings),
        &[
            "t.parquet, row 1",
            "`neg`",
            "`bad`, `good` (from `task.labels`)",
        ],
    );
}

#[test]
fn a_known_task_in_another_order_is_mapped_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts: Vec<String> = (0..2).map(|i| format!("text {i}")).collect();
    let file = |name: &str, names: &str| {
        let metadata = format!(
            r#"{{"info": {{"features": {{"label": {{"names": {names}, "_type": "ClassLabel"}}}}}}}}"#
        );
        let columns = [
            ("sentence", Column::Texts(&texts)),
            ("label", Column::Whole(&[0, 1])),
        ];
        write_parquet(
            &folder.join(name),
            &columns,
            Some(("huggingface", &metadata)),
        );
    };
    file("train.parquet", r#"["negative", "positive"]"#);
    file("validation.parquet", r#"["positive", "negative"]"#);
    let dataset = loaded(&settings("sst2", folder)).unwrap();
    assert_eq!(validation(&dataset), [1, 0]);
    file("validation.parquet", r#"["pos", "neg"]"#);
    has(
        &problem(&settings("sst2", folder)),
        &["`pos`", "`negative`, `positive` (the task's classes)"],
    );
}

#[test]
fn what_the_hub_calls_true_and_false_has_the_known_tasks_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts = ["a".to_owned(), "b".to_owned()];
    let columns = [
        ("question", Column::Texts(&texts)),
        ("passage", Column::Texts(&texts)),
        ("label", Column::Whole(&[1, 0])),
    ];
    let metadata =
        r#"{"info": {"features": {"label": {"names": ["False", "True"], "_type": "ClassLabel"}}}}"#;
    for name in ["train.parquet", "validation.parquet"] {
        write_parquet(
            &folder.join(name),
            &columns,
            Some(("huggingface", metadata)),
        );
    }
    let dataset = loaded(&settings("boolq", folder)).unwrap();
    assert_eq!(dataset.labels, classes(&["no", "yes"]));
    assert_eq!(validation(&dataset), [1, 0]);
}
