//! `evaluate`: trains the front and the baselines anew over several seeds, and measures them on rows kept apart.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use autopeft::app::State;
use autopeft::app::evaluating::evaluation_folder;
use autopeft::app::launch::Resolved;
use autopeft::app::signals;
use autopeft::domain::{HypervolumeMeasure, TrialId};
use autopeft::durable;
use autopeft::evaluation::{
    BASELINES, Baseline, Choosing, FULL, Kind, Plan, Purpose, Report, Runner, SEEDS, Spent, Step,
    Subject, seeds,
};
use autopeft::model::device::DeviceChoice;
use clap::Args;
use crossbeam_channel::Receiver;

use super::args::StudyArguments;
use super::begun::resolved;
use super::exit::{Done, WrongUsage};
use super::{doctor, log, output};

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
    #[arg(long, value_name = "N", default_value_t = SEEDS, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Numbers of the trials to evaluate, with commas [default: the front]
    #[arg(long, value_name = "TRIAL", value_delimiter = ',')]
    chosen: Vec<u32>,
    /// What to compare with, with commas: names, `usual` for those that nothing needs to be chosen for, `all`, `none`.
    /// The others, lora-tuned, random and one-epoch, take about as long as the search did, each
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = USUAL, value_parser = known())]
    baselines: Vec<String>,
}

/// All baselines that nothing needs to be chosen for.
const USUAL: &str = "usual";
/// All baselines.
const ALL: &str = "all";

fn known() -> Vec<&'static str> {
    let names = BASELINES.iter().map(|baseline| baseline.name);
    names.chain([USUAL, ALL, "none"]).collect()
}

/// What a search found, and what it took.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) subjects: Vec<Subject>,
    search: Spent,
    measure: Option<HypervolumeMeasure>,
}

impl Found {
    /// The same, to be evaluated on rows of another task.
    pub(super) fn elsewhere(mut self) -> Self {
        self.search.hypervolume_share = None;
        self.measure = None;
        self
    }
}

/// Does what is not done yet and writes the tables.
pub(crate) fn evaluate(arguments: &EvaluateArguments) -> Result<Done> {
    log::to_standard_error();
    let study = arguments.study.read()?;
    let folder = arguments.study.run_folder(&study);
    let mut state = State::recorded(&folder)?;
    state.estimate(&|| false)?;
    let found = arguments.scope.found(&state)?;
    let resolved = resolved(study, &folder)?;
    doctor::hold(&arguments.study, &resolved.study)?;
    let stopped = signals::stop_requests()?;
    let device = arguments.study.options().device;
    let Some((report, done)) =
        measure(resolved, found, &arguments.scope, device, &folder, &stopped)?
    else {
        return Ok(Done::Interrupted);
    };
    let path = report.save(&folder, "evaluation")?;
    let mut out = output::out();
    out.lines(format_args!("\n{}\n", report.markdown()))?;
    writeln!(out, "{}", path.display())?;
    Ok(done)
}

