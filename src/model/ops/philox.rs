//! Random words from a key and a counter, without a state: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel
//! random numbers: as easy as 1, 2, 3"); and the masks of dropout, made of them.
//!
//! | symbol | meaning |
//! |---|---|
//! | k₀, k₁ | key, 32 bits each: the low and the high half of the training's seed |
//! | c₀ | group: the number of four elements of a mask that follow each other |
//! | c₁ | site: the number of the mask within its step |
//! | c₂, c₃ | the low and the high half of the number of the step |
//! | hi, lo | the halves of a product of two words, which has 64 bits |
//!
//! Ten times: (c₀, c₁, c₂, c₃) ← (hi(M₁ c₂) ⊕ c₁ ⊕ k₀, lo(M₁ c₂), hi(M₀ c₀) ⊕ c₃ ⊕ k₁, lo(M₀ c₀)), and between two of
//! them (k₀, k₁) ← (k₀ + W₀, k₁ + W₁), modulo 2³².
//!
//! Element e of a mask, counted with the last axis fastest, belongs to word e mod 4 of group ⌊e / 4⌋. It is kept where
//! that word is below [`Mask::threshold`]; the tensor is multiplied by [`Mask::scale`] there, by 0 elsewhere. All of it is
//! whole numbers of 32 bits, so each device comes to the same mask, each thread from its own elements alone.
//!
//! No crate here has it: `rand_chacha`'s blocks cannot be had for a counter of one's own inside a kernel, and the tensor
//! library's generators have a state that all threads of the program share.

use rayon::prelude::*;

use super::cpu::vector::vectorised;

/// M₀, M₁
pub const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// W₀, W₁: the golden ratio and √3 - 1.
pub const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
/// How often a counter is mixed.
pub const ROUNDS: u32 = 10;
/// Words of a group.
pub const WORDS: usize = 4;

/// The mask of one site in one step of one training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mask {
    /// The training's.
    pub seed: u64,
    /// Number of the step within the training.
    pub step: u64,
    /// Number of the mask within the step.
    pub site: u32,
    /// Probability that an element is kept, in (0, 1].
    pub keep: f64,
}

impl Mask {
    /// k₀, k₁
    pub fn key(&self) -> [u32; 2] {
        halves(self.seed)
    }

    /// The counter of a group.
    pub fn counter(&self, group: u32) -> [u32; 4] {
        let [low, high] = halves(self.step);
        [group, self.site, low, high]
    }

    /// Words below this are kept: keep · 2³², to the nearest.
    pub fn threshold(&self) -> u32 {
        // Of a rate below 2⁻³³ one word in 2³² is dropped all the same.
        (self.keep * 2f64.powi(32)).round() as u32
    }

    /// What a kept element is multiplied by: 1 / keep, which keeps the mean.
    pub fn scale(&self) -> f32 {
        (1.0 / self.keep) as f32
    }

    /// What the first `count` elements are multiplied by.
    ///
    /// # Panics
    /// There are more than 2³⁴, which no memory holds.
    pub fn on_host(&self, count: usize) -> Vec<f32> {
        let groups = u32::try_from(count.div_ceil(WORDS));
        assert!(groups.is_ok(), "a mask of {count} elements");
        let mut factors = vec![0.0; count];
        let pieces = factors.par_chunks_mut(GROUPS * WORDS).enumerate();
        pieces.for_each(|(piece, factors)| write(self, (piece * GROUPS) as u32, factors));
        factors
    }
}

fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

/// Groups that one thread makes at a time.
const GROUPS: usize = 1 << 12;
/// Groups that the compiler may mix side by side.
const LANES: usize = 16;

vectorised! {
    /// Writes the factors of the elements from group `first` on.
    fn write(mask: &Mask, first: u32, factors: &mut [f32]) {
        let (threshold, scale, key) = (mask.threshold(), mask.scale(), mask.key());
        let [_, site, low, high] = mask.counter(first).map(|word| [word; LANES]);
        for (block, factors) in factors.chunks_mut(LANES * WORDS).enumerate() {
            let group = |lane| first.wrapping_add((block * LANES + lane) as u32);
            let words = philox([std::array::from_fn(group), site, low, high], key);
            let mut all = [0.0; LANES * WORDS];
            for lane in 0..LANES {
                for (word, words) in words.iter().enumerate() {
                    let kept = words[lane] < threshold;
                    all[lane * WORDS + word] = if kept { scale } else { 0.0 };
                }
            }
            factors.copy_from_slice(&all[..factors.len()]);
        }
    }
}

