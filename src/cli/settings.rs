//! The user's own keys and colours, where there are any.

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result};
use autopeft::tui::Settings;
use etcetera::BaseStrategy;

/// Reads `autopeft-tui/config.toml` in the folder of configurations (`$XDG_CONFIG_HOME`, or `~/.config`).
///
/// # Errors
/// Where the file is there and cannot be read or meant.
pub(crate) fn read() -> Result<Settings> {
    let Some(path) = path() else {
        return Ok(Settings::default());
    };
    match fs::read_to_string(&path) {
        Ok(text) => Settings::parse(&text).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// None where the user has no home.
fn path() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(
        folders
            .config_dir()
            .join("autopeft-tui")
            .join("config.toml"),
    )
}
