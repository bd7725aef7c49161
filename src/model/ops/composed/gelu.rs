//! The exact (erf) form of GELU (Hendrycks & Gimpel 2016).
//!
//! | symbol | meaning |
//! |---|---|
//! | Φ, φ | cumulative distribution and density of the standard normal |
//! | gelu(x) | x Φ(x) |
//! | gelu'(x) | Φ(x) + x φ(x) |

use crate::model::tensor::{self, Tensor, exact};

/// gelu(x), computed in exact numbers and given in x's.
///
/// The library's own backward pass takes, on all devices but the CPU, the slope of the approximation by tanh, which is off by up to
/// 1e-3. So the graph is given gelu(c) + (x - c) gelu'(c) instead, where c is x as a constant: the difference is 0 and its
/// slope 1, and the exact gelu'(c) is all that is kept.
pub(in super::super) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let dtype = x.dtype();
    if dtype != exact(dtype) {
        return gelu(x.cast(exact(dtype))).cast(dtype);
    }
    if !x.is_tracked() {
        return tensor::gelu(x);
    }
    let constant = x.clone().inner();
    let slope = slope(constant.clone());
    tensor::gelu(constant.clone()) + (x - constant) * slope
}

/// gelu'(x) by the library's operations.
fn slope<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let scaled = x.clone().mul_scalar(std::f64::consts::FRAC_1_SQRT_2);
    let cumulative = scaled.erf().add_scalar(1.0).mul_scalar(0.5);
    let exponential = x.clone().square().mul_scalar(-0.5).exp();
    let density = exponential.mul_scalar(std::f64::consts::TAU.sqrt().recip());
    cumulative + x * density
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;
    use crate::model::tensor::{DType, Device, floats};

    /// gelu(x) and gelu'(x) in 64 bits.
    fn exact_value_and_slope(x: f64) -> (f64, f64) {
        let cumulative = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        (x * cumulative, cumulative + x * density)
    }

    #[test]
    fn by_the_library_the_slope_is_the_exact_one_too() {
        let mut points: Vec<f32> = (-800..=800).map(|i| i as f32 * 0.01).collect();
        // Here the slope of the approximation by tanh is furthest off.
        points.extend([-2.02, 2.02, -40.0, 40.0, 0.0]);
        let size = points.len();
        for (dtype, allowed) in [(DType::F32, 1e-6), (DType::F64, 1e-14)] {
            let x = floats(points.clone(), [size], &Device::flex(), dtype);
            let weights: Vec<f32> = (0..size).map(|i| (i % 7) as f32 - 3.0).collect();
            let factors = floats(weights.clone(), [size], &Device::flex(), dtype);
            let leaf = x.clone().autodiff().require_grad();
            let y = gelu(leaf.clone());
            let gradients = (y.clone() * factors).sum().backward();
            let host = |t: Tensor<1>| t.into_data().iter::<f64>().collect::<Vec<f64>>();
            let found = host(leaf.grad(&gradients).unwrap());
            let values = host(y.inner());
            assert_eq!(values, host(gelu(x.clone())), "with and without a graph");
            for (i, point) in host(x).into_iter().enumerate() {
                let (value, slope) = exact_value_and_slope(point);
                let near = |a: f64, b: f64| (a - b).abs() <= allowed * b.abs().max(1.0);
                assert!(near(values[i], value), "{dtype:?}: gelu({point})");
                let expected = f64::from(weights[i]) * slope;
                assert!(
                    near(found[i], expected),
                    "{dtype:?}: {} at {point}, not {expected}",
                    found[i]
                );
            }
        }
    }
}
