//! Expected hypervolume improvement for two or three maximised objectives, in closed form (Emmerich et al. 2016, by
//! strips).
//!
//! | symbol | meaning |
//! |---|---|
//! | (a₁, b₁) … (a_k, b_k) | the front above the reference point (r_a, r_b), a ascending, b descending |
//! | aⱼ … aⱼ₊₁ | strip j = 0 … k, from a₀ = r_a up to a_{k+1} = ∞ |
//! | bⱼ₊₁ | floor of strip j: the front's height right of aⱼ; b_{k+1} = r_b |
//! | Ψ(t; μ, σ) | E[(y - t)₊] = (μ - t) Φ(z) + σ φ(z), z = (μ - t) / σ |
//!
//! A point improves strip j by (its width inside the strip) · (its height above the floor). With independent
//! objectives the expectation is Σⱼ [Ψ_a(aⱼ) - Ψ_a(aⱼ₊₁)] · Ψ_b(bⱼ₊₁). σ = 0 stands for an objective known exactly.
//!
//! A third objective cuts the space into slices at the points' heights in it. Inside a slice only the points at least as
//! high dominate, so the expectation is a sum over the slices of [Ψ_c(lower edge) - Ψ_c(upper edge)] times that of the
//! slice's staircase.

use super::super::normal::{HALF_LOG_TWO_PI, density, distribution};

/// Below this many deviations Ψ is near the end of float64, and its asymptotic series is exact to 1e-9.
const FAR_BELOW: f64 = -30.0;

/// A front as the strips that an improvement is summed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Staircase {
    /// Left edge aⱼ and floor bⱼ₊₁ of each strip, left to right.
    strips: Vec<[f64; 2]>,
}

impl Staircase {
    /// The staircase of any points; those not above `reference`, dominated or repeated add nothing.
    pub fn new<P: AsRef<[f64]>>(points: &[P], reference: [f64; 2]) -> Self {
        let mut above: Vec<[f64; 2]> = points
            .iter()
            .map(|point| [point.as_ref()[0], point.as_ref()[1]])
            .filter(|point| point[0] > reference[0] && point[1] > reference[1])
            .collect();
        above.sort_by(|p, q| q[0].total_cmp(&p[0]));
        // From the right: each corner that is higher than all before it ends one strip and begins the next.
        let mut floor = reference[1];
        let mut strips: Vec<[f64; 2]> = Vec::with_capacity(above.len() + 1);
        for [edge, height] in above {
            if height > floor {
                match strips.last() {
                    // The higher one of two corners at the same place hides the other.
                    Some([same, _]) if *same == edge => {}
                    _ => strips.push([edge, floor]),
                }
                floor = height;
            }
        }
        strips.push([reference[0], floor]);
        strips.reverse();
        Self { strips }
    }

    /// Expected improvement of the hypervolume by a point with independent normal objectives.
    pub fn expected_improvement(&self, mean: [f64; 2], deviation: [f64; 2]) -> f64 {
        let mut total = 0.0;
        let mut left = mean_excess(mean[0], deviation[0], self.strips[0][0]);
        for (j, [_, floor]) in self.strips.iter().enumerate() {
            // Further right there is less and less; nothing remains where the excess has vanished.
            if left == 0.0 {
                break;
            }
            let right = match self.strips.get(j + 1) {
                Some([edge, _]) => mean_excess(mean[0], deviation[0], *edge),
                None => 0.0,
            };
            total += (left - right) * mean_excess(mean[1], deviation[1], *floor);
            left = right;
        }
        total
    }

    /// The logarithm of [`Self::expected_improvement`], finite also where that underflows, unless both objectives are
    /// known and nothing improves (after Ament et al. 2023, section 4).
    pub fn log_expected_improvement(&self, mean: [f64; 2], deviation: [f64; 2]) -> f64 {
        let mut terms = Vec::with_capacity(self.strips.len());
        let mut left = log_mean_excess(mean[0], deviation[0], self.strips[0][0]);
        for (j, [_, floor]) in self.strips.iter().enumerate() {
            if left == f64::NEG_INFINITY {
                break;
            }
            let right = match self.strips.get(j + 1) {
                Some([edge, _]) => log_mean_excess(mean[0], deviation[0], *edge),
                None => f64::NEG_INFINITY,
            };
            terms
                .push(log_difference(left, right) + log_mean_excess(mean[1], deviation[1], *floor));
            left = right;
        }
        log_sum_exp(&terms)
    }
}

/// A front of two or three objectives.
#[derive(Clone, Debug, PartialEq)]
pub enum Front {
    /// Of two objectives.
    Staircase(Staircase),
    /// Of three: the lower edge and the staircase of each slice, lowest first.
    Slices(Vec<(f64, Staircase)>),
}

