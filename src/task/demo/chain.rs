//! Draws from the lexicon: nouns and activities as chains from the special to the general.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::lexicon::{ACTIVITIES, Class, NOUNS};

/// The random stream of the grammar; the same on every platform.
pub(super) type Stream = ChaCha8Rng;

/// A word with what it is a kind of: level 0 is the kind, 1 its class, 2 the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain(pub(super) [&'static str; 3]);

/// Number of levels of a chain.
pub(super) const LEVELS: usize = 3;

impl Chain {
    /// A random noun.
    pub(super) fn noun(stream: &mut Stream) -> Self {
        let (root, classes) = pick(stream, &NOUNS);
        Self::under(stream, root, classes)
    }

    /// A random noun of another class than each of `others`.
    pub(super) fn noun_apart_from(stream: &mut Stream, others: &[Chain]) -> Self {
        loop {
            let noun = Self::noun(stream);
            if others.iter().all(|other| other.0[1] != noun.0[1]) {
                return noun;
            }
        }
    }

    /// A random activity.
    pub(super) fn activity(stream: &mut Stream) -> Self {
        let (root, classes) = pick(stream, &ACTIVITIES);
        Self::under(stream, root, classes)
    }

    /// A random activity of another root.
    pub(super) fn activity_apart_from(stream: &mut Stream, other: Chain) -> Self {
        loop {
            let activity = Self::activity(stream);
            if activity.0[2] != other.0[2] {
                return activity;
            }
        }
    }

    /// The word at a level.
    pub(super) fn at(self, level: usize) -> &'static str {
        self.0[level]
    }

    fn under(stream: &mut Stream, root: &'static str, classes: &'static [Class]) -> Self {
        let (class, kinds) = pick(stream, classes);
        Self([*pick(stream, kinds), class, root])
    }
}

/// One of `items`, which are not empty.
pub(super) fn pick<'a, T>(stream: &mut Stream, items: &'a [T]) -> &'a T {
    items
        .choose(stream)
        .expect("the lists of the grammar are not empty")
}

/// One of `items` other than `not`; there are at least two different ones.
pub(super) fn pick_other<'a, T: PartialEq>(stream: &mut Stream, items: &'a [T], not: &T) -> &'a T {
    loop {
        let item = pick(stream, items);
        if item != not {
            return item;
        }
    }
}

/// True with the given probability.
pub(super) fn chance(stream: &mut Stream, probability: f64) -> bool {
    stream.random_bool(probability)
}

/// A level of a chain.
pub(super) fn level(stream: &mut Stream) -> usize {
    stream.random_range(0..LEVELS)
}

/// A level below the root, where words of different classes exclude each other.
pub(super) fn narrow_level(stream: &mut Stream) -> usize {
    stream.random_range(0..LEVELS - 1)
}

/// A level at or below `top`: the word there is `top`'s or a kind of it.
pub(super) fn level_up_to(stream: &mut Stream, top: usize) -> usize {
    stream.random_range(0..=top)
}
