//! Masks of dropout.

use super::super::super::philox::Mask;
use super::super::super::{self as ops};
use super::*;

#[test]
fn masks_are_those_of_the_host_to_the_last_bit() {
    for (count, keep) in [
        (0, 0.9),
        (1, 0.9),
        (3, 0.1),
        (4, 0.9),
        (17, 0.5),
        (70_001, 0.9),
        (3_000_000, 0.7),
    ] {
        let mask = Mask {
            seed: 0x299f_31d0_a409_3822,
            step: 0x0370_7344_1319_8a2e,
            site: 0x85a3_08d3 ^ count as u32,
            keep,
        };
        let device = device();
        let found = host(ops::of(&device).mask(&mask, count, &device, DType::F32));
        assert!(
            found == mask.on_host(count),
            "{count} elements, {keep} kept"
        );
    }
}

#[test]
fn dropout_of_views_and_its_way_back_are_the_mask_and_leave_what_others_hold() {
    let mask = Mask {
        seed: 7,
        step: 3,
        site: 1,
        keep: 0.75,
    };
    for shape in [[2, 3, 5], [1, 4, 8]] {
        let mut random = Random::new(1);
        let x = turned(&random.tensor(shape, 1.0));
        let weights = random.tensor(shape, 1.0);
        let drop = |x: Tensor<3>| {
            let count = shape.iter().product::<usize>();
            let device = x.device().without_autodiff();
            ops::of(&device)
                .dropped(x.reshape([count]), &mask)
                .reshape(shape)
        };
        let before = host(x.clone());
        let ours = run([&x], &weights, |[x]| drop(x));
        let theirs = run([&exact(&x)], &exact(&weights), |[x]| drop(x));
        agree(&ours, &theirs, 1e-7, "dropout");
        assert_eq!(host(drop(x.clone())), ours[0], "with and without a graph");
        assert_eq!(host(x), before);
    }
}
