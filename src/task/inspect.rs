//! A look at a data file that nobody has described yet: its columns, and which of them are likely the texts and the label.

mod column;

use std::path::Path;

pub use column::{Column, Predicted};

use super::read::{self, Known};
use super::{DataFormat, QuotedLines, TaskError};
use column::MOST_NUMBERED_CLASSES;

/// Names that label columns have, the surest first.
const LABELS: [&str; 15] = [
    "label",
    "labels",
    "gold_label",
    "target",
    "class",
    "category",
    "intent",
    "sentiment",
    "score",
    "rating",
    "stars",
    "similarity",
    "is_duplicate",
    "gold",
    "y",
];

/// Names that texts have, a pair's first text before its second.
const TEXTS: [&str; 20] = [
    "premise",
    "hypothesis",
    "sentence1",
    "sentence2",
    "question1",
    "question2",
    "text1",
    "text2",
    "text_a",
    "text_b",
    "query",
    "question",
    "passage",
    "document",
    "sentence",
    "text",
    "review",
    "comment",
    "content",
    "body",
];

/// Names of columns that only count rows.
const NUMBERS: [&str; 12] = [
    "id",
    "idx",
    "index",
    "guid",
    "uid",
    "row",
    "pairid",
    "",
    "unnamed: 0",
    "unnamed: 0.1",
    "level_0",
    "__index_level_0__",
];

/// A data file's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// Rows of the file.
    pub rows: usize,
    /// Its columns with plain values, in their order.
    pub columns: Vec<Column>,
}

impl Sketch {
    /// Of a file; `quoted_lines`: what is done with a quoted text whose lines read as rows.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of(
        path: &Path,
        format: Option<DataFormat>,
        quoted_lines: QuotedLines,
    ) -> Result<Self, TaskError> {
        let names = read::columns(path, format)?;
        let known = Known {
            trusted: quoted_lines == QuotedLines::Trust,
            ..Known::NOTHING
        };
        let table = read::read(&[path.to_owned()], format, &names, &known)?;
        let class_names = read::ClassNames::of(path, format);
        let column = |place: usize| {
            let cells = table.rows.iter().map(|row| &row.cells[place]);
            let list = class_names.as_ref().map(|all| all.column(&names[place]));
            // A list that cannot be used is told where the labels are read.
            Column::of(&names[place], !matches!(list, Ok(Ok(None))), cells)
        };
        Ok(Self {
            rows: table.rows.len(),
            columns: (0..names.len()).map(column).collect(),
        })
    }

    /// The column that is likely the label, if one is; see [`rivals`](Self::rivals).
    pub fn label(&self) -> Option<&Column> {
        let named = |name: &str| {
            self.columns
                .iter()
                .find(|c| c.name.eq_ignore_ascii_case(name))
        };
        let by_name = LABELS.iter().find_map(|name| named(name));
        by_name.or_else(|| {
            let listed = self.columns.iter().filter(|c| c.has_class_list);
            only(listed).or_else(|| {
                let mut likely = self.columns.iter().filter(|c| self.repeats(c));
                match (likely.next(), likely.next()) {
                    (only, None) => only,
                    (Some(_), Some(_)) => self.columns.last().filter(|c| self.repeats(c)),
                    (None, Some(_)) => None,
                }
            })
        })
    }

    /// The columns beside the `label` and the `texts` that could be the label as well.
    pub fn rivals(&self, label: &str, texts: &[String]) -> Vec<&Column> {
        let could_be = |c: &&Column| {
            let is_named = LABELS.iter().any(|name| c.name.eq_ignore_ascii_case(name));
            c.name != label
                && !texts.contains(&c.name)
                && !c.counts
                && c.distinct > 1
                && (is_named || c.has_class_list || self.repeats(c))
        };
        self.columns.iter().filter(could_be).collect()
    }

    /// Whether a column has values that come again and again, and are no texts.
    fn repeats(&self, column: &Column) -> bool {
        let most = MOST_NUMBERED_CLASSES.max(self.rows / 20);
        (2..=most).contains(&column.distinct)
            && column.mean_words < 3.0
            && !column.counts
            && !is_number(&column.name)
    }

    /// The one or two columns that are likely the texts; empty where that is not clear.
    pub fn texts(&self, label: &str) -> Vec<&Column> {
        let rank = |c: &Column| TEXTS.iter().position(|t| c.name.eq_ignore_ascii_case(t));
        let is_open =
            |c: &&Column| c.name != label && c.distinct > 0 && !c.counts && !is_number(&c.name);
        let words = |c: &&Column| !c.numeric;
        let open: Vec<&Column> = self.columns.iter().filter(is_open).collect();
        if self.columns.len() == 2 {
            let is_text = |c: &&Column| !c.numeric || rank(c).is_some();
            return open.into_iter().filter(is_text).collect();
        }
        let open: Vec<&Column> = open.into_iter().filter(words).collect();
        let is_text = |c: &&Column| c.mean_words >= 2.0 || rank(c).is_some();
        let likely: Vec<&Column> = open.iter().copied().filter(is_text).collect();
        let mut named: Vec<&Column> = likely
            .iter()
            .copied()
            .filter(|c| rank(c).is_some())
            .collect();
        named.sort_by_key(|c| rank(c));
        match (named.len(), likely.len()) {
            (1 | 2, _) if named.len() == likely.len() || likely.len() > 2 => named,
            (_, 1 | 2) => likely,
            // Single words, hardly one of them twice.
            (_, 0) => only(open.into_iter().filter(|c| 2 * c.distinct > self.rows))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The first of what is one alone.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

fn is_number(name: &str) -> bool {
    NUMBERS.contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests;