impl Front {
    /// The front of any points (`[n][m]`) above `reference` (`[m]`), for m = 2 or 3.
    pub fn new<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> Self {
        let floor = [reference[0], reference[1]];
        let Some(&lowest) = reference.get(2) else {
            return Self::Staircase(Staircase::new(points, floor));
        };
        let mut heights: Vec<f64> = (points.iter())
            .map(|point| point.as_ref()[2])
            .filter(|&height| height > lowest)
            .collect();
        heights.sort_by(f64::total_cmp);
        heights.dedup();
        let edges = std::iter::once(lowest).chain(heights);
        let slices = edges.map(|edge| {
            let above: Vec<&P> = (points.iter())
                .filter(|point| point.as_ref()[2] > edge)
                .collect();
            (edge, Staircase::new(&above, floor))
        });
        Self::Slices(slices.collect())
    }

    /// Expected improvement of the hypervolume by a point with independent normal objectives, `[m]` each.
    pub fn expected_improvement(&self, mean: &[f64], deviation: &[f64]) -> f64 {
        let (plane, spread) = ([mean[0], mean[1]], [deviation[0], deviation[1]]);
        match self {
            Self::Staircase(staircase) => staircase.expected_improvement(plane, spread),
            Self::Slices(slices) => {
                let excess = |edge: f64| mean_excess(mean[2], deviation[2], edge);
                let mut total = 0.0;
                for (i, (edge, staircase)) in slices.iter().enumerate() {
                    let above = slices.get(i + 1).map_or(0.0, |(next, _)| excess(*next));
                    let thickness = excess(*edge) - above;
                    if thickness > 0.0 {
                        total += thickness * staircase.expected_improvement(plane, spread);
                    }
                }
                total
            }
        }
    }

    /// The logarithm of [`Self::expected_improvement`]; see [`Staircase::log_expected_improvement`].
    pub fn log_expected_improvement(&self, mean: &[f64], deviation: &[f64]) -> f64 {
        let (plane, spread) = ([mean[0], mean[1]], [deviation[0], deviation[1]]);
        match self {
            Self::Staircase(staircase) => staircase.log_expected_improvement(plane, spread),
            Self::Slices(slices) => {
                let excess = |edge: f64| log_mean_excess(mean[2], deviation[2], edge);
                let terms = slices.iter().enumerate().map(|(i, (edge, staircase))| {
                    let next = slices.get(i + 1);
                    let above = next.map_or(f64::NEG_INFINITY, |(next, _)| excess(*next));
                    log_difference(excess(*edge), above)
                        + staircase.log_expected_improvement(plane, spread)
                });
                log_sum_exp(&terms.collect::<Vec<f64>>())
            }
        }
    }
}

/// log (exp a - exp b), minus infinity where a is not larger.
fn log_difference(a: f64, b: f64) -> f64 {
    if a > b {
        a + (-(b - a).exp_m1()).ln()
    } else {
        f64::NEG_INFINITY
    }
}

/// log Σ exp, minus infinity for no term.
pub(super) fn log_sum_exp(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest
        + terms
            .iter()
            .map(|term| (term - largest).exp())
            .sum::<f64>()
            .ln()
}

/// log Ψ(t; μ, σ).
fn log_mean_excess(mean: f64, deviation: f64, threshold: f64) -> f64 {
    let z = (mean - threshold) / deviation;
    if deviation <= 0.0 || z > FAR_BELOW {
        return mean_excess(mean, deviation, threshold).ln();
    }
    // zΦ(z) + φ(z) = φ(z) / z² (1 - 3/z² + 15/z⁴ - 105/z⁶ + …)
    let w = (z * z).recip();
    let series = w * (1.0 - w * (3.0 - w * (15.0 - w * 105.0)));
    deviation.ln() - 0.5 * z * z - HALF_LOG_TWO_PI + series.ln()
}

