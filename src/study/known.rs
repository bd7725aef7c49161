//! The names that a study file may use for modules and tasks.

use crate::task::Metric;

/// PEFT modules by name.
pub(super) const MODULES: &[&str] = &["serial", "parallel", "prefix"];

/// Tasks by name, with their own metric.
pub(super) const TASKS: &[(&str, Metric)] = &[
    ("demo", Metric::Accuracy),
    ("cola", Metric::Matthews),
    ("sst2", Metric::Accuracy),
    ("mrpc", Metric::Accuracy),
    ("stsb", Metric::Spearman),
    ("qqp", Metric::Accuracy),
    ("mnli", Metric::Accuracy),
    ("qnli", Metric::Accuracy),
    ("rte", Metric::Accuracy),
    ("cb", Metric::Accuracy),
    ("copa", Metric::Accuracy),
    ("wic", Metric::Accuracy),
    ("boolq", Metric::Accuracy),
];

/// The known name that comes nearest to a slip of the keyboard, if any is near enough to be meant.
pub(super) fn nearest<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let slips = strsim::damerau_levenshtein(&wanted, candidate);
            (slips, candidate)
        })
        .filter(|(slips, candidate)| {
            let longest = wanted.chars().count().max(candidate.len());
            *slips <= 1.max(longest / 3) || starts_alike(&wanted, candidate)
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Whether one begins with the other and they share enough to tell: `lr` is no start of `layers`.
fn starts_alike(a: &str, b: &str) -> bool {
    a.len().min(b.len()) >= 4 && (a.starts_with(b) || b.starts_with(a))
}
