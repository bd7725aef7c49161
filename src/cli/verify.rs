//! `verify`: loads exported adapters again and measures them.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use autopeft::app::verify::verify as measure;
use autopeft::export::{Change, changes};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::device::DeviceChoice;

use super::downloads;
use super::exit::Done;
use super::output;

/// Measures every adapter of an export; fails where one does not score what its card says.
pub(crate) fn verify(folder: &Path, device: DeviceChoice, predictions: bool) -> Result<Done> {
    let hub = Hub::new(HubSettings::from_env());
    let mut out = output::out();
    let changes = changes(folder)?;
    for (path, change) in &changes {
        let said = match change {
            Change::Missing => "MISSING",
            Change::Altered => "CHANGED",
            Change::Unlisted => "not of this export, not checked",
        };
        writeln!(out, "{said}  {}", path.display())?;
    }
    let verdicts = measure(
        folder,
        device,
        predictions,
        &hub,
        &mut downloads::teller(),
        &mut |verdict| {
            let said = if verdict.holds() {
                "same score"
            } else {
                "OTHER SCORE"
            };
            // Whoever closed the pipe reads the exit code.
            let _ = writeln!(
                out,
                "{said}  {}  promised {:.6}, found {:.6}",
                verdict.folder.display(),
                verdict.promised,
                verdict.found
            );
        },
    )?;
    let broken = verdicts.iter().filter(|verdict| !verdict.holds()).count();
    if broken > 0 {
        bail!(
            "{broken} of {} adapters do not score what their cards say; was the model or the data changed?",
            verdicts.len()
        );
    }
    let unlike = changes
        .iter()
        .filter(|(_, change)| *change != Change::Unlisted);
    match unlike.count() {
        0 => {}
        1 => bail!("a file is not as it was exported; `export` writes it again"),
        count => bail!("{count} files are not as they were exported; `export` writes them again"),
    }
    Ok(Done::Complete)
}
