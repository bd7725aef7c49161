//! `verify`: loads exported adapters again and measures them.

use std::io;
use std::path::Path;

use anyhow::{Result, bail};
use autopeft::app::verify::{Verdict, VerifyError, verify as measure};
use autopeft::export::{Change, changes};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::device::DeviceChoice;

use super::downloads;
use super::exit::{Done, Unusable};
use super::output::{self, Out};

/// Measures every adapter of an export; fails where one does not score what its card says.
pub(crate) fn verify(folder: &Path, device: DeviceChoice, predictions: bool) -> Result<Done> {
    // Told once, and not for each adapter.
    (device.resolve()).map_err(|error| Unusable(error.to_string()))?;
    let hub = Hub::new(HubSettings::from_env());
    let mut out = output::out();
    let changes = changes(folder).map_err(VerifyError::from)?;
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
            // Whoever closed the pipe reads the exit code.
            let _ = tell(&mut out, verdict);
        },
    )?;
    let all = verdicts.len();
    let failed = verdicts.iter().filter(|verdict| verdict.failure.is_some());
    let failed = failed.count();
    let broken = verdicts.iter().filter(|verdict| !verdict.holds()).count() - failed;
    match (broken, failed) {
        (0, 0) => {}
        (_, 0) => bail!("{broken} of {all} adapters are not what their cards say"),
        (0, _) => bail!("{failed} of {all} adapters could not be checked"),
        _ => bail!(
            "{broken} of {all} adapters are not what their cards say, and {failed} could not be checked"
        ),
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

/// A line for the score, and one for everything that is otherwise.
fn tell(out: &mut Out, verdict: &Verdict) -> io::Result<()> {
    let folder = verdict.folder.display();
    if let Some((promised, found)) = verdict.scores {
        let said = if verdict.holds() {
            "same score"
        } else {
            "OTHER SCORE"
        };
        writeln!(
            out,
            "{said}  {folder}  promised {promised:.6}, found {found:.6}"
        )?;
    }
    if let Some(why) = &verdict.failure {
        writeln!(out, "NOT CHECKED  {folder}  {why}")?;
    }
    for change in &verdict.changes {
        writeln!(out, "CHANGED  {folder}  {change}")?;
    }
    if verdict.is_old {
        writeln!(
            out,
            "  {folder} has a card from before there were digests: files and rows could not be compared"
        )?;
    }
    Ok(())
}
