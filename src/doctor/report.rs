//! What an examination comes to, for people and as JSON.

use std::fmt;

use serde::Serialize;

use super::{Finding, Row};

/// All rows of an examination.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    device: String,
    rows: Vec<Row>,
}

/// The report as JSON.
#[derive(Serialize)]
struct Document<'a> {
    /// Which device.
    device: &'a str,
    /// Version of the program.
    program: &'static str,
    /// Whether every bound holds.
    holds: bool,
    rows: Vec<RowDocument<'a>>,
}

#[derive(Serialize)]
struct RowDocument<'a> {
    part: &'a str,
    name: &'a str,
    holds: bool,
    /// What was seen, where that is a text: a fact, why it was left out, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<f64>,
}

impl Report {
    pub(super) fn new(device: &str, rows: Vec<Row>) -> Self {
        Self {
            device: device.to_owned(),
            rows,
        }
    }

    /// All rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows that speak against the device.
    pub fn broken(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| !row.holds()).collect()
    }

    /// What it comes to, in one line.
    pub fn verdict(&self) -> String {
        let bounds = (self.rows.iter())
            .filter(|row| !matches!(row.finding, Finding::Fact(_) | Finding::Skipped(_)));
        let broken: Vec<String> = self.broken().into_iter().map(Row::title).collect();
        match broken.as_slice() {
            [] => format!("all {} bounds hold", bounds.count()),
            some => format!(
                "{} of {} bounds broken: {}",
                some.len(),
                bounds.count(),
                some.join("; ")
            ),
        }
    }

    /// The report as one JSON object.
    ///
    /// # Errors
    /// None that this program can bring about.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let rows = self.rows.iter().map(|row| {
            let (said, error, bound) = match &row.finding {
                Finding::Fact(text) | Finding::Failed(text) | Finding::Skipped(text) => {
                    (Some(text.as_str()), None, None)
                }
                Finding::Error { found, bound } => (None, Some(*found), Some(*bound)),
            };
            RowDocument {
                part: row.part,
                name: &row.name,
                holds: row.holds(),
                said,
                error,
                bound,
            }
        });
        serde_json::to_string_pretty(&Document {
            device: &self.device,
            program: env!("CARGO_PKG_VERSION"),
            holds: self.broken().is_empty(),
            rows: rows.collect(),
        })
    }
}

impl Row {
    /// What was looked at, within the whole.
    pub fn title(&self) -> String {
        format!("{}: {}", self.part, self.name)
    }
}

impl fmt::Display for Row {
    /// One line of at most 80 columns, where what was said is short.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.title();
        match &self.finding {
            Finding::Fact(text) => write!(f, "{title:<52} {text}"),
            Finding::Skipped(why) => write!(f, "{title:<52} left out: {why}"),
            Finding::Failed(why) => write!(f, "{title:<52} FAILED: {why}"),
            Finding::Error { found, bound } => {
                let verdict = if self.holds() { "ok" } else { "BROKEN" };
                write!(f, "{title:<52} {found:>8.1e} of {bound:.0e}  {verdict}")
            }
        }
    }
}
