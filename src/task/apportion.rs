//! How many rows of each class are chosen: largest remainders (Hamilton's method), with small classes served.
//!
//! | symbol | meaning |
//! |---|---|
//! | n_k, n | rows of class k, of all classes |
//! | m | rows wanted |
//! | q_k | m n_k / n, the share of class k |
//! | c_k | rows chosen of class k |
//!
//! Each class has ⌊q_k⌋ rows first; the rows still wanted go one by one to the class with the largest q_k − c_k, of equal
//! ones the first. All is done in whole numbers, so that it is the same on every machine.

use std::cmp::Reverse;

/// This share of the rows of all classes. A class of two rows or more gives one at least and keeps one at least; where
/// that takes more than `share` of all rows, it is more.
pub(super) fn share(sizes: &[usize], share: f64) -> Vec<usize> {
    let wanted = rows_of(sizes, share);
    let bounds = |size: usize| (usize::from(size > 1), size.saturating_sub(1));
    let mut counts: Vec<usize> = whole(sizes, wanted)
        .zip(sizes)
        .map(|(count, &size)| {
            let (least, most) = bounds(size);
            count.clamp(least, most)
        })
        .collect();
    fill(sizes, wanted, &mut counts, |k| bounds(sizes[k]).1);
    counts
}

/// So many rows in all, rounded, are this share.
pub(super) fn rows_of(sizes: &[usize], share: f64) -> usize {
    (share * sizes.iter().sum::<usize>() as f64).round() as usize
}

/// `wanted` of the rows of all classes, or all where there are no more; as many classes as possible have one row at least.
pub(super) fn at_most(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let wanted = wanted.min(sizes.iter().sum());
    let mut counts: Vec<usize> = whole(sizes, wanted).collect();
    fill(sizes, wanted, &mut counts, |k| sizes[k]);
    loop {
        let classes = || 0..sizes.len();
        let unserved = classes().filter(|&k| counts[k] == 0 && sizes[k] > 0);
        let unserved = unserved.max_by_key(|&k| (sizes[k], Reverse(k)));
        let richest = classes().filter(|&k| counts[k] > 1);
        let richest = richest.min_by_key(|&k| (missing(sizes, wanted, &counts, k), k));
        let (Some(unserved), Some(richest)) = (unserved, richest) else {
            return counts;
        };
        counts[unserved] += 1;
        counts[richest] -= 1;
    }
}

/// ⌊q_k⌋ of every class.
fn whole(sizes: &[usize], wanted: usize) -> impl Iterator<Item = usize> {
    let all = sizes.iter().sum::<usize>().max(1) as u128;
    let share = move |&size: &usize| (wanted as u128 * size as u128 / all) as usize;
    sizes.iter().map(share)
}

/// n (q_k − c_k): what class k lacks.
fn missing(sizes: &[usize], wanted: usize, counts: &[usize], k: usize) -> i128 {
    let all: usize = sizes.iter().sum();
    wanted as i128 * sizes[k] as i128 - counts[k] as i128 * all as i128
}

/// Gives what is still wanted to the classes that lack most, up to the `most` that each has.
fn fill(sizes: &[usize], wanted: usize, counts: &mut [usize], most: impl Fn(usize) -> usize) {
    for _ in counts.iter().sum()..wanted {
        let room = (0..sizes.len()).filter(|&k| counts[k] < most(k));
        let next = room.max_by_key(|&k| (missing(sizes, wanted, counts, k), Reverse(k)));
        let Some(next) = next else { return };
        counts[next] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exact_where_every_class_has_its_part() {
        assert_eq!(share(&[40, 30, 30], 0.2), [8, 6, 6]);
        // Shares 4.5 and 4.5, 9 rows in all.
        assert_eq!(share(&[45, 45], 0.1), [5, 4]);
        // Shares 3.3, 3.3 and 3.4: the largest remainder takes the tenth row.
        assert_eq!(share(&[33, 33, 34], 0.1), [3, 3, 4]);
        assert_eq!(share(&[1000], 0.1), [100]);
    }

    #[test]
    fn every_class_of_two_rows_is_on_both_sides() {
        // Twenty classes of four rows beside one of a hundred: shares of 0.4 and 10.
        let long_tail: Vec<usize> = [100].into_iter().chain([4; 20]).collect();
        let expected: Vec<usize> = [10].into_iter().chain([1; 20]).collect();
        assert_eq!(share(&long_tail, 0.1), expected);
        assert_eq!(share(&[96, 2, 2], 0.1), [9, 1, 1]);
        assert_eq!(share(&[2, 2, 96], 0.95), [1, 1, 93]);
        // A single row stays in training.
        assert_eq!(share(&[10, 1], 0.5), [6, 0]);
        for part in [0.01, 0.1, 0.3, 0.5, 0.77, 0.99] {
            let sizes = [1, 2, 3, 5, 8, 13, 210];
            let counts = share(&sizes, part);
            for (count, size) in counts.into_iter().zip(sizes).skip(1) {
                assert!((1..size).contains(&count), "{part}: {count} of {size}");
            }
        }
    }

    #[test]
    fn fewer_rows_are_of_as_many_classes_as_possible() {
        assert_eq!(at_most(&[25, 25], 10), [5, 5]);
        assert_eq!(at_most(&[900, 90, 4, 3, 3], 20), [16, 1, 1, 1, 1]);
        assert_eq!(at_most(&[90, 5, 5], 2), [1, 1, 0]);
        assert_eq!(at_most(&[3, 0, 2], 9), [3, 0, 2]);
        for wanted in 1..40 {
            let counts = at_most(&[30, 4, 3, 2, 1], wanted);
            assert_eq!(counts.iter().sum::<usize>(), wanted);
            let served = counts.iter().filter(|&&count| count > 0).count();
            assert_eq!(served, wanted.min(5), "{wanted}: {counts:?}");
        }
    }
}
