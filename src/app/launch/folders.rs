//! What lies where in the folder of a run.

use std::path::{Path, PathBuf};

use super::LaunchError;
use crate::app::State;
use crate::domain::{Trial, TrialState};
use crate::durable;
use crate::study::Study;
use crate::train::trainer::under_way;

/// Folder of a study's run: journal, weights, exports, log.
pub fn run_folder(runs: &Path, study: &Study) -> PathBuf {
    runs.join(study.name.as_str())
}

/// Where a run keeps the weights of its finished trials.
pub(super) fn weights_folder(run_folder: &Path) -> PathBuf {
    run_folder.join("weights")
}

/// Where a run keeps its trainings under way.
pub(super) fn under_way_folder(run_folder: &Path) -> PathBuf {
    run_folder.join("under-way")
}

/// The study's own folders in that of its run are folders, or not there yet: what is written and deleted in them would
/// otherwise be so wherever a link leads to.
///
/// # Errors
/// One of them is a link, or a file.
pub(super) fn check_own(run_folder: &Path) -> Result<(), LaunchError> {
    for folder in [weights_folder(run_folder), under_way_folder(run_folder)] {
        let found = match std::fs::symlink_metadata(&folder) {
            Ok(found) if found.is_symlink() => "a link",
            Ok(found) if !found.is_dir() => "a file",
            // What cannot be looked at is told where it is used.
            _ => continue,
        };
        return Err(LaunchError::NoFolder { folder, found });
    }
    Ok(())
}

/// Deletes the checkpoints of trials that are over, and of files that were being written when a session ended. Nothing
/// may be training there.
///
/// # Errors
/// A folder cannot be read, or a file not deleted.
pub fn delete_leftovers(run_folder: &Path, state: &State) -> std::io::Result<()> {
    let under_way = under_way_folder(run_folder);
    durable::delete_partial_files(&under_way)?;
    durable::delete_partial_files(&weights_folder(run_folder))?;
    for trial in under_way::kept(&under_way)? {
        // A pruned one may go on.
        let ended = |trial: &Trial| trial.state.is_over() && trial.state != TrialState::Pruned;
        if state.trial(trial).is_none_or(ended) {
            under_way::forget(&under_way, trial)?;
        }
    }
    Ok(())
}
