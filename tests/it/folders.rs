//! The files of a folder: by their names, after the hub's manner too.

use std::path::Path;

use crate::support::own_data::{has, loaded, problem, single, write};
use crate::support::parquet_file::{Column, write_parquet};
use autopeft::task::{TaskSettings, ValidationSplit};

/// The sets of a folder, a share of the training rows being measured on.
fn shared(folder: &Path) -> TaskSettings {
    TaskSettings {
        folder: Some(folder.to_owned()),
        train_file: None,
        validation_file: None,
        validation: ValidationSplit::TrainShare(0.25),
        ..single(folder, "", "")
    }
}

fn rows(set: &str, count: usize) -> String {
    let row = |i: usize| format!("{set} {i},{}\n", ["no", "yes"][i % 2]);
    format!("text,label\n{}", (0..count).map(row).collect::<String>())
}

fn shard(path: &Path, first: usize, count: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let texts: Vec<String> = (first..first + count).map(|i| format!("row {i}")).collect();
    let labels: Vec<i64> = (0..count as i64).map(|i| i % 2).collect();
    let columns = [
        ("text", Column::Texts(&texts)),
        ("label", Column::Whole(&labels)),
    ];
    write_parquet(path, &columns, None);
}

#[test]
fn the_test_file_of_a_folder_is_the_test_set() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "train.csv", rows("train", 8));
    write(folder, "test.csv", rows("test", 6));
    let dataset = loaded(&shared(folder)).unwrap();
    assert_eq!((dataset.train.len(), dataset.validation.len()), (6, 2));
    assert_eq!(dataset.test.len(), 6);
    assert_eq!(dataset.test[0].text, "test 0");

    write(folder, "dev.csv", rows("dev", 4));
    write(folder, "held-out.csv", rows("more", 4));
    std::fs::rename(folder.join("test.csv"), folder.join("Test.CSV")).unwrap();
    let dataset = loaded(&shared(folder)).unwrap();
    assert_eq!(dataset.test[0].text, "test 0");
    has(
        &dataset.warnings.join("\n"),
        &["not used: `held-out.csv`, for the files of a set are called after it"],
    );
    has(
        &dataset.warnings.join("\n"),
        &["the validation file is not used"],
    );
    let mut by_dev = shared(folder);
    by_dev.validation = ValidationSplit::Dev;
    let dataset = loaded(&by_dev).unwrap();
    assert_eq!((dataset.train.len(), dataset.validation.len()), (8, 4));
    assert_eq!(dataset.test.len(), 6);

    std::fs::remove_file(folder.join("Test.CSV")).unwrap();
    assert_eq!(loaded(&shared(folder)).unwrap().test[0].text, "dev 0");
}

#[test]
fn shards_are_one_table_and_a_fault_names_its_shard() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join("data");
    shard(
        &data.join("train-00000-of-00002-1a2b3c4d5e6f7081.parquet"),
        0,
        6,
    );
    shard(
        &data.join("train-00001-of-00002-9f8e7d6c5b4a3021.parquet"),
        6,
        6,
    );
    shard(
        &data.join("validation-00000-of-00001-0011223344556677.parquet"),
        20,
        4,
    );
    let mut settings = shared(folder);
    settings.validation = ValidationSplit::Dev;
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.train.len(), 12);
    assert_eq!(dataset.train[6].text, "row 6");
    assert_eq!(dataset.files.len(), 3);

    let second = data.join("train-00001-of-00002-9f8e7d6c5b4a3021.parquet");
    let texts = ["a".to_owned(), "b".to_owned()];
    let columns = [
        ("text", Column::Texts(&texts)),
        ("label", Column::Whole(&[0, -1])),
    ];
    write_parquet(&second, &columns, None);
    has(
        &problem(&settings),
        &[
            "train-00001-of-00002",
            "1 of 8 labels are -1 (the first in row 2)",
        ],
    );
    std::fs::remove_file(&second).unwrap();
    has(&problem(&settings), &["in 2 files", "missing", "from 0: 1"]);

    // Whoever names one of several is told so.
    let mut one = single(folder, "", "");
    one.train_file = Some(data.join("train-00000-of-00002-1a2b3c4d5e6f7081.parquet"));
    one.validation_file = one.train_file.clone();
    let warned = loaded(&one).unwrap().warnings.join("\n");
    has(&warned, &["is one of 2 files of a set"]);
}

#[test]
fn a_folder_without_the_files_says_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "training.csv", rows("a", 4));
    write(folder, "notes.txt", "nothing");
    has(
        &problem(&shared(folder)),
        &["no file train", "only `training.csv`"],
    );
    write(folder, "train.csv", rows("a", 4));
    write(folder, "data/train.csv", rows("b", 4));
    has(
        &problem(&shared(folder)),
        &["several files may be the set `train`", "data/train.csv"],
    );
    std::fs::remove_dir_all(folder.join("data")).unwrap();
    let mut by_dev = shared(folder);
    by_dev.validation = ValidationSplit::Dev;
    has(&problem(&by_dev), &["no file validation or dev"]);
}
