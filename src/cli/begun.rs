//! A study of the command line with its model and rows, held against its journal.

use std::path::Path;

use anyhow::Result;
use autopeft::app::launch::{Begun, LaunchError, Resolved, resolve};
use autopeft::hub::{Hub, HubSettings};
use autopeft::study::Study;

use super::{downloads, output};

/// Finds what the study names and holds it against the journal in the run's folder, if there is one. What is worth
/// knowing is said on standard error.
pub(crate) fn resolved(study: Study, folder: &Path) -> Result<Resolved> {
    let begun = Begun::in_folder(folder)?;
    let hub = Hub::new(HubSettings::from_env());
    let resolved = resolve(study, begun.as_ref(), &hub, &mut downloads::teller())?;
    for caution in &resolved.cautions {
        output::tell(format_args!("warning: {caution}"));
    }
    Ok(resolved)
}

/// Says on standard error that a study file is no longer what its journal says, for commands that tell of the journal
/// alone.
pub(crate) fn warn(changed: Option<&LaunchError>) {
    if let Some(error) = changed {
        output::tell(format_args!(
            "warning: what is told is of the journal, but {error}"
        ));
    }
}
