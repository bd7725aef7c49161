//! Tasks from files: the real data sets where they lie on this machine, and files of every format and fault.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::own_data::{counts, loaded, own, problem, settings, write};
use autopeft::task::{DataFormat, Label, Labels, Metric, TASKS, TaskSettings, ValidationSplit};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// The folder of the real data sets, if there is one.
fn real_data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("AUTOPEFT_DATA").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// Task, rows for training and validation, and, where they are known, how often each class occurs in them.
type Expected = (
    &'static str,
    usize,
    usize,
    &'static [usize],
    &'static [usize],
);

const REAL: [Expected; 12] = [
    ("rte", 2490, 277, &[1249, 1241], &[146, 131]),
    ("mrpc", 3668, 408, &[1194, 2474], &[129, 279]),
    ("cola", 8551, 1043, &[2528, 6023], &[322, 721]),
    ("stsb", 5749, 1500, &[], &[]),
    ("sst2", 10000, 872, &[], &[428, 444]),
    ("cb", 250, 56, &[115, 119, 16], &[23, 28, 5]),
    ("copa", 400, 100, &[195, 205], &[55, 45]),
    ("wic", 5428, 638, &[2714, 2714], &[319, 319]),
    ("boolq", 1933, 3270, &[], &[1237, 2033]),
    ("qnli", 8999, 5463, &[], &[]),
    ("qqp", 8999, 1000, &[], &[]),
    ("mnli", 8999, 1000, &[], &[]),
];

#[test]
fn the_real_data_sets_load_entire() {
    let Some(data) = real_data() else {
        eprintln!("no real data here; AUTOPEFT_DATA names their folder");
        return;
    };
    for (name, train, validation, train_counts, validation_counts) in REAL {
        let folder = data.join(name);
        if !folder.is_dir() {
            continue;
        }
        let dataset = loaded(&settings(name, &folder)).unwrap();
        assert_eq!(dataset.train.len(), train, "{name}");
        assert_eq!(dataset.validation.len(), validation, "{name}");
        assert!(dataset.test.is_empty(), "{name}");
        for (rows, expected) in [
            (&dataset.train, train_counts),
            (&dataset.validation, validation_counts),
        ] {
            if !expected.is_empty() {
                assert_eq!(counts(rows, dataset.labels.outputs()), expected, "{name}");
            }
        }
        let single = ["cola", "sst2"].contains(&name);
        assert!(
            dataset.train.iter().all(|row| row.pair.is_none() == single),
            "{name}"
        );
        if name == "cola" {
            let warned = dataset
                .warnings
                .iter()
                .any(|text| text.contains("16 of 1043"));
            assert!(warned, "{:?}", dataset.warnings);
        }
    }
    // SuperGLUE gives RTE other column names; there is no second copy of it.
    let missing = problem(&settings("superglue_rte", &data.join("rte")));
    assert!(missing.contains("premise"), "{missing}");
}

#[test]
fn a_share_of_the_real_training_rows_keeps_its_classes() {
    let Some(data) = real_data() else {
        return;
    };
    let mut settings = settings("rte", &data.join("rte"));
    settings.validation = ValidationSplit::TrainShare(0.1);
    let dataset = loaded(&settings).unwrap();
    assert_eq!(counts(&dataset.validation, 2), [125, 124]);
    assert_eq!(dataset.train.len(), 2490 - 249);
    assert_eq!(dataset.test.len(), 277);
}

