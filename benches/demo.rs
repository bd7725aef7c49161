//! What each module, size and layer brings on the demo task: one training per configuration, as the quickstart study
//! trains its trials, and the head alone for comparison.
//!
//! `cargo bench --bench demo [-- STUDY.toml]`
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

#[path = "../tests/support/trainings.rs"]
mod trainings;

use std::path::Path;

use autopeft::domain::Configuration;

use trainings::{configuration, train, workbench};

fn main() {
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/studies/quickstart.toml");
    let bench = workbench(Path::new(given.as_deref().unwrap_or(own)));
    println!("score   best epoch   seconds   trained   configuration");
    for configuration in configurations() {
        let measured = train(&bench, &configuration, 0);
        println!(
            "{:.4}  {:10}  {:8.1}  {:8}   {}",
            measured.objectives.score,
            measured.best_epoch,
            measured.wall_seconds,
            measured.trained_parameters,
            text(&configuration),
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
    for (module, size) in [
        ("serial", 1),
        ("serial", 64),
        ("parallel", 1),
        ("prefix", 4),
    ] {
        configurations.push(configuration(&[(module, size)], &[1]));
    }
    configurations.push(configuration(&[("serial", 16), ("parallel", 16)], ALL));
    configurations.push(configuration(&[("serial", 64), ("parallel", 64)], ALL));
    configurations.push(configuration(
        &[("serial", 64), ("parallel", 64), ("prefix", 16)],
        ALL,
    ));
    configurations
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
