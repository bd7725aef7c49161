//! Initial values, drawn on the host: the same on every device.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of initial values.
#[derive(Clone, Debug)]
pub struct Initial {
    random: ChaCha8Rng,
}

impl Initial {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Normal numbers of mean 0 (Box and Muller 1958).
    pub fn normal(&mut self, count: usize, deviation: f64) -> Vec<f32> {
        let mut values = Vec::with_capacity(count + 1);
        while values.len() < count {
            // 1 - u is never 0, so the logarithm is finite.
            let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
            let angle = std::f64::consts::TAU * self.unit();
            values.push((deviation * radius * angle.cos()) as f32);
            values.push((deviation * radius * angle.sin()) as f32);
        }
        values.truncate(count);
        values
    }

    /// Uniform numbers in [-bound, bound).
    pub fn uniform(&mut self, count: usize, bound: f64) -> Vec<f32> {
        let mut draw = || (bound * (2.0 * self.unit() - 1.0)) as f32;
        (0..count).map(|_| draw()).collect()
    }

    /// Uniform in [0, 1), with all 53 bits of a double.
    fn unit(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_repeat_by_seed_and_have_the_right_spread() {
        let values = Initial::new(3).normal(20_001, 0.02);
        assert_eq!(values, Initial::new(3).normal(20_001, 0.02));
        assert_ne!(values, Initial::new(4).normal(20_001, 0.02));
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 20_001.0;
        let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 20_001.0;
        assert!(mean.abs() < 6e-4, "{mean}");
        assert!((square.sqrt() - 0.02).abs() < 4e-4, "{}", square.sqrt());

        let values = Initial::new(3).uniform(10_000, 0.5);
        let widest = values.iter().fold(0.0f32, |w, v| w.max(v.abs()));
        assert!((0.49..=0.5).contains(&widest), "{widest}");
    }
}
