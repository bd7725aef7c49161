//! The search engine against BoTorch's numbers: tolerances as in the README of the golden files.

use std::path::PathBuf;

use autopeft::search::acquisition::ehvi::Staircase;
use autopeft::search::acquisition::nehvi::{Nehvi, Objective, Site};
use autopeft::search::copula::Copula;
use autopeft::search::hypervolume::hypervolume;
use autopeft::search::nuts::{Schedule, sample};
use autopeft::search::pareto::{Duplicates, non_dominated};
use autopeft::search::posterior::{GaussianProcess, Hyperparameters, Joint, mixture};
use autopeft::search::surrogate::saas::Saas;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

use super::golden::{folders, json};

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

#[test]
fn saas_densities() {
    for (name, case) in cases("gp_posterior.json") {
        let (inputs, targets) = (matrix(&case["X"]), vector(&case["y"]));
        let plain = Saas::new(&inputs, &targets, 0.0);
        let shifted = Saas::new(&inputs, &targets, 1e-4);
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
        let reference = pair(&case["ref"]);
        let objectives = [0, 1].map(|k| {
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
        });
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
                    let mut nehvi =
                        Nehvi::new(objectives.clone(), reference, sites, 128, &mut random).unwrap();
                    if evaluation["prune_baseline"] == true {
                        nehvi = nehvi.pruned().unwrap();
                    }
                    let pending = chosen(&evaluation["pending"]);
                    nehvi = nehvi.with(pending, &mut random).unwrap();
                    let mut total = 0.0;
                    for candidate in chosen(&evaluation["candidates"]) {
                        total += nehvi.value(&candidate);
                        nehvi = nehvi.with(vec![candidate], &mut random).unwrap();
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
    const CHAINS: u64 = 4;
    const BATCHES: usize = 6;
    let schedule = Schedule {
        warmup_draws: 400,
        posterior_draws: 1_200,
        thinning: 4,
    };
    for (name, case) in cases("saas_posterior.json") {
        let (inputs, targets) = (matrix(&case["X"]), vector(&case["y"]));
        let test = matrix(&case["X_test"]);
        let saas = Saas::new(&inputs, &targets, 0.0);
        // Means of long batches are nearly independent, so their spread shows the Monte-Carlo error.
        let mut batches: Vec<Vec<f64>> = Vec::new();
        for seed in 0..CHAINS {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let draws = sample(
                |u| saas.log_joint(u),
                &saas.prior_median(),
                schedule,
                &mut random,
                &|| false,
            )
            .unwrap();
            for batch in draws.kept.chunks(draws.kept.len() / BATCHES) {
                let mut mean = vec![0.0; test.len()];
                for u in batch {
                    let process =
                        GaussianProcess::new(&saas.hyperparameters(u), &inputs, &targets).unwrap();
                    let joint = joint_at(&process, &test);
                    for (sum, value) in mean.iter_mut().zip(joint.mean) {
                        *sum += value / batch.len() as f64;
                    }
                }
                batches.push(mean);
            }
        }
        let expected = vector(&case["predictive_mean"]);
        let errors = vector(&case["predictive_mean_se"]);
        let z: Vec<f64> = (0..test.len())
            .map(|i| {
                let values: Vec<f64> = batches.iter().map(|batch| batch[i]).collect();
                let (mean, own_error) = mean_and_error(&values);
                (mean - expected[i]) / own_error.hypot(errors[i])
            })
            .collect();
        let rms = (z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64).sqrt();
        assert!(rms < 2.0, "{name}: rms z {rms}, {z:?}");
        assert!(z.iter().all(|z| z.abs() <= 4.0), "{name}: {z:?}");
    }
}

/// The constants of a benchmark function that stands in for the training of a configuration.
fn surrogate_files(folder: &std::path::Path) -> Vec<PathBuf> {
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
