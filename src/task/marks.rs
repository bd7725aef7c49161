//! Marks of absence: what data sets and programs write where a value is missing.

use std::collections::BTreeMap;

use crate::visible::{is_hidden, visible};

/// Written for a missing value by pandas, Python, R, databases and spreadsheets, in any case of letters.
const PROGRAMS: [&str; 41] = [
    "nan",
    "-nan",
    "+nan",
    "<nan>",
    "null",
    "<null>",
    "(null)",
    "[null]",
    "<none>",
    "(none)",
    "[none]",
    "(blank)",
    "(empty)",
    "n/a",
    "n/a.",
    "n / a",
    "n\\a",
    "#n/a",
    "#n/a n/a",
    "na",
    "#na",
    "<na>",
    "n.a.",
    "n.a",
    "nat",
    "\\n",
    "1.#ind",
    "-1.#ind",
    "1.#qnan",
    "-1.#qnan",
    "#ref!",
    "#value!",
    "#name?",
    "#div/0!",
    "#num!",
    "#null!",
    "#error!",
    "#spill!",
    "#calc!",
    // What a missing number becomes where it is cast to a whole one.
    "-9223372036854775808",
    "-2147483648",
];

/// Written for a missing label by data sets: GLUE, SNLI, PyTorch's losses, Weka.
const DATA_SETS: [&str; 5] = ["-1", "-", "--", "-100", "?"];

/// Dashes that are written for the one on the keyboard: hyphens, figure, en and em dash, bar, minus.
const DASHES: [char; 7] = [
    '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}',
];
/// A label of these alone names nothing.
const EMPTY_HANDED: [char; 13] = [
    '-', '.', '\u{2026}', '_', '"', '\'', '`', '(', ')', '[', ']', '{', '}',
];

/// Words that may be a class or may say that there is none.
const DOUBTFUL: [&str; 14] = [
    "none",
    "inf",
    "not applicable",
    "nil",
    "unknown",
    "unk",
    "missing",
    "undefined",
    "unlabeled",
    "unlabelled",
    "no label",
    "nolabel",
    "no_label",
    "not available",
];

/// Numbers that people write for a label that is missing, where they stand apart from all others.
const CODES: [i64; 14] = [
    -2,
    -9,
    -99,
    -999,
    -9999,
    9,
    88,
    99,
    255,
    999,
    9999,
    65535,
    99999,
    4_294_967_295,
];

/// Whether a label, without blanks around it, says that there is none.
pub(super) fn is_label_mark(name: &str) -> bool {
    let plain = name.replace(DASHES, "-");
    let names_nothing = |c: char| EMPTY_HANDED.contains(&c) || c.is_whitespace() || is_hidden(c);
    DATA_SETS.contains(&plain.as_str())
        || is_program_mark(&plain)
        || plain.chars().all(names_nothing)
}

/// Whether an amount, without blanks around it, says that there is none; -1 is a number.
pub(super) fn is_amount_mark(text: &str) -> bool {
    let plain = text.replace(DASHES, "-");
    is_program_mark(&plain) || ["-", "--", "?"].contains(&plain.as_str())
}

/// Whether a whole text may have been written for one that is missing.
pub(super) fn is_text_mark(text: &str) -> bool {
    is_program_mark(text.trim())
}

/// Whether a class's name may say that there is no label.
pub(super) fn is_doubtful(name: &str) -> bool {
    DOUBTFUL.contains(&name.to_lowercase().trim_end_matches('.'))
}

/// Of classes that are numbers, those that may stand for a missing label: such a number, with no neighbour.
pub(super) fn codes<'n>(names: &'n [String]) -> impl Iterator<Item = &'n str> {
    let numbers: Vec<Option<i64>> = names.iter().map(|name| name.parse().ok()).collect();
    let stands_apart = move |number: i64| {
        let is_neighbour = |other: &Option<i64>| other.is_some_and(|o| o.abs_diff(number) == 1);
        CODES.contains(&number) && !numbers.iter().any(is_neighbour)
    };
    let coded = move |name: &&'n String| name.parse().is_ok_and(&stands_apart);
    names.iter().filter(coded).map(String::as_str)
}

