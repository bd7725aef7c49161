//! The search engine against BoTorch's numbers: tolerances as in the README of the golden files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use autopeft::domain::{CostScale, HypervolumeMeasure, Objectives, ReferencePoint};
use autopeft::search::acquisition::ehvi::Staircase;
use autopeft::search::acquisition::nehvi::{Nehvi, Objective, Site};
use autopeft::search::copula::Copula;
use autopeft::search::hypervolume::hypervolume;
use autopeft::search::nuts::{Schedule, sample};
use autopeft::search::pareto::{Duplicates, non_dominated};
use autopeft::search::posterior::{GaussianProcess, Hyperparameters, Joint, mixture};
use autopeft::search::surrogate::saas::Saas;
use autopeft::search::surrogate::{Data, Model};
use autopeft::search::{Ask, Engine, EngineSettings, Observation, Outcome};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde_json::Value;

use super::golden::{folders, json};
use crate::support::surrogate::Surrogate;

const FILES: [&str; 7] = [
    "hypervolume.json",
    "pareto.json",
    "copula.json",
    "gp_posterior.json",
    "ehvi.json",
    "nehvi.json",
    "saas_posterior.json",
];

/// All cases of one file, each with a name for messages. Our own folder must have some, the other one may lack the file.
fn cases(file: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (i, folder) in folders("bo").iter().enumerate() {
        let path = folder.join(file);
        if i > 0 && !path.exists() {
            continue;
        }
        let content = json(&path);
        let list = content["cases"].as_array().unwrap();
        assert!(i > 0 || !list.is_empty(), "no case in {}", path.display());
        found.extend(list.iter().map(|case| {
            let name = format!("{}: {}", path.display(), case["label"]);
            (name, case.clone())
        }));
    }
    found
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("not a number: {value}"))
}

fn vector(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(vector).collect()
}

fn pair(value: &Value) -> [f64; 2] {
    vector(value).try_into().unwrap()
}

fn close(found: f64, expected: f64, relative: f64, absolute: f64, what: &str) {
    let bound = absolute.max(relative * expected.abs());
    let difference = (found - expected).abs();
    assert!(
        difference <= bound,
        "{what}: found {found}, expected {expected}, off by {difference:e} (at most {bound:e})"
    );
}

fn all_close(found: &[f64], expected: &[f64], absolute: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(*found, *expected, 0.0, absolute, &format!("{what} [{i}]"));
    }
}

#[test]
fn another_folder_has_cases() {
    for folder in folders("bo").iter().skip(1) {
        let count: usize = FILES
            .iter()
            .map(|file| folder.join(file))
            .filter(|path| path.exists())
            .map(|path| json(&path)["cases"].as_array().map_or(0, Vec::len))
            .sum();
        let surrogates = surrogate_files(folder).len();
        assert!(count + surrogates > 0, "no case in {}", folder.display());
    }
}

#[test]
fn hypervolumes() {
    for (name, case) in cases("hypervolume.json") {
        let found = hypervolume(&matrix(&case["Y"]), &vector(&case["ref"]));
        close(found, number(&case["hv"]), 1e-9, 1e-12, &name);
    }
}

#[test]
fn pareto_masks() {
    for (name, case) in cases("pareto.json") {
        let points = matrix(&case["Y"]);
        for (key, duplicates) in [
            ("mask_dedup", Duplicates::Drop),
            ("mask_keep_duplicates", Duplicates::Keep),
        ] {
            let expected: Vec<bool> = serde_json::from_value(case[key].clone()).unwrap();
            assert_eq!(non_dominated(&points, duplicates), expected, "{name} {key}");
        }
    }
}

#[test]
fn copulas() {
    for (name, case) in cases("copula.json") {
        let values = matrix(&case["Y"]);
        let transformed = matrix(&case["Y_transformed"]);
        let reference = vector(&case["ref"]);
        let reference_transformed = vector(&case["ref_transformed"]);
        for k in 0..reference.len() {
            let column = |rows: &[Vec<f64>]| rows.iter().map(|row| row[k]).collect::<Vec<_>>();
            let copula = Copula::new(&column(&values));
            let found: Vec<f64> = column(&values)
                .iter()
                .map(|&value| copula.transform(value))
                .collect();
            all_close(&found, &column(&transformed), 1e-9, &name);
            let found = copula.transform(reference[k]);
            close(found, reference_transformed[k], 0.0, 1e-9, &name);
        }
    }
}

