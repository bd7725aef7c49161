//! The list of a task's classes: stated once, and used by every file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::TaskError;
use super::labels::LabelColumn;
use super::marks::{codes, is_doubtful};
use super::read::{Row, file_name};
use crate::visible::{is_hidden, listed, visible};

/// More classes than this are taken for numbers or texts by mistake.
const MOST_CLASSES: usize = 1000;
/// From so many rows on, no two of them sharing a label is no chance.
const ROWS_THAT_REPEAT: usize = 12;

/// Second classes of known tasks that `true` stands for.
const TRUE: [&str; 6] = [
    "acceptable",
    "duplicate",
    "equivalent",
    "positive",
    "same",
    "yes",
];

/// The classes in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClassList {
    /// Their names.
    pub(super) names: Vec<String>,
    /// Who says so.
    pub(super) origin: Origin,
}

/// Who says what the classes are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// The known task.
    Task,
    /// `task.labels`.
    Settings,
    /// The training file's `ClassLabel`.
    Metadata(PathBuf),
    /// The labels of the training file's rows.
    Rows(PathBuf),
}

impl ClassList {
    /// The classes that occur: numbers in their order, other names in alphabetical order.
    ///
    /// # Errors
    /// The labels are no classes, or some are words and some are numbers.
    pub(super) fn occurring(column: &LabelColumn<'_>, rows: &[&Row]) -> Result<Self, TaskError> {
        let names: BTreeSet<String> = rows
            .iter()
            .filter_map(|row| column.name(row))
            .map(|name| name.into_owned())
            .collect();
        let (numbers, words): (Vec<&str>, Vec<&str>) = names
            .iter()
            .map(String::as_str)
            .partition(|name| is_number(name));
        let problem = if !numbers.is_empty() && !words.is_empty() {
            format!(
                "some labels are words ({}) and some are numbers ({}), so that one class may have two names; write them alike, or name all classes with `task.labels`",
                listed(words.into_iter()),
                listed(numbers.into_iter())
            )
        } else if numbers.iter().any(|name| amount(name).fract() != 0.0) {
            "the labels are numbers with fractions; set `regression = true` to predict numbers"
                .into()
        } else if names.len() > MOST_CLASSES {
            format!(
                "there are {} different labels, more than {MOST_CLASSES}; set `regression = true` to predict numbers",
                names.len()
            )
        } else if names.len() < 2 {
            format!(
                "every label is {}; at least two classes are needed",
                names
                    .first()
                    .map_or_else(|| "missing".to_owned(), |name| visible(name))
            )
        } else if names.len() == rows.len() && rows.len() >= ROWS_THAT_REPEAT {
            format!(
                "every one of the {} rows has a label of its own, so that nothing can be learnt of a class; name another column, or set `regression = true` to predict numbers",
                rows.len()
            )
        } else {
            let are_numbers = words.is_empty();
            let mut names: Vec<String> = names.into_iter().collect();
            if are_numbers {
                names.sort_by(|a, b| amount(a).total_cmp(&amount(b)).then(a.cmp(b)));
            }
            let origin = Origin::Rows(column.files()[0].clone());
            return Ok(Self { names, origin });
        };
        Err(column.wrong(0, problem))
    }

    /// A class by its name; `True` and `true` are one, however a program writes them.
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        let exact = self.names.iter().position(|known| known == name);
        let truth = |known: &String| is_truth(name) && known.eq_ignore_ascii_case(name);
        exact.or_else(|| self.names.iter().position(truth))
    }

    /// A class by its number, where the list is stated and its names are no numbers themselves.
    pub(super) fn by_number(&self, name: &str) -> Option<usize> {
        if self.origin == Origin::Task && is_truth(name) {
            let answers = self.names.len() == 2 && TRUE.contains(&self.names[1].as_str());
            return answers.then(|| usize::from(name.eq_ignore_ascii_case("true")));
        }
        let number = name
            .parse()
            .ok()
            .filter(|number| *number < self.names.len());
        number.filter(|_| self.takes_numbers())
    }

    /// Whether numbers count as places in the list.
    pub(super) fn takes_numbers(&self) -> bool {
        let stated = !matches!(self.origin, Origin::Rows(_));
        stated && !self.names.iter().any(|name| is_number(name))
    }

    /// Whether numbers of another file, which names them not, are names and places alike: its metadata calls classes by
    /// numbers that are other classes' places, and these `names` could be either.
    pub(super) fn is_ambiguous(&self, names: &[std::borrow::Cow<'_, str>]) -> bool {
        let in_place = |(place, name): (usize, &String)| *name == place.to_string();
        let is_place = |name: &str| name.parse().is_ok_and(|n: usize| n < self.names.len());
        matches!(self.origin, Origin::Metadata(_))
            && !self.names.iter().enumerate().all(in_place)
            && names
                .iter()
                .all(|name| self.by_name(name).is_some() && is_place(name))
    }

    /// The names, and who says so.
    pub(super) fn described(&self) -> String {
        let names = listed(self.names.iter().map(String::as_str));
        match &self.origin {
            Origin::Task => format!("{names} (the task's classes)"),
            Origin::Settings => format!("{names} (from `task.labels`)"),
            Origin::Metadata(path) => format!("{names} (the ClassLabel of {})", file_name(path)),
            Origin::Rows(path) => format!("{names} (the labels of {})", file_name(path)),
        }
    }

    /// What is odd about names that nobody stated.
    pub(super) fn doubts(&self) -> Vec<String> {
        if !matches!(self.origin, Origin::Rows(_)) {
            return Vec::new();
        }
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for name in &self.names {
            alike.entry(folded(name)).or_default().push(name);
        }
        let alike = alike.into_values().filter(|names| names.len() > 1);
        let alike = alike.map(|names| {
            format!(
                "the classes {} differ in their spelling alone, and count as {}",
                listed(names.iter().copied()),
                names.len()
            )
        });
        let doubtful = self.names.iter().filter(|name| is_doubtful(name));
        let doubtful = doubtful.map(|name| {
            format!(
                "the label `{}` counts as a class; if it marks rows without a label, remove them",
                visible(name)
            )
        });
        let codes = codes(&self.names).map(|name| {
            format!(
                "the label {name} counts as a class, far from the other numbers; if it marks rows without a label, remove them"
            )
        });
        alike.chain(doubtful).chain(codes).collect()
    }
}

