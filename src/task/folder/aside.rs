//! Files that are called like a set and are not looked at: in other folders, packed, or of another format.

use std::path::{Component, Path, PathBuf};

use crate::task::DataFormat;

/// What sets are called.
const SETS: [&str; 8] = [
    "train",
    "training",
    "test",
    "validation",
    "valid",
    "val",
    "dev",
    "eval",
];
/// Folders are looked into as deep as the hub's `default/train/0000.parquet`.
const DEPTH: usize = 2;
/// Extensions of data that is not read, packed or of other programs.
const UNREAD: [&str; 8] = ["gz", "zst", "bz2", "xz", "zip", "arrow", "xlsx", "txt"];

/// Their names from the folder on, without those of `listed`.
pub(super) fn aside(folder: &Path, listed: &[PathBuf]) -> Vec<String> {
    let mut found = Vec::new();
    look(folder, DEPTH, &mut found);
    found.retain(|path| !listed.contains(path));
    let names = found.iter().filter_map(|path| {
        let name = path.strip_prefix(folder).ok()?;
        let is_set = name.components().any(is_called_like_set);
        is_set.then(|| name.display().to_string())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    // A folder that cannot be read holds nothing for this study.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.map(str::to_ascii_lowercase);
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() {
            if depth > 0 && !is_hidden {
                look(&path, depth - 1, found);
            }
        } else if DataFormat::of(&path).is_some()
            || extension.is_some_and(|extension| UNREAD.contains(&&*extension))
        {
            found.push(path);
        }
    }
}

/// Whether the first word of a file's or folder's name is that of a set.
fn is_called_like_set(component: Component<'_>) -> bool {
    let name = component.as_os_str().to_string_lossy().to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
    words.next().is_some_and(|word| SETS.contains(&word))
}
