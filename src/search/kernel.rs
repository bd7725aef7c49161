//! The Matérn-5/2 kernel with a lengthscale per dimension (Rasmussen & Williams 2006, eq. 4.17).
//!
//! | symbol | meaning |
//! |---|---|
//! | r² | squared distance, Σᵢ ((xᵢ - x'ᵢ) / ℓᵢ)² |
//! | m(r²) | (1 + √5 r + 5/3 r²) exp(-√5 r), the correlation |
//! | m'(r²) | its derivative by r², -5/6 (1 + √5 r) exp(-√5 r): finite at 0, where the derivative by r is not needed |

const SQRT_5: f64 = 2.236_067_977_499_79;

/// m(r²).
pub(super) fn correlation(squared_distance: f64) -> f64 {
    let scaled = SQRT_5 * squared_distance.sqrt();
    (1.0 + scaled + squared_distance * (5.0 / 3.0)) * (-scaled).exp()
}

/// m(r²) and m'(r²), with one exponential.
pub(super) fn correlation_and_slope(squared_distance: f64) -> (f64, f64) {
    let scaled = SQRT_5 * squared_distance.sqrt();
    let decay = (-scaled).exp();
    (
        (1.0 + scaled + squared_distance * (5.0 / 3.0)) * decay,
        (-5.0 / 6.0) * (1.0 + scaled) * decay,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_the_derivative() {
        for squared in [1e-4_f64, 0.01, 0.5, 1.0, 9.0, 60.0] {
            let step = squared * 1e-3;
            let numeric =
                (correlation(squared + step) - correlation(squared - step)) / (2.0 * step);
            let (value, slope) = correlation_and_slope(squared);
            assert_eq!(value, correlation(squared));
            assert!((slope / numeric - 1.0).abs() < 1e-4, "{squared}");
        }
    }

    #[test]
    fn is_one_at_no_distance_and_fades() {
        assert_eq!(correlation_and_slope(0.0), (1.0, -5.0 / 6.0));
        assert!(correlation(1e4) < 1e-90);
    }
}
