//! The exact (erf) form of GELU (Hendrycks & Gimpel 2016).
//!
//! | symbol | meaning |
//! |---|---|
//! | Φ, φ | cumulative distribution and density of the standard normal |
//! | gelu(x) | x Φ(x) |
//! | gelu'(x) | Φ(x) + x φ(x) |
//!
//! On the CPU in 32 bits, value and derivative come out of one vectorised pass with erf to 1.5e-7 (Abramowitz &
//! Stegun 1964, 7.1.26), several times faster than the tensor library's; everywhere else the library's own is used.

use burn::tensor::activation;
use rayon::prelude::*;

use super::tensor::{DType, Device, Tensor, TensorData};

/// gelu(x), elementwise.
pub(super) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let device = x.device();
    let on_cpu = device.clone().without_autodiff() == Device::flex();
    if x.dtype() != DType::F32 || !on_cpu {
        return activation::gelu(x);
    }
    let shape = x.dims();
    if !x.is_tracked() {
        let mut data = x.inner().into_data();
        let Ok(numbers) = data.as_mut_slice::<f32>() else {
            return activation::gelu(Tensor::from_data(data, &device));
        };
        run(numbers, values);
        return Tensor::from_data(data, &device.without_autodiff());
    }
    let mut data = x.clone().inner().into_data();
    let Ok(numbers) = data.as_mut_slice::<f32>() else {
        return activation::gelu(x);
    };
    let mut slopes = vec![0f32; numbers.len()];
    run_pairs(numbers, &mut slopes, offsets_and_slopes);
    // x g + c with g = gelu'(x) and c = gelu(x) - x g: the right value, and the right derivative by x.
    let inner = device.without_autodiff();
    let slopes: Tensor<D> = Tensor::from_data(TensorData::new(slopes, shape), &inner);
    let offsets: Tensor<D> = Tensor::from_data(data, &inner);
    x * slopes + offsets
}

/// Numbers that one thread takes at a time.
const CHUNK: usize = 1 << 14;

fn run(x: &mut [f32], body: fn(&mut [f32])) {
    x.par_chunks_mut(CHUNK).for_each(body);
}

fn run_pairs(x: &mut [f32], y: &mut [f32], body: fn(&mut [f32], &mut [f32])) {
    (x.par_chunks_mut(CHUNK), y.par_chunks_mut(CHUNK))
        .into_par_iter()
        .for_each(|(x, y)| body(x, y));
}

/// Replaces each x by gelu(x).
fn values(x: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if wide() {
        // SAFETY: the processor has the instructions, as was just asked.
        unsafe { values_wide(x) };
        return;
    }
    values_body(x);
}

/// Replaces each x by gelu(x) - x gelu'(x) and puts gelu'(x) beside it.
fn offsets_and_slopes(x: &mut [f32], slopes: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if wide() {
        // SAFETY: the processor has the instructions, as was just asked.
        unsafe { offsets_and_slopes_wide(x, slopes) };
        return;
    }
    offsets_and_slopes_body(x, slopes);
}

#[cfg(target_arch = "x86_64")]
fn wide() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn values_wide(x: &mut [f32]) {
    values_body(x);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn offsets_and_slopes_wide(x: &mut [f32], slopes: &mut [f32]) {
    offsets_and_slopes_body(x, slopes);
}

#[inline(always)]
fn values_body(x: &mut [f32]) {
    for x in x {
        *x = value_and_slope(*x).0;
    }
}

#[inline(always)]
fn offsets_and_slopes_body(x: &mut [f32], slopes: &mut [f32]) {
    for (x, slope) in x.iter_mut().zip(slopes) {
        let (value, derivative) = value_and_slope(*x);
        *slope = derivative;
        *x = value - *x * derivative;
    }
}

/// gelu(x) and gelu'(x), without branches so that the compiler can run eight at a time.
#[inline(always)]
fn value_and_slope(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    // exp(-z²) = 2^n 2^r, with r in [-0.5, 0.5] by its Taylor series.
    let exponent = (-(z * z)).max(-87.0) * std::f32::consts::LOG2_E;
    let whole = (exponent + 0.5).floor();
    let r = exponent - whole;
    let series = 1.540_353e-4;
    let series = 1.333_355_8e-3 + r * series;
    let series = 9.618_129e-3 + r * series;
    let series = 5.550_411e-2 + r * series;
    let series = 2.402_265e-1 + r * series;
    let series = std::f32::consts::LN_2 + r * series;
    let exponential = (1.0 + r * series) * f32::from_bits((((whole as i32) + 127) << 23) as u32);

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
    // φ(x) = exp(-x²/2) / √(2π)
    let density = exponential * 0.398_942_3;
    (x * cumulative, cumulative + x * density)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_and_slope_follow_the_error_function() {
        let mut worst = (0.0f64, 0.0f64);
        for i in -120_000..=120_000 {
            let x = i as f32 * 1e-4;
            let (value, slope) = value_and_slope(x);
            let x = f64::from(x);
            let cumulative = 0.5 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2));
            let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            let off = (f64::from(value) - x * cumulative).abs() / x.abs().max(1.0);
            worst.0 = worst.0.max(off);
            worst.1 = worst
                .1
                .max((f64::from(slope) - cumulative - x * density).abs());
        }
        assert!(worst.0 < 3e-7 && worst.1 < 5e-7, "{worst:?}");
        assert_eq!(value_and_slope(40.0), (40.0, 1.0));
        assert!(value_and_slope(f32::NAN).0.is_nan());
    }

    #[test]
    fn the_fast_path_agrees_with_the_library_in_value_and_gradient() {
        let device = Device::flex();
        let x = Tensor::<1>::from_floats([-3.0, -0.7, 0.0, 0.4, 2.5], &device);
        let leaf = || x.clone().autodiff().require_grad();
        let weights = Tensor::<1>::from_floats([1.0, -2.0, 3.0, 0.5, 1.5], &device);
        let gradient = |y: Tensor<1>, leaf: &Tensor<1>| {
            let gradients = (y * weights.clone()).sum().backward();
            leaf.grad(&gradients)
        };
        let (ours, theirs) = (leaf(), leaf());
        let our_gradient = gradient(gelu(ours.clone()), &ours);
        let their_gradient = gradient(activation::gelu(theirs.clone()), &theirs);
        let close = |a: Tensor<1>, b: Tensor<1>| a.all_close(b, Some(0.0), Some(1e-6));
        assert!(close(gelu(x.clone()), activation::gelu(x.clone())));
        match (our_gradient, their_gradient) {
            (Some(ours), Some(theirs)) => assert!(close(ours, theirs)),
            other => panic!("a gradient is missing: {other:?}"),
        }
    }
}
