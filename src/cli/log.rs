//! Where the program's own diagnostics go: a file beside the journal while the screen is up, else standard error.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use autopeft::{durable, streams};
use tracing_subscriber::EnvFilter;

use super::output::Diagnostics;

/// The variable that says how much is told, such as `debug` or `autopeft=trace`.
const VARIABLE: &str = "AUTOPEFT_LOG";

fn filter() -> EnvFilter {
    EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"))
}

/// Diagnostics to `log.txt` in the run's folder.
pub(crate) fn to_file(run_folder: &Path) -> Result<PathBuf> {
    let path = run_folder.join("log.txt");
    let unusable = || format!("cannot write the log {}", path.display());
    durable::create_folder(run_folder).with_context(unusable)?;
    let options = &mut OpenOptions::new();
    let file = durable::open_own(options.append(true).create(true), &path);
    let file = file.with_context(unusable)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter())
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(Mutex::new(Diagnostics(file)))
        .init();
    Ok(path)
}

/// Diagnostics to standard error.
pub(crate) fn to_standard_error() {
    tracing_subscriber::fmt()
        .with_env_filter(filter())
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(|| Diagnostics(streams::error()))
        .init();
}
