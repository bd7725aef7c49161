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
//! - correlations: (1 − r²) / √(n − 1) (Fisher 1915); at r = 0, where it holds for ranks too, it is 1 / √(n − 1). Of two
//!   classes Matthews' is Pearson's.

use std::fmt;

use super::{Example, Label, Labels, Metric, Scoring, visible};

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

    /// How far chance moves a score at most, in the metric's units: see the head of this file. None without rows.
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
            Metric::Matthews | Metric::Pearson | Metric::Spearman => 1.0 / (n - 1.0).sqrt(),
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

    /// How far chance moves a score, in words.
    fn chance(&self) -> String {
        let Some(error) = self.standard_error() else {
            return "nothing can be measured".to_owned();
        };
        let error = two_digits(error);
        let steps = self.step().map_or(String::new(), |step| {
            format!(" and moves in steps of {}", two_digits(step))
        });
        format!("a score has a standard error of at most {error}{steps}")
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
        let share = self.same as f64 / rows.max(1) as f64;
        if share > NEARLY_ALL && self.same < rows {
            warnings.push(format!(
                "the label of {} of {rows} {kind} rows is the same number: a correlation rests on the other {}",
                self.same,
                rows - self.same
            ));
        }
        if self.standard_error().is_some_and(|error| error > LARGE) {
            warnings.push(format!("{rows} {kind} rows tell little: {}", self.chance()));
        }
        warnings
    }
}

impl fmt::Display for Resolution<'_> {
    /// `60 rows: a score has a standard error of at most 0.065 and moves in steps of 0.017`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.rows)?;
        let least = || {
            let classes = self.names.iter().zip(&self.counts);
            classes.min_by_key(|(_, count)| **count)
        };
        match (self.scoring.metric, least()) {
            (Metric::F1, _) => {
                let name = self.names.get(self.scoring.positive);
                let name = visible(name.map_or("", String::as_str));
                write!(f, ", {} of them `{name}`", self.positives())?;
            }
            (Metric::MacroF1, Some((name, count))) => {
                let name = visible(name);
                write!(f, ", {count} of them of the rarest class `{name}`")?;
            }
            _ => {}
        }
        write!(f, ": {}", self.chance())
    }
}

/// A positive number with two significant digits.
fn two_digits(value: f64) -> String {
    let decimals = (1.0 - value.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(counts: &[usize]) -> (Vec<Example>, Labels) {
        let of_class = |(class, &count): (usize, &usize)| {
            let row = Example {
                text: String::new(),
                pair: None,
                label: Label::Class(class),
            };
            vec![row; count]
        };
        let names = (0..counts.len()).map(|class| format!("class {class}"));
        let rows = counts.iter().enumerate().flat_map(of_class).collect();
        (rows, Labels::Classes(names.collect()))
    }

    fn scoring(metric: Metric, labels: &Labels) -> Scoring {
        Scoring {
            metric,
            classes: labels.outputs(),
            positive: 1,
        }
    }

    #[test]
    fn standard_errors_are_those_of_the_formulas() {
        let (rows, labels) = classes(&[45, 15]);
        for (metric, expected) in [
            (Metric::Accuracy, 0.064_549_722),
            (Metric::Matthews, 0.130_188_910),
            (Metric::F1, 0.143_816_782),
            // 0.557 · √(1/45 + 1/15) / 2
            (Metric::MacroF1, 0.083_032_658),
        ] {
            let error = Resolution::of(&rows, &labels, scoring(metric, &labels)).standard_error();
            let near = error.is_some_and(|error| (error - expected).abs() < 1e-8);
            assert!(near, "{metric}: {error:?}");
        }
        let nothing = Resolution::of(&[], &labels, scoring(Metric::F1, &labels));
        assert_eq!(nothing.standard_error(), None);
        assert_eq!(nothing.baseline(), None);
    }

    #[test]
    fn a_constant_answer_is_worth_what_it_scores() {
        let (rows, labels) = classes(&[45, 15]);
        let of = |metric| Resolution::of(&rows, &labels, scoring(metric, &labels)).baseline();
        assert_eq!(of(Metric::Accuracy), Some(("class 0", 0.75)));
        assert_eq!(of(Metric::F1), Some(("class 1", 0.4)));
        assert_eq!(of(Metric::MacroF1), Some(("class 0", 90.0 / 105.0 / 2.0)));
        assert_eq!(of(Metric::Matthews), None);
    }

    #[test]
    fn few_rows_are_told_with_numbers() {
        let (rows, labels) = classes(&[45, 15]);
        let resolution = Resolution::of(&rows, &labels, scoring(Metric::Accuracy, &labels));
        let text =
            "60 rows: a score has a standard error of at most 0.065 and moves in steps of 0.017";
        assert_eq!(resolution.to_string(), text);
        assert_eq!(
            resolution.warnings("validation"),
            [text.replace("rows:", "validation rows tell little:")]
        );
        let (rows, labels) = classes(&[300, 200]);
        let enough = Resolution::of(&rows, &labels, scoring(Metric::Accuracy, &labels));
        assert_eq!(enough.warnings("validation"), [""; 0]);
    }

    #[test]
    fn classes_without_a_row_are_named() {
        let (rows, labels) = classes(&[200, 0, 200]);
        let accuracy = scoring(Metric::Accuracy, &labels);
        assert_eq!(
            Resolution::of(&rows, &labels, accuracy).warnings("validation"),
            ["no validation row has the label `class 1`"]
        );
        let (rows, labels) = classes(&[300, 0, 0]);
        let warnings = Resolution::of(&rows, &labels, accuracy).warnings("test");
        assert_eq!(
            warnings,
            [
                "2 of 3 classes have no test row: `class 1`, `class 2`",
                "all 300 test rows have the label `class 0`: a model that always says so cannot be told from a good one",
            ]
        );
    }

    #[test]
    fn a_correlation_that_rests_on_few_rows_is_told() {
        let row = |value| Example {
            text: String::new(),
            pair: None,
            label: Label::Value(value),
        };
        let rows = [vec![row(2.5); 998], vec![row(1.0); 2]].concat();
        let labels = Labels::Regression;
        let spearman = scoring(Metric::Spearman, &labels);
        let warnings = Resolution::of(&rows, &labels, spearman).warnings("validation");
        let expected = "the label of 998 of 1000 validation rows is the same number: a correlation rests on the other 2";
        assert_eq!(warnings, [expected]);
    }
}
