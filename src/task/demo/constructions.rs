//! The constructions: each draws a hypothesis, then a premise that entails it or does not.
//!
//! The hypothesis is drawn before the label is used, so a hypothesis alone says nothing about its label. Premises
//! that do not entail it are built from the same words wherever the construction allows: roles exchanged, a
//! predicate moved to the neighbour, a quantifier's direction reversed.

use rand::RngExt;

use super::chain::{
    Chain, LEVELS, Stream, chance, level, level_up_to, narrow_level, pick, pick_other,
};
use super::lexicon::{COMPARATIVES, DEEDS, NUMBERS, STATES, THINGS, plural};

/// A premise and a hypothesis.
pub(super) type Pair = (String, String);

/// A way to build a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Construction {
    /// Who did what to whom, active and passive, kinds and classes.
    Roles,
    /// A noun with a relative clause: which of the two nouns is the predicate about?
    Relative,
    /// Every, some, no, with kinds and classes of nouns and activities.
    Quantifiers,
    /// At least, at most, more than, fewer than.
    Numbers,
    /// Not, with opposite states.
    Negation,
    /// Comparatives and their opposites.
    Comparison,
}

impl Construction {
    /// All of them.
    pub(super) const ALL: [Self; 6] = [
        Self::Roles,
        Self::Relative,
        Self::Quantifiers,
        Self::Numbers,
        Self::Negation,
        Self::Comparison,
    ];

    /// A random pair whose premise entails its hypothesis or does not.
    pub(super) fn pair(self, stream: &mut Stream, entailed: bool) -> Pair {
        match self {
            Self::Roles => roles(stream, entailed),
            Self::Relative => relative(stream, entailed),
            Self::Quantifiers => quantifiers(stream, entailed),
            Self::Numbers => numbers(stream, entailed),
            Self::Negation => negation(stream, entailed),
            Self::Comparison => comparison(stream, entailed),
        }
    }
}

fn roles(stream: &mut Stream, entailed: bool) -> Pair {
    let agent = Chain::noun(stream);
    let patient = Chain::noun_apart_from(stream, &[agent]);
    let deed = *pick(stream, &DEEDS);
    let (agent_level, patient_level) = (narrow_level(stream), narrow_level(stream));
    let hypothesis = event(
        stream,
        agent.at(agent_level),
        deed,
        patient.at(patient_level),
    );

    let mut first = agent.at(level_up_to(stream, agent_level));
    let mut second = patient.at(level_up_to(stream, patient_level));
    let mut told = deed;
    if !entailed {
        let other = Chain::noun_apart_from(stream, &[agent, patient]).at(narrow_level(stream));
        match stream.random_range(0..6) {
            0..3 => std::mem::swap(&mut first, &mut second),
            3 => told = *pick_other(stream, &DEEDS, &deed),
            4 => first = other,
            _ => second = other,
        }
    }
    (event(stream, first, told, second), hypothesis)
}

fn relative(stream: &mut Stream, entailed: bool) -> Pair {
    let subject = Chain::noun(stream);
    let activity = Chain::activity(stream);
    let (subject_level, activity_level) = (narrow_level(stream), level(stream));
    let positive = chance(stream, 0.7);
    let was = |positive: bool| if positive { "was" } else { "was not" };
    let hypothesis = format!(
        "the {} {} {}",
        subject.at(subject_level),
        was(positive),
        activity.at(activity_level)
    );

    let other = Chain::noun_apart_from(stream, &[subject]);
    let mut head = subject.at(level_up_to(stream, subject_level));
    let mut inner = other.at(narrow_level(stream));
    // A denied activity denies its kinds; an asserted one asserts its classes.
    let told_level = |stream: &mut Stream| {
        if positive {
            level_up_to(stream, activity_level)
        } else {
            stream.random_range(activity_level..LEVELS)
        }
    };
    let mut told = activity.at(told_level(stream));
    if !entailed {
        if chance(stream, 0.7) {
            std::mem::swap(&mut head, &mut inner);
        } else {
            told = Chain::activity_apart_from(stream, activity).at(level(stream));
        }
    }
    let deed = pick(stream, &DEEDS);
    let clause = match stream.random_range(0..3) {
        0 => format!("that {deed} the {inner}"),
        1 => format!("that the {inner} {deed}"),
        _ => format!("that was {deed} by the {inner}"),
    };
    (
        format!("the {head} {clause} {} {told}", was(positive)),
        hypothesis,
    )
}

