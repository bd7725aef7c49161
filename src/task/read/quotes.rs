//! Whether a quoted field that spans lines is a text, or rows that a stray quote swallowed.
//!
//! A quote too many pairs up with the next one in the file, and all between them reads as one text. Then every line
//! of that text is itself a row: it has the header's number of fields, and what stands in them stands in other rows
//! too (a class again and again, a number where numbers stand). The lines of a real text are not all like that.

use std::borrow::Cow;
use std::collections::HashSet;

use super::records::Record;

/// A text of more lines is implausible, unless other rows have texts of such length.
const MANY_LINES: usize = 100;
/// Times the lines of the next longest text.
const FAR_LONGER: usize = 10;
/// Longer values are no classes and no numbers.
const LONGEST_CLASS: usize = 64;

/// The line where the quote of a swallowing field opens, and how many lines it spans.
pub(super) fn swallowed(records: &[Record<'_>], delimiter: u8) -> Option<(u64, usize)> {
    let spans = records.iter().enumerate().flat_map(|(place, record)| {
        let fields = record.fields.iter().enumerate();
        fields
            .filter(|(_, field)| field.contains(&b'\n') || field.contains(&b'\r'))
            .map(move |(column, _)| (place, column))
    });
    let spans: Vec<(usize, usize)> = spans.collect();
    if spans.is_empty() {
        return None;
    }
    let habits = Habits::of(records);
    let mut longest = [(0, 0); 2];
    for &(place, column) in &spans {
        let record = &records[place];
        let lines = lines(&record.fields[column]);
        let count = lines.len();
        let before = record.fields[..column]
            .iter()
            .map(|field| self::lines(field).len() - 1);
        let opened = record.line + before.sum::<usize>() as u64;
        if habits.all_rows(&lines, column, record.fields.len(), delimiter) {
            return Some((opened, count));
        }
        if count > longest[0].0 {
            longest = [(count, opened), longest[0]];
        } else if count > longest[1].0 {
            longest[1] = (count, opened);
        }
    }
    let [(most, opened), (next, _)] = longest;
    (most > MANY_LINES && most > FAR_LONGER * next).then_some((opened, most))
}

/// The lines of a text.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let lines = text.split(|&byte| byte == b'\n');
    lines
        .flat_map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.split(|&byte| byte == b'\r')
        })
        .collect()
}

/// What the columns of a file usually hold.
struct Habits<'r> {
    /// The short values that occur, by column.
    values: Vec<HashSet<&'r [u8]>>,
    /// Whether nearly every value is a number, by column.
    numeric: Vec<bool>,
}

impl<'r> Habits<'r> {
    fn of(records: &'r [Record<'_>]) -> Self {
        let columns = records.first().map_or(0, |record| record.fields.len());
        let values = |column: usize| {
            let fields = records.iter().map(move |record| &record.fields[column]);
            fields
                .map(Cow::as_ref)
                .filter(|field: &&[u8]| is_short(field))
        };
        let numeric = |column: usize| {
            let numbers = values(column).filter(|value| is_number(value)).count();
            10 * numbers > 8 * records.len()
        };
        Self {
            values: (0..columns)
                .map(|column| values(column).collect())
                .collect(),
            numeric: (0..columns).map(numeric).collect(),
        }
    }

    /// Whether all `lines` of a field in `column` are rows of `width` fields themselves.
    fn all_rows(&self, lines: &[&[u8]], column: usize, width: usize, delimiter: u8) -> bool {
        let last = lines.len() - 1;
        // Values of the lines themselves, for a file that is swallowed nearly whole.
        let mut own: HashSet<(usize, &[u8])> = HashSet::new();
        let mut rows = Vec::new();
        for (place, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            let fields: Vec<&[u8]> = line.split(|&byte| byte == delimiter).collect();
            let first = if place == 0 { column } else { 0 };
            let behind = if place == last { width - 1 - column } else { 0 };
            if first + fields.len() + behind != width {
                return false;
            }
            if fields.len() > 1 {
                let fields: Vec<(usize, &[u8])> = (first..)
                    .zip(fields)
                    .filter(|(_, field)| is_short(field))
                    .collect();
                own.extend(&fields);
                rows.push(fields);
            }
        }
        // A column whose values repeat among the lines, one of them in other rows too, holds classes.
        let repeats = |column: usize| {
            let values = own.iter().filter(|(at, _)| *at == column);
            let known = values
                .clone()
                .any(|(_, value)| self.values[column].contains(value));
            known && 3 * values.count() <= rows.len()
        };
        let classes: Vec<bool> = (0..width).map(repeats).collect();
        let usual = |(column, value): &(usize, &[u8])| {
            let number = self.numeric[*column] && is_number(value);
            classes[*column] || number || self.values[*column].contains(value)
        };
        !rows.is_empty() && rows.iter().all(|fields| fields.iter().any(usual))
    }
}

