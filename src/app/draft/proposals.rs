//! The values that a look at the data and at the lengths of its rows proposes, each with its reason.

use std::collections::BTreeMap;

use crate::model::{Tokenizer, TokenizerError};
use crate::task::{Dataset, Label, Labels, Metric};

/// Longer than any text.
const NO_LIMIT: usize = 1_000_000;
/// Rows whose tokens are counted.
const ROWS_COUNTED: usize = 5000;
/// Longest rows that are proposed, whatever the encoder takes: time and memory grow with them.
const LONGEST: usize = 256;
/// Steps of a training that suffice for small modules.
const STEPS: usize = 2000;
/// A class with more than this share of the rows makes accuracy a weak score.
const LOPSIDED: f64 = 0.65;

/// Rows of each class, by its number; empty for amounts.
pub(super) fn counts(dataset: &Dataset) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for row in dataset.train.iter().chain(&dataset.validation) {
        if let Label::Class(class) = row.label {
            *counts.entry(class).or_insert(0) += 1;
        }
    }
    counts
}

pub(super) fn labels_seen(dataset: &Dataset, counts: &BTreeMap<usize, usize>) -> String {
    match &dataset.labels {
        Labels::Classes(names) => {
            const SHOWN: usize = 10;
            let each = counts.iter().take(SHOWN);
            let each: Vec<String> = each.map(|(&c, n)| format!("{} {n}", names[c])).collect();
            let more = if names.len() > SHOWN { ", ..." } else { "" };
            format!("{} classes: {}{more}.", names.len(), each.join(", "))
        }
        Labels::Regression => {
            let rows = dataset.train.iter().chain(&dataset.validation);
            let values = rows.filter_map(|row| match row.label {
                Label::Value(value) => Some(value),
                Label::Class(_) => None,
            });
            let range = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            });
            format!("The label is an amount from {} to {}.", range.0, range.1)
        }
    }
}

/// The largest class's share of the rows.
fn largest_share(counts: &BTreeMap<usize, usize>) -> f64 {
    let all: usize = counts.values().sum();
    let most = counts.values().max().copied().unwrap_or(0);
    most as f64 / all.max(1) as f64
}

pub(super) fn metric(dataset: &Dataset, counts: &BTreeMap<usize, usize>) -> (Metric, String) {
    match &dataset.labels {
        Labels::Regression => {
            let why = "whether the predictions are in the right order, on any scale";
            (Metric::Spearman, why.to_owned())
        }
        Labels::Classes(_) if largest_share(counts) > LOPSIDED => {
            let percent = 100.0 * largest_share(counts);
            let why =
                format!("{percent:.0} % of the rows are of one class, which accuracy would reward");
            (Metric::Matthews, why)
        }
        Labels::Classes(_) => (
            Metric::Accuracy,
            "the classes are of similar size".to_owned(),
        ),
    }
}

/// The maximum length with its reason, and what was seen.
pub(super) fn length(
    tokenizer: &Tokenizer,
    dataset: &Dataset,
    longest: usize,
) -> Result<((usize, String), String), TokenizerError> {
    let rows = &dataset.train[..dataset.train.len().min(ROWS_COUNTED)];
    let encoded = tokenizer.encode(rows, NO_LIMIT)?;
    let mut lengths: Vec<usize> = encoded.iter().map(|row| row.ids.len()).collect();
    lengths.sort_unstable();
    let at = |percent: usize| lengths[(lengths.len() - 1) * percent / 100];
    let (most, nearly_all) = (at(100), at(99));
    let length = nearly_all
        .next_multiple_of(8)
        .min(LONGEST)
        .min(longest)
        .max(8);
    let cut = lengths.iter().filter(|&&l| l > length).count();
    let percent = 100.0 * cut as f64 / lengths.len() as f64;
    let why = match cut {
        0 => "no row is longer".to_owned(),
        _ => format!("cuts {percent:.1} % of the rows"),
    };
    let seen = format!(
        "Tokens: half of the rows have at most {}, 99 % at most {nearly_all}, the longest has {most}.",
        at(50)
    );
    Ok(((length, why), seen))
}

pub(super) fn epochs(rows: usize, batch_size: usize) -> (u32, String) {
    let steps = rows.div_ceil(batch_size).max(1);
    let epochs = STEPS.div_ceil(steps).clamp(3, 20);
    let why = format!("{steps} steps each; the best one's weights are kept");
    (epochs as u32, why)
}

pub(super) fn warnings(dataset: &Dataset, counts: &BTreeMap<usize, usize>) -> Vec<String> {
    let mut warnings = dataset.warnings.clone();
    if let (Labels::Classes(names), Some((&rarest, &few))) =
        (&dataset.labels, counts.iter().min_by_key(|(_, n)| **n))
        && few < 20
    {
        warnings.push(format!("the class {} has {few} rows only", names[rarest]));
    }
    warnings
}
