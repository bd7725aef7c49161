//! The standard normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use rand::{Rng, RngExt};
use statrs::function::erf::erfc_inv;

/// log √(2π).
pub(super) const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// Density φ(z).
pub(super) fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// Distribution function Φ(z), exact in relative terms far into the left tail.
pub(super) fn distribution(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Quantile Φ⁻¹(p) for p in (0, 1).
pub(super) fn quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// One draw, by inversion: a number of the stream gives the same draw everywhere.
pub(super) fn draw<R: Rng>(random: &mut R) -> f64 {
    // Half a step away from 0 and 1, where the quantile is infinite.
    let uniform = (random.random_range(0_u64..1 << 53) as f64 + 0.5) / (1_u64 << 53) as f64;
    quantile(uniform)
}

#[cfg(test)]
mod tests {
    use super::super::random::{Purpose, stream};
    use super::*;

    #[test]
    fn the_quantile_inverts_the_distribution() {
        for p in [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.77, 0.9999, 1.0 - 1e-9] {
            assert!((distribution(quantile(p)) / p - 1.0).abs() < 1e-9, "{p}");
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((density(0.0) - (-HALF_LOG_TWO_PI).exp()).abs() < 1e-15);
    }

    #[test]
    fn draws_have_the_moments_of_the_standard_normal() {
        let mut random = stream(11, Purpose::Design, 0, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| draw(&mut random)).collect();
        let moment = |power: i32| draws.iter().map(|z| z.powi(power)).sum::<f64>() / 20_000.0;
        // Four standard errors of each moment.
        assert!(moment(1).abs() < 0.029);
        assert!((moment(2) - 1.0).abs() < 0.04);
        assert!((moment(4) - 3.0).abs() < 0.28);
    }
}