fn is_program_mark(text: &str) -> bool {
    // `None` is Python's; `none` and `NONE` are words.
    text.is_empty() || text == "None" || PROGRAMS.contains(&text.to_lowercase().as_str())
}

/// How often each mark occurs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks(BTreeMap<String, usize>);

impl Marks {
    /// Counts one more; none: an absent value or `null`.
    pub(super) fn count(&mut self, mark: Option<&str>) {
        let name = match mark {
            None => "null".to_owned(),
            Some("") => "empty".to_owned(),
            Some(number @ ("-1" | "-100")) => number.to_owned(),
            Some(mark) => format!("`{}`", visible(mark)),
        };
        *self.0.entry(name).or_insert(0) += 1;
    }

    /// How many there are of all.
    pub(super) fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// The only mark.
    pub(super) fn only(&self) -> Option<&str> {
        match self.0.len() {
            1 => self.0.keys().next().map(String::as_str),
            _ => None,
        }
    }

    /// `8 are -1, 4 are empty`.
    pub(super) fn listed(&self) -> String {
        let is = |count| if count == 1 { "is" } else { "are" };
        let each = self.0.iter();
        let each = each.map(|(mark, &count)| format!("{count} {} {mark}", is(count)));
        each.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_names() {
        for mark in [
            "-1",
            "-",
            "",
            "nan",
            "NaN",
            "None",
            "null",
            "NULL",
            "N/A",
            "NA",
            "<NA>",
            "#N/A",
            "\\N",
            "?",
            "\u{2013}",
            "\u{2014}",
            "\u{2212}1",
            "\u{200b}",
            "\u{feff}",
            "(null)",
            "[null]",
            "(blank)",
            "n.a",
            "N/A.",
            "#N/A N/A",
            "#REF!",
            "#DIV/0!",
            ".",
            "...",
            "_",
            "[]",
            "{}",
            "\"\"",
            "-9223372036854775808",
        ] {
            assert!(is_label_mark(mark), "{mark}");
        }
        for name in [
            "0", "1", "none", "NONE", "negative", "nano", "-2", "nope", "naïve", "+", "*", "***",
            "<", ">=", "👍", "C#", "-5", "–x",
        ] {
            assert!(!is_label_mark(name), "{name}");
        }
        assert!(is_doubtful("NONE") && is_doubtful("unlabelled") && !is_doubtful("nonsense"));
    }

    #[test]
    fn numbers_that_stand_apart_may_be_codes() {
        let found = |names: &[&str]| -> Vec<String> {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            codes(&names).map(str::to_owned).collect()
        };
        assert_eq!(found(&["-9", "0", "1", "99"]), ["-9", "99"]);
        assert!(found(&["-2", "-1", "0", "1", "2"]).is_empty());
        assert!(found(&["7", "8", "9"]).is_empty());
        assert!(found(&["0", "1", "5"]).is_empty());
    }

    #[test]
    fn minus_one_is_an_amount_and_a_dash_is_none() {
        assert!(!is_amount_mark("-1") && !is_amount_mark("-100"));
        assert!(is_amount_mark("-") && is_amount_mark("") && is_amount_mark("NaN"));
    }

    #[test]
    fn marks_are_counted_by_what_they_are() {
        let mut marks = Marks::default();
        for mark in [Some("-1"), None, Some(""), Some("-1"), Some("N/A")] {
            marks.count(mark);
        }
        assert_eq!(marks.total(), 5);
        assert_eq!(marks.only(), None);
        assert_eq!(
            marks.listed(),
            "2 are -1, 1 is `N/A`, 1 is empty, 1 is null"
        );
    }
}
