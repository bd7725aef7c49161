//! The engine's arms on exhaustive tables of real trainings, whose scores are noisy and whose true fronts are known.
//!
//! `cargo bench --bench tables -- --folder FOLDER`, which `benches/tables/convert.py` fills. Mean ± standard error over
//! the seeds, in percent; the last lines are means over the tables. With `--out FILE` each search is also a line that
//! `benches/tables/judge.py` reads.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

#[path = "support/arms.rs"]
mod arms;
#[path = "support/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use autopeft::domain::Point;
use autopeft::search::{Ask, Engine, EngineSettings, Observation, Outcome};
use clap::Parser;
use cpu_time::ThreadTime;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use arms::arm;
use table::{Figures, STARTS, Table};

/// The tables that the engine is developed on.
const DEVELOPED: [&str; 7] = [
    "protein_structure",
    "naval_propulsion",
    "cifar100",
    "australian",
    "blood_transfusion",
    "car",
    "credit_g",
];

/// Regret on exhaustive tables of real trainings.
#[derive(Parser)]
struct Arguments {
    /// Tables, as `benches/tables/convert.py` writes them.
    #[arg(long)]
    folder: PathBuf,
    /// Names of tables; those that the engine is developed on, unless given.
    #[arg(long, num_args = 1.., default_values = DEVELOPED)]
    tables: Vec<String>,
    /// Arms: `default`, `paper`, `random`, `sobol`, `nsga2`, `parego`, or changes of one, such as `default+saas+copula`.
    #[arg(long, num_args = 1.., default_values = ["default"])]
    arms: Vec<String>,
    /// Searches per arm and table.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// Evaluations, the shared starts included: each is a search of its own, which is told.
    #[arg(long, num_args = 1.., default_values_t = [25, 50, 100])]
    budgets: Vec<usize>,
    /// Append one JSON object per search and budget to this file; what is there is not repeated.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One search.
#[derive(Clone, Serialize, Deserialize)]
struct Line {
    arm: String,
    table: String,
    seed: u64,
    budget: usize,
    figures: Figures,
    /// The same, had it handed over the front by the means of its measurements.
    by_means: Figures,
    /// CPU seconds of one core per proposal: their mean over the search, and over its last ten.
    seconds: f64,
    last_seconds: f64,
    evaluated: Vec<Point>,
}

fn main() {
    let arguments = Arguments::parse();
    assert!(
        arguments.budgets.iter().all(|&budget| budget > STARTS),
        "a budget holds the {STARTS} shared starts and more"
    );
    let mut lines = arguments.out.as_ref().map_or_else(Vec::new, read);
    for arm in &arguments.arms {
        print_heading(arm, &arguments.budgets);
        let mut of_arm = Vec::new();
        for name in &arguments.tables {
            let is_of = |line: &Line, seed: u64, budget: usize| {
                (&line.arm, &line.table, line.seed, line.budget) == (arm, name, seed, budget)
            };
            let wanted = (0..arguments.seeds)
                .flat_map(|seed| arguments.budgets.iter().map(move |&budget| (seed, budget)));
            let missing: Vec<(u64, usize)> = (wanted.clone())
                .filter(|&(seed, budget)| !lines.iter().any(|line| is_of(line, seed, budget)))
                .collect();
            if !missing.is_empty() {
                let table = Arc::new(Table::read(&arguments.folder, name));
                let new: Vec<Line> = (missing.into_par_iter())
                    .map(|(seed, budget)| searched(arm, name, &table, seed, budget))
                    .collect();
                if let Some(path) = &arguments.out {
                    append(path, &new);
                }
                lines.extend(new);
            }
            let of_table: Vec<&Line> = wanted
                .filter_map(|(seed, budget)| lines.iter().find(|line| is_of(line, seed, budget)))
                .collect();
            print_row(name, &of_table, &arguments.budgets);
            of_arm.extend(of_table.into_iter().cloned());
        }
        print_row(
            "mean",
            &of_arm.iter().collect::<Vec<_>>(),
            &arguments.budgets,
        );
        println!();
    }
}

/// One search, which knows its budget.
fn searched(arm_name: &str, name: &str, table: &Arc<Table>, seed: u64, budget: usize) -> Line {
    let settings = EngineSettings {
        reference_point: table.reference,
        least_cost: table.least_cost(),
        initial_trials: STARTS,
        ..arm(arm_name)
    };
    let costs = Arc::clone(table);
    let engine = Engine::new(
        table.space.clone(),
        Arc::new(move |point: &_| costs.cost(point)),
        settings,
        seed,
        Arc::new(|| 0.0),
    );
    let (history, seconds) = search(table, &engine, seed, budget);
    let estimates = engine.estimate(&history, &[], &|| false).unwrap();
    let handed_over: Vec<(Point, f64)> = (estimates.front().into_iter())
        .map(|estimate| (estimate.point.clone(), estimate.score))
        .collect();
    let evaluated: Vec<Point> = history.into_iter().map(|tried| tried.point).collect();
    Line {
        arm: arm_name.to_owned(),
        table: name.to_owned(),
        seed,
        budget,
        figures: table.figures(&evaluated, &handed_over),
        by_means: table.figures(&evaluated, &table.means(seed, &evaluated)),
        seconds: mean_and_error(&seconds).0,
        last_seconds: mean_and_error(&seconds[seconds.len().saturating_sub(10)..]).0,
        evaluated,
    }
}

/// What a search evaluates, the shared starts first, and the CPU seconds of each proposal.
fn search(
    table: &Table,
    engine: &Engine,
    seed: u64,
    budget: usize,
) -> (Vec<Observation>, Vec<f64>) {
    let mut times: BTreeMap<Point, usize> = BTreeMap::new();
    let mut measured = |point: Point| {
        let time = times.entry(point.clone()).or_default();
        let score = table.measured(seed, &point, *time);
        *time += 1;
        Observation {
            point,
            outcome: Outcome::Score(score),
            third: None,
            early: Vec::new(),
            error: None,
        }
    };
    let starts = table.starts(seed).into_iter();
    let mut ask = Ask {
        count: 1,
        history: starts.map(&mut measured).collect(),
        ..Ask::default()
    };
    let mut seconds = Vec::new();
    while ask.history.len() < budget {
        ask.remaining = Some(budget - ask.history.len());
        let begun = ThreadTime::now();
        let proposals = engine.ask(&ask, &|| false).unwrap();
        seconds.push(begun.elapsed().as_secs_f64());
        let proposed = proposals.into_iter().map(|proposal| proposal.point);
        ask.history.extend(proposed.map(&mut measured));
    }
    (ask.history, seconds)
}

fn read(path: &PathBuf) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    (text.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn append(path: &PathBuf, lines: &[Line]) {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    for line in lines {
        writeln!(file, "{}", serde_json::to_string(line).unwrap()).unwrap();
    }
}

const NARROW: usize = 7;

/// The groups of columns and how wide one is: the wide ones show standard errors.
const GROUPS: [(&str, usize); 4] = [
    ("regret of all evaluated, %", 12),
    ("of what is handed over, %", 12),
    ("by means, %", NARROW),
    ("optimism, %", NARROW),
];

fn print_heading(arm: &str, budgets: &[usize]) {
    print!("{arm:20}");
    for (title, width) in GROUPS {
        print!("  {title:<width$}", width = width * budgets.len());
    }
    print!("  s, last\n{:20}", "");
    for (_, width) in GROUPS {
        print!("  ");
        for budget in budgets {
            print!("{:<width$}", format!("@{budget}"));
        }
    }
    println!();
}

/// Lines of one arm on one or more tables.
fn print_row(name: &str, lines: &[&Line], budgets: &[usize]) {
    let seeds = |budget: usize, figure: &dyn Fn(&Line) -> f64| -> Vec<f64> {
        let mut by_seed: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.budget == budget) {
            by_seed.entry(line.seed).or_default().push(figure(line));
        }
        by_seed
            .values()
            .map(|values| mean_and_error(values).0)
            .collect()
    };
    print!("{name:20}");
    let figures: [&dyn Fn(&Line) -> f64; GROUPS.len()] = [
        &|line| 100.0 * (1.0 - line.figures.evaluated),
        &|line| 100.0 * (1.0 - line.figures.handed_over),
        &|line| 100.0 * (1.0 - line.by_means.handed_over),
        &|line| 100.0 * line.figures.optimism,
    ];
    for (figure, (_, width)) in figures.into_iter().zip(GROUPS) {
        print!("  ");
        for &budget in budgets {
            let (mean, error) = mean_and_error(&seeds(budget, figure));
            let mut shown = format!("{mean:.2}");
            if width > NARROW {
                shown += &format!(" ±{error:.2}");
            }
            print!("{shown:<width$}");
        }
    }
    let last = budgets.iter().copied().max().unwrap_or_default();
    let (mean, _) = mean_and_error(&seeds(last, &|line| line.last_seconds));
    println!("  {mean:.3}");
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0) / count).sqrt())
}