/// A Parquet file with the columns of STS-B or, with whole labels, of any pair task.
fn write_parquet(path: &Path, texts: &[(&str, &str)], labels: &[f64], whole: bool) {
    let kind = if whole { "INT64" } else { "DOUBLE" };
    let schema = format!(
        "message schema {{ REQUIRED BYTE_ARRAY sentence1 (UTF8); OPTIONAL BYTE_ARRAY sentence2 (UTF8); REQUIRED {kind} label; REQUIRED INT64 idx; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = Arc::new(
        WriterProperties::builder()
            .set_compression(parquet::basic::Compression::SNAPPY)
            .build(),
    );
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let rows = labels.len();
    for column in 0..4 {
        let mut writer = group.next_column().unwrap().unwrap();
        if column < 2 {
            let values: Vec<ByteArray> = texts
                .iter()
                .map(|(a, b)| ByteArray::from(if column == 0 { *a } else { *b }))
                .collect();
            let defined = vec![1; rows];
            let defined = (column == 1).then_some(defined.as_slice());
            let writer = writer.typed::<ByteArrayType>();
            writer.write_batch(&values, defined, None).unwrap();
        } else if column == 2 && !whole {
            let writer = writer.typed::<DoubleType>();
            writer.write_batch(labels, None, None).unwrap();
        } else {
            let values: Vec<i64> = match column {
                2 => labels.iter().map(|&label| label as i64).collect(),
                _ => (0..rows as i64).collect(),
            };
            let writer = writer.typed::<Int64Type>();
            writer.write_batch(&values, None, None).unwrap();
        }
        writer.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_is_read_with_whole_and_fractional_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(format!("{name}-00000-of-00001.parquet"));
    let texts = [("Grüße", "one\ttwo"), ("three", "")];
    write_parquet(&path("train"), &texts, &[3.5, 0.25], false);
    write_parquet(&path("validation"), &texts, &[1.0, 2.0], false);
    let dataset = loaded(&settings("stsb", folder.path())).unwrap();
    assert_eq!(dataset.labels, Labels::Regression);
    assert_eq!(dataset.metric, Metric::Spearman);
    assert_eq!(dataset.train[0].text, "Grüße");
    assert_eq!(dataset.train[0].pair.as_deref(), Some("one\ttwo"));
    assert_eq!(dataset.train[0].label, Label::Value(3.5));
    assert_eq!(dataset.train[1].pair.as_deref(), Some(""));
    assert_eq!(dataset.warnings.len(), 4, "{:?}", dataset.warnings);

    write_parquet(&path("train"), &texts, &[1.0, 0.0], true);
    write_parquet(&path("validation"), &texts, &[0.0, 2.0], true);
    let problem = problem(&settings("rte", folder.path()));
    for part in [
        "validation-",
        "row 2",
        "`label`",
        "2",
        "0 to 1",
        "`entailment`",
    ] {
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn damaged_parquet_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "train.parquet", b"PAR1 but not really PAR1");
    write(folder.path(), "validation.parquet", b"");
    let problem = problem(&settings("rte", folder.path()));
    assert!(
        problem.contains("train.parquet") && problem.contains("Parquet"),
        "{problem}"
    );
}

#[test]
fn every_text_format_gives_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(
        folder,
        "rows.csv",
        "b,label,a\r\n\"x, \"\"y\"\"\",yes,one\r\nz,no,two\r\n",
    );
    write(
        folder,
        "rows.tsv",
        "a\tb\tlabel\none\tx, \"y\"\tyes\ntwo\tz\tno\r\n",
    );
    write(
        folder,
        "rows.jsonl",
        "{\"a\": \"one\", \"b\": \"x, \\\"y\\\"\", \"label\": \"yes\"}\n\n{\"a\": \"two\", \"b\": \"z\", \"label\": \"no\", \"more\": [1]}",
    );
    std::fs::copy(folder.join("rows.tsv"), folder.join("rows.data")).unwrap();
    for name in ["rows.csv", "rows.tsv", "rows.jsonl", "rows.data"] {
        let mut settings = own(folder, name, name);
        if name == "rows.data" {
            settings.format = Some(DataFormat::Tsv);
        }
        let dataset = loaded(&settings).unwrap();
        let classes = Labels::Classes(vec!["no".to_owned(), "yes".to_owned()]);
        assert_eq!(dataset.labels, classes, "{name}");
        assert_eq!(dataset.metric, Metric::Accuracy);
        assert_eq!(dataset.train[0].text, "one", "{name}");
        assert_eq!(dataset.train[0].pair.as_deref(), Some("x, \"y\""), "{name}");
        assert_eq!(dataset.train[0].label, Label::Class(1), "{name}");
        assert_eq!(dataset.train.len(), 2, "{name}");
    }
}

#[test]
fn line_separators_inside_texts_end_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let row = "{\"sentence\": \"a\u{2028}b\u{85}c\\fd\", \"label\": 1}\n";
    let other = "{\"sentence\": \"d\", \"label\": 0}\n";
    write(folder.path(), "train.jsonl", row);
    write(folder.path(), "dev.jsonl", [row, other].concat());
    let dataset = loaded(&settings("cola", folder.path())).unwrap();
    assert_eq!(dataset.train.len(), 1);
    assert_eq!(dataset.train[0].text, "a\u{2028}b\u{85}c\u{c}d");
}

#[test]
fn whole_numbers_are_classes_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "t.csv", "a,b,label\nx,y,10\nx,z,2\nx,v,-3\n");
    write(folder.path(), "v.csv", "a,b,label\nx,y,2\n");
    let settings = own(folder.path(), "t.csv", "v.csv");
    let dataset = loaded(&settings).unwrap();
    let names = ["-3", "2", "10"].map(str::to_owned).to_vec();
    assert_eq!(dataset.labels, Labels::Classes(names));
    assert_eq!(dataset.validation[0].label, Label::Class(1));

    write(folder.path(), "v.csv", "a,b,label\nx,y,2\nx,y,1\n");
    let unseen = problem(&settings);
    assert!(unseen.contains("v.csv, line 3, column `label`"), "{unseen}");
    assert!(unseen.contains("`-3`, `2`, `10`"), "{unseen}");
}

