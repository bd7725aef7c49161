//! GELU, LayerNorm, and a linear map on top of a residual connection.

use super::super::super::{self as ops, composed};
use super::super::{gelu, layer_norm};
use super::*;

#[test]
fn gelu_and_its_slope_are_within_a_millionth_of_64_bits() {
    let points: Vec<f32> = (0..10_001).map(|i| (i as f32 - 5000.0) * 2e-3).collect();
    let x = floats(points.clone(), [1, 1, 10_001], &device(), DType::F32);
    let weights = Tensor::ones_like(&x);
    let tracked = run([&x], &weights, |[x]| gelu::gelu(x));
    assert_eq!(tracked[0], host(gelu::gelu(x)), "with and without a graph");
    for (i, x) in points.iter().map(|&x| f64::from(x)).enumerate() {
        let cumulative = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let exact = [x * cumulative, cumulative + x * density];
        for (found, exact) in tracked.iter().map(|t| f64::from(t[i])).zip(exact) {
            let off = (found - exact).abs();
            assert!(
                off <= 1e-6 * exact.abs().max(1.0),
                "{found} at {x}, not {exact}"
            );
        }
    }
}

#[test]
fn gelu_takes_views_odd_sizes_and_nothing() {
    for shape in [[1, 1, 1], [3, 5, 17], [2, 3, 4], [1, 70_000, 1], [0, 4, 3]] {
        let mut random = Random::new(shape[1] as u64);
        let x = turned(&random.tensor(shape, 2.0));
        let weights = random.tensor(shape, 1.0);
        let ours = run([&x], &weights, |[x]| gelu::gelu(x));
        let theirs = run([&exact(&x)], &exact(&weights), |[x]| composed::gelu(x));
        agree(&ours, &theirs, 1e-6, &format!("{shape:?}"));
    }
}

#[test]
fn gelu_passes_on_what_is_no_number_as_the_processor_does() {
    let ends = [
        f32::NAN,
        f32::INFINITY,
        1.0,
        f32::NEG_INFINITY,
        40.0,
        -40.0,
        0.0,
    ];
    let [ours, theirs] = [device(), Device::flex()].map(|device| {
        let x = floats(ends.to_vec(), [1, 1, 7], &device, DType::F32);
        host(ops::of(&device).gelu(x))
    });
    let pairs = ours.iter().zip(&theirs);
    for (at, (ours, theirs)) in ends.iter().zip(pairs) {
        let both_none = ours.is_nan() && theirs.is_nan();
        let near = ours == theirs || (ours - theirs).abs() < 1e-6;
        assert!(both_none || near, "{ours} at {at}, not {theirs}");
    }
}

#[test]
fn layer_norm_agrees_with_the_library() {
    for (rows, width) in [(1, 1), (9, 3), (33, 17), (5, 384), (70, 768), (3, 1000)] {
        let mut random = Random::new(width as u64);
        let x = turned(&random.tensor([1, rows, width], 2.0).add_scalar(0.3));
        let weights = random.tensor([1, rows, width], 1.0);
        let [w, b] = [0, 1].map(|_| random.tensor([width], 1.0));
        let ours = run([&x], &weights, |[x]| {
            layer_norm::layer_norm(x, w.clone(), b.clone(), 1e-5)
        });
        let theirs = run([&exact(&x)], &exact(&weights), |[x]| {
            composed::layer_norm(x, exact(&w), exact(&b), 1e-5)
        });
        agree(&ours, &theirs, 1e-5, &format!("{rows} rows of {width}"));
        let plain = host(layer_norm::layer_norm(x, w, b, 1e-5));
        assert_eq!(ours[0], plain, "with and without a graph");
    }
}

#[test]
fn layer_norm_takes_more_rows_than_a_device_has_groups_on_an_axis() {
    let device = device();
    let rows = 530_000;
    let values = (0..rows * 2).map(|i| if i % 2 == 0 { 2.0 } else { (i % 7) as f32 });
    let x = floats(values.collect(), [1, rows, 2], &device, DType::F32);
    let [w, b] = [3.0, 0.5].map(|value| floats(vec![value; 2], [2], &device, DType::F32));
    let found = host(layer_norm::layer_norm(x.clone(), w, b, 0.0));
    let values = host(x);
    for row in [0, 1, 65_535 * 8, 65_536 * 8 + 3, rows - 1] {
        let [first, second] = [values[row * 2], values[row * 2 + 1]];
        let sign = (first - second).signum();
        assert_eq!(
            found[row * 2..][..2],
            [0.5 + 3.0 * sign, 0.5 - 3.0 * sign],
            "{row}"
        );
    }
}

#[test]
fn layer_norm_leaves_what_is_no_number_in_its_row() {
    let mut random = Random::new(5);
    let mut values = host(random.tensor([1, 20, 50], 1.0));
    values[3 * 50 + 7] = f32::NAN;
    values[11 * 50] = f32::INFINITY;
    let x = floats(values, [1, 20, 50], &device(), DType::F32);
    let [w, b] = [0, 1].map(|_| random.tensor([50], 1.0));
    let found = host(layer_norm::layer_norm(x, w, b, 1e-5));
    for (row, values) in found.chunks(50).enumerate() {
        let broken = [3, 11].contains(&row);
        assert!(
            values.iter().all(|v| v.is_nan() == broken),
            "row {row}: {values:?}"
        );
    }
}

#[test]
fn a_linear_map_comes_on_top_of_its_residual() {
    let mut random = Random::new(3);
    let x = turned(&random.tensor([2, 5, 7], 1.0));
    let residual = turned(&random.tensor([2, 5, 3], 1.0));
    let weights = random.tensor([2, 5, 3], 1.0);
    let w = random.tensor([7, 3], 1.0);
    let b = random.tensor([3], 1.0);
    let ours = run([&residual, &x], &weights, |[residual, x]| {
        ops::of(&device()).linear_onto(residual, x, w.clone(), b.clone())
    });
    let theirs = run(
        [&exact(&residual), &exact(&x)],
        &exact(&weights),
        |[residual, x]| composed::linear(x, exact(&w), exact(&b)) + residual,
    );
    agree(&ours, &theirs, 1e-5, "linear");
}

#[test]
fn sixteen_bits_are_rounded_once_and_computed_in_32() {
    let mut random = Random::new(11);
    let half = |x: Tensor<3>| x.cast(DType::F16);
    let x = half(random.tensor([1, 9, 50], 1.0));
    let weights = half(random.tensor([1, 9, 50], 1.0));
    let [w, b] = [0, 1].map(|_| random.tensor([50], 1.0));
    let both = [
        run([&x], &weights, |[x]| gelu::gelu(x)),
        run([&x], &weights, |[x]| {
            layer_norm::layer_norm(x, w.clone(), b.clone(), 1e-5)
        }),
    ];
    let (x, weights) = (exact(&x), exact(&weights));
    let exactly = [
        run([&x], &weights, |[x]| composed::gelu(x)),
        run([&x], &weights, |[x]| {
            composed::layer_norm(x, exact(&w), exact(&b), 1e-5)
        }),
    ];
    for (ours, theirs) in both.iter().zip(&exactly) {
        // Half of the last of 11 bits; of a gradient by GELU, once for the slope and once for the product.
        agree(
            &ours[..1],
            &theirs[..1],
            0.5f64.powi(11) * 1.01,
            "the value",
        );
        agree(&ours[1..], &theirs[1..], 0.5f64.powi(10), "the gradient");
    }
}
