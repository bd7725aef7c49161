//! `check`: says what a study would do and what it would take; only a few steps are timed, nothing is kept.

use std::io::Write;

use anyhow::Result;
use autopeft::app::launch::resolve;
use autopeft::app::overview::Overview;
use autopeft::hub::{Hub, HubSettings};

use super::args::StudyArguments;
use super::downloads;
use super::exit::Done;
use super::output;

/// Resolves everything and tells it; what would end the study ends this too, in the same words.
pub(crate) fn check(arguments: &StudyArguments) -> Result<Done> {
    let study = arguments.read()?;
    let hub = Hub::new(HubSettings::from_env());
    let resolved = resolve(study, &hub, &mut downloads::teller())?;
    let overview = Overview::of(&resolved, &arguments.options())?;
    write!(output::out(), "{overview}")?;
    overview.verdict()?;
    Ok(Done::Complete)
}
