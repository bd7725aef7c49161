//! `verify`: loads exported adapters again and measures them.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use autopeft::app::verify::verify as measure;
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::device::DeviceChoice;

use super::downloads;
use super::exit::Done;
use super::output;

/// Measures every adapter of an export; fails where one does not score what its card says.
pub(crate) fn verify(folder: &Path, device: DeviceChoice, predictions: bool) -> Result<Done> {
    let hub = Hub::new(HubSettings::from_env());
    let mut out = output::out();
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
    Ok(Done::Complete)
}
