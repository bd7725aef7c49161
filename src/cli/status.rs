//! `status`: where a study stands, from its journal alone.

use std::io;

use anyhow::Result;
use autopeft::app::carried_over::{Holding, holding};
use autopeft::app::launch::Begun;
use autopeft::app::{State, Verdict};
use autopeft::domain::{Belief, Trial};
use autopeft::export::Summary;
use autopeft::task::ValidationSplit;
use serde::Serialize;

use super::args::StudyArguments;
use super::begun;
use super::exit::Done;
use super::output::{self, Out};

/// The answer to programs.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    /// Standard deviation of the noise of one trial's score; none while it is not known.
    noise: Option<f64>,
    /// Which trial of the confirmation is the latest, from 1, and of how many; none before it and after it.
    confirming: Option<(usize, usize)>,
    /// Why no further configurations are tried though there is room for more trials; none where they are.
    settled: Option<String>,
    /// Whether anything is better than the plain choices.
    verdict: Verdict,
    /// How much of the earlier studies holds that it was begun with.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    carried_over: &'a [Holding],
}

/// Tells it as a table, or as one JSON object.
pub(crate) fn status(arguments: &StudyArguments, json: bool) -> Result<Done> {
    let study = arguments.read()?;
    let folder = arguments.run_folder(&study);
    let mut state = State::recorded(&folder)?;
    state.stop_below = study.search.stop_below;
    state.estimate(&|| false)?;
    for notice in &state.notices {
        output::tell(format_args!("warning: {}", notice.text));
    }
    let validation = state.study.validation().unwrap_or(study.task.validation);
    let carried = holding(&state)?;
    begun::warn(Begun::of(&state, &folder).hold(study).err().as_ref());
    let mut out = output::out();
    if json {
        let facts = &state.study;
        let summary = Summary::new(
            &facts.name,
            &facts.space,
            state.reference(),
            state.hypervolume(),
            &state.trials,
            &state.front,
            &state.beliefs,
        );
        let told = Told {
            summary,
            noise: state.estimates.noise,
            confirming: state.confirmation(),
            settled: state.settled(),
            verdict: state.verdict(),
            carried_over: &carried,
        };
        let object = serde_json::to_string_pretty(&told)?;
        out.lines(object + "\n")?;
    } else {
        table(&state, validation, &carried, &mut out)?;
    }
    Ok(Done::Complete)
}

fn table(
    state: &State,
    validation: ValidationSplit,
    carried_over: &[Holding],
    out: &mut Out,
) -> io::Result<()> {
    let over = state.trials.iter().filter(|trial| trial.state.is_over());
    writeln!(
        out,
        "{}: {} of {} trials are over; hypervolume {}",
        state.study.name,
        over.count(),
        state.trials_wanted,
        state.hypervolume(),
    )?;
    let basis = match state.reference_point {
        Some(_) => "",
        None => ", as far as the initial design is measured",
    };
    writeln!(out, "{}{basis}", state.measure())?;
    if let Some(why) = state.settled() {
        writeln!(out, "{why}")?;
    }
    if let Some((place, of)) = state.confirmation() {
        writeln!(out, "confirming the front, {place} of {of}")?;
    }
    let name = state.study.score_name();
    writeln!(out, "scores are {name} on {validation}")?;
    if let Some((best, belief)) = state.best() {
        writeln!(
            out,
            "best score {belief} (nine cases in ten) by estimate: {best}, measured {}",
            times(belief.measured.len())
        )?;
    }
    for held in carried_over {
        writeln!(out, "carried over from {held}")?;
    }
    if state.trials.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:>6}  {:<10}  {:>8}  {:>15}  {:>9}  {:>8}  configuration (* on the front)",
        "trial", "state", "measured", "estimate", "percent", "seconds"
    )?;
    state.trials.iter().try_for_each(|trial| {
        let mark = if state.front.contains(&trial.id) {
            "*"
        } else {
            " "
        };
        writeln!(out, "{}", row(trial, mark, state.belief(trial.id)))
    })?;
    writeln!(out)?;
    let mut verdict = state.verdict().lines().into_iter();
    verdict.try_for_each(|line| writeln!(out, "{line}"))
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

fn row(trial: &Trial, mark: &str, belief: Option<&Belief>) -> String {
    let measured = trial.measurement;
    let score = measured.map_or("-".to_owned(), |m| format!("{:.4}", m.objectives.score));
    let seconds = trial
        .seconds()
        .map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    let estimate = belief.map_or("-".to_owned(), Belief::to_string);
    let repeats = trial.origin.repeats();
    let repeats = repeats.map_or(String::new(), |first| format!(" (repeats {first})"));
    let reason = trial.reason();
    let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
    format!(
        "{:>5}{mark}  {:<10}  {score:>8}  {estimate:>15}  {:>9.4}  {seconds:>8}  {}{repeats}{reason}",
        trial.id.to_string(),
        trial.state.label(),
        trial.parameters_percent,
        trial.configuration
    )
}
