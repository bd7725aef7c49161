//! The page: sections one under the other, their style and a few lines of script inside.

use std::fmt::Write;

use super::{Contents, markdown, picture};
use crate::evaluation::{CHOICES, Interval, Report};
use crate::visible::visible;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
pub(super) fn page(contents: &Contents<'_>) -> String {
    let name = escaped(contents.name);
    let mut out = format!(
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{name}</title><style>{STYLE}</style></head><body><main><h1>{name}</h1>\n<dl>"
    );
    for (fact, value) in &contents.facts {
        let _ = write!(out, "<dt>{fact}</dt><dd>{}</dd>", escaped(value));
    }
    let _ = write!(out, "</dl><p>{}</p>", escaped(&contents.costs()));
    let mut section = |title: &str, words: &str, body: String| {
        let _ = write!(
            out,
            "\n<section><h2>{title}</h2><p>{words}</p>{body}</section>"
        );
    };
    if !contents.verdict.is_empty() {
        let lines = contents.verdict.iter();
        let lines = lines.map(|line| format!("<p>{}</p>", escaped(line)));
        section(
            "Verdict",
            "What was found, beside what is taken without a search.",
            lines.collect(),
        );
    }
    section(
        "Front",
        "The front by the expected true scores, each with the interval that holds it with a probability of nine in ten; \
         grey is what every finished trial measured. Point at a trial to see what it is.",
        picture::front(contents) + &front_table(contents),
    );
    if let Some(report) = &contents.evaluation {
        let on = format!(
            "{} on {}; mean ± deviation over seeds.",
            report.score_name(),
            report.measured_on()
        );
        let body = picture::evaluation(report) + &evaluation(report) + &choices(report);
        section("Evaluation", &escaped(&on), body);
    }
    if let Some(effects) = &contents.effects {
        section(
            "What matters",
            "The score that the surrogate expects at each size of a module, with each layer off or on, and at each learning rate where that is searched, averaged over the \
             measured configurations, with one standard deviation to both sides; what changes most comes first.",
            picture::effects(contents, effects),
        );
    }
    section(
        "Where",
        "How many configurations of the front carry which module in which layer.",
        picture::layers(contents),
    );
    section(
        "Search",
        "The share of the hypervolume that could be reached which the first finished trials dominate, by what is believed of \
         their scores now, and the band that noise leaves open.",
        picture::hypervolume(contents),
    );
    section(
        "Curves",
        "The score by epoch of each trial; the front's stand out.",
        picture::curves(contents),
    );
    section("Trials", "Every trial.", trials(contents));
    out + &format!(
        "</main><output id=tip hidden></output><script>{SCRIPT}</script></body></html>\n"
    )
}

/// Text inside the page, also inside an attribute, on one line.
pub(super) fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Rows of cells; those of numbers to the right.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::from("<table><thead><tr>");
    for name in head {
        let _ = write!(out, "<th>{}</th>", escaped(name));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        let cells = row.iter().map(|cell| format!("<td>{cell}</td>"));
        let _ = write!(out, "<tr>{}</tr>", cells.collect::<String>());
    }
    out + "</tbody></table>"
}

fn front_table(contents: &Contents<'_>) -> String {
    let rows = markdown::front_rows(contents).into_iter();
    table(
        &markdown::FRONT,
        rows.map(|row| row.iter().map(|cell| escaped(cell)).collect()),
    )
}

fn evaluation(report: &Report) -> String {
    let names: Vec<&str> = report
        .lines
        .iter()
        .find(|line| !line.gains.is_empty())
        .map_or(Vec::new(), |line| {
            line.gains.keys().map(String::as_str).collect()
        });
    let head: Vec<String> = ["", "configuration", "parameters in %", "score", "seeds"]
        .map(str::to_owned)
        .into_iter()
        .chain(names.iter().map(|name| format!("better than {name}")))
        .collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let rows = report.lines.iter().map(|line| {
        let deviation = line
            .deviation
            .map_or(String::new(), |d| format!(" ± {d:.4}"));
        let gains = names
            .iter()
            .map(|name| line.gains.get(*name).map_or(String::new(), gain));
        let first = [
            escaped(&line.subject.name),
            escaped(&line.subject.description()),
            format!("{:.4}", line.parameters_percent),
            format!("{:.4}{deviation}", line.mean),
            line.seeds.len().to_string(),
        ];
        first.into_iter().chain(gains).collect()
    });
    table(&head, rows)
}

/// What choosing took before the evaluation.
fn choices(report: &Report) -> String {
    if report.choices.is_empty() {
        return String::new();
    }
    let rows = report.choice_rows().into_iter();
    let cells = rows.map(|row| row.iter().map(|cell| escaped(cell)).collect());
    "<h3>What choosing took</h3>".to_owned() + &table(&CHOICES, cells)
}

fn gain(gain: &Interval) -> String {
    let class = if gain.is_clear() { " class=clear" } else { "" };
    format!(
        "<span{class}>{:+.4} [{:+.4}, {:+.4}]</span>",
        gain.difference, gain.low, gain.high
    )
}

fn trials(contents: &Contents<'_>) -> String {
    let rows = contents.trials.iter().map(|trial| {
        let measured = trial.measurement;
        vec![
            trial.id.0.to_string(),
            trial.state.label().to_owned(),
            measured.map_or(String::new(), |m| format!("{:.4}", m.objectives.score)),
            format!("{:.4}", trial.parameters_percent),
            measured.map_or(String::new(), |m| format!("{:.1}", m.wall_seconds)),
            escaped(&trial.configuration.to_string()),
            escaped(&trial.reason().unwrap_or_default()),
        ]
    });
    let head = [
        "trial",
        "state",
        "score",
        "parameters in %",
        "seconds",
        "configuration",
        "",
    ];
    format!(
        "<details><summary>show</summary>{}</details>",
        table(&head, rows)
    )
}
