//! Expected hypervolume improvement for two maximised objectives, in closed form (Emmerich et al. 2016, by strips).
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

use super::super::normal::{density, distribution};

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
}

/// Ψ(t; μ, σ).
fn mean_excess(mean: f64, deviation: f64, threshold: f64) -> f64 {
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
