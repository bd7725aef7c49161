//! A power cut while a batch was being written: any of its sectors may have reached the disk.

use std::path::Path;

use proptest::prelude::*;

use super::every_record::every_record;
use crate::journal::{JournalError, line, replay};

/// What reaches a disk whole or not at all.
const SECTOR: usize = 512;

/// A journal of two batches, where the second begins, and what both hold.
fn two_batches(first: usize, second: usize) -> (Vec<u8>, usize) {
    let all = every_record();
    let one = line::encode(&all[..first], 0.5).unwrap();
    let other = line::encode(&all[first..first + second], 0.5).unwrap();
    let begins = one.len();
    ([one, other].concat(), begins)
}

proptest! {
    #[test]
    fn a_batch_torn_in_any_order_is_a_torn_tail(
        (first, second) in (1_usize..6, 2_usize..15),
        lost in proptest::collection::vec(any::<bool>(), 64),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let (whole, begins) = two_batches(first, second);
        let mut torn = whole.clone();
        for (at, byte) in torn.iter_mut().enumerate().skip(begins) {
            // The sector that was there before the batch keeps what it held.
            if lost[at / SECTOR % lost.len()] {
                *byte = 0;
            }
        }
        if is_cut {
            torn.truncate(begins + cut.index(whole.len() - begins));
        }
        let history = replay(&torn, Path::new("journal.jsonl")).unwrap();
        if torn == whole {
            prop_assert_eq!(history.records.len(), first + second);
        } else {
            prop_assert_eq!(history.records.len(), first);
            prop_assert_eq!(history.bytes as usize, begins);
            let tail = history.torn_tail.map(|tail| (tail.offset as usize, tail.bytes as usize));
            let left = torn.len() - begins;
            prop_assert_eq!(tail, (left > 0).then_some((begins, left)));
        }
    }

    #[test]
    fn damage_before_the_last_batch_is_damage(
        (first, second) in (1_usize..6, 1_usize..15),
        at in any::<prop::sample::Index>(),
        length in 1_usize..2000,
    ) {
        let (mut damaged, begins) = two_batches(first, second);
        // Its newline stays: without it both batches are one.
        let at = at.index(begins - 1);
        let end = (begins - 1).min(at + length);
        damaged[at..end].fill(0);
        let error = replay(&damaged, Path::new("journal.jsonl")).unwrap_err();
        let is_damage = matches!(error, JournalError::Damaged { line: 1, intact: 0, after, .. } if after == second);
        prop_assert!(is_damage, "{error}");
    }
}