fn hyperparameters(value: &Value) -> Hyperparameters {
    Hyperparameters {
        mean: number(&value["mean"]),
        outputscale: number(&value["outputscale"]),
        noise: number(&value["noise"]),
        lengthscales: vector(&value["lengthscale"]),
    }
}

fn joint_at(process: &GaussianProcess, points: &[Vec<f64>]) -> Joint {
    process.joint(&process.project(points.iter().map(Vec::as_slice)))
}

fn check_joint(joint: &Joint, expected: &Value, name: &str) {
    all_close(&joint.mean, &vector(&expected["mean"]), 1e-8, name);
    let covariance = matrix(&expected["cov"]).concat();
    all_close(&joint.covariance, &covariance, 1e-8, name);
}

#[test]
fn posteriors() {
    for (name, case) in cases("gp_posterior.json") {
        let (inputs, targets) = (matrix(&case["X"]), vector(&case["y"]));
        let mut joints = Vec::new();
        for sample in case["samples"].as_array().unwrap() {
            let hyper = hyperparameters(&sample["hyper"]);
            let process = GaussianProcess::new(&hyper, &inputs, &targets).unwrap();
            let mll = process.log_marginal_likelihood();
            close(mll, number(&sample["mll"]), 1e-9, 0.0, &name);
            let joint = joint_at(&process, &matrix(&case["X_test"]));
            check_joint(&joint, sample, &name);
            let variances: Vec<f64> = mixture(std::slice::from_ref(&joint))
                .into_iter()
                .map(|(_, variance)| variance)
                .collect();
            all_close(&variances, &vector(&sample["variance"]), 1e-8, &name);
            joints.push(joint);
        }
        let (means, variances): (Vec<f64>, Vec<f64>) = mixture(&joints).into_iter().unzip();
        all_close(&means, &vector(&case["mixture_mean"]), 1e-8, &name);
        all_close(&variances, &vector(&case["mixture_variance"]), 1e-8, &name);
    }
}

fn saas(inputs: &[Vec<f64>], targets: &[f64], noise_offset: f64) -> Saas {
    let dimensions: Vec<usize> = (0..inputs[0].len()).collect();
    Saas::new(Data::new(inputs, &dimensions, targets, noise_offset))
}

#[test]
fn saas_densities() {
    for (name, case) in cases("gp_posterior.json") {
        let (inputs, targets) = (matrix(&case["X"]), vector(&case["y"]));
        let plain = saas(&inputs, &targets, 0.0);
        let shifted = saas(&inputs, &targets, 1e-4);
        for point in case["density"].as_array().unwrap() {
            let u = vector(&point["u"]);
            assert_eq!(u.len(), plain.unknowns());
            for (key, density) in [
                ("mll", plain.log_marginal_likelihood(&u)),
                ("log_joint", plain.log_joint(&u)),
                ("log_joint_offset_1e-4", shifted.log_joint(&u)),
            ] {
                let (density, what) = (density.unwrap(), format!("{name} {key}"));
                close(density.value, number(&point[key]), 1e-9, 0.0, &what);
                let gradient = vector(&point[format!("{key}_grad")]);
                let largest = gradient.iter().fold(0.0_f64, |top, g| top.max(g.abs()));
                all_close(&density.gradient, &gradient, 1e-7 * largest, &what);
            }
        }
    }
}

#[test]
fn expected_hypervolume_improvements() {
    for (name, case) in cases("ehvi.json") {
        let staircase = Staircase::new(&matrix(&case["front"]), pair(&case["ref"]));
        let expected = vector(&case["ehvi"]);
        let botorch = case["botorch_ehvi"].as_array();
        for (i, &expected) in expected.iter().enumerate() {
            let (mean, deviation) = (pair(&case["mean"][i]), pair(&case["sd"][i]));
            let found = staircase.expected_improvement(mean, deviation);
            let what = format!("{name} [{i}]");
            if expected > 1e-12 {
                close(found, expected, 1e-8, 0.0, &what);
            } else {
                close(found, expected, 0.0, 1e-12, &what);
            }
            if let Some(value) = botorch.map(|values| number(&values[i]))
                && value > 1e-6
            {
                close(found, value, 1e-4, 0.0, &format!("{what} (BoTorch)"));
            }
        }
    }
}

