//! The words of the demo language: nouns and verbs in trees of kinds, and the smaller closed classes.

/// A class of a tree: its name and its kinds.
pub(super) type Class = (&'static str, [&'static str; 3]);

/// Nouns: two roots, each with classes, each class with kinds ("poodle" is a "dog" is an "animal"); plurals add "s".
pub(super) const NOUNS: [(&str, [Class; 3]); 2] = [
    (
        "animal",
        [
            ("dog", ["poodle", "beagle", "collie"]),
            ("bird", ["sparrow", "owl", "eagle"]),
            ("insect", ["beetle", "moth", "wasp"]),
        ],
    ),
    (
        "human",
        [
            ("artist", ["painter", "singer", "poet"]),
            ("worker", ["plumber", "baker", "miner"]),
            ("athlete", ["runner", "boxer", "skier"]),
        ],
    ),
];

/// What somebody is doing, again in trees ("sprinting" is "running" is "moving").
pub(super) const ACTIVITIES: [(&str, [Class; 2]); 2] = [
    (
        "moving",
        [
            ("running", ["sprinting", "jogging", "racing"]),
            ("walking", ["strolling", "marching", "limping"]),
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
    "chased", "watched", "followed", "pushed", "helped", "called", "visited", "warned",
];

/// Things that are in a state.
pub(super) const THINGS: [&str; 12] = [
    "cup", "bowl", "jar", "box", "bag", "drawer", "bucket", "chest", "barrel", "bottle", "crate",
    "basket",
];

/// States and their opposites: who is not in the one is in the other.
pub(super) const STATES: [(&str, &str); 6] = [
    ("full", "empty"),
    ("open", "closed"),
    ("clean", "dirty"),
    ("wet", "dry"),
    ("hidden", "visible"),
    ("broken", "intact"),
];

/// Comparatives and their opposites.
pub(super) const COMPARATIVES: [(&str, &str); 5] = [
    ("taller", "shorter"),
    ("older", "younger"),
    ("faster", "slower"),
    ("stronger", "weaker"),
    ("heavier", "lighter"),
];

/// Numbers from two on.
pub(super) const NUMBERS: [&str; 8] = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// Words with a grammatical role only.
pub(super) const FUNCTION_WORDS: [&str; 16] = [
    "the", "was", "were", "not", "by", "that", "every", "some", "no", "at", "least", "most",
    "more", "fewer", "than", "exactly",
];

/// Every word of the language, each once, in a fixed order.
pub(super) fn words() -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let grammar = FUNCTION_WORDS.iter().map(|&word| word.to_owned());
    for word in grammar.chain(parts_of_speech().into_iter().flatten()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The words by part of speech, such that words of one part can stand in each other's place.
pub(super) fn parts_of_speech() -> Vec<Vec<String>> {
    let pairs = |pairs: &[(&str, &str)]| {
        let words = pairs.iter().flat_map(|&(one, other)| [one, other]);
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let owned = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let nouns: Vec<&str> = NOUNS
        .iter()
        .flat_map(|(root, classes)| tree(root, classes))
        .collect();
    let activities: Vec<&str> = ACTIVITIES
        .iter()
        .flat_map(|(root, classes)| tree(root, classes))
        .collect();
    vec![
        owned(&nouns),
        nouns.iter().map(|noun| plural(noun)).collect(),
        owned(&activities),
        owned(&DEEDS),
        owned(&THINGS),
        pairs(&STATES),
        pairs(&COMPARATIVES),
        owned(&NUMBERS),
        owned(&["every", "some", "no"]),
        owned(&["least", "most"]),
        owned(&["more", "fewer"]),
    ]
}

/// Words that are related by meaning: each kind with its class and its root, each word with its opposite.
pub(super) fn families() -> Vec<Vec<String>> {
    let mut families = Vec::new();
    let mut chains = |root: &str, classes: &[Class], form: fn(&str) -> String| {
        for (class, kinds) in classes {
            families.extend(
                kinds
                    .iter()
                    .map(|kind| [kind, class, root].map(form).to_vec()),
            );
        }
    };
    for (root, classes) in &NOUNS {
        chains(root, classes, str::to_owned);
        chains(root, classes, plural);
    }
    for (root, classes) in &ACTIVITIES {
        chains(root, classes, str::to_owned);
    }
    let pairs = STATES.iter().chain(&COMPARATIVES);
    families.extend(pairs.map(|&(one, other)| vec![one.to_owned(), other.to_owned()]));
    families
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