#[test]
fn faults_of_a_file_are_named_with_their_place() {
    let good = "a,b,label\nx,y,0\nx,z,1\n";
    let long = "a,b,label\nx,y,0\nx,y,z,1\n";
    let jsonl = "{\"a\": \"x\", \"b\": \"y\", \"label\": 0}\n";
    let faults: [(&str, &[u8], &[&str]); 10] = [
        (
            "t.csv",
            b"a,label\nx,0\n",
            &["t.csv", "no column `b`", "`a`, `label`"],
        ),
        ("t.csv", b"a,b,label\n", &["t.csv", "no rows"]),
        ("t.csv", b"", &["t.csv", "no rows"]),
        (
            "t.csv",
            b"a,b,label\nx,y,0\nx,\xff\xfe,1\n",
            &["line 3", "`b`", "UTF-8"],
        ),
        (
            "t.csv",
            long.as_bytes(),
            &["line 3", "4 fields", "3, as in the header"],
        ),
        (
            "t.csv",
            b"a,b,label\nx,y,0.5\nx,z,1.5\n",
            &["regression = true"],
        ),
        (
            "t.csv",
            b"a,b,label\nx,y,0\nx,z,0\n",
            &["at least two classes"],
        ),
        (
            "t.jsonl",
            b"{\"a\": \"x\",\n",
            &["t.jsonl, line 1", "JSON object"],
        ),
        (
            "t.jsonl",
            b"{\"a\": \"x\", \"label\": 0}\n",
            &["t.jsonl", "no column `b`", "`a`, `label`"],
        ),
        ("t.jsonl", b"\xc3\x28\n", &["line 1", "UTF-8"]),
    ];
    for (name, content, parts) in faults {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), name, content);
        write(folder.path(), "v.csv", good);
        let text = problem(&own(folder.path(), name, "v.csv"));
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let list = "{\"a\": [1], \"b\": \"y\", \"label\": 1}\n";
    write(folder.path(), "t.jsonl", format!("{jsonl}{list}"));
    write(folder.path(), "v.csv", good);
    let text = problem(&own(folder.path(), "t.jsonl", "v.csv"));
    assert!(
        text.contains("line 2, column `a`") && text.contains("a list"),
        "{text}"
    );
}

#[test]
fn contradictory_settings_are_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let good = "a,b,label\nx,y,0\nx,z,1\n";
    write(folder.path(), "t.csv", good);
    let fine = own(folder.path(), "t.csv", "t.csv");
    assert!(loaded(&fine).is_ok());
    let case = |change: fn(&mut TaskSettings)| {
        let mut settings = fine.clone();
        change(&mut settings);
        problem(&settings)
    };
    let cases = [
        (case(|s| s.validation_file = None), "validation_file"),
        (case(|s| s.train_file = None), "train_file"),
        (case(|s| s.label_column = None), "label_column"),
        (case(|s| s.text_columns.push("c".into())), "one, or two"),
        (
            case(|s| s.metric = Some(Metric::Pearson)),
            "accuracy, f1, macro_f1, matthews",
        ),
        (
            case(|s| s.validation = ValidationSplit::TrainShare(0.01)),
            "both need rows",
        ),
        (
            case(|s| s.train_file = Some("/no/file.csv".into())),
            "/no/file.csv",
        ),
        (
            case(|s| s.train_file = Some("/no/file.txt".into())),
            ".jsonl",
        ),
    ];
    for (text, part) in cases {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    let mut unknown = settings("rtee", folder.path());
    let text = problem(&unknown);
    assert!(
        text.contains("nearest: `rte`") && text.contains("boolq"),
        "{text}"
    );
    unknown.name = "rte".to_owned();
    let text = problem(&unknown);
    assert!(text.contains("no file train"), "{text}");
}

#[test]
fn a_regression_of_ones_own_predicts_numbers() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "t.tsv", "a\tb\tlabel\nx\ty\t0.5\nx\tz\t2\n");
    let mut settings = own(folder.path(), "t.tsv", "t.tsv");
    settings.regression = true;
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.metric, Metric::Spearman);
    assert_eq!(dataset.train[1].label, Label::Value(2.0));
    write(folder.path(), "t.tsv", "a\tb\tlabel\nx\ty\thalf\n");
    let text = problem(&settings);
    assert!(text.contains("line 2") && text.contains("`half`"), "{text}");
}

#[test]
fn fewer_rows_are_a_seeded_sample_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..50)
        .map(|row| format!("text {row:02},y,{}\n", row % 2))
        .collect();
    write(folder.path(), "t.csv", format!("a,b,label\n{rows}"));
    let mut settings = own(folder.path(), "t.csv", "t.csv");
    settings.train_rows = Some(10);
    settings.validation_rows = Some(100);
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.train.len(), 10);
    assert_eq!(dataset.validation.len(), 50);
    assert!(dataset.train.is_sorted_by(|a, b| a.text < b.text));
    assert_eq!(dataset.train, loaded(&settings).unwrap().train);
}

#[test]
fn every_known_task_is_complete() {
    for task in TASKS {
        let labels = match task.classes {
            Some(names) => Labels::Classes(names.iter().map(|&name| name.to_owned()).collect()),
            None => Labels::Regression,
        };
        assert!(task.metric.fits(&labels), "{}", task.name);
        assert!(!task.columns.is_empty(), "{}", task.name);
        let same = TASKS.iter().filter(|other| other.name == task.name);
        assert_eq!(same.count(), 1, "{}", task.name);
    }
    let mnli = autopeft::task::known("mnli").unwrap();
    let file = mnli.hub.file(mnli.hub.validation);
    assert_eq!(file, "mnli/validation_matched-00000-of-00001.parquet");
}
