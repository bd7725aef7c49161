//! How far trainings of one configuration differ by their seeds, and how many of them fail: end with predictions that hardly
//! differ between rows.
//!
//! ```sh
//! RAYON_NUM_THREADS=1 cargo bench --bench seeds -- --model FOLDER --data FOLDER \
//!     --tasks stsb mrpc cola --seeds 10 --arms default standard_targets=false
//! ```
//!
//! An arm is keys of `[training]` joined by `+`, such as `batch_size=16+warmup_share=0.06`, or `default`: what it names
//! departs from the defaults. All arms see the same rows, the same initial weights and the same order of rows. One JSON line
//! for every training as it ends, and a table when all have; `--from FILE` makes the table of earlier lines alone. The
//! deviation between seeds is that of a sample.
//!
//! A training has failed whose predictions, on the rows that it was measured on, deviate by less than a tenth as much as
//! the labels do (classes count by their numbers). The table's "predictions vary" is that share, on average.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use autopeft::domain::{Configuration, Job, Ladder, TrialId};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::ModelFiles;
use autopeft::model::device::DeviceChoice;
use autopeft::study::Study;
use autopeft::task::{self, Label};
use autopeft::train::Plan;
use autopeft::train::evaluation::predicted;
use autopeft::train::trainer::{Advance, Training};
use autopeft::train::workbench::Workbench;
use clap::Parser;
use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

/// Below this share of the labels' deviation predictions are a constant.
const CONSTANT: f64 = 0.1;

/// How trainings differ by their seeds.
#[derive(Parser)]
struct Arguments {
    /// Folder of the encoder, in Hugging Face layout.
    #[arg(long, required_unless_present = "from")]
    model: Option<PathBuf>,
    /// Folder with a folder for each task, with train.jsonl and validation.jsonl.
    #[arg(long, required_unless_present = "from")]
    data: Option<PathBuf>,
    /// Tasks by name.
    #[arg(long, num_args = 1.., default_values = ["stsb", "mrpc", "cola"])]
    tasks: Vec<String>,
    /// Keys of `[training]`, joined by `+`.
    #[arg(long, num_args = 1.., default_values = ["default"])]
    arms: Vec<String>,
    /// Modules with their sizes, joined by `+`, and layers: parallel=1+serial=2@0,3-5.
    #[arg(long, num_args = 1.., default_values = ["serial=24@0-5", "parallel=1@1-3", "prefix=6@0,3-5"])]
    configurations: Vec<Asked>,
    /// Trainings of each configuration.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Training rows.
    #[arg(long, default_value_t = 1200)]
    rows: usize,
    /// Rows that trainings are measured on, apart from those.
    #[arg(long, default_value_t = 400)]
    measured_rows: usize,
    /// Epochs.
    #[arg(long, default_value_t = 4)]
    epochs: u32,
    /// Peak learning rates, each with every arm.
    #[arg(long, num_args = 1.., default_values_t = [3e-4, 1e-3])]
    rates: Vec<f64>,
    /// Also print mean and deviation of predictions on 64 rows after every so many steps.
    #[arg(long)]
    trace: Option<u64>,
    /// Make the table of these lines alone.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A configuration as it was asked for.
#[derive(Clone)]
struct Asked {
    text: String,
    configuration: Configuration,
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not like serial=24@0-5");
        let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
        let (modules, layers) = text.split_once('@').ok_or_else(wrong)?;
        let mut configuration = Configuration::default();
        for module in modules.split('+') {
            let (name, size) = module.split_once('=').ok_or_else(wrong)?;
            let size = number(size)?;
            configuration.modules.insert(name.to_owned(), size);
        }
        for range in layers.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            configuration.layers.extend(number(first)?..=number(last)?);
        }
        Ok(Self {
            text: text.to_owned(),
            configuration,
        })
    }
}

/// What one training came to.
#[derive(Serialize, Deserialize)]
struct Line {
    task: String,
    arm: String,
    rate: f64,
    configuration: String,
    seed: u64,
    score: f64,
    score_error: Option<f64>,
    best_epoch: u32,
    /// Deviation of the predictions, as a share of that of the labels.
    deviation: f64,
    failed: bool,
    /// After each epoch.
    scores: Vec<f64>,
    train_losses: Vec<f64>,
    cpu_seconds: f64,
}

fn main() {
    let arguments = Arguments::parse();
    let lines = match &arguments.from {
        Some(file) => {
            let text = std::fs::read_to_string(file).unwrap();
            let lines = text.lines().filter(|line| line.starts_with('{'));
            lines
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }
        None => trainings(&arguments),
    };
    table(&lines);
}

fn trainings(arguments: &Arguments) -> Vec<Line> {
    let mut lines = Vec::new();
    for task in &arguments.tasks {
        for arm in &arguments.arms {
            for &rate in &arguments.rates {
                let bench = workbench(arguments, task, arm, rate);
                for asked in &arguments.configurations {
                    for seed in arguments.first_seed..arguments.first_seed + arguments.seeds {
                        let mut line = train(&bench, asked, seed, arguments.trace);
                        line.task = task.clone();
                        line.arm = arm.clone();
                        line.rate = rate;
                        println!("{}", serde_json::to_string(&line).unwrap());
                        lines.push(line);
                    }
                }
            }
        }
    }
    lines
}

