//! The optimiser's step.

use burn_cubecl::Cube;

use super::super::super::composed::adamw::{self, AdamWForm, Moved, Step};
use super::super::norm::NormKernels;
use super::super::numbers::{constant, numbers};
use super::*;

/// w, m, v and the norms after some steps of vectors that `place` puts somewhere.
fn stepped(
    (size, form, decays, clipped): (usize, AdamWForm, bool, bool),
    place: fn(&Tensor<1>) -> Tensor<1>,
    step: impl Fn(Moved, Tensor<1>, &Step) -> (Moved, Tensor<1>),
) -> Vec<Vec<f32>> {
    let mut random = Random::new(size as u64);
    let weights = place(&random.tensor([size], 1.0));
    let kept = weights.clone();
    let before = host(kept.clone());
    let mut moved = Moved {
        weights,
        moments: None,
    };
    let decaying = (0..size).map(|i| (i % 3).min(1) as f32).collect();
    let decaying = place(&floats(decaying, [size], &device(), DType::F32));
    let mut norms = Vec::new();
    for number in 1..4 {
        let gradient = place(&random.tensor([size], 0.5));
        let told = Step {
            form,
            number,
            learning_rate: 0.1 / f64::from(number),
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            decay: decays.then(|| (0.1, decaying.clone())),
            max_gradient_norm: clipped.then_some(1.0),
        };
        let norm;
        (moved, norm) = step(moved, gradient, &told);
        norms.extend(host(norm));
    }
    assert_eq!(host(kept), before, "what others hold");
    let [m, v] = moved.moments.unwrap();
    vec![host(moved.weights), host(m), host(v), norms]
}

#[test]
fn a_step_agrees_with_the_library_in_both_forms() {
    let [old, new] = [AdamWForm::HuggingFace, AdamWForm::Torch];
    let same = |x: &Tensor<1>| x.clone();
    for case in [
        (1, old, false, false),
        (17, old, true, true),
        (1000, old, false, true),
        (3, new, false, false),
        (384, new, true, true),
        (70_001, new, true, false),
    ] {
        let ours = stepped(case, same, super::super::adamw::step);
        let theirs = stepped(case, exact, adamw::step);
        agree(&ours, &theirs, 1e-6, &format!("{case:?}"));
    }
}

#[test]
fn a_norm_that_is_no_number_is_seen_in_all_weights() {
    let gradient = floats(vec![1.0, f32::NAN, 2.0], [3], &device(), DType::F32);
    let told = Step {
        form: AdamWForm::Torch,
        number: 1,
        learning_rate: 0.1,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        decay: None,
        max_gradient_norm: Some(1.0),
    };
    let moved = Moved {
        weights: Tensor::ones_like(&gradient),
        moments: None,
    };
    let (moved, norm) = super::super::adamw::step(moved, gradient, &told);
    assert!(host(norm)[0].is_nan());
    assert!(host(moved.weights).iter().all(|w| w.is_nan()));
}

#[test]
fn the_norm_of_a_long_vector_has_all_its_digits() {
    for size in [0, 1, 31, 513, 70_001, 2_000_003] {
        let values: Vec<f32> = (0..size).map(|i| ((i % 11) as f32 - 4.5) * 0.1).collect();
        let squares = values.iter().map(|&x| f64::from(x) * f64::from(x));
        let exact = squares.sum::<f64>().sqrt();
        let x = numbers(&floats(values, [size], &device(), DType::F32)).unwrap();
        let found = host(constant::<1>(Cube::norm(x)));
        assert_eq!(found.len(), 1);
        let off = (f64::from(found[0]) - exact).abs();
        assert!(off <= 1e-6 * exact, "{found:?} of {size}, not {exact}");
    }
}
