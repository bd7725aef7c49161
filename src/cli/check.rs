//! `check`: says what a study would do and what it would take; only a few steps are timed, nothing is kept.

use anyhow::Result;
use autopeft::app::overview::Overview;

use super::args::StudyArguments;
use super::begun::resolved;
use super::exit::Done;
use super::output;

/// Resolves everything and tells it; what would end the study ends this too, in the same words.
pub(crate) fn check(arguments: &StudyArguments) -> Result<Done> {
    let study = arguments.read()?;
    let folder = arguments.run_folder(&study);
    let resolved = resolved(study, &folder)?;
    let overview = Overview::of(&resolved, &arguments.options())?;
    output::out().lines(&overview)?;
    overview.verdict()?;
    Ok(Done::Complete)
}
