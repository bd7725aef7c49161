//! What a study keeps from its beginning whatever the program has learnt since.

use std::path::Path;

use super::run_folder;
use crate::journal::{self, Record};
use crate::study::Study;

/// The study with the rules by which its rows were chosen and scored when it was begun, where it was begun under `runs`
/// already: new rules would mix two choices of rows in one front. A journal that cannot be read is told by whoever reads
/// what is in it.
pub fn as_begun(mut study: Study, runs: &Path) -> Study {
    let Ok(history) = journal::read(&run_folder(runs, &study)) else {
        return study;
    };
    let mut records = history.records.into_iter().map(|stamped| stamped.record);
    let created = records.find_map(|record| match record {
        Record::StudyCreated { settings, .. } => Some(settings),
        _ => None,
    });
    if let Some(settings) = created {
        let edition = settings["task"]["edition"].clone();
        // Records from before there were editions name none.
        study.task.edition = serde_json::from_value(edition).unwrap_or_default();
    }
    study
}
