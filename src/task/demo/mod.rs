//! The demo task: does the premise entail the hypothesis, in a small language of our own?
//!
//! The language has some 140 words ([`vocabulary`]) and six constructions. Everything is drawn from a
//! seeded stream that is the same on every platform.

mod chain;
mod constructions;
mod lexicon;
mod noise;

use std::collections::HashSet;

use rand::{RngExt, SeedableRng};

use self::chain::{Stream, chance, pick};
use self::constructions::Construction;
use self::noise::Noise;
use super::{Dataset, Example, Label, Labels, Metric};

/// Name of the task in study files.
pub const NAME: &str = "demo";

/// Labels, by class.
pub(super) const LABELS: [&str; 2] = ["not_entailment", "entailment"];

/// The rows of the demo task as studies know them: always the same, as a published data set is.
pub fn standard() -> Dataset {
    dataset(0, 4000, 1000, 1000)
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
        positive: None,
        train: rows(train_rows),
        validation: rows(validation_rows),
        test: rows(test_rows),
        warnings: Vec::new(),
        files: Vec::new(),
    }
}

/// A premise with a sentence, to pretrain on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorpusPair {
    /// The premise.
    pub premise: String,
    /// The sentence.
    pub sentence: String,
    /// What there is to learn from them.
    pub lesson: Lesson,
}

/// What a pair of the corpus teaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// The sentence follows from the premise: its words can be told.
    Words,
    /// The sentence follows from the premise, but for words changed at random at these places, in words; where a "not"
    /// was left out, that of the word after it. None: nothing was changed.
    Changes(Vec<usize>),
    /// Whether the sentence follows from the premise.
    Entailment(bool),
}

/// Constructions of the corpus; those that are harder to learn come more often.
const PRACTICE: [Construction; 9] = [
    Construction::Roles,
    Construction::Roles,
    Construction::Relative,
    Construction::Quantifiers,
    Construction::Quantifiers,
    Construction::Numbers,
    Construction::Negation,
    Construction::Comparison,
    Construction::Comparison,
];

/// Text to pretrain on, without end; no pair of the validation and test rows of [`standard`] is in it.
pub fn corpus(seed: u64) -> impl Iterator<Item = CorpusPair> {
    let mut stream = Stream::seed_from_u64(seed);
    // A stream of its own: the corpus of a seed is not the data set of that seed.
    stream.set_stream(1);
    let noise = Noise::new();
    let held_out = held_out();
    std::iter::repeat_with(move || {
        let construction = *pick(&mut stream, &PRACTICE);
        let lesson = stream.random_range(0..3);
        let entailed = lesson != 2 || chance(&mut stream, 0.5);
        let (premise, mut sentence) = construction.pair(&mut stream, entailed);
        let lesson = match lesson {
            0 => Lesson::Words,
            1 => {
                let mut changed = Vec::new();
                if chance(&mut stream, 0.7) {
                    (sentence, changed) = noise.change(&mut stream, &premise, &sentence);
                }
                Lesson::Changes(changed)
            }
            _ => Lesson::Entailment(entailed),
        };
        CorpusPair {
            premise,
            sentence,
            lesson,
        }
    })
    .filter(move |pair| !held_out.contains(&(pair.premise.clone(), pair.sentence.clone())))
}

/// The pairs that scores are measured on.
fn held_out() -> HashSet<(String, String)> {
    let Dataset {
        validation, test, ..
    } = standard();
    let rows = validation.into_iter().chain(test);
    rows.map(|row| (row.text, row.pair.unwrap_or_default()))
        .collect()
}
