//! Noise-free hypervolume against evaluations on the stand-ins for a 12-layer search, for the engine's arms.
//!
//! `cargo bench --bench search -- --help`. Mean ± standard error over the seeds; the regret is what is missing to the
//! optimum, which is found by enumeration. With `--json FILE` each run is also a line that `benches/peers/run.py` reads.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

#[path = "support/arms.rs"]
mod arms;
#[path = "../tests/support/surrogate.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod surrogate;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use autopeft::domain::{CostScale, Objectives, Point, front};
use autopeft::search::{Ask, Earlier, Engine, EngineSettings, Estimate, Observation, Outcome};
use clap::Parser;
use rayon::prelude::*;

use arms::{REFERENCE, STARTS, arm};
use surrogate::Surrogate;

/// Evaluations after which the hypervolume is read.
const MARKS: [usize; 5] = [STARTS, 25, 50, 100, 200];

/// Hypervolume against evaluations on the benchmark functions.
#[derive(Parser)]
struct Arguments {
    /// Searches per arm.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Evaluations of each search.
    #[arg(long, default_value_t = 100)]
    evaluations: usize,
    /// Proposals per ask.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Arms: `default`, `paper`, `random`, `sobol`, `nsga2`, `parego`, or changes of one, such as `default+saas+copula`.
    #[arg(long, num_args = 1.., default_values = ["random", "default"])]
    arms: Vec<String>,
    /// Benchmark functions.
    #[arg(long, num_args = 1.., default_values = ["a", "b"])]
    variants: Vec<String>,
    /// How the hypervolume counts parameters.
    #[arg(long, num_args = 1.., default_values = ["linear", "log10"])]
    scales: Vec<String>,
    /// Starts of each seed in the notation of the benchmark, as `run.py --starts` writes them.
    #[arg(long)]
    starts: Option<PathBuf>,
    /// Standard deviation of the noise of a measurement; else that of the benchmark function.
    #[arg(long)]
    noise: Option<f64>,
    /// Permute the levels of every dimension, so that their order means nothing.
    #[arg(long)]
    scrambled: bool,
    /// What is known of an earlier study: the function that it searched, or what became of it: `b`; `b-negated`, its scores
    /// with the other sign; `b-folded`, those above their median mirrored at it; `b-scrambled`, its levels permuted.
    #[arg(long, num_args = 1..)]
    earlier: Vec<String>,
    /// Evaluations of each earlier study.
    #[arg(long, default_value_t = 60)]
    earlier_evaluations: usize,
    /// Noise of the earlier studies' scores; else that of the function.
    #[arg(long)]
    earlier_noise: Option<f64>,
    /// Append one JSON object per search to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How the hypervolume counts parameters: in percent, or in their decimal logarithm.
#[derive(Clone, Copy)]
struct Scale {
    name: &'static str,
    of: fn(f64) -> f64,
    objective: CostScale,
}

const SCALES: [Scale; 2] = [
    Scale {
        name: "linear",
        of: |percent| percent,
        objective: CostScale::Linear,
    },
    Scale {
        name: "log10",
        of: f64::log10,
        objective: CostScale::Log,
    },
];

fn main() {
    let arguments = Arguments::parse();
    let starts: BTreeMap<String, Vec<Vec<u16>>> = match &arguments.starts {
        Some(path) => serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(),
        None => BTreeMap::new(),
    };
    let marks: Vec<usize> = (MARKS.into_iter())
        .filter(|&mark| mark <= arguments.evaluations)
        .collect();
    for variant in &arguments.variants {
        let mut surrogate = read(variant, arguments.noise);
        if arguments.scrambled {
            surrogate = surrogate.scrambled(1);
        }
        let best = best_by_cost(&surrogate);
        for scale in SCALES
            .iter()
            .filter(|s| arguments.scales.iter().any(|n| n == s.name))
        {
            let optimum = area(&best, scale.of);
            println!("surrogate_{variant}, {}: optimum {optimum:.4}", scale.name);
            for name in &arguments.arms {
                let mut settings = arm(name);
                settings.least_cost = best[0].0;
                if settings.cost_scale != CostScale::Copula {
                    settings.cost_scale = scale.objective;
                }
                let runs: Vec<Run> = (0..arguments.seeds)
                    .into_par_iter()
                    .map(|seed| {
                        let start = starts.get(&seed.to_string());
                        let earlier = (arguments.earlier.iter())
                            .map(|name| earlier(name, settings.least_cost, seed, &arguments))
                            .collect();
                        let end = arguments.evaluations;
                        run(&surrogate, &settings, seed, &arguments, start, end, earlier)
                    })
                    .collect();
                report(name, &runs, &marks, scale, optimum);
                if let Some(path) = &arguments.json {
                    append(path, name, variant, scale, arguments.batch, &runs, &marks);
                }
            }
        }
    }
}

fn report(name: &str, runs: &[Run], marks: &[usize], scale: &Scale, optimum: f64) {
    print!("{name:34}");
    for &mark in marks {
        let reached = runs.iter().map(|run| area(&run.tried[..mark], scale.of));
        let (mean, error) = mean_and_error(&reached.collect::<Vec<f64>>());
        print!(
            "  @{mark} {mean:.4} ± {error:.4} (regret {:.4})",
            optimum - mean
        );
    }
    for (what, over) in [("measured", 0), ("estimated", 1)] {
        let fronts = || runs.iter().map(|run| &run.handed_over[over]);
        let missing = fronts().map(|front| 100.0 * (1.0 - area(&front.truth, scale.of) / optimum));
        let (missing, error) = mean_and_error(&missing.collect::<Vec<f64>>());
        let promised = fronts().map(|front| 100.0 * area(&front.promised, scale.of) / optimum);
        let (promised, _) = mean_and_error(&promised.collect::<Vec<f64>>());
        let (optimism, _) = mean_and_error(&fronts().map(Front::optimism).collect::<Vec<f64>>());
        print!(
            "  front {what}: {missing:.1} ± {error:.1} % missing, promised {promised:.1} %, optimism {optimism:+.4}"
        );
    }
    let noise: Vec<f64> = runs.iter().filter_map(|run| run.noise).collect();
    print!("  noise {:.4}", mean_and_error(&noise).0);
    let repeats: Vec<f64> = runs.iter().map(|run| run.repeats as f64).collect();
    print!("  repeats {:.1}", mean_and_error(&repeats).0);
    for &mark in marks {
        let seconds = runs
            .iter()
            .filter_map(|run| run.ask_seconds.get(&mark).copied());
        let (mean, _) = mean_and_error(&seconds.collect::<Vec<f64>>());
        print!("  ask@{mark} {mean:.2} s");
    }
    let similar: Vec<f64> = runs.iter().filter_map(|run| run.similarity).collect();
    if !similar.is_empty() {
        let (mean, error) = mean_and_error(&similar);
        print!("  similarity {mean:.2} ± {error:.2}");
    }
    println!();
}

/// In the form of `benches/peers/run.py`.
fn append(
    path: &PathBuf,
    arm: &str,
    variant: &str,
    scale: &Scale,
    batch: usize,
    runs: &[Run],
    marks: &[usize],
) {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    for (seed, run) in runs.iter().enumerate() {
        let reached: Vec<f64> = (marks.iter())
            .map(|&mark| area(&run.tried[..mark], scale.of))
            .collect();
        let line = serde_json::json!({
            "arm": format!("autopeft {arm}"),
            "variant": variant,
            "scale": scale.name,
            "seed": seed,
            "marks": marks,
            "hypervolume": reached,
            "ask_cpu_seconds": run.ask_seconds,
            "proposals": batch,
        });
        writeln!(file, "{line}").unwrap();
    }
}

/// One search.
struct Run {
    /// Parameters in percent and noise-free accuracy of each trial, in order.
    tried: Vec<(f64, f64)>,
    /// The trials with their noisy accuracy.
    measured: Vec<(Point, f64)>,
    /// Similarity of the first earlier study in the end.
    similarity: Option<f64>,
    /// The fronts that it would hand over: by the measured scores, and by the estimates.
    handed_over: [Front; 2],
    /// Estimated deviation of the noise.
    noise: Option<f64>,
    /// Trials that measured a configuration again.
    repeats: usize,
    /// Wall seconds of the first asks after so many trials, which is what one thread computes for.
    ask_seconds: BTreeMap<usize, f64>,
}

/// Parameters in percent with the accuracy of a front's configurations.
struct Front {
    promised: Vec<(f64, f64)>,
    /// Without noise.
    truth: Vec<(f64, f64)>,
}

impl Front {
    fn new(surrogate: &Surrogate, promised: impl Iterator<Item = (Point, f64)>) -> Self {
        let both = promised.map(|(point, score)| {
            let percent = surrogate.percent(&point);
            ((percent, score), (percent, surrogate.mean_accuracy(&point)))
        });
        let (promised, truth) = both.unzip();
        Self { promised, truth }
    }