/// The words of as many counters side by side: c₀ of all, c₁ of all, and so on.
#[inline(always)]
fn philox<const L: usize>(mut counters: [[u32; L]; 4], mut key: [u32; 2]) -> [[u32; L]; 4] {
    let wide = |multiplier: u32, word: u32| u64::from(multiplier) * u64::from(word);
    for _ in 0..ROUNDS {
        let [mut c0, mut c1, mut c2, mut c3] = counters;
        for lane in 0..L {
            let first = halves(wide(MULTIPLIERS[0], c0[lane]));
            let second = halves(wide(MULTIPLIERS[1], c2[lane]));
            c0[lane] = second[1] ^ c1[lane] ^ key[0];
            c1[lane] = second[0];
            c2[lane] = first[1] ^ c3[lane] ^ key[1];
            c3[lane] = first[0];
        }
        counters = [c0, c1, c2, c3];
        key = [0, 1].map(|half| key[half].wrapping_add(KEY_STEPS[half]));
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of the authors' own implementation, Random123 1.14: counter, key, words.
    const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
        (
            [0; 4],
            [0; 2],
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
        ),
        (
            [u32::MAX; 4],
            [u32::MAX; 2],
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
        ),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];

    #[test]
    fn words_are_those_of_the_authors() {
        for (counter, key, words) in KNOWN {
            assert_eq!(philox(counter.map(|word| [word]), key), words.map(|w| [w]));
            assert_eq!(
                philox(counter.map(|word| [word; LANES]), key),
                words.map(|word| [word; LANES])
            );
        }
    }

    #[test]
    fn every_element_of_a_mask_has_the_word_of_its_group() {
        let mask = Mask {
            seed: 0x299f_31d0_a409_3822,
            step: 0x0370_7344_1319_8a2e,
            site: 0x85a3_08d3,
            keep: 0.75,
        };
        assert_eq!(mask.key(), KNOWN[2].1);
        assert_eq!(mask.counter(KNOWN[2].0[0]), KNOWN[2].0);
        assert_eq!(mask.threshold(), 3 << 30);
        // Sizes around groups, blocks, and what one thread makes.
        for count in [0, 1, 3, 4, 63, 64, 65, 3 * GROUPS * WORDS + 7] {
            let factors = mask.on_host(count);
            assert_eq!(factors.len(), count);
            for (element, &factor) in factors.iter().enumerate() {
                let counter = mask.counter((element / 4) as u32).map(|word| [word]);
                let word = philox(counter, mask.key())[element % 4][0];
                let expected = if word < 3 << 30 { 4.0 / 3.0 } else { 0.0 };
                assert_eq!(factor, expected, "element {element} of {count}");
            }
        }
    }

    #[test]
    fn seed_step_and_site_tell_masks_apart() {
        let mask = |seed, step, site| Mask {
            seed,
            step,
            site,
            keep: 0.5,
        };
        let numbers = [0, 1, 2, u64::from(u32::MAX) + 1];
        let mut seen = Vec::new();
        for seed in numbers {
            for step in numbers {
                for site in [0, 1, 2, u32::MAX] {
                    seen.push(mask(seed, step, site).on_host(128));
                }
            }
        }
        let all = seen.len();
        seen.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn rates_at_the_ends_do_as_they_say() {
        let factors = |keep| {
            let mask = Mask {
                seed: 7,
                step: 1,
                site: 0,
                keep,
            };
            mask.on_host(1 << 16)
        };
        assert!(factors(1.0 - 1e-12).iter().all(|&factor| factor == 1.0));
        let few = factors(1e-3);
        let kept = few.iter().filter(|&&factor| factor > 0.0).count();
        // 66 of 65,536 are expected, with a deviation of 8.
        assert!((33..100).contains(&kept), "{kept}");
        assert!(few.iter().all(|&f| f == 0.0 || f == 1000.0));
    }
}
