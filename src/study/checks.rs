//! Settings that are right one by one and impossible together.

use super::document::Document;
use super::settings::Study;

/// Notes every impossible combination.
pub(super) fn check(document: &mut Document<'_>, study: &Study) {
    let search = &study.search;
    if search.initial_trials > search.trials {
        let name = match document.span("search", "initial_trials") {
            Some(_) => "initial_trials",
            None => "trials",
        };
        let message = format!(
            "{} initial trials do not fit in {} trials in all",
            search.initial_trials, search.trials
        );
        let help = "the surrogate proposes what is left after the initial trials: lower `initial_trials` or raise `trials`";
        document.wrong("search", name, message, &[help]);
    }
    if search.thinning > search.posterior_draws {
        let name = match document.span("search", "thinning") {
            Some(_) => "thinning",
            None => "posterior_draws",
        };
        let message = format!(
            "no draw is left: one of {} is kept of {} draws",
            search.thinning, search.posterior_draws
        );
        document.wrong(
            "search",
            name,
            message,
            &["lower `thinning` or raise `posterior_draws`"],
        );
    }
    let epochs = study.fidelity.epochs.unwrap_or(study.training.epochs);
    if let Some(&last) = study.rungs.epochs.last()
        && last >= epochs
    {
        let message =
            format!("a rung after epoch {last} stops nothing where a trial has {epochs} epochs");
        let help = "give rungs before the last epoch, such as after a tenth and a third of them";
        document.wrong("rungs", "epochs", message, &[help]);
    }
    if let Some(epochs) = study.fidelity.epochs
        && epochs > study.training.epochs
    {
        let message = format!(
            "a trial of the search cannot train for {epochs} epochs where a full training has {}",
            study.training.epochs
        );
        let help = "lower `epochs` in [fidelity] or raise `epochs` in [training]";
        document.wrong("fidelity", "epochs", message, &[help]);
    }
}