fn workbench(arguments: &Arguments, task: &str, arm: &str, rate: f64) -> Workbench {
    let keys: String = (arm.split('+').filter(|key| *key != "default"))
        .map(|key| format!("{key}\n"))
        .collect();
    let place = |folder: &Option<PathBuf>| {
        let folder = folder.as_deref().unwrap_or(Path::new("")).canonicalize();
        folder.unwrap().display().to_string()
    };
    let text = format!(
        "[study]\nname = \"seeds\"\n[model]\npath = {:?}\n\
         [task]\nname = {task:?}\nfolder = {:?}\nvalidation = 0.2\ntrain_rows = {}\nvalidation_rows = {}\n\
         [training]\nmax_length = {}\nepochs = {}\npatience = {}\nlearning_rate = {rate:e}\n{keys}",
        place(&arguments.model),
        place(&arguments.data.as_ref().map(|data| data.join(task))),
        arguments.rows,
        arguments.measured_rows,
        if task == "cola" { 32 } else { 64 },
        arguments.epochs,
        arguments.epochs,
    );
    let study = Study::parse(&text, Path::new("seeds.toml"), Path::new("/"));
    let study = study.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let hub = Hub::new(HubSettings::from_variables(|name| std::env::var(name).ok()));
    Workbench::prepare(Plan {
        files: ModelFiles::open(&study.model, &hub, &mut |_| ()).unwrap(),
        dataset: task::load(&study.task, study.seed, &hub, &mut |_| ()).unwrap(),
        examined: None,
        training: study.training,
        fidelity: study.fidelity,
        device: DeviceChoice::Cpu,
        weights_folder: None,
        under_way: None,
        seed: study.seed,
        basis: "seeds".to_owned(),
    })
    .unwrap()
}

fn train(bench: &Workbench, asked: &Asked, seed: u64, trace: Option<u64>) -> Line {
    let job = Job {
        trial: TrialId(0),
        configuration: asked.configuration.clone(),
        seed,
        parameters_percent: 0.0,
        ladder: Ladder::default(),
    };
    let begun = ProcessTime::now();
    let mut training = Training::begin(bench, &job).unwrap();
    let (mut scores, mut train_losses) = (Vec::new(), Vec::new());
    let rows = bench.validation();
    let measured = loop {
        match training.advance().unwrap() {
            Advance::Done(measured) => break measured,
            Advance::Diverged(moment) => panic!("{moment}"),
            Advance::Pruned(standing) => panic!("{standing}"),
            Advance::Epoch(report) => {
                scores.push(report.score);
                train_losses.push(report.train_loss);
            }
            Advance::Step(Some(progress)) if trace.is_some_and(|n| progress.step % n == 0) => {
                let logits = training.logits(&rows[..64.min(rows.len())]).unwrap();
                let predictions: Vec<f64> = logits.iter().map(|l| f64::from(l[0])).collect();
                let [mean, deviation] = moments(&predictions);
                eprintln!(
                    "{} seed {seed} step {:3}: loss {:.4}, first logit {mean:.4} ± {deviation:.4}",
                    asked.text, progress.step, progress.loss
                );
            }
            Advance::Prepared | Advance::Step(_) | Advance::Evaluated => (),
        }
    };
    let logits = training.logits(rows).unwrap();
    let predictions: Vec<f64> = logits.iter().map(|logits| predicted(logits)).collect();
    let labels: Vec<f64> = rows.iter().map(|row| number(row.label)).collect();
    let deviation = moments(&predictions)[1] / moments(&labels)[1];
    Line {
        task: String::new(),
        arm: String::new(),
        rate: 0.0,
        configuration: asked.text.clone(),
        seed,
        score: measured.objectives.score,
        score_error: measured.score_error,
        best_epoch: measured.best_epoch,
        deviation,
        failed: deviation < CONSTANT,
        scores,
        train_losses,
        cpu_seconds: begun.elapsed().as_secs_f64(),
    }
}

fn number(label: Label) -> f64 {
    match label {
        Label::Class(class) => class as f64,
        Label::Value(value) => f64::from(value),
    }
}

/// Mean and deviation.
fn moments(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    [mean, (squares.sum::<f64>() / n).sqrt()]
}

fn table(lines: &[Line]) {
    let mut groups: BTreeMap<_, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        let rate = format!("{:.0e}", line.rate);
        let key = (&line.task, &line.configuration, rate, &line.arm);
        groups.entry(key).or_default().push(line);
    }
    println!(
        "| task | configuration | rate | arm | mean | between seeds | lowest | predictions vary | failed |"
    );
    println!("|---|---|---|---|---:|---:|---:|---:|---:|");
    for ((task, configuration, rate, arm), lines) in groups {
        let scores: Vec<f64> = lines.iter().map(|line| line.score).collect();
        let [mean, of_these] = moments(&scores);
        let n = scores.len() as f64;
        let deviation = of_these * (n / (n - 1.0)).sqrt();
        let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let shares: Vec<f64> = lines.iter().map(|line| line.deviation).collect();
        let [share, _] = moments(&shares);
        let failed = lines.iter().filter(|line| line.failed).count();
        println!(
            "| {task} | {configuration} | {rate} | {arm} | {mean:.3} | {deviation:.3} | {lowest:.3} | {share:.3} | {failed} of {} |",
            lines.len()
        );
    }
}
