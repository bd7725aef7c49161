//! Noise for pretraining: a sentence with a word or two changed, so that an encoder can learn to notice.
//!
//! Nothing here knows whether the changed sentence still follows from its premise; mostly it does not.

use super::chain::{Stream, chance, pick};
use super::lexicon::{families, parts_of_speech};

/// How often a replaced word gives way to a relative of its own, and how often to a word of the premise, where there
/// is one: the changes that are hardest to notice.
const RELATIVE_SHARE: f64 = 0.5;
const PREMISE_SHARE: f64 = 0.5;

/// The words of the language, by what can stand in the place of what.
pub(super) struct Noise {
    parts: Vec<Vec<String>>,
    families: Vec<Vec<String>>,
}

/// One way to change a sentence.
#[derive(Clone, Copy)]
enum Change {
    /// Two words change places.
    Exchange(usize, usize),
    /// "not" is put before this word.
    Deny(usize),
    /// This word, a "not", is left out.
    Affirm(usize),
    /// Another word takes this place.
    Replace(usize),
}

impl Noise {
    /// The noise of the demo language.
    pub(super) fn new() -> Self {
        Self {
            parts: parts_of_speech(),
            families: families(),
        }
    }

    /// `sentence` changed, and the places of the words that are not what they were (after a "not" that was left out:
    /// the place of the next word). Each kind of change that the sentence allows is equally likely.
    pub(super) fn change(
        &self,
        stream: &mut Stream,
        premise: &str,
        sentence: &str,
    ) -> (String, Vec<usize>) {
        let mut words: Vec<&str> = sentence.split(' ').collect();
        let kinds = self.changes(&words);
        let kinds: Vec<&Vec<Change>> = kinds.iter().filter(|kind| !kind.is_empty()).collect();
        if kinds.is_empty() {
            return (sentence.to_owned(), Vec::new());
        }
        let kind = *pick(stream, &kinds);
        let changed = match *pick(stream, kind) {
            Change::Exchange(one, other) => {
                words.swap(one, other);
                vec![one, other]
            }
            Change::Deny(place) => {
                words.insert(place, "not");
                vec![place]
            }
            Change::Affirm(place) => {
                words.remove(place);
                vec![place]
            }
            Change::Replace(place) => {
                words[place] = self.other_word(stream, premise, words[place]);
                vec![place]
            }
        };
        (words.join(" "), changed)
    }

    /// Every change of a sentence, by kind.
    fn changes(&self, words: &[&str]) -> [Vec<Change>; 3] {
        let parts: Vec<Option<usize>> = words.iter().map(|word| self.part(word)).collect();
        let (mut exchanges, mut denials, mut replacements) = (Vec::new(), Vec::new(), Vec::new());
        for (place, &word) in words.iter().enumerate() {
            if word == "not" {
                denials.push(Change::Affirm(place));
            }
            // Only an activity or a state of one is denied, and those end their sentences.
            if words[0] == "the" && word == "was" && place + 2 == words.len() {
                denials.push(Change::Deny(place + 1));
            }
            if parts[place].is_none() {
                continue;
            }
            replacements.push(Change::Replace(place));
            for other in place + 1..words.len() {
                if parts[place] == parts[other] && word != words[other] {
                    exchanges.push(Change::Exchange(place, other));
                }
            }
        }
        [exchanges, denials, replacements]
    }

    /// Another word of the same part of speech.
    fn other_word<'a>(&'a self, stream: &mut Stream, premise: &'a str, word: &str) -> &'a str {
        let part = self.part(word);
        let relatives: Vec<&str> = self
            .families
            .iter()
            .filter(|f| f.iter().any(|w| w == word))
            .flatten()
            .map(String::as_str)
            .filter(|relative| *relative != word)
            .collect();
        if !relatives.is_empty() && chance(stream, RELATIVE_SHARE) {
            return pick::<&str>(stream, &relatives);
        }
        let near: Vec<&str> = premise
            .split(' ')
            .filter(|other| *other != word && self.part(other) == part)
            .collect();
        if !near.is_empty() && chance(stream, PREMISE_SHARE) {
            return pick::<&str>(stream, &near);
        }
        let all: Vec<&str> = part
            .iter()
            .flat_map(|&part| &self.parts[part])
            .map(String::as_str)
            .filter(|other| *other != word)
            .collect();
        pick::<&str>(stream, &all)
    }

    /// The part of speech of a word; none for words of grammar.
    fn part(&self, word: &str) -> Option<usize> {
        self.parts
            .iter()
            .position(|part| part.iter().any(|other| other == word))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn says_which_words_are_not_what_they_were() {
        let noise = Noise::new();
        let mut stream = Stream::seed_from_u64(5);
        let premise = "the poet that the owl chased was not jogging";
        for sentence in [
            "the poet was not running",
            "the owl was taller than the poet",
            "at least two owls were jogging",
            "the cup was full",
        ] {
            for _ in 0..200 {
                let (changed, places) = noise.change(&mut stream, premise, sentence);
                assert_ne!(changed, sentence);
                let before: Vec<&str> = sentence.split(' ').collect();
                let after: Vec<&str> = changed.split(' ').collect();
                if before.len() == after.len() {
                    let differ = (0..after.len()).filter(|&i| before[i] != after[i]);
                    assert_eq!(differ.collect::<Vec<_>>(), places, "{changed}");
                } else {
                    let longer = if after.len() > before.len() {
                        &after
                    } else {
                        &before
                    };
                    assert_eq!(longer[places[0]], "not", "{changed}");
                }
                let known = |word: &&&str| noise.part(word) == noise.part(before[places[0]]);
                let replaced = before.len() == after.len();
                assert!(
                    !replaced || after.get(places[0]).iter().all(known),
                    "{changed}"
                );
            }
        }
    }

    #[test]
    fn a_sentence_of_grammar_alone_stays_as_it_is() {
        let mut stream = Stream::seed_from_u64(5);
        let (sentence, places) = Noise::new().change(&mut stream, "", "that was by the");
        assert_eq!((sentence.as_str(), places.len()), ("that was by the", 0));
    }
}
