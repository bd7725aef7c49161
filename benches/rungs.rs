//! What rungs bring: whole studies with and without them, the hypervolume at equal training time, trials per hour.
//!
//! `cargo bench --bench rungs [-- --study STUDY.toml --rungs 1 2 --seeds 3]`. The study without rungs sets the budget; the
//! one with them goes on with further trials until it has spent as much. Time is counted in epochs, which do not depend
//! on what else the machine does, and in seconds.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

use std::path::{Path, PathBuf};

use autopeft::app::State;
use autopeft::app::headless::Headless;
use autopeft::app::launch::{Options, resolve};
use autopeft::domain::{Objectives, Rungs, Trial, TrialState};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::device::DeviceChoice;
use autopeft::study::Study;
use clap::Parser;

/// Studies with and without rungs.
#[derive(Parser)]
struct Arguments {
    /// The study; the quickstart where none is given.
    #[arg(long)]
    study: Option<PathBuf>,
    /// Epochs of the rungs.
    #[arg(long, num_args = 1.., default_values_t = [1, 2])]
    rungs: Vec<u32>,
    /// About one trial of this many goes on from a rung.
    #[arg(long, default_value_t = 3)]
    reduction_factor: u32,
    /// Studies of each kind.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/studies/quickstart.toml");
    let file = arguments.study.clone().unwrap_or(PathBuf::from(own));
    let rungs = Rungs {
        epochs: arguments.rungs.clone(),
        reduction_factor: arguments.reduction_factor,
    };
    println!(
        "seed  rungs     trials  pruned  epochs  seconds  trials an hour  hypervolume %  at equal seconds"
    );
    for seed in 1..=arguments.seeds {
        let plain = study(&file, seed, Rungs::default());
        let trials = plain.search.trials;
        let folder = tempfile::tempdir().unwrap();
        let without = run(&plain, folder.path());
        let budget = [epochs, seconds].map(|cost| spent(&without, cost));

        let mut halving = study(&file, seed, rungs.clone());
        let folder = tempfile::tempdir().unwrap();
        let mut with = run(&halving, folder.path());
        while spent(&with, epochs) < budget[0] || spent(&with, seconds) < budget[1] {
            // A study goes on where it stood when more trials are wanted.
            halving.search.trials += (trials / 4).max(1);
            with = run(&halving, folder.path());
        }
        for (name, state) in [("none", &without), ("with", &with)] {
            tell(seed, name, state, budget);
        }
    }
}

fn study(file: &Path, seed: u64, rungs: Rungs) -> Study {
    let mut study = Study::read(file).unwrap();
    study.seed = seed;
    study.rungs = rungs;
    study
}

/// The study to its end, as the program runs it.
fn run(study: &Study, runs: &Path) -> State {
    let hub = Hub::new(HubSettings::from_env());
    let resolved = resolve(study.clone(), None, &hub, &mut |_| ()).unwrap();
    let options = Options {
        runs: runs.to_owned(),
        device: DeviceChoice::Cpu,
        wanted: Vec::new(),
        earlier: Vec::new(),
        threads: 0,
    };
    let mut runtime = resolved.start(&options).unwrap();
    runtime
        .run(&mut Headless::new(std::io::sink(), false))
        .unwrap();
    runtime.state
}

fn epochs(trial: &Trial) -> f64 {
    trial.epochs.len() as f64
}

fn seconds(trial: &Trial) -> f64 {
    trial.seconds().unwrap_or(0.0)
}

fn spent(state: &State, cost: fn(&Trial) -> f64) -> f64 {
    state.trials.iter().map(cost).sum()
}

/// The trials that were over when so much was spent, in the order of their ends.
fn within(state: &State, budget: f64, cost: fn(&Trial) -> f64) -> Vec<&Trial> {
    let over = state.over.iter().filter_map(|id| state.trial(*id));
    let mut left = budget;
    over.take_while(|trial| {
        left -= cost(trial);
        left > -1e-9
    })
    .collect()
}

/// The hypervolume, in percent of what could be reached.
fn reached(state: &State, trials: &[&Trial]) -> f64 {
    let measured: Vec<Objectives> = (trials.iter())
        .filter_map(|trial| trial.measurement.map(|m| m.objectives))
        .collect();
    100.0 * state.measure().share(&measured)
}

fn tell(seed: u64, name: &str, state: &State, [epochs_left, seconds_left]: [f64; 2]) {
    let trials = within(state, epochs_left, epochs);
    let sum = |cost: fn(&Trial) -> f64| trials.iter().map(|trial| cost(trial)).sum::<f64>();
    let pruned = trials
        .iter()
        .filter(|trial| trial.state == TrialState::Pruned);
    println!(
        "{seed:4}  {name}      {:6}  {:6}  {:6}  {:7.1}  {:14.0}  {:13.2}  {:16.2}",
        trials.len(),
        pruned.count(),
        sum(epochs),
        sum(seconds),
        3600.0 * trials.len() as f64 / sum(seconds),
        reached(state, &trials),
        reached(state, &within(state, seconds_left, seconds)),
    );
}
