//! The softmax over the keys and what goes with it, on rows of scores.

use super::super::vector::{exp_below_zero, largest, sum, vectorised};

/// Each number times its factor.
pub(super) fn times(x: &[f32], factors: &[f32]) -> Vec<f32> {
    x.iter()
        .zip(factors)
        .map(|(x, factor)| x * factor)
        .collect()
}

/// The same in place.
pub(super) fn multiply(x: &mut [f32], factors: &[f32]) {
    for (x, factor) in x.iter_mut().zip(factors) {
        *x *= factor;
    }
}

vectorised! {
    /// Replaces each row of scores by its softmax, `padding` added to its last places first.
    fn softmax_rows(scores: &mut [f32], keys: usize, padding: &[f32]) {
        for scores in scores.chunks_exact_mut(keys) {
            let first = keys - padding.len();
            for (score, padding) in scores[first..].iter_mut().zip(padding) {
                *score += padding;
            }
            let top = largest(scores, f32::NEG_INFINITY);
            for score in scores.iter_mut() {
                *score = exp_below_zero(*score - top);
            }
            let scale = 1.0 / sum(scores, |_, x| x);
            for score in scores.iter_mut() {
                *score *= scale;
            }
        }
    }
}

vectorised! {
    /// ln Σ exp of each row of scores.
    fn log_sums(sums: &mut [f32], scores: &mut [f32], keys: usize) {
        for (log_sum, scores) in sums.iter_mut().zip(scores.chunks_exact_mut(keys)) {
            let top = largest(scores, f32::NEG_INFINITY);
            for score in scores.iter_mut() {
                *score = exp_below_zero(*score - top);
            }
            *log_sum = top + sum(scores, |_, x| x).ln();
        }
    }
}

vectorised! {
    /// Replaces ∂p by ∂s.
    fn softmax_rows_backward(gradient: &mut [f32], weights: &[f32], keys: usize) {
        for (gradient, weights) in gradient.chunks_exact_mut(keys).zip(weights.chunks_exact(keys)) {
            let along = sum(gradient, |i, d| d * weights[i]);
            for (gradient, weight) in gradient.iter_mut().zip(weights) {
                *gradient = weight * (*gradient - along);
            }
        }
    }
}
