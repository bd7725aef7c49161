#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use super::*;

fn open(folder: &Path) -> Result<ModelFiles, SourceError> {
    ModelFiles::at(&mut Place::folder(folder)?)
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn problem(files: &[&str]) -> String {
    let files: Vec<(&str, &[u8])> = files.iter().map(|name| (*name, b"{}".as_slice())).collect();
    open(folder(&files).path()).unwrap_err().to_string()
}

#[test]
fn an_incomplete_folder_says_what_it_lacks() {
    assert!(problem(&[]).contains("no config.json"));
    let whole = ["config.json", "tokenizer.json"];
    assert!(problem(&whole).contains("no model.safetensors"));
    for other in [
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "tf_model.h5",
    ] {
        let problem = problem(&[whole[0], whole[1], other]);
        assert!(
            problem.contains(other) && problem.contains("convert"),
            "{problem}"
        );
    }
    let adapter = problem(&[whole[0], whole[1], "adapter_model.safetensors"]);
    assert!(adapter.contains("not an encoder"), "{adapter}");
    let no_tokenizer = ["config.json", "model.safetensors", "vocab.json"];
    assert!(problem(&no_tokenizer).contains("merges.txt"));
    let sentence_piece = ["config.json", "model.safetensors", "spiece.model"];
    let message = problem(&sentence_piece);
    assert!(
        message.contains("spiece.model") && message.contains("write tokenizer.json"),
        "{message}"
    );
    let error = open(Path::new("/no/such/folder")).unwrap_err();
    assert!(error.to_string().contains("no such folder"), "{error}");
}

#[test]
fn a_complete_folder_is_taken_with_the_tokenizer_that_says_most() {
    let folder = folder(&[
        ("config.json", b"config.json"),
        ("model.safetensors", b"w"),
        ("vocab.txt", b"a"),
    ]);
    let files = open(folder.path()).unwrap();
    assert_eq!(files.config, b"config.json");
    assert_eq!(files.tokenizer.get("vocab.txt"), Some(&b"a"[..]));
    assert_eq!(
        files.weights,
        Weights::Files(vec![folder.path().join(WEIGHTS)])
    );
    std::fs::write(folder.path().join(TOKENIZER), "{}").unwrap();
    let files = open(folder.path()).unwrap();
    let whole = TokenizerFiles::json(b"{}".to_vec()).of_model(b"config.json".to_vec());
    assert_eq!(files.tokenizer, whole);
}

#[test]
fn weights_in_several_files_are_found_by_their_index() {
    let index = br#"{"metadata": {}, "weight_map": {"a": "two.safetensors", "b": "one.safetensors", "c": "two.safetensors"}}"#;
    let folder = folder(&[
        ("config.json", b"{}"),
        ("tokenizer.json", b"{}"),
        ("model.safetensors.index.json", index),
        ("one.safetensors", b"1"),
    ]);
    let message = open(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("no two.safetensors; model.safetensors.index"),
        "{message}"
    );
    std::fs::write(folder.path().join("two.safetensors"), b"2").unwrap();
    let files = open(folder.path()).unwrap();
    let expected = ["one.safetensors", "two.safetensors"].map(|name| folder.path().join(name));
    assert_eq!(files.weights, Weights::Files(expected.into()));
    let digests = files.digests().unwrap();
    let names: Vec<&str> = digests.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "config.json",
            "one.safetensors",
            "two.safetensors",
            "tokenizer.json"
        ]
    );
    // One file alone goes before an index, as in Python.
    std::fs::write(folder.path().join(WEIGHTS), b"w").unwrap();
    let files = open(folder.path()).unwrap();
    assert_eq!(
        files.weights,
        Weights::Files(vec![folder.path().join(WEIGHTS)])
    );
}

#[test]
fn a_tensor_that_the_index_leaves_out_is_named() {
    let head = br#"{"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#;
    let mut shard = (head.len() as u64).to_le_bytes().to_vec();
    shard.extend(head.iter().chain(&[0; 8]));
    let open_with = |index: &str| {
        let folder = folder(&[
            ("config.json", b"{}"),
            ("tokenizer.json", b"{}"),
            ("model.safetensors.index.json", index.as_bytes()),
            ("x.safetensors", &shard),
        ]);
        open(folder.path()).map_err(|error| error.to_string())
    };
    let whole = r#"{"weight_map": {"a": "x.safetensors", "b": "x.safetensors"}}"#;
    assert!(open_with(whole).is_ok());
    let message = open_with(r#"{"weight_map": {"a": "x.safetensors"}}"#).unwrap_err();
    assert!(
        message.contains("does not name the tensor `b` of x.safetensors"),
        "{message}"
    );
}

#[test]
fn an_index_that_is_none_is_refused() {
    for (index, expected) in [
        ("{", "no index of weights"),
        ("{}", "weight_map"),
        (r#"{"weight_map": {}}"#, "names no file"),
        (r#"{"weight_map": {"a": "../x"}}"#, "`../x`"),
        (r#"{"weight_map": {"a": "/x"}}"#, "`/x`"),
    ] {
        let message = Shards::of(index.as_bytes()).err().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_pointer_of_git_lfs_is_named_as_one() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n";
    let names = ["config.json", "vocab.txt", "model.safetensors"];
    for pointed in names {
        let files = names.map(|name| {
            (
                name,
                if name == pointed {
                    pointer.as_slice()
                } else {
                    b"{}"
                },
            )
        });
        let message = open(folder(&files).path()).unwrap_err().to_string();
        assert!(
            message.contains(pointed) && message.contains("git lfs pull"),
            "{message}"
        );
    }
}
