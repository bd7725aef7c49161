//! Rows of tokens, put together into batches.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::model::{Backbone, Batch, BatchError, Tokenizer, TokenizerError};
use crate::task::{Example, Label};

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

/// Tokenises examples, each to at most `max_length` tokens.
///
/// # Errors
/// The tokenizer refuses a text.
pub fn rows(
    tokenizer: &Tokenizer,
    examples: &[Example],
    max_length: usize,
) -> Result<Vec<Row>, TokenizerError> {
    let encodings = tokenizer.encode(examples, max_length)?;
    let labelled = encodings.into_iter().zip(examples);
    Ok(labelled
        .map(|(encoding, example)| Row {
            ids: encoding.ids,
            types: encoding.type_ids,
            label: example.label,
        })
        .collect())
}

/// Puts rows side by side, padded to `length` tokens, or to the longest of them.
///
/// # Errors
/// See [`BatchError`].
pub fn collate(
    backbone: &Backbone,
    rows: &[&Row],
    padding_id: u32,
    length: Option<usize>,
) -> Result<Batch, BatchError> {
    let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
    let length = length.unwrap_or(longest).max(longest);
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
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(u64::from(epoch));
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut stream);
    order
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
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_an_order_of_its_own_that_repeats() {
        let first = epoch_order(100, 7, 1);
        assert_eq!(first, epoch_order(100, 7, 1));
        assert_ne!(first, epoch_order(100, 7, 2));
        assert_ne!(first, epoch_order(100, 8, 1));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_share_is_a_sample_without_replacement() {
        let half = share_of((0..101).collect(), 0.5, 3);
        assert_eq!(half.len(), 51);
        assert!(half.is_sorted_by(|a, b| a < b));
        assert_eq!(half, share_of((0..101).collect(), 0.5, 3));
        assert_eq!(share_of(vec![1, 2, 3], 1.0, 3), [1, 2, 3]);
        assert_eq!(share_of(vec![1, 2, 3], 0.001, 3).len(), 1);
    }
}
