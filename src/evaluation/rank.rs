//! How alike two rankings of the same configurations are: Kendall's τ_b (Kendall 1945), which knows ties.
//!
//! | symbol | meaning |
//! |---|---|
//! | C, D | pairs that both sides put in the same order, in opposite orders |
//! | T_a, T_b | pairs that only the one side, only the other side ties |
//!
//! τ_b = (C − D) / √((C + D + T_a) (C + D + T_b)), from −1 (reversed) to 1 (the same).

use std::cmp::Ordering;

/// τ_b of two lists of values, pair by pair; none where a side ties all, or there are fewer than two.
///
/// # Panics
/// The lists differ in length.
pub fn kendall_tau(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "values of the same things");
    let (mut same, mut opposite, mut ties_a, mut ties_b) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..a.len() {
        for j in 0..i {
            match (a[i].total_cmp(&a[j]), b[i].total_cmp(&b[j])) {
                (Ordering::Equal, Ordering::Equal) => {}
                (Ordering::Equal, _) => ties_a += 1.0,
                (_, Ordering::Equal) => ties_b += 1.0,
                (one, other) if one == other => same += 1.0,
                _ => opposite += 1.0,
            }
        }
    }
    let untied: f64 = same + opposite;
    let pairs = ((untied + ties_a) * (untied + ties_b)).sqrt();
    (pairs > 0.0).then(|| (same - opposite) / pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_definition() {
        let up = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(kendall_tau(&up, &[0.1, 0.2, 0.3, 0.9]), Some(1.0));
        assert_eq!(kendall_tau(&up, &[4.0, 3.0, 2.0, 1.0]), Some(-1.0));
        // Two of three pairs agree.
        assert_eq!(kendall_tau(&up[..3], &[1.0, 3.0, 2.0]), Some(1.0 / 3.0));
        // scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])
        let tau = kendall_tau(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]);
        assert!(
            (tau.unwrap_or(0.0) + 0.471_404_520_791_031_6).abs() < 1e-15,
            "{tau:?}"
        );
        assert_eq!(kendall_tau(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(kendall_tau(&[], &[]), None);
    }
}
