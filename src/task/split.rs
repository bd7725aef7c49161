//! Seeded choices of rows.

use std::collections::{BTreeMap, HashSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Example, Label};

/// What rows are chosen for: each use has its own stream of random numbers, so that one does not shift another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    /// Validation rows out of the training rows.
    Validation,
    /// Fewer training rows.
    FewerTraining,
    /// Fewer validation rows.
    FewerValidation,
}

fn random(seed: u64, purpose: Use) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(1 + purpose as u64);
    random
}

/// At most `most` rows, in their order.
pub(super) fn sample(
    rows: Vec<Example>,
    most: Option<usize>,
    seed: u64,
    purpose: Use,
) -> Vec<Example> {
    let Some(most) = most.filter(|&most| most < rows.len()) else {
        return rows;
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.shuffle(&mut random(seed, purpose));
    let chosen: HashSet<usize> = order.into_iter().take(most).collect();
    partition(rows, &chosen).0
}

/// This share of the rows, and the rest, both in their order. Every class gives the same share of its rows (to
/// the nearest row); numbers are not told apart.
pub(super) fn stratified(
    rows: Vec<Example>,
    share: f64,
    seed: u64,
) -> (Vec<Example>, Vec<Example>) {
    let mut strata: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let stratum = match row.label {
            Label::Class(class) => class,
            Label::Value(_) => 0,
        };
        strata.entry(stratum).or_default().push(index);
    }
    let mut random = random(seed, Use::Validation);
    let mut chosen = HashSet::new();
    for mut stratum in strata.into_values() {
        stratum.shuffle(&mut random);
        let count = (share * stratum.len() as f64).round() as usize;
        chosen.extend(stratum.into_iter().take(count));
    }
    partition(rows, &chosen)
}

/// The chosen rows and the others.
fn partition(rows: Vec<Example>, chosen: &HashSet<usize>) -> (Vec<Example>, Vec<Example>) {
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (index, row) in rows.into_iter().enumerate() {
        let side = if chosen.contains(&index) {
            &mut taken
        } else {
            &mut left
        };
        side.push(row);
    }
    (taken, left)
}

/// How many of `rows` occur, word for word, among `others`.
pub(super) fn shared(rows: &[Example], others: &[Example]) -> usize {
    fn texts(row: &Example) -> (&str, Option<&str>) {
        (&row.text, row.pair.as_deref())
    }
    let others: HashSet<_> = others.iter().map(texts).collect();
    rows.iter()
        .filter(|row| others.contains(&texts(row)))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize, classes: usize) -> Vec<Example> {
        let row = |index: usize| Example {
            text: format!("text {index}"),
            pair: None,
            label: Label::Class(index % classes),
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn a_share_is_taken_of_every_class_and_nothing_is_lost() {
        let mut all = rows(90, 3);
        all.extend(rows(10, 1));
        let (taken, left) = stratified(all.clone(), 0.2, 5);
        for (class, count) in [(0, 8), (1, 6), (2, 6)] {
            let of_class = |rows: &[Example]| {
                rows.iter()
                    .filter(|row| row.label == Label::Class(class))
                    .count()
            };
            assert_eq!(of_class(&taken), count, "class {class}");
        }
        assert_eq!(taken.len() + left.len(), all.len());
        assert!(left.iter().all(|row| all.contains(row)));
    }

    #[test]
    fn the_seed_alone_decides() {
        let chosen = |seed| sample(rows(100, 2), Some(10), seed, Use::FewerTraining);
        assert_eq!(chosen(1), chosen(1));
        assert_ne!(chosen(1), chosen(2));
        assert_eq!(chosen(1).len(), 10);
        assert_ne!(
            chosen(1),
            sample(rows(100, 2), Some(10), 1, Use::FewerValidation)
        );
        assert_eq!(
            sample(rows(5, 2), Some(10), 1, Use::FewerTraining),
            rows(5, 2)
        );
    }

    #[test]
    fn shared_rows_are_counted_by_their_texts() {
        let all = rows(10, 2);
        assert_eq!(shared(&all[..4], &all[2..]), 2);
    }
}
