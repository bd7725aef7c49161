//! From a label's cell to a class or a number.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::classes::{ClassList, is_number};
use super::marks::{is_amount_mark, is_label_mark};
use super::read::{self, Cell, Row, Table};
use super::{DataFormat, Label, Labels, TaskError};
use crate::visible::{listed, visible};
use unicode_normalization_alignments::UnicodeNormalization;

/// What rounding may take of an amount, as a share of their range.
const MOST_LOST: f64 = 1e-4;

/// What the labels of a task are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// Numbers to predict.
    Amounts {
        /// Whether -1 marks a label that is kept back, as in GLUE.
        minus_one_is_missing: bool,
    },
    /// Classes.
    Classes(ClassList),
}

impl Target {
    /// As the rest of the program knows it.
    pub(super) fn labels(&self) -> Labels {
        match self {
            Self::Amounts { .. } => Labels::Regression,
            Self::Classes(list) => Labels::Classes(list.names.clone()),
        }
    }
}

/// The column of the label in a table.
#[derive(Debug)]
pub(super) struct LabelColumn<'t> {
    table: &'t Table,
    place: usize,
    /// The names that each file gives its numbers.
    named: Vec<Option<Vec<String>>>,
}

impl<'t> LabelColumn<'t> {
    /// Column `place` of a table that was read in this format.
    ///
    /// # Errors
    /// A file's metadata cannot be read.
    pub(super) fn new(
        table: &'t Table,
        place: usize,
        format: Option<DataFormat>,
    ) -> Result<Self, TaskError> {
        let column = &table.columns[place];
        let names = table
            .files
            .iter()
            .map(|path| read::ClassNames::of(path, format)?.column(column));
        let named = names.collect::<Result<_, _>>()?;
        Ok(Self {
            table,
            place,
            named,
        })
    }

