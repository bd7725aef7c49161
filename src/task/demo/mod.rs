//! The demo task: does the premise entail the hypothesis, in a small language of our own?
//!
//! The language has some 220 words ([`vocabulary`]) and six constructions. Everything is drawn from a
//! seeded stream that is the same on every platform.

mod chain;
mod constructions;
mod lexicon;
mod noise;

use std::collections::HashSet;

use rand::SeedableRng;

use self::chain::{Stream, chance, pick};
use self::constructions::Construction;
use self::noise::Noise;
use super::{Dataset, Example, Label, Labels, Metric};

/// Name of the task in study files.
pub const NAME: &str = "demo";

/// Labels, by class.
const LABELS: [&str; 2] = ["not_entailment", "entailment"];

/// The rows of the demo task as studies know them: always the same, as a published data set is.
pub fn standard() -> Dataset {
    dataset(0, 8000, 1000, 2000)
}

/// Every word of the demo language.
pub fn vocabulary() -> Vec<String> {
    lexicon::words()
}

/// The demo task with the given numbers of rows; no pair occurs twice, in or across the splits.
pub fn dataset(seed: u64, train_rows: usize, validation_rows: usize, test_rows: usize) -> Dataset {
    let mut stream = Stream::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut rows = |count: usize| -> Vec<Example> {
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count {
            // Labels and constructions take turns, so that every split is balanced.
            let entailed = rows.len() % 2 == 1;
            let construction = Construction::ALL[rows.len() / 2 % Construction::ALL.len()];
            let (premise, hypothesis) = construction.pair(&mut stream, entailed);
            if seen.insert((premise.clone(), hypothesis.clone())) {
                rows.push(Example {
                    text: premise,
                    pair: Some(hypothesis),
                    label: Label::Class(usize::from(entailed)),
                });
            }
        }
        rows
    };
    Dataset {
        task: NAME.to_owned(),
        labels: Labels::Classes(LABELS.map(str::to_owned).to_vec()),
        metric: Metric::Accuracy,
        train: rows(train_rows),
        validation: rows(validation_rows),
        test: rows(test_rows),
        warnings: Vec::new(),
    }
}

/// A premise with a sentence, to pretrain on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorpusPair {
    /// The premise.
    pub premise: String,
    /// A sentence that follows from it, or such a sentence with words changed.
    pub sentence: String,
    /// Whether words were changed.
    pub changed: bool,
}

/// Text to pretrain on, without end: premises with sentences that follow from them; `changed_share` of these sentences
/// have words changed at random. The labels of the task take no part in it.
pub fn corpus(seed: u64, changed_share: f64) -> impl Iterator<Item = CorpusPair> {
    let mut stream = Stream::seed_from_u64(seed);
    // A stream of its own: the corpus of a seed is not the data set of that seed.
    stream.set_stream(1);
    let noise = Noise::new();
    std::iter::repeat_with(move || {
        let construction = *pick(&mut stream, &Construction::ALL);
        let (premise, mut sentence) = construction.pair(&mut stream, true);
        let changed = chance(&mut stream, changed_share);
        if changed {
            sentence = noise.change(&mut stream, &premise, &sentence);
        }
        CorpusPair {
            premise,
            sentence,
            changed,
        }
    })
}
