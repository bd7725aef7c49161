//! Inputs that are almost right: seeds with bytes changed, cut, doubled, spliced and replaced by awkward numbers.

use std::fs;
use std::path::Path;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{hostile, hostile_answer, hostile_exports};

/// No input is longer, bytes.
const LONGEST: usize = 64 << 10;
/// Numbers, and pieces of text, at which readers stumble.
const AWKWARD: [&str; 24] = [
    "0",
    "-1",
    "1e999",
    "-0.0",
    "NaN",
    "inf",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "4294967296",
    "0.1e-400",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "[[[[",
    "\n",
    "\r\n",
    "\"",
    "\\u0000",
    "\u{feff}",
    "\u{2028}",
    ",",
];

/// A target: its name, what it does with an input, and its seeds.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
    pub(crate) seeds: Vec<Vec<u8>>,
}

/// Every target.
pub(crate) fn targets() -> Vec<Target> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = |path: &str| -> Vec<Vec<u8>> {
        let mut paths: Vec<_> = fs::read_dir(root.join(path))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        paths.sort();
        paths
            .iter()
            .filter(|path| path.is_file())
            .map(|path| fs::read(path).unwrap())
            .collect()
    };
    let target = |name, run, seeds| Target {
        name,
        run,
        seeds: folder(seeds),
    };
    vec![
        target("study", hostile::study, "studies"),
        target("journal", hostile::journal, "tests/golden/journal"),
        target(
            "checked_journal",
            hostile::checked_journal,
            "tests/golden/journal",
        ),
        target("rows", hostile::rows, "fuzz/seeds/rows"),
        target("weights", hostile::weights, "fuzz/seeds/weights"),
        target("config", hostile::config, "fuzz/seeds/config"),
        target("tokenizer", hostile::tokenizer, "fuzz/seeds/tokenizer"),
        target("card", hostile_exports::card, "fuzz/seeds/card"),
        target("answer", hostile_answer::answer, "fuzz/seeds/answer"),
        target("init", hostile_exports::init, "fuzz/seeds/init"),
    ]
}

/// A stream of inputs near some seeds; the same for the same number.
pub(crate) struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    random: ChaCha8Rng,
}

impl<'a> Mutations<'a> {
    pub(crate) fn new(seeds: &'a [Vec<u8>], number: u64) -> Self {
        Self {
            seeds,
            random: ChaCha8Rng::seed_from_u64(number),
        }
    }

    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        // A part of a long seed is read faster, and is mutated as well.
        if input.len() > 2000 && self.random.random_bool(0.7) {
            let start = self.below(input.len() / 2);
            let start = if self.random.random_bool(0.5) {
                0
            } else {
                start
            };
            let end = start + self.below(input.len() - start) + 1;
            input = input[start..end.min(input.len())].to_vec();
        }
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn seed(&mut self) -> &'a [u8] {
        let which = self.below(self.seeds.len());
        &self.seeds[which]
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        let end = (at + self.below(40)).min(input.len());
        match self.below(9) {
            0 if !input.is_empty() => input[at] ^= 1 << self.below(8),
            1 if !input.is_empty() => input[at] = self.random.next_u32() as u8,
            2 => drop(input.drain(at..end)),
            3 => {
                let piece = input[at..end].to_vec();
                let times = 1 + self.below(30);
                input.splice(at..at, piece.repeat(times));
            }
            4 => input.truncate(at),
            5 => {
                let other = self.seed();
                let start = self.below(other.len());
                let length = self.below(200).min(other.len() - start);
                input.splice(at..end, other[start..start + length].iter().copied());
            }
            6 => {
                let bytes = self.random.next_u64().to_le_bytes();
                let count = 1 + self.below(8);
                input.splice(at..end.min(at + count), bytes[..count].iter().copied());
            }
            // The number or word at that place becomes another one.
            7 => {
                let is_part =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
                let length = input[at..].iter().take_while(|byte| is_part(byte)).count();
                let piece = AWKWARD[self.below(AWKWARD.len())];
                input.splice(at..at + length, piece.bytes());
            }
            _ => {
                let piece = AWKWARD[self.below(AWKWARD.len())];
                input.splice(at..at, piece.bytes());
            }
        }
    }
}
