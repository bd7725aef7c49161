//! The table of an evaluation: mean and deviation over seeds, and how far each found configuration is from each baseline.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bootstrap::{mean, paired_difference};
use super::{Interval, Run, Scored, Spent, Subject, parameters};
use crate::domain::Hypervolume;
use crate::durable;
use crate::markdown::text;
use crate::model::config::EncoderConfig;
use crate::task::{Metric, Scoring};

/// Columns of the table of what choosing took.
pub const CHOICES: [&str; 5] = ["", "trainings", "epochs", "seconds", "hypervolume"];

/// Everything that an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The study.
    pub study: String,
    /// What the scores are.
    pub metric: Metric,
    /// The class that F1 counts; none with other metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive_label: Option<String>,
    /// Whether the rows measured on are ones that the search never saw.
    pub held_out: bool,
    /// Rows measured on.
    pub rows: usize,
    /// One line per subject, baselines first, by ascending parameters.
    pub lines: Vec<Line>,
    /// What the search and other ways to choose took.
    #[serde(default)]
    pub choices: Vec<Spent>,
}

/// What one subject was worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The subject.
    #[serde(flatten)]
    pub subject: Subject,
    /// Weights by the paper's formula, as a percentage of the backbone.
    pub parameters_percent: f64,
    /// All scalars trained, biases and head included.
    pub trained_parameters: u64,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// Seeds of trainings that predict the same for every row, of which a correlation counts as 0.
    #[serde(default)]
    pub constant: Vec<u64>,
    /// Mean score over the seeds.
    pub mean: f64,
    /// Standard deviation over the seeds; none with one seed.
    pub deviation: Option<f64>,
    /// Mean seconds of a training.
    pub wall_seconds: f64,
    /// Of a found configuration: by how much it is better than each baseline.
    pub gains: BTreeMap<String, Interval>,
}

/// The trainings of one subject, by seed.
struct Group<'a> {
    runs: Vec<&'a Run>,
    scored: Vec<Scored<'a>>,
}

impl Group<'_> {
    fn subject(&self) -> &Subject {
        &self.runs[0].subject
    }

    fn seeds(&self) -> Vec<u64> {
        self.runs.iter().map(|run| run.seed).collect()
    }
}

/// Each subject with its trainings, a seed once. Where an evaluation was stopped, the seeds that all subjects have, as soon
/// as there is one: means over different seeds are not to be compared.
///
/// # Errors
/// A training was measured on other rows.
fn groups<'a>(
    runs: &'a [Run],
    scoring: Scoring,
    labels: &[f64],
) -> Result<Vec<Group<'a>>, &'a Run> {
    let mut by_name: BTreeMap<&str, BTreeMap<u64, &Run>> = BTreeMap::new();
    for run in runs {
        let seeds = by_name.entry(&run.subject.name).or_default();
        seeds.insert(run.seed, run);
    }
    let everywhere = |seed: &u64| by_name.values().all(|seeds| seeds.contains_key(seed));
    let all = by_name.values().flat_map(BTreeMap::keys);
    let common: BTreeSet<u64> = all.filter(|seed| everywhere(seed)).copied().collect();
    let is_counted = |run: &&Run| common.is_empty() || common.contains(&run.seed);
    let group = |seeds: &BTreeMap<u64, &'a Run>| {
        let runs: Vec<&Run> = seeds.values().copied().filter(is_counted).collect();
        let scored = runs
            .iter()
            .map(|run| Scored::of(run, scoring, labels).ok_or(*run));
        Ok(Group {
            scored: scored.collect::<Result<_, _>>()?,
            runs,
        })
    };
    by_name.values().map(group).collect()
}

