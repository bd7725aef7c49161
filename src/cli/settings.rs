//! The user's own keys and colours, where there are any.

use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result};
use autopeft::regular;
use autopeft::tui::Settings;
use etcetera::BaseStrategy;

/// The file is no longer, in bytes: ten times what it takes to name every command with four keys.
const MOST_BYTES: u64 = 64 << 10;

/// Reads `autopeft-tui/config.toml` in the folder of configurations (`$XDG_CONFIG_HOME`, or `~/.config`).
///
/// # Errors
/// Where the file is there and cannot be read or meant.
pub(crate) fn read() -> Result<Settings> {
    let Some(path) = path() else {
        return Ok(Settings::default());
    };
    match regular::read_text(&path, MOST_BYTES) {
        Ok(text) => Settings::parse(&text).with_context(|| path.display().to_string()),
        // `XDG_CONFIG_HOME=/dev/null` says that there are none.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Settings::default())
        }
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