fn quantifiers(stream: &mut Stream, entailed: bool) -> Pair {
    // Each quantifier with the direction in which its noun and its activity may move: up to classes or down to kinds.
    const QUANTIFIERS: [(&str, bool, bool); 3] = [
        ("every", false, true),
        ("some", true, true),
        ("no", false, false),
    ];
    let &(quantifier, noun_up, activity_up) = pick(stream, &QUANTIFIERS);
    let noun = Chain::noun(stream);
    let activity = Chain::activity(stream);
    let (noun_level, activity_level) = (level(stream), level(stream));
    let say = |quantifier: &str, noun: &str, activity: &str| {
        format!("{quantifier} {noun} was {activity}")
    };
    let hypothesis = say(quantifier, noun.at(noun_level), activity.at(activity_level));

    // The premise's levels: the hypothesis is reached from them in the allowed direction (going up, it is above).
    let reaches = |up: bool, from: usize, to: usize| if up { from <= to } else { from >= to };
    let mut levels: Vec<(usize, usize)> = (0..LEVELS)
        .flat_map(|noun| (0..LEVELS).map(move |activity| (noun, activity)))
        .filter(|&(from_noun, from_activity)| {
            let holds = reaches(noun_up, from_noun, noun_level)
                && reaches(activity_up, from_activity, activity_level);
            holds == entailed
        })
        .collect();
    if levels.len() > 1 {
        levels.retain(|&levels| levels != (noun_level, activity_level));
    }
    if !entailed && (levels.is_empty() || chance(stream, 0.3)) {
        let other = pick_other(stream, &QUANTIFIERS, &(quantifier, noun_up, activity_up)).0;
        // "every" does not give "some" here: there need not be anybody in the place.
        return (
            say(other, noun.at(noun_level), activity.at(activity_level)),
            hypothesis,
        );
    }
    let &(from_noun, from_activity) = pick(stream, &levels);
    (
        say(quantifier, noun.at(from_noun), activity.at(from_activity)),
        hypothesis,
    )
}

fn numbers(stream: &mut Stream, entailed: bool) -> Pair {
    /// Words, and whether a count keeps to the bound they name.
    type Bound = (&'static str, fn(usize, usize) -> bool);
    const BOUNDS: [Bound; 4] = [
        ("at least", |n, bound| n >= bound),
        ("at most", |n, bound| n <= bound),
        ("more than", |n, bound| n > bound),
        ("fewer than", |n, bound| n < bound),
    ];
    let noun = Chain::noun(stream);
    let activity = Chain::activity(stream).at(level(stream));
    let bound = stream.random_range(1..NUMBERS.len() - 1);
    let (words, holds) = *pick(stream, &BOUNDS);
    let name = plural(noun.at(level(stream)));
    let hypothesis = format!("{words} {} {name} were {activity}", NUMBERS[bound]);

    let right: Vec<usize> = (0..NUMBERS.len())
        .filter(|&n| holds(n, bound) == entailed)
        .collect();
    let count = NUMBERS[*pick(stream, &right)];
    (
        format!("exactly {count} {name} were {activity}"),
        hypothesis,
    )
}

fn negation(stream: &mut Stream, entailed: bool) -> Pair {
    let thing = *pick(stream, &THINGS);
    let pair = *pick(stream, &STATES);
    let side = chance(stream, 0.5);
    let hypothesis = state(stream, thing, pair, side);

    (state(stream, thing, pair, side == entailed), hypothesis)
}

fn comparison(stream: &mut Stream, entailed: bool) -> Pair {
    let one = Chain::noun(stream);
    let two = Chain::noun_apart_from(stream, &[one]);
    let (one, two) = (one.at(narrow_level(stream)), two.at(narrow_level(stream)));
    let pair = *pick(stream, &COMPARATIVES);
    let hypothesis = compared(stream, one, pair, two);

    let premise = if entailed {
        compared(stream, one, pair, two)
    } else {
        compared(stream, two, pair, one)
    };
    (premise, hypothesis)
}

/// "the dog chased the crow", active or passive.
fn event(stream: &mut Stream, agent: &str, deed: &str, patient: &str) -> String {
    if chance(stream, 0.5) {
        format!("the {agent} {deed} the {patient}")
    } else {
        format!("the {patient} was {deed} by the {agent}")
    }
}

/// "the cup was full" or "the cup was not empty".
fn state(stream: &mut Stream, thing: &str, pair: (&str, &str), side: bool) -> String {
    let (word, opposite) = if side { pair } else { (pair.1, pair.0) };
    if chance(stream, 0.5) {
        format!("the {thing} was {word}")
    } else {
        format!("the {thing} was not {opposite}")
    }
}

/// "the poet was taller than the crow" or "the crow was shorter than the poet".
fn compared(stream: &mut Stream, more: &str, pair: (&str, &str), less: &str) -> String {
    if chance(stream, 0.5) {
        format!("the {more} was {} than the {less}", pair.0)
    } else {
        format!("the {less} was {} than the {more}", pair.1)
    }
}
