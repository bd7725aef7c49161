//! The table of an evaluation: mean and deviation over seeds, and how far each found configuration is from each baseline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Interval, Run, Spent, Subject, paired_difference, parameters};
use crate::durable;
use crate::model::config::EncoderConfig;
use crate::task::Metric;

/// Columns of the table of what choosing took.
pub const CHOICES: [&str; 5] = ["", "trainings", "epochs", "seconds", "hypervolume"];

/// Everything that an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The study.
    pub study: String,
    /// What the scores are.
    pub metric: Metric,
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
    /// Mean score over the seeds.
    pub mean: f64,
    /// Standard deviation over the seeds; none with one seed.
    pub deviation: Option<f64>,
    /// Mean seconds of a training.
    pub wall_seconds: f64,
    /// Of a found configuration: by how much it is better than each baseline.
    pub gains: BTreeMap<String, Interval>,
}

impl Report {
    /// Of trainings, in any order; `labels` are those of the rows measured on.
    pub fn new(
        study: &str,
        metric: Metric,
        held_out: bool,
        labels: &[f64],
        encoder: &EncoderConfig,
        runs: &[Run],
        choices: Vec<Spent>,
    ) -> Self {
        let mut groups: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
        for run in runs {
            groups.entry(&run.subject.name).or_default().push(run);
        }
        let groups: Vec<Vec<&Run>> = groups
            .into_values()
            .map(|mut runs| {
                runs.sort_by_key(|run| run.seed);
                runs
            })
            .collect();
        let gains = |runs: &[&Run]| {
            let baselines = groups.iter().filter(|group| group[0].subject.is_baseline);
            let against = |group: &Vec<&Run>| {
                let (ours, theirs) = in_common(runs, group);
                let interval = paired_difference(metric, labels, &ours, &theirs)?;
                Some((group[0].subject.name.clone(), interval))
            };
            baselines.filter_map(against).collect()
        };
        let mut lines: Vec<Line> = groups
            .iter()
            .map(|runs| {
                let subject = runs[0].subject.clone();
                let count = runs.len() as f64;
                let mean = runs.iter().map(|run| run.score).sum::<f64>() / count;
                let squares = runs
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
                    seeds: runs.iter().map(|run| run.seed).collect(),
                    mean,
                    deviation: (runs.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
                    wall_seconds: runs.iter().map(|run| run.wall_seconds).sum::<f64>() / count,
                    gains: match subject.is_baseline {
                        true => BTreeMap::new(),
                        false => gains(runs),
                    },
                    subject,
                }
            })
            .collect();
        lines.sort_by(|a, b| {
            let kind = b.subject.is_baseline.cmp(&a.subject.is_baseline);
            kind.then(a.parameters_percent.total_cmp(&b.parameters_percent))
        });
        Self {
            study: study.to_owned(),
            metric,
            held_out,
            rows: labels.len(),
            lines,
            choices,
        }
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
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_all(&mut text);
        text
    }

    fn write_all(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# {}, evaluated\n", self.study)?;
        writeln!(out, "{} on {}.\n", self.metric.label(), self.measured_on())?;
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
                line.subject.name,
                line.subject.description(),
                line.parameters_percent,
                line.mean,
                line.seeds.len(),
                line.wall_seconds
            )?;
        }
        self.write_gains(out)?;
        self.write_choices(out)
    }

    fn write_gains(&self, out: &mut String) -> std::fmt::Result {
        let found: Vec<&Line> = self
            .lines
            .iter()
            .filter(|line| !line.gains.is_empty())
            .collect();
        let Some(first) = found.first() else {
            return Ok(());
        };
        writeln!(
            out,
            "\nHow much better than each baseline, with the 95 % interval of a paired bootstrap over rows and seeds; \
             bold where it leaves 0 out:\n"
        )?;
        let names: Vec<&str> = first.gains.keys().map(String::as_str).collect();
        writeln!(out, "| | {} |", names.join(" | "))?;
        writeln!(out, "|---|{}", "---:|".repeat(names.len()))?;
        for line in found {
            let cells: Vec<String> = line.gains.values().map(cell).collect();
            writeln!(out, "| {} | {} |", line.subject.name, cells.join(" | "))?;
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
            writeln!(out, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }

    /// A row per way to choose, in the order of [`CHOICES`].
    pub fn choice_rows(&self) -> Vec<[String; 5]> {
        let row = |spent: &Spent| {
            let reached = spent.hypervolume;
            [
                spent.name.clone(),
                spent.trainings.to_string(),
                spent.epochs.to_string(),
                format!("{:.0}", spent.wall_seconds),
                reached.map_or("–".to_owned(), |value| format!("{value:.4}")),
            ]
        };
        self.choices.iter().map(row).collect()
    }
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

/// Predictions of both sides with the seeds that both have.
fn in_common<'a>(ours: &[&'a Run], theirs: &[&'a Run]) -> (Vec<&'a [f64]>, Vec<&'a [f64]>) {
    let same = |run: &&&Run| theirs.iter().any(|other| other.seed == run.seed);
    let both = ours.iter().filter(same).filter_map(|run| {
        let other = theirs.iter().find(|other| other.seed == run.seed)?;
        Some((run.predictions.as_slice(), other.predictions.as_slice()))
    });
    both.unzip()
}
