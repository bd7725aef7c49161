//! `evaluate`: trains the front and the baselines anew over several seeds, and measures them on rows kept apart.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use autopeft::app::State;
use autopeft::app::launch::resolve;
use autopeft::app::signals;
use autopeft::domain::TrialId;
use autopeft::evaluation::{BASELINES, Baseline, Plan, Report, Runner, Step, Subject};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::config::EncoderConfig;
use clap::Args;

use super::args::StudyArguments;
use super::exit::Done;
use super::{downloads, log};

/// The first seed, as the paper's final runs.
const FIRST_SEED: u64 = 40;

/// See [`Command::Evaluate`](super::args::Command::Evaluate).
#[derive(Args, Debug)]
pub(crate) struct EvaluateArguments {
    #[command(flatten)]
    study: StudyArguments,
    /// Seeds that each configuration is trained with
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Numbers of the trials to evaluate, with commas [default: the front]
    #[arg(long, value_name = "TRIAL", value_delimiter = ',')]
    chosen: Vec<u32>,
    /// What to compare with, with commas; `none` for nothing
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_values_t = names(), value_parser = known())]
    baselines: Vec<String>,
}

fn names() -> Vec<String> {
    BASELINES
        .iter()
        .map(|baseline| baseline.name.to_owned())
        .collect()
}

fn known() -> Vec<&'static str> {
    let names = BASELINES.iter().map(|baseline| baseline.name);
    names.chain(["none"]).collect()
}

/// Does what is not done yet and writes the tables.
pub(crate) fn evaluate(arguments: &EvaluateArguments) -> Result<Done> {
    log::to_standard_error();
    let study = arguments.study.read()?;
    let folder = arguments.study.run_folder(&study);
    let state = State::recorded(&folder)?;
    let name = study.name.as_str().to_owned();
    let hub = Hub::new(HubSettings::from_env());
    let resolved = resolve(study, &hub, &mut downloads::teller())?;
    let encoder = resolved.encoder.clone();
    let mut subjects = baselines(&arguments.baselines, &encoder);
    subjects.extend(found(&state, &arguments.chosen)?);
    let total = subjects.len() * arguments.seeds as usize;
    let runner = Runner::new(Plan {
        study: resolved.study,
        files: resolved.files,
        dataset: resolved.dataset,
        device: arguments.study.options().device,
        subjects,
        seeds: (FIRST_SEED..FIRST_SEED + arguments.seeds).collect(),
        folder: folder.join("evaluation"),
    });
    let stopped = signals::stop_requests()?;
    let mut told = 0;
    let runs = runner.run(&|| !stopped.is_empty(), &mut |step| {
        let line = match step {
            Step::Begun(subject, seed) => {
                format!(
                    "{}/{total} {}, seed {seed}: {}",
                    told + 1,
                    subject.name,
                    subject.configuration
                )
            }
            Step::Known(run) | Step::Done(run) => {
                told += 1;
                format!(
                    "{told}/{total} {}, seed {}: score {:.4}",
                    run.subject.name, run.seed, run.score
                )
            }
            Step::Diverged(subject, seed, reason) => {
                format!(
                    "{}, seed {seed}: {reason}; it counts as the worst score",
                    subject.name
                )
            }
        };
        // Who no longer listens still wants the files.
        let _ = writeln!(io::stdout(), "{line}");
    })?;
    if runs.is_empty() {
        return Ok(Done::Interrupted);
    }
    let labels = runner.labels();
    let report = Report::new(
        &name,
        runner.metric(),
        runner.is_held_out(),
        &labels,
        &encoder,
        &runs,
    );
    let markdown = report.markdown();
    write(&folder.join("evaluation.md"), markdown.as_bytes())?;
    write(
        &folder.join("evaluation.json"),
        &serde_json::to_vec_pretty(&report)?,
    )?;
    writeln!(io::stdout(), "\n{markdown}")?;
    writeln!(io::stdout(), "{}", folder.join("evaluation.md").display())?;
    if runs.len() < total {
        eprintln!(
            "stopped after {} of {total} trainings; the same command goes on from here",
            runs.len()
        );
        return Ok(Done::Interrupted);
    }
    Ok(Done::Complete)
}

fn baselines(names: &[String], encoder: &EncoderConfig) -> Vec<Subject> {
    let chosen = names.iter().filter_map(|name| Baseline::named(name));
    let subject = |baseline: &Baseline| Subject {
        name: baseline.name.to_owned(),
        is_baseline: true,
        configuration: baseline.configuration(encoder),
    };
    chosen.map(subject).collect()
}

/// The trials that were asked for, or the front.
fn found(state: &State, chosen: &[u32]) -> Result<Vec<Subject>> {
    let ids: Vec<TrialId> = match chosen.is_empty() {
        true => state.front.clone(),
        false => chosen.iter().map(|&number| TrialId(number)).collect(),
    };
    if ids.is_empty() {
        bail!(
            "study {} has no finished trial yet: run it first, or name trials with --chosen",
            state.study.name
        );
    }
    let subject = |id: TrialId| {
        let trial = state.trial(id);
        let trial = trial.with_context(|| {
            format!(
                "there is no trial {id}; the study has {}",
                state.trials.len()
            )
        })?;
        Ok(Subject {
            name: format!("trial-{}", id.0),
            is_baseline: false,
            configuration: trial.configuration.clone(),
        })
    };
    ids.into_iter().map(subject).collect()
}

/// Writes a whole file.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
