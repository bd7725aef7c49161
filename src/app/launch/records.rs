//! The records with which a session begins.

use super::{LaunchError, Resolved};
use crate::app::State;
use crate::domain::{Configuration, Origin, TrialId};
use crate::journal::{FORMAT_VERSION, Record};

/// The records with which this session begins.
pub(super) fn opening(
    resolved: &Resolved,
    settings: &serde_json::Value,
    is_new: bool,
) -> Vec<Record> {
    let created = is_new.then(|| Record::StudyCreated {
        format: FORMAT_VERSION,
        name: resolved.study.name.as_str().to_owned(),
        seed: resolved.study.seed,
        settings: settings.clone(),
        space: resolved.space.clone(),
        reference_point: resolved.study.search.reference_point,
    });
    let session = Record::SessionStarted {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        trials: resolved.study.search.trials,
    };
    created.into_iter().chain([session]).collect()
}

/// The records that queue what was asked for and is not known yet.
pub(super) fn wanted(
    state: &State,
    configurations: &[Configuration],
) -> Result<Vec<Record>, LaunchError> {
    let mut records = Vec::new();
    for configuration in configurations {
        if state.study.space.point(configuration).is_none() {
            return Err(LaunchError::OutsideSpace(configuration.clone()));
        }
        let known = state.trials.iter().map(|trial| &trial.configuration);
        let mut queued = records.iter().filter_map(|record| match record {
            Record::TrialQueued { configuration, .. } => Some(configuration),
            _ => None,
        });
        if known.into_iter().any(|other| other == configuration)
            || queued.any(|other| other == configuration)
        {
            continue;
        }
        records.push(Record::TrialQueued {
            trial: TrialId((state.trials.len() + records.len()) as u32),
            configuration: configuration.clone(),
            origin: Origin::Manual,
        });
    }
    Ok(records)
}
