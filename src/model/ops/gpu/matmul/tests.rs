//! Products on a GPU against 64 bits and the processor's.
#![allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]

use burn::tensor::DeviceKind;
use cubecl::future::block_on;

use super::*;
use crate::model::initial::Initial;
use crate::model::tensor::{Device, TensorData, floats};

fn device() -> Device {
    Device::wgpu(DeviceKind::DefaultDevice)
}

/// The same, as the kernels' side knows it.
fn gpu() -> burn_cubecl::CubeDevice {
    burn_cubecl::CubeDevice::Wgpu(cubecl::wgpu::WgpuDevice::default())
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

/// The largest difference of two lists, as a share of the largest number.
fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let differences = found.iter().zip(expected).map(|(x, y)| (x - y).abs());
    differences.fold(0.0, f32::max) / largest
}

#[test]
fn every_way_keeps_all_bits_of_the_factors() {
    // TF32 would round each factor to 1, and the sum to K.
    let factor = 1.0 + 2f32.powi(-12);
    for [m, k, n] in [[37, 70, 29], [64, 128, 64]] {
        let exact = f64::from(factor).powi(2) * k as f64;
        let measured = [37, 70, 29] == [m, k, n];
        for way in ways().map(Some).into_iter().chain(measured.then_some(None)) {
            let [a, b] = [[m, k], [k, n]].map(|axes| {
                let data = TensorData::new(vec![factor; axes[0] * axes[1]], axes);
                CubeBackend::float_from_data(data, &gpu())
            });
            let product = init_matmul_output(&a, &b, DType::F32);
            match &way {
                Some(way) => launch(way, (a, b, product.clone())).unwrap(),
                None => tuned((a, b, product.clone())),
            }
            let product = block_on(CubeBackend::float_into_data(product)).unwrap();
            assert_eq!(product.num_elements(), m * n);
            for x in product.iter::<f32>() {
                let error = (f64::from(x) - exact).abs() / exact;
                let name = way.as_ref().map(Strategy::to_string);
                assert!(error < 1e-6, "{name:?}: {x} in place of {exact}");
            }
        }
    }
}

#[test]
fn no_way_needs_a_unit_that_rounds() {
    for way in ways() {
        let name = way.to_string();
        let registers = ["matmul_naive", "matmul_simple_unit", "matmul_double_unit"];
        assert!(
            registers.iter().any(|known| name.starts_with(known)),
            "{name}"
        );
    }
    let narrow = |dtype| numbers(&floats(vec![1.0], [1, 1], &device(), dtype)).unwrap();
    assert!(is_ours(&narrow(DType::F32), Factors::Exact));
    assert!(!is_ours(&narrow(DType::F32), Factors::Rounded));
    assert!(!is_ours(&narrow(DType::F16), Factors::Exact));
}

/// Checks product and gradients of tensors of these axes, `b` read with its last two exchanged.
fn check<const D: usize>(of_a: [usize; D], of_b: [usize; D]) {
    let mut random = Initial::new(7);
    let [a, b] = [of_a, of_b].map(|axes| {
        let values = random.normal(axes.iter().product(), 1.0);
        floats::<D>(values, axes, &Device::flex(), DType::F32)
    });
    let turned = |b: Tensor<D>| b.swap_dims(D - 2, D - 1);
    let kept: [bool; 3] = [true, false, true];
    for (track_a, track_b) in kept.into_iter().zip([true, true, false]) {
        let tracked = |x: &Tensor<D>, track: bool| {
            let x = x.clone().autodiff();
            if track { x.require_grad() } else { x }
        };
        let run = |a: Tensor<D>, b: Tensor<D>, on_gpu: bool| {
            let (a, b) = (tracked(&a, track_a), tracked(&b, track_b));
            let product = match on_gpu {
                true => matmul(a.clone(), turned(b.clone()), Factors::Exact),
                false => a.clone().matmul(turned(b.clone())),
            };
            let gradients = (product.clone() * product.clone()).sum().backward();
            let slopes = [a, b].map(|x| x.grad(&gradients).map(host));
            (host(product.inner()), slopes)
        };
        let expected = run(a.clone(), b.clone(), false);
        let found = run(
            a.clone().to_device(&device()),
            b.clone().to_device(&device()),
            true,
        );
        assert!(apart(&found.0, &expected.0) < 1e-6);
        for (found, expected) in found.1.into_iter().zip(expected.1) {
            match (found, expected) {
                (Some(found), Some(expected)) => assert!(apart(&found, &expected) < 2e-6),
                (None, None) => {}
                _ => panic!("a gradient is missing, or one too many"),
            }
        }
    }
}

#[test]
fn products_and_their_gradients_are_the_processors() {
    check([33, 48], [20, 48]);
    check([2, 3, 17, 8], [2, 3, 17, 8]);
}

#[test]
fn what_all_rows_share_gets_the_sum_of_their_gradients() {
    check([2, 3, 5, 8], [1, 3, 7, 8]);
    check([1, 2, 5, 8], [3, 2, 7, 8]);
}

#[test]
fn products_of_nothing_are_nothing() {
    let none = |axes: [usize; 2]| floats(vec![0.0; axes[0] * axes[1]], axes, &device(), DType::F32);
    let empty = matmul(none([0, 4]), none([4, 3]), Factors::Exact);
    assert_eq!(empty.dims(), [0, 3]);
    let zeros = matmul(none([2, 0]), none([0, 3]), Factors::Exact);
    assert_eq!(host(zeros), [0.0; 6]);
}
