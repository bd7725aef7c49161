//! Marks of absence: what data sets and programs write where a value is missing.

use std::collections::BTreeMap;

use super::visible::visible;

/// Written for a missing value by pandas, Python, R, databases and spreadsheets, in any case of letters.
const PROGRAMS: [&str; 17] = [
    "nan", "-nan", "+nan", "null", "<null>", "n/a", "#n/a", "na", "#na", "<na>", "n.a.", "nat",
    "\\n", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
];

/// Written for a missing label by data sets: GLUE, SNLI, PyTorch's losses, Weka.
const DATA_SETS: [&str; 5] = ["-1", "-", "--", "-100", "?"];

/// Words that may be a class or may say that there is none.
const DOUBTFUL: [&str; 12] = [
    "none",
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

/// Whether a label, without blanks around it, says that there is none.
pub(super) fn is_label_mark(name: &str) -> bool {
    DATA_SETS.contains(&name) || is_program_mark(name)
}

/// Whether an amount, without blanks around it, says that there is none; -1 is a number.
pub(super) fn is_amount_mark(text: &str) -> bool {
    is_program_mark(text) || ["-", "--", "?"].contains(&text)
}

/// Whether a whole text may have been written for one that is missing.
pub(super) fn is_text_mark(text: &str) -> bool {
    is_program_mark(text.trim())
}

/// Whether a class's name may say that there is no label.
pub(super) fn is_doubtful(name: &str) -> bool {
    DOUBTFUL.contains(&name.to_lowercase().as_str())
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
            "-1", "-", "", "nan", "NaN", "None", "null", "NULL", "N/A", "NA", "<NA>", "#N/A",
            "\\N", "?",
        ] {
            assert!(is_label_mark(mark), "{mark}");
        }
        for name in [
            "0", "1", "none", "NONE", "negative", "nano", "-2", "nope", "naïve",
        ] {
            assert!(!is_label_mark(name), "{name}");
        }
        assert!(is_doubtful("NONE") && is_doubtful("unlabelled") && !is_doubtful("nonsense"));
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
