//! Whether a quoted field that spans lines is a text, or rows that a stray quote swallowed.
//!
//! A quote too many pairs up with the next one in the file, and all between them reads as one text. Then every line of
//! that text has a row's number of fields, and what stands in the label's place is a label. That a text has such lines by
//! chance is rare, but possible, so the study may take its texts as they stand.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use habit::{Habit, is_line, is_mark, number};

use super::records::Record;
use crate::visible::visible;

mod habit;
#[cfg(test)]
mod tests;

/// A text of more lines is implausible, unless other rows have texts of such length.
const MANY_LINES: usize = 100;
/// Times the lines of the next longest text.
const FAR_LONGER: usize = 10;

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'k> {
    /// Place of the label among the columns asked for; none: each column may be the label.
    pub(crate) label: Option<usize>,
    /// What labels are called, where that is known.
    pub(crate) labels: &'k [String],
    /// Whether every quoted field is taken as it stands.
    pub(crate) trusted: bool,
}

impl Known<'_> {
    /// Nothing at all.
    pub(crate) const NOTHING: Known<'static> = Known {
        label: None,
        labels: &[],
        trusted: false,
    };
}

/// A field that may have swallowed rows.
#[derive(Debug, PartialEq)]
pub(super) struct Swallowed {
    /// Line where its quote opens.
    pub(super) line: u64,
    /// What it swallowed, for people.
    pub(super) what: String,
}

/// The first field that seems to have swallowed rows. `unquoted`: how many fields with content stand without quotes, by
/// column; `label`: the label's column in the file.
pub(super) fn swallowed(
    records: &[Record<'_>],
    unquoted: &[usize],
    delimiter: u8,
    label: Option<usize>,
    labels: &[String],
) -> Option<Swallowed> {
    let spans: Vec<Span<'_>> = spans(records);
    // Where all fields are quoted, a row among the lines of a field would have ended it with its own quotes.
    if spans.is_empty() || unquoted.iter().all(|count| *count == 0) {
        return None;
    }
    let habits = Habits::of(records, delimiter, label, labels);
    let suspects: Vec<(&Span<'_>, usize)> = spans
        .iter()
        .filter_map(|span| Some((span, habits.row_in(span)?)))
        .collect();
    let found = suspects.into_iter().find(|(span, _)| {
        let alike = records.len()
            - spans
                .iter()
                .filter(|other| other.column == span.column)
                .count();
        !(unquoted[span.column] == 0 && alike >= span.lines.len())
    });
    if let Some((span, row)) = found {
        let shown: String = String::from_utf8_lossy(span.lines[row])
            .chars()
            .take(60)
            .collect();
        return Some(Swallowed {
            line: span.line,
            what: format!(
                "the {} lines to the next quote, of which line {} reads as a row by itself (`{}`),",
                span.lines.len(),
                span.line + row as u64,
                visible(&shown)
            ),
        });
    }
    let longest = spans.iter().max_by_key(|span| span.lines.len())?;
    let lengths = spans.iter().filter(|span| span.line != longest.line);
    let next = lengths.map(|span| span.lines.len()).max().unwrap_or(1);
    let most = longest.lines.len();
    let implausible = most > MANY_LINES && most > FAR_LONGER * next && habits.like_rows(longest);
    implausible.then(|| Swallowed {
        line: longest.line,
        what: format!(
            "the {most} lines to the next quote, where no other text has more than {next},"
        ),
    })
}

/// A field over several lines.
struct Span<'r> {
    /// Line where it begins.
    line: u64,
    column: usize,
    lines: Vec<&'r [u8]>,
}

fn spans<'r>(records: &'r [Record<'_>]) -> Vec<Span<'r>> {
    let mut spans = Vec::new();
    for record in records {
        let mut line = record.line;
        for (column, field) in record.fields.iter().enumerate() {
            if !is_line(field) {
                let lines = lines(field);
                let ends = lines.len() as u64 - 1;
                spans.push(Span {
                    line,
                    column,
                    lines,
                });
                line += ends;
            }
        }
    }
    spans
}

/// The lines of a text, which end with `\n`, `\r\n` or `\r`.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
        lines.push(&rest[..end]);
        let width = if rest[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + width..];
    }
    lines.push(rest);
    lines
}

/// What the columns of a file usually hold.
struct Habits<'r> {
    delimiter: u8,
    width: usize,
    label: Option<usize>,
    columns: Vec<Habit<'r>>,
}