/// Whether a name is a number.
pub(super) fn is_number(name: &str) -> bool {
    name.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A name that is a number, as that number.
fn amount(name: &str) -> f64 {
    name.parse().unwrap_or_default()
}

fn is_truth(name: &str) -> bool {
    name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false")
}

/// A name without what a reader does not see or hear: case, blanks, dashes between words, characters without width, quotes
/// around it, zeros before a number.
fn folded(name: &str) -> String {
    let blank = |c: char| match c {
        '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' => ' ',
        other => other,
    };
    let (sign, rest) = match name.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", name),
    };
    let seen: String = rest.chars().filter(|c| !is_hidden(*c)).map(blank).collect();
    let seen = format!("{sign}{seen}");
    let words: Vec<&str> = seen.split_whitespace().collect();
    let folded = words.join(" ").to_lowercase();
    let folded = folded.trim_matches(['"', '\'', '`']).to_owned();
    folded
        .parse::<i64>()
        .map_or(folded, |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str], origin: Origin) -> ClassList {
        ClassList {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            origin,
        }
    }

    #[test]
    fn numbers_are_places_only_in_a_stated_list_of_words() {
        let words = ["neg", "pos"];
        assert_eq!(list(&words, Origin::Settings).by_number("1"), Some(1));
        assert_eq!(list(&words, Origin::Settings).by_number("2"), None);
        assert_eq!(list(&words, Origin::Settings).by_number("-1"), None);
        assert_eq!(
            list(&words, Origin::Rows("t.csv".into())).by_number("1"),
            None
        );
        assert_eq!(list(&["1", "2"], Origin::Settings).by_number("1"), None);
        assert_eq!(list(&["1", "2"], Origin::Settings).by_name("1"), Some(0));
    }

    #[test]
    fn truth_is_a_place_only_where_the_task_says_so() {
        assert_eq!(
            list(&["no", "yes"], Origin::Task).by_number("True"),
            Some(1)
        );
        for (names, origin) in [
            (["yes", "no"], Origin::Settings),
            (["entailment", "not_entailment"], Origin::Task),
            (["choice1", "choice2"], Origin::Task),
        ] {
            assert_eq!(list(&names, origin).by_number("true"), None);
        }
        assert_eq!(
            list(&["False", "True"], Origin::Settings).by_name("true"),
            Some(1)
        );
        assert_eq!(list(&["Pos", "Neg"], Origin::Settings).by_name("pos"), None);
    }

    #[test]
    fn numbers_that_are_names_and_places_alike_are_ambiguous() {
        let of_metadata = |names: &[&str]| list(names, Origin::Metadata("t.parquet".into()));
        fn are<'n>(names: &[&'n str]) -> Vec<std::borrow::Cow<'n, str>> {
            names.iter().map(|&name| name.into()).collect()
        }
        assert!(of_metadata(&["1", "0"]).is_ambiguous(&are(&["0", "1"])));
        assert!(of_metadata(&["1", "2", "3"]).is_ambiguous(&are(&["1", "2"])));
        assert!(!of_metadata(&["1", "2", "3"]).is_ambiguous(&are(&["1", "2", "3"])));
        assert!(!of_metadata(&["0", "1"]).is_ambiguous(&are(&["0", "1"])));
        assert!(!list(&["1", "0"], Origin::Settings).is_ambiguous(&are(&["0", "1"])));
    }

    #[test]
    fn spellings_that_differ_for_machines_alone_are_doubted() {
        let rows = || Origin::Rows("t.csv".into());
        let doubts = list(&["Pos", "neg", "pos"], rows()).doubts();
        assert_eq!(
            doubts,
            ["the classes `Pos`, `pos` differ in their spelling alone, and count as 2"]
        );
        assert_eq!(list(&["01", "1", "2"], rows()).doubts().len(), 1);
        assert_eq!(list(&["a  b", "a b"], rows()).doubts().len(), 1);
        assert_eq!(list(&["neg", "neg\"", "pos"], rows()).doubts().len(), 1);
        assert_eq!(list(&["pos", "po\u{200b}s"], rows()).doubts().len(), 1);
        let dashes = ["non-toxic", "non\u{2013}toxic", "not toxic", "not_toxic"];
        assert_eq!(list(&dashes, rows()).doubts().len(), 2);
        assert!(list(&["-1", "1"], rows()).doubts().is_empty());
        assert_eq!(list(&["-99", "0", "1"], rows()).doubts().len(), 1);
        assert!(list(&["none", "some"], rows()).doubts()[0].contains("`none`"));
        assert!(
            list(&["none", "None"], Origin::Settings)
                .doubts()
                .is_empty()
        );
    }
}
