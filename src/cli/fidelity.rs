//! `fidelity`: does the reduced training of a study rank configurations as the full one does?

use anyhow::Result;
use autopeft::app::launch::Resolved;
use autopeft::app::signals;
use autopeft::evaluation::{FULL, Plan, Purpose, Run, Runner, Step, Subject, kendall_tau};
use autopeft::study::FidelitySettings;
use autopeft::train::Recipe;
use clap::Args;

use super::args::StudyArguments;
use super::begun::resolved;
use super::exit::{Done, Unusable};
use super::{doctor, log, output};

/// See [`Command::Fidelity`](super::args::Command::Fidelity).
#[derive(Args, Debug)]
pub(crate) struct FidelityArguments {
    #[command(flatten)]
    study: StudyArguments,
    /// Random configurations of the study's space to compare on
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(3..=1000))]
    configurations: u32,
}

/// Trains what is not trained yet, both ways, and prints how alike the rankings are.
pub(crate) fn fidelity(arguments: &FidelityArguments) -> Result<Done> {
    log::to_standard_error();
    let study = arguments.study.read()?;
    let reduced = study.fidelity;
    if reduced == FULL {
        let text = format!(
            "{}: [fidelity] asks for the full training, so there is nothing to compare; set `data_share` or `epochs`",
            arguments.study.file.display()
        );
        return Err(Unusable(text).into());
    }
    let run_folder = arguments.study.run_folder(&study);
    let folder = run_folder.join("fidelity");
    doctor::hold(&arguments.study, &study)?;
    let stopped = signals::stop_requests()?;
    let mut measured = Vec::new();
    for fidelity in [reduced, FULL] {
        let resolved = resolved(study.clone(), &run_folder)?;
        let subjects = subjects(&resolved, arguments.configurations as usize);
        let wanted = subjects.len();
        let runner = Runner::new(Plan {
            study: resolved.study,
            files: resolved.files,
            dataset: resolved.dataset,
            identity: resolved.identity,
            purpose: Purpose::Measure,
            fidelity,
            device: arguments.study.options().device,
            subjects,
            seeds: vec![study.seed],
            folder: folder.clone(),
        });
        let runs = runner.run(&|| !stopped.is_empty(), &mut |step| tell(&step, fidelity))?;
        if runs.len() < wanted {
            output::tell("stopped; the same command goes on from here");
            return Ok(Done::Interrupted);
        }
        measured.push(runs);
    }
    let [low, full] = [0, 1].map(|side| &measured[side]);
    print(low, full)?;
    Ok(Done::Complete)
}

/// Random configurations of the space, the same whenever asked for.
fn subjects(resolved: &Resolved, count: usize) -> Vec<Subject> {
    let configurations = resolved.random_configurations(resolved.study.seed, count);
    let named = configurations.into_iter().enumerate();
    named
        .map(|(number, configuration)| Subject {
            name: format!("random-{number}"),
            is_baseline: false,
            configuration,
            recipe: Recipe::default(),
        })
        .collect()
}

fn tell(step: &Step<'_>, fidelity: FidelitySettings) {
    let way = if fidelity == FULL { "full" } else { "reduced" };
    let line = match step {
        Step::Begun(subject, _) => {
            format!("{way}: {}: {}", subject.name, subject.configuration)
        }
        Step::Known(run) | Step::Done(run) => {
            let (name, score, seconds) =
                (&run.subject.name, run.validation_score, run.wall_seconds);
            format!("{way}: {name}: score {score:.4}, {seconds:.0} s")
        }
        Step::Diverged(subject, _, reason) => format!("{way}: {}: {reason}", subject.name),
    };
    // Who no longer listens still wants the result.
    let _ = writeln!(output::out(), "{line}");
}

fn print(low: &[Run], full: &[Run]) -> Result<()> {
    let scores =
        |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| run.validation_score).collect() };
    let seconds = |runs: &[Run]| -> f64 { runs.iter().map(|run| run.wall_seconds).sum() };
    let mut out = output::out();
    writeln!(out)?;
    writeln!(out, "reduced  full    configuration")?;
    for (low, full) in low.iter().zip(full) {
        let (a, b) = (low.validation_score, full.validation_score);
        writeln!(out, "{a:.4}   {b:.4}  {}", full.subject.configuration)?;
    }
    let share = seconds(low) / seconds(full);
    writeln!(out)?;
    match kendall_tau(&scores(low), &scores(full)) {
        Some(tau) => writeln!(
            out,
            "Kendall's tau {tau:.2} over {} configurations, for {:.0} % of the time: {}",
            full.len(),
            100.0 * share,
            verdict(tau)
        )?,
        None => writeln!(
            out,
            "all configurations have the same score one way: nothing can be ranked"
        )?,
    }
    Ok(())
}

/// What the number means.
fn verdict(tau: f64) -> &'static str {
    match tau {
        t if t >= 0.7 => "the reduced training ranks as the full one does",
        t if t >= 0.4 => "the reduced training tells good from bad, not good from better",
        _ => "do not trust this reduced training to choose",
    }
}
