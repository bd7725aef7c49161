//! The exact (erf) form of GELU (Hendrycks & Gimpel 2016).
//!
//! | symbol | meaning |
//! |---|---|
//! | Φ, φ | cumulative distribution and density of the standard normal |
//! | gelu(x) | x Φ(x) |
//! | gelu'(x) | Φ(x) + x φ(x) |
//!
//! On the CPU in 32 bits erf comes from Abramowitz & Stegun (1964), 7.1.26, to 1.5e-7; elsewhere from the library.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::super::composed;
use super::super::node::{Operation, node_by};
use super::numbers::{Flex, Numbers, change, constant, numbers, of_shape, slice, written};
use super::vector::{exp_below_zero, vectorised};
use crate::model::tensor::{Tensor, exact};

/// gelu(x), elementwise.
pub(super) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let dtype = x.dtype();
    if dtype != exact(dtype) {
        return gelu(x.cast(exact(dtype))).cast(dtype);
    }
    let Some(input) = numbers(&x) else {
        return composed::gelu(x);
    };
    if x.is_tracked() {
        return node_by([x], || {
            let (output, slopes) = values_and_slopes(input);
            (output, Gelu { slopes })
        });
    }
    // Alone with its numbers, in place.
    drop(x);
    constant(change(input, |x| {
        x.par_chunks_mut(CHUNK).for_each(to_values);
    }))
}

#[derive(Clone, Debug)]
struct Gelu {
    /// gelu'(x): the value costs nearly all of it, and x itself is of no further use.
    slopes: Numbers,
}

impl Operation<Flex, 1> for Gelu {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        let slopes = slice(&self.slopes);
        [Some(change(output, |gradient| {
            let pieces = gradient.par_chunks_mut(CHUNK).zip(slopes.par_chunks(CHUNK));
            pieces.for_each(|(gradient, slopes)| multiply(gradient, slopes));
        }))]
    }
}

/// Numbers that one thread takes at a time.
const CHUNK: usize = 1 << 14;

/// gelu(x) and gelu'(x).
fn values_and_slopes(input: Numbers) -> (Numbers, Numbers) {
    let mut y = Vec::new();
    let shape = input.layout().shape().to_vec();
    let slopes = change(input, |x| {
        let size = x.len();
        let write = |y: &mut [MaybeUninit<f32>]| {
            let pieces = y.par_chunks_mut(CHUNK).zip(x.par_chunks_mut(CHUNK));
            pieces.for_each(|(y, x)| to_slopes(y, x));
        };
        // SAFETY: there is a y for every x, and each is written.
        y = unsafe { written(size, write) };
    });
    (of_shape(y, &shape), slopes)
}

vectorised! {
    /// y = gelu(x), and each x replaced by gelu'(x).
    fn to_slopes(y: &mut [MaybeUninit<f32>], x: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            let (cumulative, exponential) = cumulative_and_exponential(*x);
            y.write(*x * cumulative);
            // φ(x) = exp(-x²/2) / √(2π)
            *x = cumulative + *x * exponential * 0.398_942_3;
        }
    }
}

vectorised! {
    /// Replaces each x by gelu(x).
    fn to_values(x: &mut [f32]) {
        for x in x {
            *x *= cumulative_and_exponential(*x).0;
        }
    }
}

vectorised! {
    /// Multiplies each gradient by its slope.
    fn multiply(gradient: &mut [f32], slopes: &[f32]) {
        for (gradient, slope) in gradient.iter_mut().zip(slopes) {
            *gradient *= slope;
        }
    }
}

/// Φ(x) and exp(-x²/2), without branches.
#[inline(always)]
fn cumulative_and_exponential(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let exponential = exp_below_zero(-(z * z));
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = -1.453_152 + t * 1.061_405_4;
    let polynomial = 1.421_413_7 + t * polynomial;
    let polynomial = -0.284_496_74 + t * polynomial;
    let polynomial = 0.254_829_6 + t * polynomial;
    let upper_tail = 0.5 * t * polynomial * exponential;
    let cumulative = if x >= 0.0 {
        1.0 - upper_tail
    } else {
        upper_tail
    };
    (cumulative, exponential)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;
    use crate::model::tensor::{self, Device};

    #[test]
    fn value_and_slope_follow_the_error_function() {
        let mut worst = (0.0f64, 0.0f64);
        for i in -120_000..=120_000 {
            let x = i as f32 * 1e-4;
            let (mut value, mut slope, mut same) = ([x], [x], [MaybeUninit::uninit()]);
            to_values(&mut value);
            to_slopes(&mut same, &mut slope);
            let x = f64::from(x);
            let cumulative = 0.5 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2));
            let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            let off = (f64::from(value[0]) - x * cumulative).abs() / x.abs().max(1.0);
            worst.0 = worst.0.max(off);
            let off = (f64::from(slope[0]) - cumulative - x * density).abs();
            worst.1 = worst.1.max(off);
        }
        assert!(worst.0 < 3e-7 && worst.1 < 5e-7, "{worst:?}");
        let mut ends = [40.0, f32::NAN];
        to_values(&mut ends);
        assert_eq!(ends[0], 40.0);
        assert!(ends[1].is_nan());
    }

    #[test]
    fn agrees_with_the_library_in_value_and_gradient() {
        let device = Device::flex();
        let x = Tensor::<2>::from_floats([[-3.0, -0.7, 0.0], [0.4, 2.5, 9.0]], &device);
        let leaf = || x.clone().autodiff().require_grad();
        let weights = Tensor::<2>::from_floats([[1.0, -2.0, 3.0], [0.5, 1.5, 2.0]], &device);
        let gradient = |y: Tensor<2>, leaf: &Tensor<2>| {
            let gradients = (y * weights.clone()).sum().backward();
            leaf.grad(&gradients)
        };
        let (ours, theirs) = (leaf(), leaf());
        let our_gradient = gradient(gelu(ours.clone()), &ours);
        let their_gradient = gradient(tensor::gelu(theirs.clone()), &theirs);
        let close = |a: Tensor<2>, b: Tensor<2>| a.all_close(b, Some(0.0), Some(1e-6));
        assert!(close(gelu(x.clone()), tensor::gelu(x.clone())));
        // Of a view that is not laid out row by row, and leaving what others hold alone.
        let turned = x.clone().transpose();
        assert!(close(gelu(turned).transpose(), tensor::gelu(x.clone())));
        assert_eq!(x.clone().slice([0..1, 0..1]).into_scalar::<f32>(), -3.0);
        match (our_gradient, their_gradient) {
            (Some(ours), Some(theirs)) => assert!(close(ours, theirs)),
            other => panic!("a gradient is missing: {other:?}"),
        }
    }
}
