//! What rows can show: how far chance moves a score on them, and what they cannot tell at all.
//!
//! | symbol | meaning |
//! |---|---|
//! | n, K | rows, classes of the task |
//! | m, m_k | rows of the class that F1 counts, of class k |
//! | p, F, r | accuracy, F1, correlation |
//!
//! The standard error of a score, over samples of rows like these, at the score where it is largest:
//!
//! - accuracy: √(p (1 − p) / n), that of a binomial share; at p = ½ it is 0.5 / √n.
//! - F1 = 2 J / (1 + J), where J is the share of rows found among those that are sought or found, which are m at least.
//!   J's binomial error, carried over (delta method), is (2 − F) / 2 · √(2 F (1 − F) / m); at F = 0.36 it is 0.557 / √m.
//! - macro F1: √(Σ_k 0.557² / m_k) / K over the classes with rows, as if the classes were independent.
//! - Matthews' correlation: that of Cohen's κ (Cohen 1960), which it equals where classes are predicted as often as they
//!   occur: √(p (1 − p) / n) / (1 − c), where c = Σ_k (m_k / n)² agree by chance; at p = max(c, ½). Of two classes of one
//!   size it is 1 / √n, of a rare one 1 / √(2 m).
//! - the others: (1 − r²) / √(n − 1) (Fisher 1915); at r = 0, where it holds for ranks too, it is 1 / √(n − 1).

use std::fmt;

use super::{Example, Label, Labels, Metric, Scoring};
use crate::visible::visible;

/// The largest factor of 1 / √m in the standard error of F1.
const OF_F1: f64 = 0.557;
/// A larger standard error is warned of: configurations seldom differ by more.
const LARGE: f64 = 0.05;
/// Amounts of which a larger share is one value are warned of.
const NEARLY_ALL: f64 = 0.9;
/// So many names of classes are told at most.
const NAMES: usize = 8;

/// What rows can show by a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution<'a> {
    scoring: Scoring,
    /// Names of the classes; none of numbers.
    names: &'a [String],
    /// Rows of each class.
    counts: Vec<usize>,
    rows: usize,
    /// How often the most frequent number occurs.
    same: usize,
}

impl<'a> Resolution<'a> {
    /// Of these rows.
    pub fn of(rows: &[Example], labels: &'a Labels, scoring: Scoring) -> Self {
        let names: &[String] = match labels {
            Labels::Classes(names) => names,
            Labels::Regression => &[],
        };
        let mut counts = vec![0; names.len()];
        let mut amounts = Vec::new();
        for row in rows {
            match row.label {
                Label::Class(class) => counts[class] += 1,
                Label::Value(value) => amounts.push(value),
            }
        }
        amounts.sort_by(f32::total_cmp);
        let ties = amounts.chunk_by(|a, b| a == b).map(<[f32]>::len);
        Self {
            scoring,
            names,
            counts,
            rows: rows.len(),
            same: ties.max().unwrap_or(0),
        }
    }

    /// How far chance moves a score, in the metric's units: see the head of this file. None without rows.
    pub fn standard_error(&self) -> Option<f64> {
        let n = self.rows as f64;
        let error = match self.scoring.metric {
            Metric::Accuracy => 0.5 / n.sqrt(),
            Metric::F1 => OF_F1 / self.positives().sqrt(),
            Metric::MacroF1 => {
                let with_rows = self.counts.iter().filter(|&&count| count > 0);
                let squares: f64 = with_rows.map(|&m| OF_F1.powi(2) / m as f64).sum();
                squares.sqrt() / self.counts.len() as f64
            }
            Metric::Matthews => {
                let chance: f64 = self.counts.iter().map(|&m| (m as f64 / n).powi(2)).sum();
                let p = chance.max(0.5);
                (p * (1.0 - p) / n).sqrt() / (1.0 - chance)
            }
            Metric::Pearson | Metric::Spearman => 1.0 / (n - 1.0).sqrt(),
        };
        (self.rows > 0 && error.is_finite()).then_some(error)
    }

    /// The least difference of two unlike scores, where the metric has one.
    pub fn step(&self) -> Option<f64> {
        let counted = self.scoring.metric == Metric::Accuracy && self.rows > 0;
        counted.then(|| 1.0 / self.rows as f64)
    }

