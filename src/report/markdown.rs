//! A report's verdict and its tables, in Markdown.

use std::fmt::Write;

use super::{Contents, duration};
use crate::markdown::text;

/// Columns of the front's table.
pub(super) const FRONT: [&str; 9] = [
    "trial",
    "score",
    "90 % interval",
    "measured",
    "on the front",
    "parameters in %",
    "parameters",
    "time",
    "configuration",
];

/// The document.
pub(super) fn document(contents: &Contents<'_>) -> String {
    let mut out = format!("# {}\n\n", text(contents.name));
    for (fact, value) in &contents.facts {
        let _ = writeln!(out, "- {fact}: {}", text(value));
    }
    let _ = writeln!(out, "\n{}", contents.costs());
    if !contents.verdict.is_empty() {
        let _ = writeln!(out, "\n## Verdict\n");
        for line in &contents.verdict {
            let _ = writeln!(out, "- {}", text(line));
        }
    }
    let _ = writeln!(
        out,
        "\n## Front\n\nScores are expected true scores, by all measurements.\n"
    );
    let _ = writeln!(
        out,
        "| {} |\n|---:|---:|---:|---:|---:|---:|---:|---:|---|",
        FRONT.join(" | ")
    );
    for row in front_rows(contents) {
        let _ = writeln!(out, "| {} |", row.map(|cell| text(&cell)).join(" | "));
    }
    if let Some(report) = &contents.evaluation {
        // The evaluation's own document, its headings one level down.
        let document = report.markdown();
        let (_, rest) = document.split_once('\n').unwrap_or(("", &document));
        let _ = write!(out, "\n## Evaluation\n{rest}");
    }
    if let Some(effects) = &contents.effects {
        let mut effects: Vec<_> = effects.iter().filter(|e| !e.levels.is_empty()).collect();
        effects.sort_by(|a, b| b.range().total_cmp(&a.range()));
        let _ = writeln!(
            out,
            "\n## What matters\n\nThe largest change of the score that the surrogate expects of a dimension alone:\n"
        );
        for effect in effects {
            let _ = writeln!(out, "- {}: {:.4}", text(&effect.dimension), effect.range());
        }
    }
    out
}

/// The front, a row per trial, by ascending parameters.
pub(super) fn front_rows(contents: &Contents<'_>) -> Vec<[String; 9]> {
    let members = contents.members().into_iter();
    members
        .map(|(trial, measurement)| {
            let belief = contents.beliefs.get(&trial.id);
            let single = [measurement.objectives.score];
            let measured = belief.map_or(&single[..], |belief| &belief.measured).iter();
            let measured: Vec<String> = measured.map(|score| format!("{score:.4}")).collect();
            [
                trial.id.0.to_string(),
                format!("{:.4}", contents.believed(trial, &measurement)),
                belief.map_or(String::new(), |b| format!("{:.4}–{:.4}", b.low, b.high)),
                measured.join(", "),
                belief.map_or(String::new(), |b| {
                    format!("{:.0} %", 100.0 * b.front_probability)
                }),
                format!("{:.4}", trial.parameters_percent),
                contents.space.parameters(&trial.configuration).to_string(),
                duration(measurement.wall_seconds),
                trial.configuration.to_string(),
            ]
        })
        .collect()
}
