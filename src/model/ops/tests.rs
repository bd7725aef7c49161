//! What every implementation has to hold.

use super::*;

/// Points at which the slope of GELU is looked at: from -10 to 10, 0.002 apart.
const POINTS: usize = 10_001;

/// The largest distance of the slope of GELU, on this device in 32 bits, from Φ(x) + x φ(x) in 64.
fn worst_slope(ops: &dyn Ops, device: &Device) -> f64 {
    let points: Vec<f32> = (0..POINTS).map(|i| i as f32 * 0.002 - 10.0).collect();
    let x = floats(points, [1, 1, POINTS], device, DType::F32);
    let leaf = x.clone().autodiff().require_grad();
    let gradients = ops.gelu(leaf.clone()).sum().backward();
    let Some(slopes) = leaf.grad(&gradients) else {
        panic!("no gradient leads through {}", ops.name())
    };
    let points = x.into_data();
    let slopes = slopes.into_data();
    let off = points
        .iter::<f64>()
        .zip(slopes.iter::<f64>())
        .map(|(x, slope)| {
            let cumulative = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
            let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            (slope - cumulative - x * density).abs()
        });
    off.fold(0.0, |worst, off| {
        if off > worst || off.is_nan() {
            off
        } else {
            worst
        }
    })
}

#[test]
fn the_slope_of_gelu_is_the_exact_one() {
    let implementations: [&dyn Ops; 2] = [&cpu::Cpu, &composed::Composed];
    for ops in implementations {
        let worst = worst_slope(ops, &Device::flex());
        assert!(worst < 1e-6, "{}: {worst:e}", ops.name());
    }
}
