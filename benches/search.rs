//! Noise-free hypervolume against evaluations on the stand-ins for a 12-layer search, for the engine's arms.
//!
//! `cargo bench --bench search [-- SEEDS]`; mean ± standard error over the seeds (3 unless given), 20 random trials
//! first. The regret is what is missing to the optimum, which is known by enumeration.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

#[path = "../tests/support/surrogate.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod surrogate;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use autopeft::domain::{CostScale, Point, ReferencePoint};
use autopeft::search::{Ask, Engine, EngineSettings, Observation, Outcome};
use rayon::prelude::*;

use surrogate::Surrogate;

const REFERENCE: ReferencePoint = ReferencePoint {
    score: 0.70,
    parameters_percent: 26.0,
};

/// Evaluations after which the hypervolume is read.
const MARKS: [usize; 4] = [20, 50, 100, 200];

/// How the hypervolume counts parameters: in percent, or in their decimal logarithm.
type Scale = (&'static str, fn(f64) -> f64);
const SCALES: [Scale; 2] = [("linear", |percent| percent), ("log10", f64::log10)];

fn main() {
    let seeds = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let seeds: u64 = seeds.unwrap_or(3);
    for variant in ["a", "b"] {
        let surrogate = read(variant);
        let best = best_by_cost(&surrogate);
        let optimum = SCALES.map(|(_, scale)| area(&best, scale));
        println!(
            "surrogate_{variant}: optimum {:.4} linear, {:.4} log10",
            optimum[0], optimum[1]
        );
        println!(
            "{:24}{:8}{:>8}  {:>17}  {:>8}",
            "arm", "scale", "trials", "hypervolume", "regret"
        );
        for (name, settings) in arms() {
            let runs: Vec<Run> = (0..seeds)
                .into_par_iter()
                .map(|seed| run(&surrogate, &settings, seed))
                .collect();
            for ((scale_name, scale), optimum) in SCALES.iter().zip(optimum) {
                for mark in MARKS {
                    let reached = runs.iter().map(|run| area(&run.tried[..mark], *scale));
                    let (mean, error) = mean_and_error(&reached.collect::<Vec<f64>>());
                    println!(
                        "{name:24}{scale_name:8}{mark:8}  {mean:8.4} ± {error:.4}  {:8.4}",
                        optimum - mean
                    );
                }
            }
            for (i, mark) in MARKS[..3].iter().enumerate() {
                let seconds: Vec<f64> = runs.iter().map(|run| run.ask_seconds[i]).collect();
                let (mean, error) = mean_and_error(&seconds);
                println!("{name:24}ask for four after {mark} trials: {mean:.2} ± {error:.2} s");
            }
        }
    }
}

/// One search.
struct Run {
    /// Parameters in percent and noise-free accuracy of each trial, in order.
    tried: Vec<(f64, f64)>,
    /// Wall seconds of the first asks after 20, 50 and 100 trials, with the other seeds' searches on the other cores.
    ask_seconds: [f64; 3],
}

/// What is compared, by name.
fn arms() -> Vec<(&'static str, EngineSettings)> {
    let default = EngineSettings {
        initial_trials: 20,
        warmup_draws: 256,
        posterior_draws: 128,
        thinning: 8,
        acquisition_evaluations: 2_000,
        local_search_starts: 10,
        reference_point: REFERENCE,
        cost_scale: CostScale::Log,
    };
    vec![
        (
            "random",
            EngineSettings {
                initial_trials: MARKS[3],
                ..default.clone()
            },
        ),
        ("default", default.clone()),
        (
            "default, linear cost",
            EngineSettings {
                cost_scale: CostScale::Linear,
                ..default.clone()
            },
        ),
        (
            "default, copula cost",
            EngineSettings {
                cost_scale: CostScale::Copula,
                ..default
            },
        ),
    ]
}

/// The highest noise-free accuracy at each percentage of parameters that the space has.
fn best_by_cost(surrogate: &Surrogate) -> Vec<(f64, f64)> {
    let space = surrogate.space();
    let (modules, layers) = space.dimensions.split_at(3);
    let sizes: Vec<Vec<u16>> = modules.iter().fold(vec![Vec::new()], |partial, dimension| {
        let longer = |point: &Vec<u16>| {
            (0..dimension.levels)
                .map(|level| [point.as_slice(), &[level]].concat())
                .collect::<Vec<_>>()
        };
        partial.iter().flat_map(longer).collect()
    });
    let best = sizes.into_par_iter().map(|sizes| {
        let mut best = BTreeMap::new();
        for chosen in 1..1_u32 << layers.len() {
            let on = (0..layers.len()).map(|layer| (chosen >> layer & 1) as u16);
            let point = Point(sizes.iter().copied().chain(on).collect());
            if space.is_valid(&point) {
                let (percent, accuracy) =
                    (surrogate.percent(&point), surrogate.mean_accuracy(&point));
                let known: &mut f64 = best.entry(percent.to_bits()).or_insert(accuracy);
                *known = known.max(accuracy);
            }
        }
        best
    });
    let best = best.reduce(BTreeMap::new, |mut one, other| {
        for (percent, accuracy) in other {
            let known = one.entry(percent).or_insert(accuracy);
            *known = known.max(accuracy);
        }
        one
    });
    best.into_iter()
        .map(|(percent, accuracy)| (f64::from_bits(percent), accuracy))
        .collect()
}

fn read(variant: &str) -> Surrogate {
    let name = format!("surrogate_{variant}.json");
    let folder = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "bo", &name];
    let text = std::fs::read_to_string(PathBuf::from_iter(folder)).unwrap();
    Surrogate::new(serde_json::from_str(&text).unwrap())
}

/// The engine sees the noisy accuracy.
fn run(surrogate: &Surrogate, settings: &EngineSettings, seed: u64) -> Run {
    let costs = surrogate.clone();
    let cost = Arc::new(move |point: &_| costs.percent(point));
    let engine = Engine::new(
        surrogate.space(),
        cost,
        settings.clone(),
        seed,
        Arc::new(|| 0.0),
    );
    let mut ask = Ask {
        count: 4,
        ..Ask::default()
    };
    let mut ask_seconds = [0.0; 3];
    while ask.history.len() < MARKS[3] {
        let begun = Instant::now();
        let proposals = engine.ask(&ask, &|| false).unwrap();
        for (mark, seconds) in MARKS.iter().zip(&mut ask_seconds) {
            if *seconds == 0.0 && ask.history.len() >= *mark {
                *seconds = begun.elapsed().as_secs_f64();
            }
        }
        for proposal in proposals {
            let score = surrogate.accuracy(&proposal.point, seed);
            ask.history.push(Observation {
                point: proposal.point,
                outcome: Outcome::Score(score),
            });
        }
    }
    let tried = ask.history.iter().map(|observation| &observation.point);
    Run {
        tried: tried
            .map(|point| (surrogate.percent(point), surrogate.mean_accuracy(point)))
            .collect(),
        ask_seconds,
    }
}

/// Area between the front of the points and the reference point.
fn area(points: &[(f64, f64)], scale: fn(f64) -> f64) -> f64 {
    let mut points = points.to_vec();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut area, mut best) = (0.0, REFERENCE.score);
    for (percent, accuracy) in points {
        if percent < REFERENCE.parameters_percent && accuracy > best {
            area += (accuracy - best) * (scale(REFERENCE.parameters_percent) - scale(percent));
            best = accuracy;
        }
    }
    area
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0) / count).sqrt())
}
