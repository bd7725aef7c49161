//! Rows of tokens, put together into batches.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::model::ops::Habits;
use crate::model::{Backbone, Batch, BatchError};
use crate::task::Label;

/// One row, tokenised.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Token ids, special tokens included, no padding.
    pub ids: Vec<u32>,
    /// Token types, one per id.
    pub types: Vec<u32>,
    /// What is to be predicted.
    pub label: Label,
}

/// Numbers of the rows from short to long.
pub fn by_length(rows: &[Row]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| rows[row].ids.len());
    order
}

/// Puts rows together: padded to `length` tokens, or else end to end where the backbone takes them so, or padded to the
/// longest of them, or a little more where its device likes few shapes.
///
/// # Errors
/// See [`BatchError`].
pub fn collate(
    backbone: &Backbone,
    rows: &[&Row],
    padding_id: u32,
    length: Option<usize>,
) -> Result<Batch, BatchError> {
    if length.is_none() && backbone.packs() {
        let parts: Vec<[&[u32]; 2]> = rows.iter().map(|r| [&r.ids[..], &r.types[..]]).collect();
        return backbone.packed(&parts);
    }
    let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
    let most = backbone.config().longest_sequence();
    let length = match length {
        Some(length) => length.max(longest),
        None => backbone.habits().padded(longest, most),
    };
    let padded = |numbers: fn(&Row) -> Vec<u32>, padding: u32| -> Vec<u32> {
        rows.iter()
            .flat_map(|row| {
                let mut numbers = numbers(row);
                numbers.resize(length, padding);
                numbers
            })
            .collect()
    };
    let ids = padded(|row| row.ids.clone(), padding_id);
    let types = padded(|row| row.types.clone(), 0);
    let mask = padded(|row| vec![1; row.ids.len()], 0);
    backbone.batch(&ids, &types, &mask, [rows.len(), length])
}

/// The order of rows in one epoch: a fresh permutation for each epoch of each trial, the same whenever it is asked for.
pub fn epoch_order(rows: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut stream_of(seed, epoch));
    order
}

/// A batch's rows, cut into groups of like length, from short to long: together they make one step's loss, and each is
/// padded to its own longest row only.
///
/// Which rows share a step stays as [`epoch_order`] has drawn it, so the loss, its gradient and their noise are the
/// undivided batch's up to rounding (with dropout: up to which masks are drawn). Batches of rows of like length would
/// save more padding, but not that: where length goes with the label, as it often does, their gradients stray.
///
/// Of all ways to cut, this is one with the least of Σ (rows · longest row + `group_tokens`) over the groups, see
/// [`Habits`]; `length` are the tokens to which a row is padded at least. An optimal group is a run of the rows in order of
/// length, so that is a shortest path over the places to cut. Where the device likes few shapes, all groups but the first
/// have a multiple of `group_rows`, so that the last batch of an epoch, which keeps its size, adds few.
pub fn length_groups(
    batch: &[usize],
    habits: &Habits,
    length: impl Fn(usize) -> usize,
) -> Vec<Vec<usize>> {
    let mut rows = batch.to_vec();
    rows.sort_by_key(|&row| length(row));
    // Of the first `end` rows: what they cost at least, and where their last group begins.
    let mut best = vec![(0, 0)];
    for end in 1..=rows.len() {
        let longest = length(rows[end - 1]);
        let cost = |begin: usize| best[begin].0 + (end - begin) * longest + habits.group_tokens;
        let is_whole = |begin: usize| (end - begin).is_multiple_of(habits.group_rows);
        let begins = (0..end).filter(|&begin| begin == 0 || is_whole(begin));
        let cheapest = begins.map(|begin| (cost(begin), begin)).min();
        best.extend(cheapest);
    }
    let mut groups = Vec::new();
    let mut end = rows.len();
    while end > 0 {
        groups.push(rows.split_off(best[end].1));
        end = best[end].1;
    }
    groups.reverse();
    groups
}

fn stream_of(seed: u64, epoch: u32) -> ChaCha8Rng {
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(u64::from(epoch));
    stream
}

/// A share of the rows, at least one, the same for all trials of a study: drawn without replacement, order kept.
pub fn share_of<T>(mut rows: Vec<T>, share: f64, seed: u64) -> Vec<T> {
    let wanted = ((rows.len() as f64 * share).round() as usize).clamp(1, rows.len().max(1));
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    // Selection sampling (Knuth, The Art of Computer Programming, vol. 2, 3.4.2, algorithm S).
    let (mut left, mut missing) = (rows.len(), wanted);
    rows.retain(|_| {
        let taken = stream.random_range(0..left) < missing;
        left -= 1;
        missing -= usize::from(taken);
        taken
    });
    rows
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests;