fn is_short(value: &[u8]) -> bool {
    !value.trim_ascii().is_empty() && value.len() <= LONGEST_CLASS
}

fn is_number(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value).ok();
    text.is_some_and(|text| text.trim().parse::<f64>().is_ok_and(f64::is_finite))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'c>(line: u64, fields: &[&'c str]) -> Record<'c> {
        let fields = fields.iter().map(|field| Cow::Borrowed(field.as_bytes()));
        Record {
            line,
            fields: fields.collect(),
        }
    }

    fn found(rows: &[&[&str]]) -> Option<(u64, usize)> {
        let mut line = 2;
        let records = rows.iter().map(|fields| {
            let record = record(line, fields);
            line += 1 + fields.concat().matches('\n').count() as u64;
            record
        });
        swallowed(&records.collect::<Vec<_>>(), b',')
    }

    #[test]
    fn rows_inside_a_text_are_seen_whichever_column_is_first() {
        let labels_first: [&[&str]; 3] = [
            &["pos", "a film"],
            &["neg", "bad\npos,good\nneg,a screen of 12"],
            &["pos", "fine"],
        ];
        assert_eq!(found(&labels_first), Some((3, 3)));
        let texts_first: [&[&str]; 3] = [
            &["a film", "pos"],
            &["bad,neg\ngood,pos\na screen of 12", "neg"],
            &["fine", "pos"],
        ];
        assert_eq!(found(&texts_first), Some((3, 3)));
        let amounts: [&[&str]; 7] = [
            &["0.5", "a"],
            &["0.25", "b"],
            &["0.75", "c\n1.5,d\n2.5,e of 12"],
            &["3.5", "f"],
            &["4.5", "g"],
            &["5.5", "h"],
            &["6.5", "i"],
        ];
        assert_eq!(found(&amounts), Some((4, 3)));
    }

    #[test]
    fn a_file_that_is_swallowed_nearly_whole_is_seen_too() {
        let inner: String = (0..40)
            .map(|i| format!("a text {i},l{}\n", i % 2))
            .collect();
        let rows: [&[&str]; 1] = [&[&format!("{inner}the last of 12"), "l1"]];
        assert_eq!(found(&rows), Some((2, 41)));
    }

    #[test]
    fn texts_of_several_lines_are_texts() {
        let rows: [&[&str]; 4] = [
            &["pos", "Dear all,\nI came, I saw, I slept.\nYours, Bob"],
            &["neg", "one\n\ntwo"],
            &["neg", "pos,\nas I said"],
            &["pos", "a, b\nc"],
        ];
        assert_eq!(found(&rows), None);
        let texts_first: [&[&str]; 3] = [
            &["Dear all,\nthanks,\nBob", "pos"],
            &["Dear Sir,\nyour dog\nbarks", "neg"],
            &["well", "neg"],
        ];
        assert_eq!(found(&texts_first), None);
    }

    #[test]
    fn one_text_far_longer_than_all_others_is_implausible() {
        let poem = |lines: usize| vec!["a line of a poem"; lines].join("\n");
        let (long, short) = (poem(150), poem(4));
        assert_eq!(found(&[&["pos", &long], &["neg", &short]]), Some((2, 150)));
        let rather_long = poem(20);
        assert_eq!(found(&[&["pos", &long], &["neg", &rather_long]]), None);
        assert_eq!(found(&[&["pos", &poem(60)], &["neg", "x"]]), None);
    }
}