/// Trains what is found and the baselines on a study's task; `folder` is that of the study's run. None where it was
/// stopped before anything was done.
pub(super) fn measure(
    resolved: Resolved,
    found: Found,
    scope: &Scope,
    device: DeviceChoice,
    folder: &Path,
    stopped: &Receiver<()>,
) -> Result<Option<(Report, Done)>> {
    let encoder = resolved.encoder.clone();
    let name = resolved.study.name.as_str().to_owned();
    let stop = || !stopped.is_empty();
    let plan = Plan {
        study: resolved.study.clone(),
        files: resolved.files.clone(),
        dataset: resolved.dataset.clone(),
        identity: resolved.identity.clone(),
        purpose: Purpose::Measure,
        fidelity: FULL,
        device,
        subjects: Vec::new(),
        seeds: seeds(scope.seeds),
        folder: evaluation_folder(folder),
    };
    // Another draw than the one that the search began with.
    let seed = resolved.study.seed.wrapping_add(1);
    let choosing = Choosing {
        plan: Plan {
            folder: folder.join("choosing"),
            ..plan.clone()
        },
        random: &|count| resolved.random_configurations(seed, count),
        search: &found.search,
        measure: found.measure,
    };
    let mut choices = Vec::new();
    let mut subjects = Vec::new();
    for baseline in scope.baselines() {
        let Kind::Chosen(choice) = baseline.kind else {
            subjects.extend(baseline.subject(&encoder));
            continue;
        };
        let mut told = |step: Step<'_>| tell(&format!("{name}, to choose"), &step);
        let Some((best, spent)) = choosing.choose(choice, baseline.name, &stop, &mut told)? else {
            output::tell("stopped; the same command goes on from here");
            return Ok(None);
        };
        subjects.extend(best);
        choices.push(spent);
    }
    if !choices.is_empty() {
        choices.insert(0, found.search.clone());
    }
    subjects.extend(found.subjects);
    let runner = Runner::new(Plan { subjects, ..plan });
    let total = runner.trainings();
    let mut done = 0;
    let runs = runner.run(&stop, &mut |step| {
        if !matches!(step, Step::Diverged(..)) {
            let begun = usize::from(matches!(step, Step::Begun(..)));
            done += 1 - begun;
            tell(&format!("{name} {}/{total}", done + begun), &step);
            return;
        }
        tell(&name, &step);
    })?;
    let done = match runs.len() == total {
        true => Done::Complete,
        false => {
            output::tell(format_args!(
                "stopped after {} of {total} trainings; the same command goes on from here",
                runs.len()
            ));
            Done::Interrupted
        }
    };
    if runs.is_empty() {
        return Ok(None);
    }
    let report = runner.report(&runs, choices)?;
    Ok(Some((report, done)))
}

/// Says what happens, after a few words of where.
fn tell(place: &str, step: &Step<'_>) {
    let line = match step {
        Step::Begun(subject, seed) => format!(
            "{place}: {}, seed {seed}: {}",
            subject.name,
            subject.description()
        ),
        Step::Known(run) | Step::Done(run) => {
            let (subject, seed, score) = (&run.subject.name, run.seed, run.score);
            format!("{place}: {subject}, seed {seed}: score {score:.4}")
        }
        Step::Diverged(subject, seed, reason) => format!(
            "{place}: {}, seed {seed}: {reason}; it counts as the worst score",
            subject.name
        ),
    };
    // Who no longer listens still wants the files.
    let _ = writeln!(output::out(), "{line}");
}

/// Writes a file that is whole or as it was before.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    durable::write_whole(path, |out| out.write_all(bytes))
        .with_context(|| format!("cannot write {}", path.display()))
}

impl Scope {
    /// The baselines that were asked for, each once.
    fn baselines(&self) -> impl Iterator<Item = &'static Baseline> {
        let asked = |name: &str| self.baselines.iter().any(|asked| asked == name);
        BASELINES.iter().filter(move |baseline| {
            let is_usual = !matches!(baseline.kind, Kind::Chosen(_));
            asked(baseline.name) || asked(ALL) || (asked(USUAL) && is_usual)
        })
    }

    /// The trials that were asked for, or the front.
    pub(super) fn found(&self, state: &State) -> Result<Found> {
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
            let missing = || {
                let count = state.trials.len();
                WrongUsage(format!(
                    "there is no trial {id}; the study has {count}, from 0"
                ))
            };
            Ok(Subject::of_trial(state.trial(id).ok_or_else(missing)?))
        };
        let measured = || state.trials.iter().filter_map(|trial| trial.measurement);
        Ok(Found {
            subjects: ids.into_iter().map(subject).collect::<Result<_>>()?,
            search: Spent {
                name: format!("search of {}", state.study.name),
                trainings: measured().count(),
                epochs: state.trials.iter().map(|t| t.epochs.len() as u64).sum(),
                wall_seconds: measured().map(|m| m.wall_seconds).sum(),
                hypervolume_share: Some(state.measured_hypervolume().share),
            },
            measure: Some(state.measure()),
        })
    }
}