#[test]
fn noisy_expected_hypervolume_improvements() {
    for (name, case) in cases("nehvi.json") {
        let baseline = matrix(&case["X_baseline"]);
        let candidates = matrix(&case["X_candidates"]);
        let observed = matrix(&case["Y"]);
        let reference = vector(&case["ref"]);
        let modelled = |k: usize| {
            let targets: Vec<f64> = observed.iter().map(|y| y[k]).collect();
            let draws = case["hyper"][k].as_array().unwrap();
            let processes: Vec<GaussianProcess> = draws
                .iter()
                .map(|draw| {
                    GaussianProcess::new(&hyperparameters(draw), &baseline, &targets).unwrap()
                })
                .collect();
            let all = [baseline.clone(), candidates.clone()].concat();
            for (process, expected) in processes
                .iter()
                .zip(case["joint_posterior"][k].as_array().unwrap())
            {
                check_joint(&joint_at(process, &all), expected, &name);
            }
            Objective::Modelled(processes.into())
        };
        let objectives: Vec<Objective> = (0..reference.len()).map(modelled).collect();
        let site = |input: &Vec<f64>| Site {
            input: input.clone(),
            known: f64::NAN,
        };
        let chosen = |indices: &Value| -> Vec<Site> {
            let indices: Vec<usize> = serde_json::from_value(indices.clone()).unwrap();
            indices.iter().map(|&i| site(&candidates[i])).collect()
        };
        for evaluation in case["evaluations"].as_array().unwrap() {
            let runs: Vec<f64> = (0..16)
                .map(|seed| {
                    let mut random = ChaCha8Rng::seed_from_u64(seed);
                    let sites = baseline.iter().map(site).collect();
                    let mut nehvi = Nehvi::new(
                        objectives.clone(),
                        reference.clone(),
                        sites,
                        128,
                        &mut random,
                    )
                    .unwrap();
                    if evaluation["prune_baseline"] == true {
                        nehvi = nehvi.pruned().unwrap();
                    }
                    let pending = chosen(&evaluation["pending"]);
                    nehvi = nehvi.with(pending).unwrap();
                    let mut total = 0.0;
                    for candidate in chosen(&evaluation["candidates"]) {
                        total += nehvi.value(&candidate);
                        nehvi = nehvi.with(vec![candidate]).unwrap();
                    }
                    total
                })
                .collect();
            let (mean, own_error) = mean_and_error(&runs);
            let what = format!("{name} {}", evaluation["label"]);
            for (value, error) in [("value", "se"), ("plain_mc", "plain_mc_se")] {
                let Some(expected) = evaluation[value].as_f64() else {
                    continue;
                };
                let bound = 4.0 * own_error.hypot(number(&evaluation[error]));
                close(mean, expected, 0.0, bound, &what);
            }
        }
    }
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

#[test]
fn the_sampler_finds_the_saas_posterior() {
    const CHAINS: u64 = 8;
    const SCHEDULE: Schedule = Schedule {
        warmup_draws: 400,
        posterior_draws: 1_000,
        thinning: 8,
    };
    for (name, case) in cases("saas_posterior.json") {
        let (inputs, targets) = (matrix(&case["X"]), vector(&case["y"]));
        let test = matrix(&case["X_test"]);
        let saas = saas(&inputs, &targets, 0.0);
        let mean_of = |draws: &[Vec<f64>]| -> Vec<f64> {
            let means = draws.iter().map(|u| {
                let hyper = saas.hyperparameters(u);
                let process = GaussianProcess::new(&hyper, &inputs, &targets).unwrap();
                process.project(test.iter().map(Vec::as_slice)).means
            });
            let mut total = vec![0.0; test.len()];
            for mean in means {
                total.iter_mut().zip(mean).for_each(|(sum, m)| *sum += m);
            }
            total.iter().map(|sum| sum / draws.len() as f64).collect()
        };
        // Halves of chains are nearly independent, so the spread of their means shows the Monte-Carlo error.
        let halves: Vec<Vec<f64>> = (0..CHAINS)
            .into_par_iter()
            .flat_map(|seed| {
                let draws = sample(
                    |u| saas.log_joint(u),
                    &saas.prior_median(),
                    SCHEDULE,
                    &mut ChaCha8Rng::seed_from_u64(seed),
                    &|| false,
                )
                .unwrap();
                let (first, second) = draws.kept.split_at(draws.kept.len() / 2);
                [mean_of(first), mean_of(second)]
            })
            .collect();
        let expected = vector(&case["predictive_mean"]);
        let errors = vector(&case["predictive_mean_se"]);
        let z: Vec<f64> = (0..test.len())
            .map(|i| {
                let values: Vec<f64> = halves.iter().map(|mean| mean[i]).collect();
                let (mean, own_error) = mean_and_error(&values);
                (mean - expected[i]) / own_error.hypot(errors[i])
            })
            .collect();
        let rms = (z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64).sqrt();
        assert!(rms < 2.0, "{name}: rms z {rms}, {z:?}");
        assert!(z.iter().all(|z| z.abs() <= 4.0), "{name}: {z:?}");
    }
}

/// The files of constants of benchmark functions.
fn surrogate_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("surrogate_") && name.ends_with(".json")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn benchmark_functions() {
    let own = surrogate_files(&folders("bo")[0]);
    assert!(!own.is_empty(), "no benchmark function of our own");
    for path in folders("bo").iter().flat_map(|f| surrogate_files(f)) {
        let constants = json(&path);
        let surrogate = Surrogate::new(constants.clone());
        let spots = constants["spot_values"].as_array().unwrap();
        assert!(!spots.is_empty(), "no spot value in {}", path.display());
        for spot in spots {
            let notation: Vec<u16> = serde_json::from_value(spot["x"].clone()).unwrap();
            let seed = spot["seed"].as_u64().unwrap();
            let terms = surrogate.terms_of(&notation);
            let what = format!("{} {notation:?}", path.display());
            let percent = surrogate.percent_of(&terms);
            close(percent, number(&spot["pct"]), 1e-12, 0.0, &what);
            for (found, key) in [
                (surrogate.mean_accuracy_of(&terms), "mean_acc"),
                (surrogate.noise_of(&terms, seed), "noise_z"),
                (surrogate.accuracy_of(&terms, seed), "acc"),
            ] {
                close(found, number(&spot[key]), 0.0, 1e-12, &what);
            }
        }
    }
}

/// Noise-free hypervolume, in shares on the linear scale, of what an engine evaluates in `trials` trials, `random` of them from the initial design.
fn hypervolume_reached(surrogate: &Surrogate, seed: u64, random: usize, trials: usize) -> f64 {
    let reference_point = ReferencePoint {
        score: 0.70,
        parameters_percent: 26.0,
    };
    let settings = EngineSettings {
        initial_trials: random,
        acquisition_evaluations: 400,
        local_search_starts: 4,
        reference_point,
        ..EngineSettings::default()
    };
    let costs = surrogate.clone();
    let engine = Engine::new(
        surrogate.space(),
        Arc::new(move |point| costs.percent(point)),
        settings,
        seed,
        Arc::new(|| 0.0),
    );
    let mut ask = Ask {
        count: 4,
        ..Ask::default()
    };
    while ask.history.len() < trials {
        for proposal in engine.ask(&ask, &|| false).unwrap() {
            let score = surrogate.accuracy(&proposal.point, seed);
            ask.history.push(Observation {
                error: None,
                point: proposal.point,
                outcome: Outcome::Score(score),
                third: None,
                early: Vec::new(),
            });
        }
    }
    let reached: Vec<Objectives> = ask
        .history
        .iter()
        .map(|observation| Objectives {
            score: surrogate.mean_accuracy(&observation.point),
            parameters_percent: surrogate.percent(&observation.point),
        })
        .collect();
    HypervolumeMeasure::new(reference_point, CostScale::Linear, 0.0).share(&reached)
}

#[test]
fn the_engine_finds_more_than_random_points_do() {
    let own = &folders("bo")[0];
    let surrogate = Surrogate::new(json(&surrogate_files(own)[0]));
    for (function, margin) in [
        (surrogate.clone(), 0.0128),
        (surrogate.scrambled(1), 0.0064),
    ] {
        let mean = |random: usize| {
            let runs = (0..3_u64).into_par_iter();
            let total: f64 = runs
                .map(|seed| hypervolume_reached(&function, seed, random, 40))
                .sum();
            total / 3.0
        };
        let (modelled, random) = (mean(16), mean(40));
        assert!(
            modelled > random + margin,
            "modelled {modelled}, random {random}"
        );
    }
}
