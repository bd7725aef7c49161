//! What a report tells of a study, from its journal and its evaluation.

use super::State;
use super::carried_over::holding;
use super::launch::engine;
use super::update::question;
use crate::evaluation;
use crate::report::Contents;
use crate::search::SearchError;
use crate::study::{ModelSource, Study};
use crate::task::TaskSettings;

/// The contents of a study's report.
///
/// # Errors
/// The surrogate cannot be fitted to what was measured.
pub fn contents<'a>(
    study: &Study,
    state: &'a State,
    evaluation: Option<evaluation::Report>,
) -> Result<Contents<'a>, SearchError> {
    let facts = &state.study;
    let history = question(state, 1).history;
    let model = match facts.model().as_ref().unwrap_or(&study.model) {
        ModelSource::Embedded => "the small encoder inside the program".to_owned(),
        ModelSource::Folder(folder) => folder.display().to_string(),
        ModelSource::Hub { id, revision } => format!("{id}, revision {revision}"),
    };
    let reference = state.reference();
    let settled = state.settled().map(|why| ("ended", why));
    let basis = match state.reference_point {
        Some(_) => "",
        None => ", as far as the initial design is measured",
    };
    let carried = holding(state)?;
    Ok(Contents {
        name: &facts.name,
        facts: [
            ("encoder", model),
            ("task", study.task.name.clone()),
            ("score", score_fact(&study.task)),
            ("measured on", study.task.validation.to_string()),
            (
                "hypervolume",
                format!("{}; {}{basis}", state.hypervolume(), state.measure()),
            ),
            ("noise", noise_fact(state)),
            ("seed", facts.seed.to_string()),
            (
                "made by",
                format!("autopeft-tui {}", env!("CARGO_PKG_VERSION")),
            ),
        ]
        .into_iter()
        .chain(settled)
        .chain(
            carried
                .iter()
                .map(|held| ("carried over from", held.to_string())),
        )
        .collect(),
        metric: study.task.score_name(),
        space: &facts.space,
        measure: state.measure(),
        trials: &state.trials,
        front: &state.front,
        beliefs: &state.beliefs,
        verdict: state.verdict().lines(),
        hypervolume_trace: &state.hypervolume_trace,
        effects: engine(study, &facts.space)
            .within(reference)
            .effects(&history)?,
        evaluation,
    })
}

/// How far a further training of the same configuration may be off.
fn noise_fact(state: &State) -> String {
    match state.estimates.noise {
        Some(noise) => format!("±{noise:.4} per trial, one standard deviation"),
        None => "not known yet".to_owned(),
    }
}

/// Name of the score, and what a 0 of it stands for.
fn score_fact(task: &TaskSettings) -> String {
    let name = task.score_name();
    match task.scored_by().is_correlation() {
        true => format!(
            "{name}; 0 is also what is below it, and what predictions that are all the same are worth"
        ),
        false => name,
    }
}
