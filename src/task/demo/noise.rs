//! Noise for pretraining: a sentence with one or two words changed, so that an encoder can learn to notice.
//!
//! Nothing here knows whether the changed sentence still follows from its premise; mostly it does not.

use rand::RngExt;

use super::chain::{Stream, chance, pick};
use super::lexicon::parts_of_speech;

/// Tries before a sentence is given up as one that offers nothing to change.
const TRIES: usize = 50;

/// The words of the language by part of speech: only words of the same part take each other's place.
pub(super) struct Noise {
    parts: Vec<Vec<String>>,
}

impl Noise {
    /// The noise of the demo language.
    pub(super) fn new() -> Self {
        Self {
            parts: parts_of_speech(),
        }
    }

    /// `hypothesis` changed: two words exchanged, "not" put in or taken out, or a word replaced by one of the premise
    /// or of the language.
    pub(super) fn change(&self, stream: &mut Stream, premise: &str, hypothesis: &str) -> String {
        let mut words: Vec<&str> = hypothesis.split(' ').collect();
        for _ in 0..TRIES {
            let place = stream.random_range(0..words.len());
            let part = self.part(words[place]);
            if chance(stream, 0.35) {
                let other = stream.random_range(0..words.len());
                let same = part.is_some() && part == self.part(words[other]);
                if same && words[place] != words[other] {
                    words.swap(place, other);
                    return words.join(" ");
                }
            } else if words[place] == "not" {
                words.remove(place);
                return words.join(" ");
            } else if words[place] == "was" && chance(stream, 0.5) {
                // Not before "by", a number of words, or a comparative: only states and activities are denied.
                if words.len() == place + 2 {
                    words.insert(place + 1, "not");
                    return words.join(" ");
                }
            } else if let Some(part) = part {
                let word = words[place];
                let from_premise: Vec<&str> = premise
                    .split(' ')
                    .filter(|other| *other != word && self.part(other) == Some(part))
                    .collect();
                if chance(stream, 0.5) && !from_premise.is_empty() {
                    words[place] = *pick::<&str>(stream, &from_premise);
                    return words.join(" ");
                }
                let other = pick(stream, &self.parts[part]);
                if other != word {
                    words[place] = other;
                    return words.join(" ");
                }
            }
        }
        words.join(" ")
    }

    /// The part of speech of a word; none for words of grammar.
    fn part(&self, word: &str) -> Option<usize> {
        self.parts
            .iter()
            .position(|part| part.iter().any(|other| other == word))
    }
}
