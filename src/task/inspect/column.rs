//! What one column holds, and what its values are as labels.

use std::collections::BTreeSet;

use crate::task::marks::{is_amount_mark, is_doubtful, is_text_mark};
use crate::task::read::Cell;

/// More different numbers than this need not be names of classes.
pub(super) const MOST_NUMBERED_CLASSES: usize = 20;

/// Whole numbers beyond this are not exact as floats.
const EXACT: f64 = 9e15;

/// What one column holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Different values; of numbers, those that are numbers.
    pub distinct: usize,
    /// Rows without a value.
    pub empty: usize,
    /// Words of a value, on average; scripts without blanks between words count three characters as one.
    pub mean_words: f64,
    /// Whether every value is a number, but for marks of absence.
    pub numeric: bool,
    /// Whether some value is a number that is not whole.
    pub fractions: bool,
    /// Whether the values count the rows: each is the one before and 1.
    pub counts: bool,
    /// Whether its numbers are whole and side by side from 0 or 1 on, as classes are numbered.
    pub side_by_side: bool,
    /// Whether the file itself names its numbers: a `ClassLabel`.
    pub has_class_list: bool,
}

/// What a label says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicted {
    /// Which class it is of.
    Classes,
    /// A number.
    Amounts,
}

impl Column {
    /// Of a column's cells.
    pub(super) fn of<'c>(
        name: &str,
        has_class_list: bool,
        cells: impl Iterator<Item = &'c Cell>,
    ) -> Self {
        let (mut seen, mut whole) = (BTreeSet::new(), BTreeSet::new());
        let (mut rows, mut empty, mut all_words) = (0_usize, 0, 0);
        let (mut numeric, mut fractions) = (true, false);
        let (mut counts, mut last) = (true, None);
        for cell in cells {
            rows += 1;
            let Some(value) = text(cell).filter(|value| !is_text_mark(value)) else {
                empty += 1;
                continue;
            };
            all_words += words(&value);
            let plain = value.trim();
            match plain.parse::<f64>() {
                Ok(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                    whole.insert(number as i64);
                }
                Ok(number) if number.is_finite() => fractions = true,
                // What stands for a missing number tells nothing of the others.
                _ => numeric &= is_amount_mark(plain) || is_doubtful(plain),
            }
            let number = plain.parse::<i64>().ok();
            counts &=
                number.is_some() && last.is_none_or(|last: i64| last.checked_add(1) == number);
            last = number;
            seen.insert(value);
        }
        numeric &= fractions || !whole.is_empty();
        Self {
            name: name.to_owned(),
            distinct: match numeric && !fractions {
                true => whole.len(),
                false => seen.len(),
            },
            empty,
            mean_words: all_words as f64 / (rows - empty).max(1) as f64,
            numeric,
            fractions,
            // Two rows may be 0 and 1 by chance.
            counts: counts && rows > 9,
            side_by_side: numeric && !fractions && are_side_by_side(&whole),
            has_class_list,
        }
    }

    /// What its values are as labels; none where they may be either.
    pub fn predicted(&self) -> Option<Predicted> {
        let few = !self.fractions && self.distinct <= MOST_NUMBERED_CLASSES;
        if self.has_class_list || !self.numeric || few {
            return Some(Predicted::Classes);
        }
        (!self.side_by_side).then_some(Predicted::Amounts)
    }
}

/// Whether three in four of the numbers have a neighbour, from 0 or 1 on; a class or two may lack rows, and a mark of absence
/// may stand apart.
fn are_side_by_side(numbers: &BTreeSet<i64>) -> bool {
    let has = |number: i64| number >= 0 && numbers.contains(&number);
    let beside = |number: &&i64| has(**number) && (has(**number - 1) || has(**number + 1));
    (has(0) || has(1)) && 4 * numbers.iter().filter(beside).count() >= 3 * numbers.len()
}

/// Words of a text, in any script.
fn words(text: &str) -> usize {
    let unspaced = |c: &char| {
        matches!(
            c,
            // Thai and Lao, Burmese, Khmer, kana and Chinese characters, their rarer ones.
            '\u{e00}'..='\u{eff}'
                | '\u{1000}'..='\u{109f}'
                | '\u{1780}'..='\u{17ff}'
                | '\u{3040}'..='\u{30ff}'
                | '\u{3400}'..='\u{9fff}'
                | '\u{f900}'..='\u{faff}'
                | '\u{20000}'..='\u{3ffff}'
        )
    };
    let by_length = text.chars().filter(unspaced).count().div_ceil(3);
    text.split_whitespace().count().max(by_length)
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
    use super::*;

    fn column(values: impl IntoIterator<Item = String>) -> Column {
        let cells: Vec<Cell> = values.into_iter().map(Cell::Text).collect();
        Column::of("y", false, cells.iter())
    }

    fn numbers(values: impl IntoIterator<Item = i64>) -> impl Iterator<Item = String> {
        values.into_iter().map(|number| number.to_string())
    }

    #[test]
    fn many_numbers_side_by_side_may_be_either() {
        assert_eq!(column(numbers(0..77)).predicted(), None);
        assert_eq!(column(numbers((1..=40).chain([-1]))).predicted(), None);
        assert_eq!(column(numbers((0..30).chain([999]))).predicted(), None);
        let amounts = Some(Predicted::Amounts);
        assert_eq!(column(numbers(1950..2020)).predicted(), amounts);
        assert_eq!(column(numbers(-50..50)).predicted(), amounts);
        assert_eq!(column(numbers((0..90).map(|n| n * 7))).predicted(), amounts);
        assert_eq!(column(numbers(0..20)).predicted(), Some(Predicted::Classes));
    }

    #[test]
    fn the_file_that_names_its_numbers_decides() {
        let cells: Vec<Cell> = (0..77).map(Cell::Integer).collect();
        let named = Column::of("y", true, cells.iter());
        assert_eq!(named.predicted(), Some(Predicted::Classes));
    }

    #[test]
    fn a_mark_among_numbers_leaves_them_numbers() {
        for mark in ["NA", "", "-", "?", "\u{2013}", "none", "unknown", "nan"] {
            let values = numbers((0..100).map(|n| 3 * n + 500));
            let column = column(values.chain([mark.to_owned()]));
            assert_eq!((column.numeric, column.distinct), (true, 100), "{mark}");
            assert_eq!(column.predicted(), Some(Predicted::Amounts), "{mark}");
        }
        let words = column(numbers(0..100).chain(["pos".to_owned()]));
        assert!(!words.numeric);
        assert!(!column(["-".to_owned(), "none".to_owned()]).numeric);
    }

    #[test]
    fn scripts_without_blanks_have_words() {
        assert_eq!(words("a red cat"), 3);
        assert_eq!(words("正面"), 1);
        assert_eq!(words("这部电影真的非常好看"), 4);
        assert_eq!(words("とても良い映画でした"), 4);
    }
}
