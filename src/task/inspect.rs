//! A look at a data file that nobody has described yet: its columns, and which of them are likely the texts and the label.

use std::collections::BTreeSet;
use std::path::Path;

use super::marks::is_text_mark;
use super::read::{self, Cell};
use super::{DataFormat, TaskError};

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

/// More different numbers than this are taken for amounts rather than for names of classes.
const MOST_NUMBERED_CLASSES: usize = 20;

/// A data file's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// Rows of the file.
    pub rows: usize,
    /// Its columns with plain values, in their order.
    pub columns: Vec<Column>,
}

/// What one column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Different values.
    pub distinct: usize,
    /// Rows without a value.
    pub empty: usize,
    /// Words of a value, on average.
    pub mean_words: f64,
    /// Whether every value is a number.
    pub numeric: bool,
    /// Whether some value is a number that is not whole.
    pub fractions: bool,
    /// Whether the values count the rows: each is the one before and 1.
    pub counts: bool,
}

impl Sketch {
    /// Of a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of(path: &Path, format: Option<DataFormat>) -> Result<Self, TaskError> {
        let names = read::columns(path, format)?;
        let table = read::read(&[path.to_owned()], format, &names)?;
        let column = |place: usize| {
            let cells = table.rows.iter().map(|row| text(&row.cells[place]));
            column(&names[place], cells)
        };
        Ok(Self {
            rows: table.rows.len(),
            columns: (0..names.len()).map(column).collect(),
        })
    }

    /// The column that is likely the label, if one is.
    pub fn label(&self) -> Option<&Column> {
        let named = |name: &str| {
            self.columns
                .iter()
                .find(|c| c.name.eq_ignore_ascii_case(name))
        };
        let by_name = LABELS.iter().find_map(|name| named(name));
        by_name.or_else(|| {
            // Values that come again and again, and are no texts.
            let most = MOST_NUMBERED_CLASSES.max(self.rows / 20);
            let repeats = |c: &&Column| {
                (2..=most).contains(&c.distinct)
                    && c.mean_words < 3.0
                    && !c.counts
                    && !is_number(&c.name)
            };
            let mut likely = self.columns.iter().filter(repeats);
            match (likely.next(), likely.next()) {
                (only, None) => only,
                (Some(_), Some(_)) => self.columns.last().filter(repeats),
                (None, Some(_)) => None,
            }
        })
    }

    /// The one or two columns that are likely the texts; empty where that is not clear.
    pub fn texts(&self, label: &str) -> Vec<&Column> {
        let is_text = |c: &&Column| {
            c.name != label && !c.numeric && c.mean_words >= 2.0 && !is_number(&c.name)
        };
        let likely: Vec<&Column> = self.columns.iter().filter(is_text).collect();
        let rank = |c: &Column| TEXTS.iter().position(|t| c.name.eq_ignore_ascii_case(t));
        let mut named: Vec<&Column> = likely
            .iter()
            .copied()
            .filter(|c| rank(c).is_some())
            .collect();
        named.sort_by_key(|c| rank(c));
        match (named.len(), likely.len()) {
            (1 | 2, _) if named.len() == likely.len() || likely.len() > 2 => named,
            (_, 1 | 2) => likely,
            _ => Vec::new(),
        }
    }
}

impl Column {
    /// Whether its values are amounts to predict rather than classes.
    pub fn is_amount(&self) -> bool {
        self.numeric && (self.fractions || self.distinct > MOST_NUMBERED_CLASSES)
    }
}

fn is_number(name: &str) -> bool {
    NUMBERS.contains(&name.to_ascii_lowercase().as_str())
}

fn column(name: &str, values: impl Iterator<Item = Option<String>>) -> Column {
    let (mut seen, mut rows, mut empty, mut words) = (BTreeSet::new(), 0_usize, 0, 0);
    let (mut numeric, mut fractions) = (true, false);
    let (mut counts, mut last) = (true, None);
    for value in values {
        rows += 1;
        let Some(value) = value.filter(|value| !is_text_mark(value)) else {
            empty += 1;
            continue;
        };
        words += value.split_whitespace().count();
        match value.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => fractions |= number.fract() != 0.0,
            _ => numeric = false,
        }
        let number = value.trim().parse::<i64>().ok();
        counts &= number.is_some() && last.is_none_or(|last: i64| last.checked_add(1) == number);
        last = number;
        seen.insert(value);
    }
    Column {
        name: name.to_owned(),
        distinct: seen.len(),
        empty,
        mean_words: words as f64 / (rows - empty).max(1) as f64,
        numeric: numeric && rows > empty,
        fractions,
        // Two rows may be 0 and 1 by chance.
        counts: counts && rows > 9,
    }
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Bool(value) => Some(value.to_string()),
        Cell::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    fn sketch(name: &str, content: &str) -> Sketch {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        Sketch::of(&path, None).unwrap()
    }

    fn texts<'a>(sketch: &'a Sketch, label: &str) -> Vec<&'a str> {
        sketch
            .texts(label)
            .iter()
            .map(|c| c.name.as_str())
            .collect()
    }

    #[test]
    fn a_pair_and_its_label_are_found_by_their_names_in_the_order_of_the_pair() {
        let rows = "idx,hypothesis,premise,genre,gold_label\n0,\"it rains, a lot\",the street is wet,a b c,yes\n";
        let sketch = sketch("pairs.csv", rows);
        assert_eq!(sketch.label().unwrap().name, "gold_label");
        assert_eq!(texts(&sketch, "gold_label"), ["premise", "hypothesis"]);
    }

    #[test]
    fn columns_of_other_names_are_told_apart_by_what_they_hold() {
        let row = |i: usize| {
            let mood = ["good", "bad"][i % 2];
            format!(
                "{{\"utterance\": \"the film was {i} times\", \"mood\": \"{mood}\", \"tags\": [1], \"n\": {i}}}\n"
            )
        };
        let sketch = sketch("films.jsonl", &(0..40).map(row).collect::<String>());
        let names: Vec<&str> = sketch.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            names,
            ["utterance", "mood", "n"],
            "lists are no plain values"
        );
        let label = sketch.label().unwrap();
        assert_eq!(
            (label.name.as_str(), label.distinct, label.is_amount()),
            ("mood", 2, false)
        );
        assert_eq!(texts(&sketch, "mood"), ["utterance"]);
    }

    #[test]
    fn amounts_are_numbers_with_fractions_or_many_values() {
        let rows = "left side\tright side\tcloseness\na b\tc d\t0.5\ne f\tg h\t3\n";
        let sketch = sketch("near.tsv", rows);
        assert!(sketch.label().unwrap().is_amount());
        assert_eq!(texts(&sketch, "closeness"), ["left side", "right side"]);
    }

    #[test]
    fn what_is_not_clear_is_not_guessed() {
        let sketch = sketch(
            "many.csv",
            "one,two,three,label\na b,c d,e f,0\ng h,i j,k l,1\n",
        );
        assert_eq!(texts(&sketch, "label"), [""; 0]);
    }
}