/// Ψ(t; μ, σ).
pub(in super::super) fn mean_excess(mean: f64, deviation: f64, threshold: f64) -> f64 {
    let gap = mean - threshold;
    if deviation <= 0.0 {
        return gap.max(0.0);
    }
    let z = gap / deviation;
    (gap * distribution(z) + deviation * density(z)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::super::hypervolume::hypervolume;
    use super::*;

    const FRONT: [[f64; 2]; 5] = [[0.2, 2.0], [1.0, 1.0], [1.0, 0.6], [0.4, 0.9], [2.0, 0.1]];

    #[test]
    fn of_a_known_point_it_is_the_improvement_itself() {
        let staircase = Staircase::new(&FRONT, [0.0, 0.0]);
        let before = hypervolume(&FRONT, &[0.0, 0.0]);
        for point in [[0.5, 1.5], [3.0, 3.0], [0.1, 0.1], [1.0, 1.2], [-1.0, 9.0]] {
            let mut after = FRONT.to_vec();
            after.push(point);
            let gain = hypervolume(&after, &[0.0, 0.0]) - before;
            let found = staircase.expected_improvement(point, [0.0, 0.0]);
            assert!((found - gain).abs() < 1e-12, "{point:?}");
        }
    }

    #[test]
    fn of_three_objectives_it_is_the_improvement_of_their_hypervolume() {
        let front = [
            [0.2, 2.0, 1.0],
            [1.0, 1.0, 0.3],
            [1.0, 0.6, 2.0],
            [0.4, 0.9, 2.0],
            [2.0, 0.1, 1.5],
            [0.5, 0.5, -1.0],
        ];
        let reference = [0.0, 0.0, 0.1];
        let ours = Front::new(&front, &reference);
        let before = hypervolume(&front, &reference);
        for point in [
            [0.5, 1.5, 1.2],
            [3.0, 3.0, 3.0],
            [0.1, 0.1, 0.2],
            [1.5, 1.5, 0.0],
        ] {
            let mut after = front.to_vec();
            after.push(point);
            let gain = hypervolume(&after, &reference) - before;
            let found = ours.expected_improvement(&point, &[0.0; 3]);
            assert!((found - gain).abs() < 1e-12, "{point:?}: {found} {gain}");
        }
        // By quadrature over the third objective, given which it is the sum over its slices again.
        let (mean, deviation) = ([0.8, 0.9, 0.7], [0.5, 0.3, 0.6]);
        let exact = ours.expected_improvement(&mean, &deviation);
        let step = 0.01;
        let integral: f64 = (-700..=700)
            .map(|i| f64::from(i) * step)
            .map(|z| {
                let at = [mean[0], mean[1], mean[2] + deviation[2] * z];
                let given = ours.expected_improvement(&at, &[deviation[0], deviation[1], 0.0]);
                given * density(z) * step
            })
            .sum();
        assert!((exact / integral - 1.0).abs() < 1e-4, "{exact} {integral}");
        let logarithm = ours.log_expected_improvement(&mean, &deviation);
        assert!((logarithm - exact.ln()).abs() < 1e-9);
    }

    #[test]
    fn the_logarithm_is_that_of_the_value_and_goes_on_where_the_value_ends() {
        let staircase = Staircase::new(&FRONT, [0.0, 0.0]);
        for (mean, deviation) in [
            ([0.8, 0.9], [0.5, 0.3]),
            ([0.8, 0.9], [0.0, 0.3]),
            ([0.1, 0.2], [0.2, 0.1]),
            ([0.6, 1.9], [0.0, 0.0]),
        ] {
            let value = staircase.expected_improvement(mean, deviation);
            let logarithm = staircase.log_expected_improvement(mean, deviation);
            assert!((logarithm - value.ln()).abs() < 1e-9, "{mean:?}");
        }
        // Where the series takes over, nothing jumps.
        let near = |z: f64| log_mean_excess(z, 1.0, 0.0);
        let (before, after) = (near(FAR_BELOW + 1e-6), near(FAR_BELOW - 1e-6));
        assert!(
            (before - after - 2e-6 * 30.0).abs() < 1e-6,
            "{before} {after}"
        );
        let lost = |height: f64| staircase.log_expected_improvement([0.5, height], [0.0, 0.01]);
        assert_eq!(staircase.expected_improvement([0.5, 0.1], [0.0, 0.01]), 0.0);
        assert!(lost(0.2).is_finite() && lost(0.2) > lost(0.1));
        let known = staircase.log_expected_improvement([0.5, 0.1], [0.0, 0.0]);
        assert_eq!(known, f64::NEG_INFINITY);
    }

    #[test]
    fn is_the_integral_of_the_improvement_over_the_density() {
        let staircase = Staircase::new(&FRONT, [0.0, 0.0]);
        let (mean, deviation) = ([0.8, 0.9], [0.5, 0.3]);
        let step = 0.05;
        let mut integral = 0.0;
        for i in -140..=140 {
            for j in -140..=140 {
                let z = [f64::from(i) * step, f64::from(j) * step];
                let point = [mean[0] + deviation[0] * z[0], mean[1] + deviation[1] * z[1]];
                integral += staircase.expected_improvement(point, [0.0, 0.0])
                    * density(z[0])
                    * density(z[1])
                    * step
                    * step;
            }
        }
        let exact = staircase.expected_improvement(mean, deviation);
        assert!(
            (exact - integral).abs() < 1e-3 * exact,
            "{exact} {integral}"
        );
    }
}
