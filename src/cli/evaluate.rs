//! `evaluate`: trains the front and the baselines anew over several seeds, and measures them on rows kept apart.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use autopeft::app::State;
use autopeft::app::launch::{Resolved, resolve};
use autopeft::app::signals;
use autopeft::domain::TrialId;
use autopeft::durable;
use autopeft::evaluation::{BASELINES, Baseline, FULL, Plan, Report, Runner, Step, Subject};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::config::EncoderConfig;
use autopeft::model::device::DeviceChoice;
use clap::Args;
use crossbeam_channel::Receiver;

use super::args::StudyArguments;
use super::exit::Done;
use super::{downloads, log};

/// The first seed, as the paper's final runs.
const FIRST_SEED: u64 = 40;

/// See [`Command::Evaluate`](super::args::Command::Evaluate).
#[derive(Args, Debug)]
pub(crate) struct EvaluateArguments {
    #[command(flatten)]
    pub(super) study: StudyArguments,
    #[command(flatten)]
    pub(super) scope: Scope,
}

/// How much is evaluated.
#[derive(Args, Debug)]
pub(crate) struct Scope {
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
    let names = BASELINES.iter().map(|baseline| baseline.name.to_owned());
    names.collect()
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
    let found = arguments.scope.found(&state)?;
    let hub = Hub::new(HubSettings::from_env());
    let resolved = resolve(study, &hub, &mut downloads::teller())?;
    let stopped = signals::stop_requests()?;
    let device = arguments.study.options().device;
    let Some((report, done)) =
        measure(resolved, found, &arguments.scope, device, &folder, &stopped)?
    else {
        return Ok(Done::Interrupted);
    };
    let path = write(&folder, "evaluation", &report)?;
    writeln!(io::stdout(), "\n{}\n{path}", report.markdown())?;
    Ok(done)
}

/// Trains what is found and the baselines on a study's task; `folder` is that of the study's run. None where it was
/// stopped before anything was done.
pub(super) fn measure(
    resolved: Resolved,
    found: Vec<Subject>,
    scope: &Scope,
    device: DeviceChoice,
    folder: &Path,
    stopped: &Receiver<()>,
) -> Result<Option<(Report, Done)>> {
    let encoder = resolved.encoder.clone();
    let name = resolved.study.name.as_str().to_owned();
    let mut subjects = scope.baselines(&encoder);
    subjects.extend(found);
    let total = subjects.len() * scope.seeds as usize;
    let runner = Runner::new(Plan {
        study: resolved.study,
        files: resolved.files,
        dataset: resolved.dataset,
        fidelity: FULL,
        device,
        subjects,
        seeds: (FIRST_SEED..FIRST_SEED + scope.seeds).collect(),
        folder: folder.join("evaluation"),
    });
    let mut told = 0;
    let runs = runner.run(&|| !stopped.is_empty(), &mut |step| {
        let line = match step {
            Step::Begun(subject, seed) => format!(
                "{name} {}/{total}: {}, seed {seed}: {}",
                told + 1,
                subject.name,
                subject.configuration
            ),
            Step::Known(run) | Step::Done(run) => {
                told += 1;
                let (subject, seed, score) = (&run.subject.name, run.seed, run.score);
                format!("{name} {told}/{total}: {subject}, seed {seed}: score {score:.4}")
            }
            Step::Diverged(subject, seed, reason) => format!(
                "{name}: {}, seed {seed}: {reason}; it counts as the worst score",
                subject.name
            ),
        };
        // Who no longer listens still wants the files.
        let _ = writeln!(io::stdout(), "{line}");
    })?;
    let done = match runs.len() == total {
        true => Done::Complete,
        false => {
            eprintln!(
                "stopped after {} of {total} trainings; the same command goes on from here",
                runs.len()
            );
            Done::Interrupted
        }
    };
    if runs.is_empty() {
        return Ok(None);
    }
    let labels = runner.labels();
    let held_out = runner.is_held_out();
    let report = Report::new(&name, runner.metric(), held_out, &labels, &encoder, &runs);
    Ok(Some((report, done)))
}

/// Writes a report as Markdown and JSON; returns the path of the former.
pub(super) fn write(folder: &Path, name: &str, report: &Report) -> Result<String> {
    let path = folder.join(format!("{name}.md"));
    write_whole(&path, report.markdown().as_bytes())?;
    let json = serde_json::to_vec_pretty(report)?;
    write_whole(&folder.join(format!("{name}.json")), &json)?;
    Ok(path.display().to_string())
}

/// Writes a file that is whole or as it was before.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    durable::write_whole(path, |out| out.write_all(bytes))
        .with_context(|| format!("cannot write {}", path.display()))
}

impl Scope {
    fn baselines(&self, encoder: &EncoderConfig) -> Vec<Subject> {
        let chosen = self
            .baselines
            .iter()
            .filter_map(|name| Baseline::named(name));
        let subject = |baseline: &Baseline| Subject {
            name: baseline.name.to_owned(),
            is_baseline: true,
            configuration: baseline.configuration(encoder),
        };
        chosen.map(subject).collect()
    }

    /// The trials that were asked for, or the front.
    pub(super) fn found(&self, state: &State) -> Result<Vec<Subject>> {
        let ids: Vec<TrialId> = match self.chosen.is_empty() {
            true => state.front.clone(),
            false => self.chosen.iter().map(|&number| TrialId(number)).collect(),
        };
        if ids.is_empty() {
            bail!(
                "study {} has no finished trial yet: run it first, or name trials with --chosen",
                state.study.name
            );
        }
        let subject = |id: TrialId| {
            let trial = state.trial(id).with_context(|| {
                let count = state.trials.len();
                format!("there is no trial {id}; the study has {count}, from 0")
            })?;
            Ok(Subject {
                name: format!("trial-{}", id.0),
                is_baseline: false,
                configuration: trial.configuration.clone(),
            })
        };
        ids.into_iter().map(subject).collect()
    }
}
