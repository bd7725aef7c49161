//! Names of files and the sets they make.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use super::*;

fn found(names: &[&str], set: &str) -> Result<Option<Vec<String>>, String> {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let listing = Listing::of(folder.path(), None).unwrap();
    let set = listing.first(&[set]).map_err(|error| error.to_string())?;
    Ok(set.map(|set| set.files.iter().map(|path| file_name(path)).collect()))
}

#[test]
fn shards_are_one_set_in_their_order() {
    let files = [
        "train-00001-of-00002-0123456789abcdef.parquet",
        "train-00000-of-00002-fedcba9876543210.parquet",
        "test.csv",
    ];
    let train = found(&files, "train").unwrap().unwrap();
    assert_eq!(train, [files[1], files[0]]);
    assert_eq!(found(&files, "test").unwrap().unwrap(), ["test.csv"]);
    assert_eq!(found(&files, "dev").unwrap(), None);
}

#[test]
fn the_inner_folder_of_the_hub_is_looked_into() {
    let files = ["data/train-00000-of-00001.parquet", "README.md"];
    let train = found(&files, "train").unwrap().unwrap();
    assert_eq!(train, ["train-00000-of-00001.parquet"]);
}

#[test]
fn what_is_missing_or_there_twice_is_told() {
    let missing = found(
        &[
            "train-00000-of-00003.parquet",
            "train-00002-of-00003.parquet",
        ],
        "train",
    );
    let missing = missing.unwrap_err();
    assert!(
        missing.contains("in 3 files") && missing.ends_with("from 0: 1"),
        "{missing}"
    );
    for files in [
        &["train.csv", "train.jsonl"][..],
        &["train.csv", "data/train.csv"],
        &["train.parquet", "train-00000-of-00001.parquet"],
        &[
            "train-00000-of-00001.parquet",
            "train-00000-of-00002.parquet",
        ],
        &[
            "train-00000-of-00001-01234567.parquet",
            "train-00000-of-00001-89abcdef.parquet",
        ],
    ] {
        let several = found(files, "train").unwrap_err();
        assert!(several.contains("several files"), "{several}");
    }
}

#[test]
fn other_names_are_no_shards() {
    assert_eq!(
        found(
            &["training.csv", "train-old.csv", "train-1-of-x.csv"],
            "train"
        )
        .unwrap(),
        None
    );
    assert_eq!(
        found(&["train.TXT", "train.csv.gz"], "train").unwrap(),
        None
    );
    assert_eq!(
        found(&["Train.CSV"], "train").unwrap().unwrap(),
        ["Train.CSV"]
    );
    let one = Shard::in_name(Path::new("/x/my-train-00001-of-00004.parquet"));
    assert_eq!(one, Some(Shard { number: 1, of: 4 }));
    assert_eq!(
        Shard::in_name(Path::new("train-00000-of-00001.parquet")),
        None
    );
}

#[test]
fn files_called_like_sets_that_are_not_looked_at_are_named() {
    let files = [
        "train.parquet",
        "train-1.csv",
        "notes.csv",
        "test/0000.parquet",
        "default/validation/0000.parquet",
        "data/test.csv.gz",
        "Dev.TXT",
        "out/config.json",
        ".git/test.csv",
        "a/b/c/test.csv",
    ];
    let folder = tempfile::tempdir().unwrap();
    for name in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let named = |format| {
        let listing = Listing::of(folder.path(), format).unwrap();
        let train = listing.first(&["train"]).unwrap();
        listing.others(train.iter())
    };
    assert_eq!(
        named(None),
        [
            "notes.csv",
            "train-1.csv",
            "Dev.TXT",
            "data/test.csv.gz",
            "default/validation/0000.parquet",
            "test/0000.parquet"
        ]
    );
    assert_eq!(
        named(Some(DataFormat::Parquet))[2..],
        [
            "default/validation/0000.parquet",
            "test/0000.parquet",
            "train-1.csv"
        ]
    );
    std::fs::remove_file(folder.path().join("train.parquet")).unwrap();
    let listing = Listing::of(folder.path(), None).unwrap();
    let error = listing.needed(&["train"]).unwrap_err().to_string();
    assert!(
        error.contains("`default/validation/0000.parquet`"),
        "{error}"
    );
    assert!(error.contains("are not looked into"), "{error}");
}