    /// Mean of what the promised scores are too high by.
    fn optimism(&self) -> f64 {
        let pairs = self.promised.iter().zip(&self.truth);
        let excess = pairs.map(|((_, promised), (_, truth))| promised - truth);
        excess.sum::<f64>() / self.promised.len() as f64
    }
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

/// What another study measured, whose seed is another one.
fn earlier(name: &str, least_cost: f64, seed: u64, arguments: &Arguments) -> Earlier {
    let (variant, told) = name.split_once('-').unwrap_or((name, "true"));
    let mut surrogate = read(variant, arguments.earlier_noise.or(arguments.noise));
    if told == "scrambled" {
        surrogate = surrogate.scrambled(1);
    }
    let mut settings = arm("default");
    settings.least_cost = least_cost;
    let end = arguments.earlier_evaluations;
    let seed = seed + 1_000;
    let run = run(
        &surrogate,
        &settings,
        seed,
        arguments,
        None,
        end,
        Vec::new(),
    );
    let mut scored = run.measured;
    let mut ordered: Vec<f64> = scored.iter().map(|(_, score)| *score).collect();
    ordered.sort_by(f64::total_cmp);
    let median = ordered[ordered.len() / 2];
    for (_, score) in &mut scored {
        *score = match told {
            "true" | "scrambled" => *score,
            "negated" => -*score,
            "folded" => score.min(2.0 * median - *score),
            other => panic!("nothing becomes {other:?}"),
        };
    }
    Earlier {
        name: name.to_owned(),
        scored,
    }
}

fn read(variant: &str, noise: Option<f64>) -> Surrogate {
    let name = format!("surrogate_{variant}.json");
    let folder = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "bo", &name];
    let text = std::fs::read_to_string(PathBuf::from_iter(folder)).unwrap();
    let mut constants: serde_json::Value = serde_json::from_str(&text).unwrap();
    if let Some(noise) = noise {
        constants["noise_sd"] = noise.into();
    }
    Surrogate::new(constants)
}

/// The engine sees the noisy accuracy.
fn run(
    surrogate: &Surrogate,
    settings: &EngineSettings,
    seed: u64,
    arguments: &Arguments,
    starts: Option<&Vec<Vec<u16>>>,
    end: usize,
    earlier: Vec<Earlier>,
) -> Run {
    let costs = surrogate.clone();
    let engine = Engine::new(
        surrogate.space(),
        Arc::new(move |point: &_| costs.percent(point)),
        settings.clone(),
        seed,
        Arc::new(|| 0.0),
    )
    .knowing(&earlier);
    // The first measurement of a configuration has the search's seed, each further one another.
    let measured = |history: &[Observation], point: Point| Observation {
        error: None,
        outcome: Outcome::Score({
            let before = history.iter().filter(|before| before.point == point);
            surrogate.accuracy(&point, seed + (before.count() << 32) as u64)
        }),
        point,
        third: None,
        early: Vec::new(),
    };
    let mut ask = Ask {
        count: arguments.batch,
        ..Ask::default()
    };
    if let Some(starts) = starts {
        let points = starts.iter().map(|notation| surrogate.point_of(notation));
        ask.history = points.map(|point| measured(&[], point)).collect();
    }
    let mut ask_seconds = BTreeMap::new();
    while ask.history.len() < end {
        let told = ask.history.len();
        ask.remaining = Some(end - told);
        let begun = Instant::now();
        let proposals = engine.ask(&ask, &|| false).unwrap();
        for mark in MARKS.into_iter().filter(|&mark| told >= mark) {
            ask_seconds
                .entry(mark)
                .or_insert_with(|| begun.elapsed().as_secs_f64());
        }
        for proposal in proposals {
            let observation = measured(&ask.history, proposal.point);
            ask.history.push(observation);
        }
    }
    let similarity = match earlier.is_empty() {
        true => None,
        false => engine.similarities(&ask.history, &|| false).unwrap(),
    };
    let scored = ask.history.iter().map(|observation| {
        let Outcome::Score(score) = observation.outcome else {
            unreachable!("every evaluation ends with a score")
        };
        (observation.point.clone(), score)
    });
    let measured = scored.collect();
    let estimates = engine.estimate(&ask.history, &[], &|| false).unwrap();
    let means = |estimate: &Estimate| {
        let sum: f64 = estimate.measured.iter().sum();
        (estimate.point.clone(), sum / estimate.measured.len() as f64)
    };
    let means: Vec<(Point, f64)> = estimates.points.iter().map(means).collect();
    let objectives = means.iter().map(|(point, score)| Objectives {
        score: *score,
        parameters_percent: surrogate.percent(point),
    });
    let lucky = front(&objectives.collect::<Vec<Objectives>>());
    let lucky = lucky.into_iter().map(|i| means[i].clone());
    let believed = estimates.front().into_iter();
    let believed = believed.map(|estimate| (estimate.point.clone(), estimate.score));
    let tried = ask.history.iter().map(|observation| &observation.point);
    Run {
        measured,
        similarity: similarity.and_then(|all| Some(all.first()?.1)),
        tried: tried
            .map(|point| (surrogate.percent(point), surrogate.mean_accuracy(point)))
            .collect(),
        handed_over: [
            Front::new(surrogate, lucky),
            Front::new(surrogate, believed),
        ],
        noise: estimates.noise,
        repeats: ask.history.len() - estimates.points.len(),
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
