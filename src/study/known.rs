//! The names that a study file may use for modules and tasks, and the nearest of them to a slip of the keyboard.

use crate::model::peft::REGISTRY;
use crate::task::TASKS;

/// The task that the program makes itself.
pub(super) const DEMO: &str = "demo";

/// What is longer, in bytes, is no slip of the keyboard: the longest name that is known has 23.
const LONGEST: usize = 64;

/// PEFT modules by name.
pub(super) fn modules() -> Vec<&'static str> {
    REGISTRY.iter().map(|module| module.name()).collect()
}

/// Tasks by name, our own first.
pub(super) fn tasks() -> Vec<&'static str> {
    let registered = TASKS.iter().map(|task| task.name);
    std::iter::once(DEMO)
        .chain(registered.filter(|name| *name != DEMO))
        .collect()
}

/// The known name that comes nearest to a slip of the keyboard, if any is near enough to be meant.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // The count of slips takes time and memory by the square of the length.
    if name.len() > LONGEST {
        return None;
    }
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, candidate), candidate))
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