impl<'r> Habits<'r> {
    fn of(
        records: &'r [Record<'_>],
        delimiter: u8,
        label: Option<usize>,
        labels: &'r [String],
    ) -> Self {
        let width = records.first().map_or(0, |record| record.fields.len());
        let habit = |column: usize| {
            let values = records
                .iter()
                .map(|record| Cow::as_ref(&record.fields[column]));
            let blanks = values
                .clone()
                .any(|value| value.starts_with(b" ") && is_line(value));
            if label.is_some_and(|label| label != column) {
                // Only the label's values tell rows from texts.
                return Habit {
                    values: HashSet::new(),
                    range: None,
                    blanks,
                };
            }
            let mut habit = Habit::of(values, records.len(), blanks);
            if label.is_some() {
                habit
                    .values
                    .extend(labels.iter().map(|label| label.as_bytes()));
            }
            habit
        };
        Self {
            delimiter,
            width,
            label,
            columns: (0..width).map(habit).collect(),
        }
    }

    /// The fields of one of a span's lines, and the column of the first; none where a row would have others.
    fn fields<'l>(&self, span: &Span<'l>, place: usize) -> Option<(usize, Vec<&'l [u8]>)> {
        let fields: Vec<&[u8]> = span.lines[place]
            .split(|byte| *byte == self.delimiter)
            .collect();
        let last = span.lines.len() - 1;
        let first = if place == 0 { span.column } else { 0 };
        let end = if place == last {
            span.column + 1
        } else {
            self.width
        };
        let between = place != 0 && place != last;
        let fits = first + fields.len() == end || (between && fields.len() > end);
        fits.then_some((first, fields))
    }

    /// A line of the span that is a row by itself, where all its lines may be rows.
    fn row_in(&self, span: &Span<'_>) -> Option<usize> {
        let filled = (0..span.lines.len()).filter(|place| {
            let is_end = *place == 0 || *place + 1 == span.lines.len();
            is_end || !span.lines[*place].is_empty()
        });
        let mut rows = Vec::new();
        for place in filled {
            rows.push((place, self.fields(span, place)?));
        }
        let mut often: HashMap<(usize, &[u8]), usize> = HashMap::new();
        let mut numbers = vec![(0, 0); self.width];
        for (_, (first, fields)) in &rows {
            for (column, value) in (*first..).zip(fields) {
                *often.entry((column, *value)).or_default() += 1;
                if let Some((numbers, all)) = numbers.get_mut(column) {
                    *all += 1;
                    *numbers += usize::from(number(value).is_some() || is_mark(value));
                }
            }
        }
        let usual = |column: usize, value: &[u8]| {
            let habit = &self.columns[column];
            let is_label = self.label == Some(column);
            let all_numbers = numbers[column].0 == numbers[column].1 && numbers[column].1 > 1;
            let repeated = is_label && often[&(column, value)] > 1;
            !value.trim_ascii().is_empty()
                && (habit.holds(value)
                    || repeated
                    || (habit.range.is_some() && all_numbers)
                    || (is_label && is_mark(value)))
        };
        let is_row = |(_, (first, fields)): &(usize, (usize, Vec<&[u8]>))| {
            let columns = || (*first..self.width).zip(fields);
            let prose = |(column, value): (usize, &&[u8])| {
                let behind_delimiter = column > *first;
                behind_delimiter && value.starts_with(b" ") && !self.columns[column].blanks
            };
            let judged = |(column, _): &(usize, &&[u8])| match self.label {
                Some(label) => *column == label,
                None => *column != span.column,
            };
            let whole = first + fields.len() <= self.width;
            whole
                && !columns().any(prose)
                && columns()
                    .filter(judged)
                    .any(|(column, value)| usual(column, value))
        };
        rows.iter().find(|row| is_row(row)).map(|(place, _)| *place)
    }

    /// Whether most lines have as many fields as a row, or more.
    fn like_rows(&self, span: &Span<'_>) -> bool {
        let filled = span.lines.iter().filter(|line| !line.is_empty());
        let has_fields = |line: &&&[u8]| {
            let delimiters = line.iter().filter(|byte| **byte == self.delimiter).count();
            delimiters + 1 >= self.width
        };
        2 * filled.clone().filter(has_fields).count() > filled.count()
    }
}