    /// What a model scores that says the same class for every row, and which class is best to say; none for correlations,
    /// where that is worth nothing.
    pub fn baseline(&self) -> Option<(&'a str, f64)> {
        let most = (0..self.counts.len())
            .rev()
            .max_by_key(|&k| self.counts[k])?;
        let (class, rows) = match self.scoring.metric {
            Metric::F1 => (self.scoring.positive, self.positives()),
            _ => (most, self.counts[most] as f64),
        };
        let n = self.rows as f64;
        let f1 = 2.0 * rows / (n + rows);
        let score = match self.scoring.metric {
            Metric::Accuracy => rows / n,
            Metric::F1 => f1,
            Metric::MacroF1 => f1 / self.names.len() as f64,
            Metric::Matthews | Metric::Pearson | Metric::Spearman => return None,
        };
        Some((self.names.get(class)?.as_str(), score)).filter(|_| self.rows > 0)
    }

    /// How many rows there are, called `rows`, and of them those on which the score rests.
    fn rows_by(&self, rows: &str) -> String {
        let all = self.rows;
        let rarest = (0..self.counts.len()).min_by_key(|&k| self.counts[k]);
        let (class, what) = match self.scoring.metric {
            Metric::F1 => (Some(self.scoring.positive), ""),
            Metric::MacroF1 | Metric::Matthews => (rarest, "of the rarest class "),
            Metric::Accuracy | Metric::Pearson | Metric::Spearman => (None, ""),
        };
        let of_class = class.and_then(|k| Some((self.counts.get(k)?, self.names.get(k)?)));
        of_class.map_or(format!("{all} {rows}"), |(count, name)| {
            format!("{all} {rows}, {count} of them {what}`{}`", visible(name))
        })
    }

    /// How far chance moves a score, in words.
    fn chance(&self) -> String {
        let Some(error) = self.standard_error() else {
            return "nothing can be measured".to_owned();
        };
        let error = two_digits(error);
        let steps = self.step().map_or(String::new(), |step| {
            format!(" and moves in steps of {}", two_digits(step))
        });
        format!("a score has a standard error of up to about {error}{steps}")
    }

    /// Rows of the class that F1 counts.
    fn positives(&self) -> f64 {
        let count = self.counts.get(self.scoring.positive);
        count.copied().unwrap_or(0) as f64
    }

    /// The classes without a row, in words; `kind` names the rows.
    pub fn absent_classes(&self, kind: &str) -> Option<String> {
        let with_counts = self.names.iter().zip(&self.counts);
        let absent = with_counts.filter(|(_, count)| **count == 0);
        let absent: Vec<String> = absent
            .map(|(name, _)| format!("`{}`", visible(name)))
            .collect();
        let shown = absent[..absent.len().min(NAMES)].join(", ");
        match absent.len() {
            0 => None,
            1 => Some(format!("no {kind} row has the label {shown}")),
            count => {
                let more = if count > NAMES { ", ..." } else { "" };
                let all = self.names.len();
                Some(format!(
                    "{count} of {all} classes have no {kind} row: {shown}{more}"
                ))
            }
        }
    }

    /// What scores on these rows cannot show; `kind` names the rows.
    pub fn warnings(&self, kind: &str) -> Vec<String> {
        let mut warnings: Vec<String> = self.absent_classes(kind).into_iter().collect();
        let rows = self.rows;
        let only = self.counts.iter().position(|&count| count == rows);
        if let Some(name) = only.and_then(|class| self.names.get(class)) {
            warnings.push(format!(
                "all {rows} {kind} rows have the label `{}`: a model that always says so cannot be told from a good one",
                visible(name)
            ));
        }
        let absent = self.counts.iter().filter(|&&count| count == 0).count();
        if self.scoring.metric == Metric::MacroF1 && absent > 0 {
            let most = 1.0 - absent as f64 / self.counts.len() as f64;
            warnings.push(format!(
                "macro F1 counts a class without a {kind} row as 0: no score can be above {most:.4}"
            ));
        }
        let share = self.same as f64 / rows.max(1) as f64;
        if share > NEARLY_ALL && self.same < rows {
            warnings.push(format!(
                "the label of {} of {rows} {kind} rows is the same number: a correlation rests on the other {}",
                self.same,
                rows - self.same
            ));
        }
        if self.standard_error().is_some_and(|error| error > LARGE) {
            let (rows, chance) = (self.rows_by(&format!("{kind} rows")), self.chance());
            warnings.push(format!("little can be told from {rows}: {chance}"));
        }
        warnings
    }
}

impl fmt::Display for Resolution<'_> {
    /// `60 rows: a score has a standard error of up to about 0.065 and moves in steps of 0.017`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rows_by("rows"), self.chance())
    }
}

/// A positive number with two significant digits.
fn two_digits(value: f64) -> String {
    let decimals = (1.0 - value.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests;
