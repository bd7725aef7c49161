//! The page beside exported weights, in Markdown: what they are, what they score, how to load them.

use std::fmt::Write;

use super::Front;
use super::front::Finished;
use super::python::{self, Library};
use super::{adapterhub, peft};
use crate::domain::LearningRate;
use crate::markdown::text;
use crate::study::ModelSource;
use crate::task::Labels;
use crate::visible::quoted;

/// Name of the file.
pub(super) const FILE: &str = "README.md";

/// The page of a trial.
pub(super) fn page(front: &Front<'_>, member: Finished<'_>) -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write(front, member, &mut page);
    page
}

fn write(
    front: &Front<'_>,
    (trial, measurement): Finished<'_>,
    out: &mut String,
) -> std::fmt::Result {
    let context = front.context;
    let study = &context.study;
    writeln!(out, "---")?;
    if let ModelSource::Hub { id, .. } = &study.model {
        writeln!(out, "base_model: {}", quoted(id))?;
    }
    writeln!(out, "tags: [adapter, parameter-efficient-fine-tuning]")?;
    writeln!(out, "---\n")?;
    writeln!(
        out,
        "# {}: {} on {}\n",
        text(front.name),
        text(&trial.configuration.to_string()),
        text(&study.task.name)
    )?;
    let percent = measurement.objectives.parameters_percent;
    let belief = front.beliefs.get(&trial.id);
    let expected = belief.map_or(String::new(), |belief| {
        format!("; what trainings like this one are expected to reach is {belief}")
    });
    let rows = [
        ("encoder", context.base_model.clone()),
        ("task", study.task.name.clone()),
        (
            "predicts",
            match &context.labels {
                Labels::Classes(names) => format!("one of {}", names.join(", ")),
                Labels::Regression => "a number".to_owned(),
            },
        ),
        ("configuration", trial.configuration.to_string()),
        (
            "weights",
            format!(
                "{} by the paper's formula, {percent:.4} % of the encoder; {} trained, biases and head included",
                front.space.parameters(&trial.configuration),
                measurement.trained_parameters
            ),
        ),
        (
            "score",
            format!(
                "{} {:.4} on {}{expected}",
                context.score_name(),
                measurement.objectives.score,
                study.task.validation
            ),
        ),
        (
            "training",
            format!(
                "best of at most {} epochs: {}; batches of {}, learning rate {}, {} tokens at most",
                study.fidelity.epochs.unwrap_or(study.training.epochs),
                measurement.best_epoch,
                study.training.batch_size,
                trial
                    .configuration
                    .learning_rate
                    .map_or(study.training.learning_rate, LearningRate::value),
                study.training.max_length
            ),
        ),
        (
            "made by",
            format!(
                "autopeft-tui {}, trial {} of study {}, seed {}",
                env!("CARGO_PKG_VERSION"),
                trial.id.0,
                front.name,
                study.seed
            ),
        ),
    ];
    writeln!(out, "| | |\n|---|---|")?;
    for (name, value) in rows {
        writeln!(out, "| {name} | {} |", text(&value))?;
    }
    writeln!(
        out,
        "\nThe score is the best of the search's trials on the rows that chose them, and so a little too high: measure on \
         rows of your own before you rely on it.\n"
    )?;
    writeln!(out, "## Loading\n")?;
    let architecture = front.context.encoder.architecture;
    let ways = [
        ("", Library::Transformers, None),
        (
            "adapterhub/",
            Library::Adapters,
            adapterhub::obstacle(architecture, &trial.configuration),
        ),
        (
            "peft/",
            Library::Peft,
            peft::obstacle(architecture, &trial.configuration),
        ),
    ];
    for (folder, library, obstacle) in ways {
        match obstacle {
            None => writeln!(
                out,
                "- `python {folder}{} \"A text.\"`, or `from load import load`: needs torch {}.",
                python::FILE,
                library.packages()
            )?,
            Some(reason) => writeln!(
                out,
                "- No `{}` for this combination: {reason}.",
                folder.trim_end_matches('/')
            )?,
        }
    }
    writeln!(
        out,
        "\n`config.json` says what every tensor in `adapter.safetensors` means. `autopeft-tui verify --predictions` writes \
         the logits of all validation rows, and `load.py --check` compares with them."
    )
}
