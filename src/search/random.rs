//! Random streams with names, so that no stream depends on how much another one was used.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::normal::quantile;

/// What a stream is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Random points of the initial design.
    Design = 1,
    /// Sampling the surrogate's hyperparameters.
    Surrogate = 2,
    /// Worlds and walks of the acquisition function.
    Acquisition = 3,
}

/// The stream for `purpose`, with up to two numbers of its own.
pub(super) fn stream(seed: u64, purpose: Purpose, first: usize, second: usize) -> ChaCha8Rng {
    let mut state = seed;
    for word in [purpose as u64, first as u64, second as u64] {
        state = mix(state ^ mix(word));
    }
    ChaCha8Rng::seed_from_u64(state)
}

/// Coordinate `coordinate` of point `index` of a scrambled Sobol sequence as a standard normal number; different seeds are
/// different scramblings.
pub(super) fn quasi_normal(index: u32, coordinate: u32, seed: u32) -> f64 {
    /// Dimensions of the sequence; beyond them another scrambling begins.
    const DIMENSIONS: u32 = 256;
    /// Half a step of its numbers, which have 23 bits: away from 0, where the normal quantile is infinite.
    const HALF_STEP: f64 = 0.5 / (1_u32 << 23) as f64;
    let scrambling = seed ^ (coordinate / DIMENSIONS);
    let uniform = sobol_burley::sample(index, coordinate % DIMENSIONS, scrambling);
    quantile(f64::from(uniform) + HALF_STEP)
}

/// The finaliser of SplitMix64 after a step by the golden ratio: a bijection that spreads neighbouring numbers.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