impl Report {
    /// Of trainings, in any order; `labels` are those of the rows measured on.
    ///
    /// # Errors
    /// Gives a training that was measured on other rows.
    pub fn new<'a>(
        study: &str,
        scoring: Scoring,
        held_out: bool,
        labels: &[f64],
        encoder: &EncoderConfig,
        runs: &'a [Run],
        choices: Vec<Spent>,
    ) -> Result<Self, &'a Run> {
        let groups = groups(runs, scoring, labels)?;
        let gains = |group: &Group<'_>| {
            let baselines = groups
                .iter()
                .filter(|other| other.subject().is_baseline && other.seeds() == group.seeds());
            let against = |other: &Group<'_>| {
                let interval = paired_difference(scoring, labels, &group.scored, &other.scored)?;
                Some((other.subject().name.clone(), interval))
            };
            baselines.filter_map(against).collect()
        };
        let mut lines: Vec<Line> = groups
            .iter()
            .map(|group| {
                let Group { runs, scored } = group;
                let subject = group.subject().clone();
                let count = runs.len() as f64;
                let mean = mean(scored);
                let squares = scored
                    .iter()
                    .map(|run| (run.score - mean).powi(2))
                    .sum::<f64>();
                let weights = parameters(encoder, &subject);
                Line {
                    parameters_percent: 100.0 * weights as f64
                        / encoder.backbone_parameters() as f64,
                    trained_parameters: runs
                        .iter()
                        .map(|r| r.trained_parameters)
                        .max()
                        .unwrap_or(0),
                    seeds: group.seeds(),
                    constant: constant(runs),
                    mean,
                    deviation: (runs.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
                    wall_seconds: runs.iter().map(|run| run.wall_seconds).sum::<f64>() / count,
                    gains: match subject.is_baseline {
                        true => BTreeMap::new(),
                        false => gains(group),
                    },
                    subject,
                }
            })
            .collect();
        lines.sort_by(|a, b| {
            let kind = b.subject.is_baseline.cmp(&a.subject.is_baseline);
            kind.then(a.parameters_percent.total_cmp(&b.parameters_percent))
        });
        Ok(Self {
            study: study.to_owned(),
            metric: scoring.metric,
            positive_label: None,
            held_out,
            rows: labels.len(),
            lines,
            choices,
        })
    }

    /// Writes it as Markdown and JSON, each whole or as it was before; the path of the former.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn save(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        let json = serde_json::to_vec_pretty(self)?;
        let path = folder.join(format!("{name}.md"));
        for (path, bytes) in [
            (&path, self.markdown().as_bytes()),
            (&folder.join(format!("{name}.json")), &json),
        ] {
            let named = |error: io::Error| {
                io::Error::new(
                    error.kind(),
                    format!("cannot write {}: {error}", path.display()),
                )
            };
            durable::write_whole(path, |out| out.write_all(bytes)).map_err(named)?;
        }
        Ok(path)
    }

    /// Name of the score, for people.
    pub fn score_name(&self) -> String {
        self.metric.label(self.positive_label.as_deref())
    }

    /// Where the scores come from, in one sentence.
    pub fn measured_on(&self) -> String {
        match self.held_out {
            true => format!("{} rows that the search never saw", self.rows),
            false => format!(
                "the {} dev rows on which the search chose, as the paper did: scores of found configurations are too high",
                self.rows
            ),
        }
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let mut document = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_all(&mut document);
        document
    }

    fn write_all(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# {}, evaluated\n", text(&self.study))?;
        writeln!(
            out,
            "{} on {}.\n",
            text(&self.score_name()),
            self.measured_on()
        )?;
        writeln!(
            out,
            "| | configuration | parameters in % | score, mean ± deviation | seeds | seconds |"
        )?;
        writeln!(out, "|---|---|---:|---:|---:|---:|")?;
        for line in &self.lines {
            let deviation = line
                .deviation
                .map_or(String::new(), |d| format!(" ± {d:.4}"));
            writeln!(
                out,
                "| {} | {} | {:.4} | {:.4}{deviation} | {} | {:.1} |",
                text(&line.subject.name),
                text(&line.subject.description()),
                line.parameters_percent,
                line.mean,
                line.seeds.len(),
                line.wall_seconds
            )?;
        }
        self.write_constant(out)?;
        self.write_gains(out)?;
        self.write_choices(out)
    }

    fn write_constant(&self, out: &mut String) -> std::fmt::Result {
        let is_correlation = self.metric.is_correlation();
        let lines = self.lines.iter();
        for line in lines.filter(|line| is_correlation && !line.constant.is_empty()) {
            let seeds: Vec<String> = line.constant.iter().map(ToString::to_string).collect();
            writeln!(
                out,
                "\n{} predicts the same for every row with seed {}, which counts as 0.",
                text(&line.subject.name),
                seeds.join(", ")
            )?;
        }
        Ok(())
    }

    fn write_gains(&self, out: &mut String) -> std::fmt::Result {
        let found: Vec<&Line> = self
            .lines
            .iter()
            .filter(|line| !line.gains.is_empty())
            .collect();
        if found.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\nHow much better than each baseline, with the 95 % interval of a paired bootstrap over rows and seeds; \
             bold where it leaves 0 out:\n"
        )?;
        let gains = found.iter().flat_map(|line| line.gains.keys());
        let names: BTreeSet<&str> = gains.map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let head: Vec<String> = names.iter().map(|name| text(name)).collect();
        writeln!(out, "| | {} |", head.join(" | "))?;
        writeln!(out, "|---|{}", "---:|".repeat(names.len()))?;
        for line in found {
            let gains = names.iter().map(|name| line.gains.get(*name));
            let cells: Vec<String> = gains
                .map(|gain| gain.map_or("–".to_owned(), cell))
                .collect();
            writeln!(
                out,
                "| {} | {} |",
                text(&line.subject.name),
                cells.join(" | ")
            )?;
        }
        Ok(())
    }

    fn write_choices(&self, out: &mut String) -> std::fmt::Result {
        if self.choices.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\nWhat choosing took before that, and the hypervolume that it reached on the rows that choose:\n"
        )?;
        writeln!(
            out,
            "| {} |\n|---|---:|---:|---:|---:|",
            CHOICES.join(" | ")
        )?;
        for row in self.choice_rows() {
            writeln!(out, "| {} |", row.map(|cell| text(&cell)).join(" | "))?;
        }
        Ok(())
    }

    /// A row per way to choose, in the order of [`CHOICES`].
    pub fn choice_rows(&self) -> Vec<[String; 5]> {
        let row = |spent: &Spent| {
            let reached = spent.hypervolume_share.map(Hypervolume::exact);
            [
                spent.name.clone(),
                spent.trainings.to_string(),
                spent.epochs.to_string(),
                format!("{:.0}", spent.wall_seconds),
                reached.map_or("–".to_owned(), |reached| reached.to_string()),
            ]
        };
        self.choices.iter().map(row).collect()
    }
}

/// Seeds of trainings that predict the same for every row.
fn constant(runs: &[&Run]) -> Vec<u64> {
    let is_constant = |run: &&&Run| {
        let mut predictions = run.predictions.windows(2);
        !run.has_diverged() && predictions.all(|pair| pair[0] == pair[1])
    };
    let constant = runs.iter().filter(is_constant);
    constant.map(|run| run.seed).collect()
}

fn cell(gain: &Interval) -> String {
    let Interval {
        difference,
        low,
        high,
    } = gain;
    let bold = if gain.is_clear() { "**" } else { "" };
    format!("{bold}{difference:+.4}{bold} [{low:+.4}, {high:+.4}]")
}

#[cfg(test)]
mod tests;
