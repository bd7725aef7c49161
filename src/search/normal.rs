//! The standard normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_inverts_the_distribution() {
        for p in [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.77, 0.9999, 1.0 - 1e-9] {
            assert!((distribution(quantile(p)) / p - 1.0).abs() < 1e-9, "{p}");
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((density(0.0) - (-HALF_LOG_TWO_PI).exp()).abs() < 1e-15);
    }
}
