//! Where golden files lie, and how they are compared.

use std::path::{Path, PathBuf};

/// Folders with golden files of one kind: ours, and the one that the variable names, if any.
pub(crate) fn folders(kind: &str) -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(kind);
    let variable = format!("AUTOPEFT_REFERENCE_{}", kind.to_uppercase());
    let other = std::env::var_os(variable).map(PathBuf::from);
    [Some(own), other].into_iter().flatten().collect()
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> serde_json::Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
