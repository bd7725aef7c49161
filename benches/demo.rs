//! What each module, size and layer brings on the demo task: one training per configuration, as the quickstart study
//! trains its trials, and the head alone for comparison.
//!
//! `cargo bench --bench demo [-- STUDY.toml]`
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

use std::path::Path;

use autopeft::domain::{Configuration, Job, TrialId};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::ModelFiles;
use autopeft::model::device::DeviceChoice;
use autopeft::study::Study;
use autopeft::task;
use autopeft::train::Plan;
use autopeft::train::trainer::{Advance, Training, Workbench};

fn main() {
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let path = given.unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/studies/quickstart.toml").to_owned()
    });
    let study = Study::read(Path::new(&path)).unwrap();
    let hub = Hub::new(HubSettings::from_variables(|name| std::env::var(name).ok()));
    let files = ModelFiles::open(&study.model, &hub, &mut |_| ()).unwrap();
    let bench = Workbench::prepare(Plan {
        files,
        dataset: task::load(&study.task, study.seed, &hub, &mut |_| ()).unwrap(),
        training: study.training,
        fidelity: study.fidelity,
        device: DeviceChoice::Cpu,
        weights_folder: None,
        seed: study.seed,
    })
    .unwrap();
    println!("score   best epoch   seconds   trained   configuration");
    for (number, configuration) in configurations().into_iter().enumerate() {
        let job = Job {
            trial: TrialId(number as u32),
            configuration,
            seed: study.seed,
            parameters_percent: 0.0,
        };
        let mut training = Training::begin(&bench, &job).unwrap();
        let measured = loop {
            match training.advance().unwrap() {
                Advance::Done(measured) => break measured,
                Advance::Diverged(reason) => panic!("{reason}"),
                Advance::Step(_) | Advance::Evaluated | Advance::Epoch(_) => (),
            }
        };
        println!(
            "{:.4}  {:10}  {:8.1}  {:8}   {}",
            measured.objectives.score,
            measured.best_epoch,
            measured.wall_seconds,
            measured.trained_parameters,
            text(&job.configuration),
        );
    }
}

fn configurations() -> Vec<Configuration> {
    const ALL: &[usize] = &[0, 1, 2, 3];
    const SOME: [&[usize]; 7] = [&[0], &[1], &[2], &[3], &[0, 1], &[2, 3], &[1, 2, 3]];
    let mut configurations = vec![configuration(&[], &[])];
    for module in ["serial", "parallel", "prefix"] {
        for size in [1, 4, 16, 64] {
            configurations.push(configuration(&[(module, size)], ALL));
        }
    }
    for layers in SOME {
        configurations.push(configuration(&[("serial", 16)], layers));
    }
    configurations.push(configuration(&[("serial", 16), ("parallel", 16)], ALL));
    configurations.push(configuration(&[("serial", 64), ("parallel", 64)], ALL));
    configurations.push(configuration(
        &[("serial", 64), ("parallel", 64), ("prefix", 16)],
        ALL,
    ));
    configurations
}

fn configuration(modules: &[(&str, usize)], layers: &[usize]) -> Configuration {
    let modules = modules.iter().map(|&(name, size)| (name.to_owned(), size));
    Configuration {
        modules: modules.collect(),
        layers: layers.to_vec(),
    }
}

fn text(configuration: &Configuration) -> String {
    if configuration.layers.is_empty() {
        return "the head alone".to_owned();
    }
    let modules = configuration.modules.iter();
    let modules: Vec<String> = modules
        .map(|(name, size)| format!("{name} {size}"))
        .collect();
    format!(
        "{} in layers {:?}",
        modules.join(", "),
        configuration.layers
    )
}
