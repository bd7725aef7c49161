//! `transfer`: what was found on one task, on others: trained there unchanged, beside the baselines.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use autopeft::app::State;
use autopeft::app::launch::run_folder;
use autopeft::app::signals;
use autopeft::durable;
use autopeft::evaluation::{Report, Shape, transferred};
use autopeft::markdown::text;
use autopeft::study::Study;
use clap::Args;

use super::begun::resolved;
use super::evaluate::{EvaluateArguments, measure, write_whole};
use super::exit::{Done, WrongUsage};
use super::{doctor, log, output};

/// See [`Command::Transfer`](super::args::Command::Transfer).
#[derive(Args, Debug)]
pub(crate) struct TransferArguments {
    #[command(flatten)]
    from: EvaluateArguments,
    /// Study files of the tasks to try the configurations on; they need not have been run
    #[arg(long, value_name = "STUDY.toml", num_args = 1.., required = true)]
    to: Vec<PathBuf>,
}

/// Evaluates on every task and writes a table for each, and one of all.
pub(crate) fn transfer(arguments: &TransferArguments) -> Result<Done> {
    log::to_standard_error();
    let EvaluateArguments { study, scope } = &arguments.from;
    let source = study.read()?;
    let source_folder = study.run_folder(&source);
    let mut state = State::recorded(&source_folder)?;
    state.estimate(&|| false)?;
    // A reference point holds for the rows that it was derived from.
    let found = scope.found(&state)?.elsewhere();
    let source = resolved(source, &source_folder)?;
    let options = study.options();
    let targets: Vec<Study> = (arguments.to.iter())
        .map(|path| Ok(Study::read(path)?))
        .collect::<Result<_>>()?;
    distinct(&targets)?;
    let stopped = signals::stop_requests()?;
    let folder = source_folder.join("transfer");
    durable::create_folder(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut reports = Vec::new();
    let mut all = Done::Complete;
    for target in targets {
        let run = run_folder(&options.runs, &target);
        let target = resolved(target, &run)?;
        doctor::hold(study, &target.study)?;
        let [from, to] = [&source.encoder, &target.encoder].map(Shape::from);
        let mut found = found.clone();
        for subject in &mut found.subjects {
            subject.name = format!("{}-{}", state.study.name, subject.name);
            subject.configuration = transferred(&subject.configuration, from, to);
        }
        let measured = measure(target, found, scope, options.device, &run, &stopped)?;
        let Some((report, done)) = measured else {
            all = Done::Interrupted;
            break;
        };
        report.save(&folder, &report.study)?;
        reports.push(report);
        if done == Done::Interrupted {
            all = done;
            break;
        }
    }
    let table = table(&state.study.name, &reports);
    let path = folder.join("transfer.md");
    write_whole(&path, table.as_bytes())?;
    let mut out = output::out();
    out.lines(format_args!("\n{table}\n"))?;
    writeln!(out, "{}", path.display())?;
    Ok(all)
}

/// Refuses tasks that the table could not tell apart.
fn distinct(targets: &[Study]) -> Result<()> {
    let mut names = BTreeSet::new();
    for study in targets {
        let name = study.name.as_str();
        if !names.insert(name) {
            let told = format!(
                "--to names study {name} twice: each task counts once; give studies of different tasks different names"
            );
            return Err(WrongUsage(told).into());
        }
    }
    Ok(())
}

/// Subjects down, tasks across, as in the paper.
fn table(source: &str, reports: &[Report]) -> String {
    let mut table = String::new();
    // Writing to a String cannot fail.
    let _ = write_table(source, reports, &mut table);
    table
}

fn write_table(source: &str, reports: &[Report], out: &mut String) -> std::fmt::Result {
    writeln!(out, "# Found on {}, trained on other tasks\n", text(source))?;
    for report in reports {
        let (study, score) = (text(&report.study), text(&report.score_name()));
        writeln!(out, "- {study}: {score} on {}", report.measured_on())?;
    }
    let tasks: Vec<String> = reports.iter().map(|report| text(&report.study)).collect();
    writeln!(
        out,
        "\n| | parameters in % | {} | mean |",
        tasks.join(" | ")
    )?;
    writeln!(out, "|---|---:|{}---:|", "---:|".repeat(tasks.len()))?;
    let Some(first) = reports.first() else {
        return Ok(());
    };
    for line in &first.lines {
        let name = &line.subject.name;
        let of = |report: &Report| {
            let lines = report.lines.iter();
            let line = lines.clone().find(|line| line.subject.name == *name)?;
            Some((line.mean, line.deviation))
        };
        let found: Vec<_> = reports.iter().map(of).collect();
        let cells: Vec<String> = found.iter().map(|found| cell(*found)).collect();
        let means: Option<Vec<f64>> = found.iter().map(|found| found.map(|(m, _)| m)).collect();
        let mean = means.map(|means| (means.iter().sum::<f64>() / means.len() as f64, None));
        writeln!(
            out,
            "| {} | {:.4} | {} | {} |",
            text(name),
            line.parameters_percent,
            cells.join(" | "),
            cell(mean)
        )?;
    }
    Ok(())
}

fn cell(score: Option<(f64, Option<f64>)>) -> String {
    match score {
        None => "–".to_owned(),
        Some((mean, None)) => format!("{mean:.4}"),
        Some((mean, Some(deviation))) => format!("{mean:.4} ± {deviation:.4}"),
    }
}