    /// The table's files.
    pub(super) fn files(&self) -> &'t [PathBuf] {
        &self.table.files
    }

    /// The table's rows.
    pub(super) fn rows(&self) -> &'t [Row] {
        &self.table.rows
    }

    /// The `ClassLabel` of the first file.
    pub(super) fn metadata(&self) -> Option<Vec<String>> {
        self.named.first().cloned().flatten()
    }

    /// The error of the column in one of the files.
    pub(super) fn wrong(&self, file: usize, problem: impl std::fmt::Display) -> TaskError {
        TaskError::File {
            path: self.files()[file].clone(),
            problem: format!(
                "column `{}`: {problem}",
                visible(&self.table.columns[self.place])
            ),
        }
    }

    /// A row's label as the name of a class: 1.0 is 1, and a number is what its file's `ClassLabel` calls it. None where
    /// there is nothing.
    pub(super) fn name(&self, row: &'t Row) -> Option<Cow<'t, str>> {
        let cell = &row.cells[self.place];
        let written = name(cell)?;
        let Some(Some(names)) = self.named.get(row.file) else {
            return Some(written);
        };
        // However the file keeps its numbers; a text may also be a name.
        let is_name = matches!(cell, Cell::Text(_)) && names.iter().any(|name| *name == written);
        match written.parse::<i64>() {
            Ok(number) if !is_name => {
                let place = usize::try_from(number).ok()?;
                let beyond = || {
                    format!(
                        "{number} (beyond the {} names of the file's ClassLabel)",
                        names.len()
                    )
                };
                let name = names.get(place).cloned();
                Some(Cow::Owned(name.unwrap_or_else(beyond)))
            }
            _ => Some(written),
        }
    }

    /// The mark in place of a label that is missing: none where there is one, `Some(None)` where there is nothing.
    ///
    /// `target`: what the labels are, where that is stated already. A class may be called as a mark is.
    pub(super) fn absence(
        &self,
        row: &'t Row,
        target: Option<&Target>,
    ) -> Option<Option<Cow<'t, str>>> {
        let Some(name) = self.name(row) else {
            return Some(name(&row.cells[self.place]));
        };
        let is_mark = match target {
            Some(Target::Amounts {
                minus_one_is_missing,
            }) => is_amount_mark(&name) || (*minus_one_is_missing && name == "-1"),
            Some(Target::Classes(list)) => is_label_mark(&name) && list.by_name(&name).is_none(),
            None => is_label_mark(&name),
        };
        is_mark.then_some(Some(name))
    }

    /// The labels of rows that have one.
    ///
    /// # Errors
    /// A label is no number where numbers are predicted; or it is none of the classes; or some labels of a file are names
    /// and some are numbers of classes.
    pub(super) fn labels(
        &self,
        rows: &[&'t Row],
        target: &Target,
    ) -> Result<Vec<Label>, TaskError> {
        match target {
            Target::Amounts { .. } => self.amounts(rows),
            Target::Classes(list) => self.classes(rows, list),
        }
    }

    /// Trainings compute with 32-bit floats: amounts that these blur are refused.
    fn amounts(&self, rows: &[&'t Row]) -> Result<Vec<Label>, TaskError> {
        let mut labels = Vec::with_capacity(rows.len());
        let (mut least, mut most, mut blur) = (f64::INFINITY, f64::NEG_INFINITY, (0.0, 0));
        for row in rows {
            let cell = &row.cells[self.place];
            let found = || self.unlike(row, cell.to_string(), "a finite number".into());
            let exact = number(cell).ok_or_else(found)?;
            let kept = exact as f32;
            (least, most) = (least.min(exact), most.max(exact));
            let lost = (f64::from(kept) - exact).abs();
            if lost > blur.0 {
                blur = (lost, row.file);
            }
            labels.push(Label::Value(kept));
        }
        let (lost, file) = blur;
        if most > least && lost > MOST_LOST * (most - least) {
            return Err(self.wrong(
                file,
                format!(
                    "the amounts from {least} to {most} are too near to each other for the 32-bit floats that trainings compute with, which round one by {lost}; subtract {least} from all of them"
                ),
            ));
        }
        Ok(labels)
    }

    fn classes(&self, rows: &[&'t Row], list: &ClassList) -> Result<Vec<Label>, TaskError> {
        for file in 0..self.files().len() {
            let names = self.names_in(file, rows);
            if self.named[file].is_none() && !names.is_empty() && list.is_ambiguous(&names) {
                return Err(self.wrong(
                    file,
                    format!(
                        "its labels {} may be names or places of {}; state the classes with `task.labels`, or write the labels of all files alike",
                        listed(names.iter().map(Cow::as_ref)),
                        list.described()
                    ),
                ));
            }
        }
        // The first row of each file whose label is a class's name, and the first whose label is its number.
        let mut firsts = vec![[None::<&Row>; 2]; self.files().len()];
        let mut labels = Vec::with_capacity(rows.len());
        for &row in rows {
            let name = self.name(row).unwrap_or_default();
            let by_name = list.by_name(&name);
            let Some(class) = by_name.or_else(|| list.by_number(&name)) else {
                return Err(self.unknown(row, rows, list));
            };
            let kinds = &mut firsts[row.file];
            kinds[usize::from(by_name.is_none())].get_or_insert(row);
            if let [Some(named), Some(numbered)] = *kinds {
                let found = format!(
                    "a label by name ({} has `{}`) beside one by number ({} has `{}`)",
                    named.place,
                    visible(&self.name(named).unwrap_or_default()),
                    numbered.place,
                    visible(&self.name(numbered).unwrap_or_default())
                );
                let expected = format!(
                    "labels that are all names or all numbers; the classes are {}",
                    list.described()
                );
                return Err(self.unlike(row, found, expected));
            }
            labels.push(Label::Class(class));
        }
        Ok(labels)
    }

    /// The different labels of a file.
    fn names_in(&self, file: usize, rows: &[&'t Row]) -> Vec<Cow<'t, str>> {
        let inside = rows.iter().filter(|row| row.file == file);
        let names: BTreeSet<Cow<'_, str>> = inside.filter_map(|row| self.name(row)).collect();
        names.into_iter().collect()
    }

    /// The error of a label that is none of the classes, with all that its file has.
    fn unknown(&self, row: &'t Row, rows: &[&'t Row], list: &ClassList) -> TaskError {
        let names = self.names_in(row.file, rows);
        let numbered = names.iter().all(|name| is_number(name));
        let mixture = numbered != list.names.iter().all(|name| is_number(name));
        let found = match &row.cells[self.place] {
            Cell::Integer(_) | Cell::Number(_) if self.named[row.file].is_some() => {
                format!(
                    "the class `{}`",
                    visible(&self.name(row).unwrap_or_default())
                )
            }
            cell => cell.to_string(),
        };
        let found = format!(
            "{found} (the labels of this file are {})",
            listed(names.iter().map(Cow::as_ref))
        );
        let numbers = match list.takes_numbers() {
            true => format!("0 to {} or ", list.names.len() - 1),
            false => String::new(),
        };
        let remedy = match mixture && !list.takes_numbers() {
            true => {
                "; write the labels of all files alike, or name the classes with `task.labels` in the order of their numbers"
            }
            false => "",
        };
        let expected = format!("{numbers}one of {}{remedy}", list.described());
        self.unlike(row, found, expected)
    }

    fn unlike(&self, row: &Row, found: String, expected: String) -> TaskError {
        TaskError::Row {
            path: self.files()[row.file].clone(),
            row: row.place,
            column: Some(self.table.columns[self.place].clone()),
            found,
            expected,
        }
    }

    /// Classes that are written with other blanks around them elsewhere; they count as one.
    pub(super) fn blanks(&self, rows: &[&Row]) -> Vec<String> {
        let mut written =
            std::collections::BTreeMap::<&str, std::collections::BTreeSet<&str>>::new();
        for row in rows {
            if let Cell::Text(text) = &row.cells[self.place] {
                written.entry(text.trim()).or_default().insert(text);
            }
        }
        let several = written.into_iter().filter(|(_, texts)| texts.len() > 1);
        let warning = |(name, texts): (&str, std::collections::BTreeSet<&str>)| {
            format!(
                "the labels {} differ in the blanks around them alone, and count as one class `{}`",
                listed(texts.iter().copied()),
                visible(name)
            )
        };
        several.map(warning).collect()
    }
}

/// A label as a class name, without blanks around it; 1.0 is 1. None where there is nothing.
fn name(cell: &Cell) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Missing => None,
        Cell::Bool(value) => Some(value.to_string().into()),
        Cell::Integer(number) => Some(number.to_string().into()),
        Cell::Number(number) if number.is_nan() => Some("NaN".into()),
        Cell::Number(number) if number.fract() == 0.0 => {
            // Minus zero is zero.
            Some(format!("{:.0}", number + 0.0).into())
        }
        Cell::Number(number) => Some(number.to_string().into()),
        Cell::Text(text) => Some(plain_name(text)),
    }
}

/// A written label without blanks around it; 1.0 is 1, and an accent is one with its letter (Unicode's form C).
pub fn plain_name(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let whole = text.split_once('.').filter(|(whole, zeros)| {
        let zeros = !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0');
        zeros && whole.parse::<i64>().is_ok()
    });
    match whole {
        Some((whole, _)) => whole.into(),
        None if text.is_ascii() => text.into(),
        None => text.nfc().map(|(composed, _)| composed).collect(),
    }
}

/// A label as a number that a 32-bit float can come near to.
fn number(cell: &Cell) -> Option<f64> {
    let number = match cell {
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        Cell::Text(text) => text.trim().parse().ok()?,
        Cell::Bool(_) | Cell::Missing => return None,
    };
    (number as f32).is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_class_in_every_spelling() {
        let text = |text: &str| Cell::Text(text.to_owned());
        for one in [
            Cell::Integer(1),
            Cell::Number(1.0),
            text("1"),
            text(" 1.0 "),
            text("1.00"),
        ] {
            assert_eq!(name(&one).as_deref(), Some("1"), "{one}");
        }
        assert_eq!(name(&Cell::Number(-0.0)).as_deref(), Some("0"));
        assert_eq!(name(&text("1.5")).as_deref(), Some("1.5"));
        assert_eq!(name(&text("v1.0")).as_deref(), Some("v1.0"));
        assert_eq!(name(&text("cafe\u{301}")).as_deref(), Some("caf\u{e9}"));
        assert_eq!(name(&text("")).as_deref(), Some(""));
        assert_eq!(name(&Cell::Bool(true)).as_deref(), Some("true"));
        assert_eq!(name(&Cell::Missing), None);
    }
}
