//! The formulas of the metrics.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | `n` | rows |
//! | `K` | classes of the task |
//! | `c` | rows predicted right |
//! | `t_k`, `p_k`, `c_k` | rows labelled, predicted, rightly predicted as class `k` |
//! | `r` | correlation |

use std::collections::BTreeMap;

/// `c / n`.
pub(super) fn accuracy(predictions: &[f64], labels: &[f64]) -> f64 {
    right(predictions, labels) / labels.len() as f64
}

/// `c`.
fn right(predictions: &[f64], labels: &[f64]) -> f64 {
    let same = predictions.iter().zip(labels).filter(|(p, t)| p == t);
    same.count() as f64
}

/// `2 c_k / (p_k + t_k)` of one class; 0 where it is neither labelled nor predicted.
pub(super) fn f1(predictions: &[f64], labels: &[f64], class: usize) -> f64 {
    let class = class as f64;
    let of_class = |values: &[f64]| values.iter().filter(|&&v| v == class).count();
    let both = predictions.iter().zip(labels);
    let found = both.filter(|&(&p, &t)| p == class && t == class).count();
    let found_and_sought = of_class(predictions) + of_class(labels);
    if found_and_sought == 0 {
        return 0.0;
    }
    2.0 * found as f64 / found_and_sought as f64
}

/// The mean of F1 over all `K` classes of the task, those without a row included; scikit-learn's
/// `f1_score(labels=range(K), average="macro", zero_division=0)`.
pub(super) fn macro_f1(predictions: &[f64], labels: &[f64], classes: usize) -> f64 {
    let each = (0..classes).map(|class| f1(predictions, labels, class));
    each.sum::<f64>() / classes as f64
}

/// `(c n - sum_k p_k t_k) / sqrt((n^2 - sum_k p_k^2) (n^2 - sum_k t_k^2))`, the form for any number of classes
/// (Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient"); 0 where all
/// predictions or all labels are of one class, as in scikit-learn.
pub(super) fn matthews(predictions: &[f64], labels: &[f64]) -> f64 {
    let mut counts: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (p, t) in predictions.iter().zip(labels) {
        counts.entry(p.to_bits()).or_default().0 += 1.0;
        counts.entry(t.to_bits()).or_default().1 += 1.0;
    }
    let sum = |of: fn(&(f64, f64)) -> f64| counts.values().map(of).sum::<f64>();
    let n = labels.len() as f64;
    let covariance = right(predictions, labels) * n - sum(|(p, t)| p * t);
    let spread = (n * n - sum(|(p, _)| p * p)) * (n * n - sum(|(_, t)| t * t));
    if spread == 0.0 {
        return 0.0;
    }
    covariance / spread.sqrt()
}

/// `sum (x - mean x)(y - mean y) / (|x - mean x| |y - mean y|)`; none where a side is constant.
pub(super) fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if is_constant(x) || is_constant(y) {
        return None;
    }
    let centred = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let centred: Vec<f64> = values.iter().map(|v| v - mean).collect();
        let norm = centred.iter().map(|v| v * v).sum::<f64>().sqrt();
        (centred, norm)
    };
    let ((x, x_norm), (y, y_norm)) = (centred(x), centred(y));
    // Divided one by one, so that the product of two large norms cannot overflow.
    let r: f64 = x
        .iter()
        .zip(&y)
        .map(|(x, y)| (x / x_norm) * (y / y_norm))
        .sum();
    Some(r.clamp(-1.0, 1.0))
}

/// Pearson's `r` of the ranks.
pub(super) fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&average_ranks(x), &average_ranks(y))
}

/// Whether all values are the same one.
pub(super) fn is_constant(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

/// Ranks from 1; equal values share the mean of their ranks.
fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let end = start + tie.len();
        // The mean of start + 1 ..= end.
        let rank = (start + 1 + end) as f64 / 2.0;
        for &row in tie {
            ranks[row] = rank;
        }
        start = end;
    }
    ranks
}
