//! The dominated hypervolume, exactly, by slicing objectives off one after the other (Knowles 2002).
//!
//! All objectives are maximised. With two objectives the cost is that of sorting, with m it grows as nᵐ⁻¹.

/// Volume of what `points` (`[n][m]`) dominate and `reference` (`[m]`) bounds from below.
pub fn hypervolume<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> f64 {
    let mut above: Vec<&[f64]> = points
        .iter()
        .map(AsRef::as_ref)
        .filter(|point| point.iter().zip(reference).all(|(y, bound)| y > bound))
        .collect();
    sliced(&mut above, reference)
}

/// As [`hypervolume`], for points that are above the reference; leaves them in another order.
fn sliced(points: &mut [&[f64]], reference: &[f64]) -> f64 {
    let Some((&floor, rest)) = reference.split_last() else {
        // Nothing is left to measure: the empty product.
        return if points.is_empty() { 0.0 } else { 1.0 };
    };
    let last = rest.len();
    points.sort_by(|a, b| b[last].total_cmp(&a[last]));
    if let Some((&floor_of_first, [])) = rest.split_first() {
        return area(points, floor_of_first, floor);
    }
    let mut volume = 0.0;
    for count in 1..=points.len() {
        // Between this value of the last objective and the next lower one, the best `count` points are in force.
        let lower = points.get(count).map_or(floor, |next| next[last]);
        let thickness = points[count - 1][last] - lower;
        if thickness > 0.0 {
            let mut slice = points[..count].to_vec();
            volume += thickness * sliced(&mut slice, rest);
        }
    }
    volume
}

/// The case of two objectives: points in descending order of the second, each adding its own strip.
fn area(points: &[&[f64]], floor_of_first: f64, floor_of_second: f64) -> f64 {
    let mut reached = floor_of_first;
    let mut area = 0.0;
    for point in points {
        if point[0] > reached {
            area += (point[0] - reached) * (point[1] - floor_of_second);
            reached = point[0];
        }
    }
    area
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// By inclusion and exclusion over all subsets of the points.
    fn naive(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        let mut total = 0.0;
        for subset in 1_u32..1 << points.len() {
            let members = || (0..points.len()).filter(|i| subset >> i & 1 == 1);
            let common: f64 = (0..reference.len())
                .map(|k| {
                    let lowest = members().map(|i| points[i][k]).fold(f64::MAX, f64::min);
                    (lowest - reference[k]).max(0.0)
                })
                .product();
            total += common
                * if subset.count_ones() % 2 == 1 {
                    1.0
                } else {
                    -1.0
                };
        }
        total
    }

    proptest! {
        #[test]
        fn agrees_with_inclusion_and_exclusion(
            objectives in 1_usize..5,
            values in proptest::collection::vec(-5_i32..20, 0..32),
        ) {
            // Whole numbers, so that ties are common.
            let points: Vec<Vec<f64>> = values
                .chunks_exact(objectives)
                .take(8)
                .map(|point| point.iter().map(|&v| f64::from(v)).collect())
                .collect();
            let reference = vec![0.0; objectives];
            prop_assert_eq!(hypervolume(&points, &reference), naive(&points, &reference));
        }

        #[test]
        fn agrees_with_monte_carlo(
            objectives in 2_usize..5,
            values in proptest::collection::vec(-0.2_f64..1.0, 4..80),
            seed in any::<u64>(),
        ) {
            // In the unit cube the volume is the share of uniform samples that some point dominates.
            const SAMPLES: usize = 4_000;
            let points: Vec<&[f64]> = values.chunks_exact(objectives).collect();
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let dominated = (0..SAMPLES).filter(|_| {
                let sample: Vec<f64> = (0..objectives).map(|_| random.random()).collect();
                points.iter().any(|point| point.iter().zip(&sample).all(|(y, x)| y >= x))
            });
            let share = dominated.count() as f64 / SAMPLES as f64;
            let volume = hypervolume(&points, &vec![0.0; objectives]);
            // Six standard errors, and a few samples for volumes near nothing or everything.
            let error = (volume * (1.0 - volume) / SAMPLES as f64).max(0.0).sqrt();
            prop_assert!(
                (share - volume).abs() <= 6.0 * error + 3.0 / SAMPLES as f64,
                "{share} against {volume} ± {error}"
            );
        }
    }

    #[test]
    fn of_nothing_is_nothing() {
        let none: [[f64; 2]; 0] = [];
        assert_eq!(hypervolume(&none, &[0.0, 0.0]), 0.0);
        assert_eq!(hypervolume(&[[1.0, -1.0]], &[0.0, 0.0]), 0.0);
    }
}
