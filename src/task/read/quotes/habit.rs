//! What the columns of a file usually hold.

use std::collections::HashSet;

use crate::task::marks::{is_amount_mark, is_label_mark};

/// What one column holds outside of fields that span lines.
pub(super) struct Habit<'r> {
    pub(super) values: HashSet<&'r [u8]>,
    /// The lowest and the highest, where nearly every value is a number.
    pub(super) range: Option<(f64, f64)>,
    /// Whether a value begins with a blank, as text behind a comma does.
    pub(super) blanks: bool,
}

impl<'r> Habit<'r> {
    /// Of a column's values in so many `rows`.
    pub(super) fn of(values: impl Iterator<Item = &'r [u8]>, rows: usize, blanks: bool) -> Self {
        let values: HashSet<&[u8]> = values.filter(|value| is_line(value)).collect();
        let numbers: Vec<f64> = values.iter().filter_map(|value| number(value)).collect();
        let others = values.len() - numbers.len();
        let numeric = !numbers.is_empty() && (others <= 1 || 10 * others < 2 * rows);
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            values,
            range: numeric.then_some((low, high)),
            blanks,
        }
    }

    /// Whether the column holds the value, or could by its range of numbers.
    pub(super) fn holds(&self, value: &[u8]) -> bool {
        let within = |(low, high)| number(value).is_some_and(|n| low <= n && n <= high);
        self.values.contains(value) || self.range.is_some_and(within)
    }
}

/// Whether it is on one line.
pub(super) fn is_line(value: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', value).is_none()
}

/// A number as programs write it; `000` is the rest of one.
pub(super) fn number(value: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let digits = text.trim_start_matches(['-', '+']);
    let is_rest =
        digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    let number: f64 = text.parse().ok().filter(|_| !is_rest)?;
    number.is_finite().then_some(number)
}

/// Whether it says that a label is missing.
pub(super) fn is_mark(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    !text.is_empty() && (is_label_mark(text) || is_amount_mark(text))
}
