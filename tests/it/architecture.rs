//! Who may know whom: the arrows of `src/lib.rs`, held against the `crate::` paths in the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Part, and the parts that it may name. `durable` (whole files), `digest` (their hashes), `regular` and `json` (reading
/// what others wrote), `visible` and `markdown` (showing it) are everybody's.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("search", &["domain", "threads"]),
    ("hub", &["digest", "durable", "threads"]),
    ("task", &["hub", "memory", "regular", "json", "visible"]),
    (
        "study",
        &["domain", "task", "model", "hub", "regular", "visible"],
    ),
    (
        "model",
        &[
            "domain", "task", "study", "hub", "memory", "threads", "digest", "regular", "json",
        ],
    ),
    (
        "train",
        &[
            "domain", "task", "study", "model", "memory", "durable", "regular",
        ],
    ),
    (
        "doctor",
        &["domain", "study", "model", "train", "durable", "regular"],
    ),
    ("executor", &["domain", "train", "memory", "threads"]),
    ("journal", &["domain", "durable", "regular", "threads"]),
    (
        "export",
        &[
            "domain", "task", "study", "model", "train", "durable", "digest", "regular", "json",
            "markdown", "visible",
        ],
    ),
    (
        "evaluation",
        &[
            "domain", "task", "study", "model", "train", "durable", "digest", "regular",
            "markdown", "visible",
        ],
    ),
    (
        "report",
        &["domain", "search", "evaluation", "markdown", "visible"],
    ),
    ("tui", &["domain", "app", "streams", "durable", "threads"]),
    ("streams", &[]),
    ("threads", &[]),
    ("durable", &[]),
    ("visible", &[]),
    ("markdown", &["visible"]),
    ("memory", &[]),
    ("digest", &["regular"]),
    ("regular", &["memory"]),
    ("json", &[]),
];

fn sources(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries
        .flat_map(|path| sources(&path))
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect();
    found.sort();
    found
}

/// Whether a file holds tests only; they may build states in any way.
fn is_test(path: &Path) -> bool {
    path.components()
        .any(|c| c.as_os_str().to_string_lossy().contains("tests"))
}

/// The parts that a source names by `crate::part`, outside comments.
fn named(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    let word = |rest: &str| {
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    paths
        .map(word)
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn parts_know_only_whom_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (part, may_know) in MAY_KNOW {
        let folder = root.join(part);
        let place = if folder.is_dir() {
            folder
        } else {
            root.join(format!("{part}.rs"))
        };
        let files = sources(&place);
        assert!(!files.is_empty(), "no sources of {part}");
        for file in files.iter().filter(|file| !is_test(file)) {
            let text = fs::read_to_string(file).unwrap();
            for name in named(&text).iter().filter(|name| name.as_str() != *part) {
                let allowed = may_know.contains(&name.as_str());
                assert!(allowed, "{}: {part} must not know {name}", file.display());
            }
        }
    }
}

#[test]
fn few_files_name_the_tensor_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed = [
        "model/tensor",
        "model/device/",
        "model/ops/node.rs",
        "model/ops/cpu/numbers.rs",
        "model/ops/gpu/",
    ];
    for file in sources(&root) {
        let text = fs::read_to_string(&file).unwrap();
        let names = text.contains("burn::");
        let short = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        assert!(
            !names || allowed.iter().any(|allowed| short.starts_with(allowed)),
            "{short} names burn directly"
        );
    }
}

#[test]
fn numbers_go_to_devices_and_back_where_they_are_counted() {
    let moving = [
        "from_data(",
        "into_data(",
        "try_into_data(",
        "to_data(",
        "into_scalar",
        "from_floats(",
        "from_ints(",
        ".sync(",
    ];
    // The library's own memory on the processor, which is the host's.
    let allowed = [
        "model/tensor.rs",
        "model/tensor/queues.rs",
        "model/tensor/work.rs",
        "model/ops/cpu/numbers.rs",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for part in ["model", "train", "evaluation", "doctor"] {
        let place = [root.join(part), root.join(format!("{part}.rs"))];
        let files = place.iter().filter(|place| place.exists());
        for file in files.flat_map(|place| sources(place)) {
            let short = file.strip_prefix(&root).unwrap().to_string_lossy();
            if is_test(&file) || allowed.contains(&short.as_ref()) {
                continue;
            }
            assert_eq!(
                first_line(&file, &moving),
                None,
                "{short}: model::tensor does that"
            );
        }
    }
}

#[test]
fn every_part_is_held() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let free = ["app", "cli", "lib", "main"];
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let held = MAY_KNOW.iter().any(|(part, _)| *part == name);
        assert!(
            held || free.contains(&name.as_str()),
            "{name} has no entry in MAY_KNOW"
        );
    }
}

/// What writes to standard output or error, and panics or takes a lock for it.
const PRINTING: [&str; 9] = [
    "println!",
    "print!",
    "dbg!",
    "io::stdout",
    "io::stderr",
    "{stdout",
    "{stderr",
    " stdout(",
    " stderr(",
];

/// Where a line of code does one of these by itself: at the start of a word, unless it only names a descriptor.
fn has(line: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let mut found = line.match_indices(word);
        found.any(|(at, _)| !line[..at].ends_with("std"))
    })
}

/// The first line outside tests, except in one file, that has one of these.
fn found(words: &[&str], but: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root).into_iter();
    let mut files = files.filter(|file| !is_test(file) && !file.ends_with(but));
    files.find_map(|file| {
        let line = first_line(&file, words)?;
        Some(format!("{}: {line}", file.display()))
    })
}

/// The first line of a file, outside its tests, that has one of these.
fn first_line(file: &Path, words: &[&str]) -> Option<String> {
    let text = fs::read_to_string(file).unwrap();
    let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
    let code = code.lines().map(str::trim_start);
    let mut code = code.filter(|line| !line.starts_with("//"));
    code.find(|line| has(line, words)).map(str::to_owned)
}

#[test]
fn only_the_streams_write_to_standard_output_and_error() {
    let printing = |line| has(line, &PRINTING);
    assert!(printing(r#"    eprintln!("x");"#) && printing("let out = std::io::stdout();"));
    assert!(!printing("rustix::io::dup(rustix::stdio::stdout())?"));
    assert_eq!(
        found(&PRINTING, "streams.rs"),
        None,
        "autopeft::streams does that"
    );
}

#[test]
fn threads_are_started_in_one_place() {
    let starting = [
        "thread::spawn",
        "thread::Builder",
        "thread::scope(|s|",
        "ThreadPoolBuilder",
        "rayon::spawn",
    ];
    assert_eq!(
        found(&starting, "threads.rs"),
        None,
        "autopeft::threads does that"
    );
}
