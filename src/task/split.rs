//! Seeded choices of rows.

use std::collections::{BTreeMap, HashSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Edition, Example, Label, apportion};

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

/// At most `most` rows, in their order; of as many classes as possible, unless the edition is the first.
pub(super) fn sample(
    rows: Vec<Example>,
    most: Option<usize>,
    seed: u64,
    edition: Edition,
    purpose: Use,
) -> Vec<Example> {
    let Some(most) = most.filter(|&most| most < rows.len()) else {
        return rows;
    };
    let mut random = random(seed, purpose);
    let chosen = match edition {
        Edition::First => {
            let all = vec![(0..rows.len()).collect()];
            draw(all, &[most], &mut random)
        }
        Edition::Second => {
            let strata = strata(&rows);
            let counts = apportion::at_most(&sizes(&strata), most);
            draw(strata, &counts, &mut random)
        }
    };
    partition(rows, &chosen).0
}

/// This share of the rows, and the rest, both in their order. Every class gives its part, by the rules of the edition;
/// numbers are not told apart.
pub(super) fn stratified(
    rows: Vec<Example>,
    share: f64,
    seed: u64,
    edition: Edition,
) -> (Vec<Example>, Vec<Example>) {
    let strata = strata(&rows);
    let sizes = sizes(&strata);
    let counts = match edition {
        Edition::First => {
            let nearest = |&size: &usize| (share * size as f64).round() as usize;
            sizes.iter().map(nearest).collect()
        }
        Edition::Second => apportion::share(&sizes, share),
    };
    let chosen = draw(strata, &counts, &mut random(seed, Use::Validation));
    partition(rows, &chosen)
}

/// The places of each class's rows, by the classes' numbers; numbers are all of one kind.
fn strata(rows: &[Example]) -> Vec<Vec<usize>> {
    let mut strata: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let stratum = match row.label {
            Label::Class(class) => class,
            Label::Value(_) => 0,
        };
        strata.entry(stratum).or_default().push(index);
    }
    strata.into_values().collect()
}

fn sizes(strata: &[Vec<usize>]) -> Vec<usize> {
    strata.iter().map(Vec::len).collect()
}

/// So many of each stratum, at random.
fn draw(strata: Vec<Vec<usize>>, counts: &[usize], random: &mut ChaCha8Rng) -> HashSet<usize> {
    let mut chosen = HashSet::new();
    for (mut stratum, &count) in strata.into_iter().zip(counts) {
        stratum.shuffle(random);
        chosen.extend(stratum.into_iter().take(count));
    }
    chosen
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

    const FIRST_VALIDATION: [&str; 4] = ["11", "16", "17", "18"];
    const FIRST_FEWER: [&str; 4] = ["3", "7", "8", "12"];

    fn rows(count: usize, classes: usize) -> Vec<Example> {
        let row = |index: usize| Example {
            text: format!("text {index}"),
            pair: None,
            label: Label::Class(index % classes),
        };
        (0..count).map(row).collect()
    }

    fn of_class(rows: &[Example], class: usize) -> usize {
        let same = rows.iter().filter(|row| row.label == Label::Class(class));
        same.count()
    }

    #[test]
    fn a_share_is_taken_of_every_class_and_nothing_is_lost() {
        let mut all = rows(90, 3);
        all.extend(rows(10, 1));
        for edition in [Edition::First, Edition::Second] {
            let (taken, left) = stratified(all.clone(), 0.2, 5, edition);
            for (class, count) in [(0, 8), (1, 6), (2, 6)] {
                assert_eq!(of_class(&taken, class), count, "class {class}");
            }
            assert_eq!(taken.len() + left.len(), all.len());
            assert!(left.iter().all(|row| all.contains(row)));
        }
    }

    #[test]
    fn the_editions_differ_only_where_the_first_serves_a_class_badly() {
        let chosen = |rows: &[Example], edition| stratified(rows.to_vec(), 0.1, 9, edition).0;
        let even = rows(120, 3);
        assert_eq!(
            chosen(&even, Edition::First),
            chosen(&even, Edition::Second)
        );
        // Of four rows a tenth is, to the nearest row, none.
        let rare = Example {
            label: Label::Class(1),
            ..rows(1, 1)[0].clone()
        };
        let uneven = [rows(100, 1), vec![rare; 4]].concat();
        let (first, second) = (
            chosen(&uneven, Edition::First),
            chosen(&uneven, Edition::Second),
        );
        assert_eq!((of_class(&first, 1), of_class(&second, 1)), (0, 1));
        // The row comes from the large class; its others are the same.
        assert_eq!((first.len(), second.len()), (10, 10));
        assert!(second[..9].iter().all(|row| first.contains(row)));
    }

    #[test]
    fn the_rows_of_the_first_edition_are_the_ones_that_studies_were_begun_with() {
        let places = |rows: Vec<Example>| -> Vec<String> {
            let texts = rows.into_iter().map(|row| row.text);
            texts.map(|text| text.replace("text ", "")).collect()
        };
        let (validation, _) = stratified(rows(20, 2), 0.2, 42, Edition::First);
        assert_eq!(places(validation), FIRST_VALIDATION);
        let fewer = sample(
            rows(20, 2),
            Some(4),
            42,
            Edition::First,
            Use::FewerValidation,
        );
        assert_eq!(places(fewer), FIRST_FEWER);
    }

    #[test]
    fn fewer_rows_keep_the_small_classes() {
        let mut all = rows(1000, 1);
        for class in 1..=4 {
            let row = |row: Example| Example {
                label: Label::Class(class),
                ..row
            };
            all.extend(rows(2, 1).into_iter().map(row));
        }
        let fewer = sample(all, Some(20), 1, Edition::Second, Use::FewerValidation);
        let counts = [0, 1, 2, 3, 4].map(|class| of_class(&fewer, class));
        assert_eq!(counts, [16, 1, 1, 1, 1]);
    }

    #[test]
    fn the_seed_alone_decides() {
        let chosen = |seed, purpose| sample(rows(100, 2), Some(10), seed, Edition::LATEST, purpose);
        let training = |seed| chosen(seed, Use::FewerTraining);
        assert_eq!(training(1), training(1));
        assert_ne!(training(1), training(2));
        assert_eq!(training(1).len(), 10);
        assert_ne!(training(1), chosen(1, Use::FewerValidation));
        let few = rows(5, 2);
        let all = sample(
            few.clone(),
            Some(10),
            1,
            Edition::LATEST,
            Use::FewerTraining,
        );
        assert_eq!(all, few);
    }

    #[test]
    fn shared_rows_are_counted_by_their_texts() {
        let all = rows(10, 2);
        assert_eq!(shared(&all[..4], &all[2..]), 2);
    }
}
