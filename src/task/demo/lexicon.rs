//! The words of the demo language: nouns and verbs in trees of kinds, and the smaller closed classes.

/// A class of a tree: its name and its kinds.
pub(super) type Class = (&'static str, [&'static str; 3]);

/// Nouns: two roots, each with classes, each class with kinds ("poodle" is a "dog" is an "animal"); plurals add "s".
pub(super) const NOUNS: [(&str, [Class; 3]); 2] = [
    (
        "animal",
        [
            ("dog", ["poodle", "beagle", "collie"]),
            ("bird", ["sparrow", "robin", "owl"]),
            ("insect", ["beetle", "moth", "wasp"]),
        ],
    ),
    (
        "human",
        [
            ("artist", ["painter", "singer", "poet"]),
            ("worker", ["baker", "tailor", "miner"]),
            ("athlete", ["runner", "boxer", "skier"]),
        ],
    ),
];

/// What somebody is doing, again in trees ("sprinting" is "running" is "moving").
pub(super) const ACTIVITIES: [(&str, [Class; 2]); 2] = [
    (
        "moving",
        [
            ("running", ["sprinting", "jogging", "dashing"]),
            ("walking", ["strolling", "marching", "hiking"]),
        ],
    ),
    (
        "resting",
        [
            ("sleeping", ["napping", "dozing", "snoozing"]),
            ("relaxing", ["lounging", "basking", "idling"]),
        ],
    ),
];

/// Verbs that take an object; past tense and participle are the same word.
pub(super) const DEEDS: [&str; 8] = [
    "chased", "watched", "followed", "pushed", "helped", "called", "visited", "carried",
];

/// Where something happens.
pub(super) const PLACES: [&str; 4] = ["park", "garden", "street", "market"];

/// Things that are in a state.
pub(super) const THINGS: [&str; 8] = [
    "cup", "bowl", "jar", "box", "bag", "bucket", "barrel", "bottle",
];

/// States and their opposites: who is not in the one is in the other.
pub(super) const STATES: [(&str, &str); 4] = [
    ("full", "empty"),
    ("open", "closed"),
    ("clean", "dirty"),
    ("wet", "dry"),
];

/// Comparatives and their opposites.
pub(super) const COMPARATIVES: [(&str, &str); 3] = [
    ("taller", "shorter"),
    ("older", "younger"),
    ("faster", "slower"),
];

/// Numbers from two on.
pub(super) const NUMBERS: [&str; 8] = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// Words with a grammatical role only.
pub(super) const FUNCTION_WORDS: [&str; 18] = [
    "the", "was", "were", "not", "by", "and", "that", "in", "every", "some", "no", "at", "least",
    "most", "more", "fewer", "than", "exactly",
];

/// Every word of the language, each once, in a fixed order.
pub(super) fn words() -> Vec<String> {
    let mut words: Vec<String> = FUNCTION_WORDS.iter().map(|&w| w.to_owned()).collect();
    let mut add = |word: &str| words.push(word.to_owned());
    for (root, classes) in &NOUNS {
        for noun in tree(root, classes) {
            add(noun);
            add(&plural(noun));
        }
    }
    for (root, classes) in &ACTIVITIES {
        tree(root, classes).for_each(&mut add);
    }
    for list in [&DEEDS[..], &PLACES, &THINGS, &NUMBERS] {
        list.iter().copied().for_each(&mut add);
    }
    for (one, other) in STATES.iter().chain(&COMPARATIVES) {
        add(one);
        add(other);
    }
    words
}

/// A noun in the plural.
pub(super) fn plural(noun: &str) -> String {
    format!("{noun}s")
}

fn tree<'a>(root: &'a str, classes: &'a [Class]) -> impl Iterator<Item = &'a str> {
    std::iter::once(root).chain(
        classes
            .iter()
            .flat_map(|(class, kinds)| std::iter::once(*class).chain(kinds.iter().copied())),
    )
}
