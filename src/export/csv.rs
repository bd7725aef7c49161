//! The front as a table: one row per trial, by ascending parameters. `score` is what the weights at hand measured, the
//! estimate what is believed of their configuration, with its interval of 90 %; empty where nothing is. Numbers are numbers; a text that a spreadsheet would
//! take for a formula has an apostrophe before it.

use std::path::{Path, PathBuf};

use super::front::Finished;
use super::{ExportError, Exporter, Front, write_file};
use crate::domain::Belief;
use crate::visible::visible;

/// Name of the file.
const FILE: &str = "front.csv";

/// Comma-separated values with a header.
pub(super) struct Csv;

impl Exporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "front.csv: one row per configuration on the front"
    }

    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let bytes = table(front).map_err(|error| ExportError::Format {
            format: self.name(),
            reason: error.to_string(),
        })?;
        Ok(vec![write_file(folder, FILE, &bytes)?])
    }
}

fn table(front: &Front<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let modules = front.space.modules.iter().map(|axis| axis.name.as_str());
    let fixed = [
        "trial",
        "score",
        "estimate",
        "estimate_low",
        "estimate_high",
        "repeats",
        "parameters_percent",
        "parameters",
        "trained_parameters",
    ];
    let rate = (!front.space.learning_rates.is_empty()).then_some("learning_rate");
    let last = ["best_epoch", "wall_seconds"];
    let names = fixed.into_iter().chain(modules).chain(["layers"]);
    writer.write_record(names.chain(rate).chain(last).map(guarded))?;
    for member in front.members() {
        writer.write_record(row(front, member))?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// A text that no spreadsheet takes for a formula: where it begins like one, an apostrophe comes first.
fn guarded(text: &str) -> String {
    let text = visible(text);
    match text.starts_with(['=', '+', '-', '@', '\\', '＝', '＋', '－', '＠']) {
        true => format!("'{text}"),
        false => text,
    }
}

/// Sizes of absent modules are 0; layers are numbers from 0, separated by spaces; a learning rate is there where the
/// study searches it.
fn row(front: &Front<'_>, (trial, measurement): Finished<'_>) -> Vec<String> {
    let configuration = &trial.configuration;
    let belief = front.beliefs.get(&trial.id);
    let believed = |cell: fn(&Belief) -> String| belief.map(cell).unwrap_or_default();
    let mut row = vec![
        trial.id.0.to_string(),
        measurement.objectives.score.to_string(),
        believed(|belief| belief.score.to_string()),
        believed(|belief| belief.low.to_string()),
        believed(|belief| belief.high.to_string()),
        believed(|belief| belief.repeats.to_string()),
        measurement.objectives.parameters_percent.to_string(),
        front.space.parameters(configuration).to_string(),
        measurement.trained_parameters.to_string(),
    ];
    let axes = front.space.modules.iter();
    row.extend(axes.map(|axis| configuration.size_of(&axis.name).to_string()));
    let layers: Vec<String> = configuration.layers.iter().map(usize::to_string).collect();
    row.push(layers.join(" "));
    row.extend(configuration.learning_rate.map(|rate| rate.to_string()));
    row.push(measurement.best_epoch.to_string());
    row.push(measurement.wall_seconds.to_string());
    row
}
