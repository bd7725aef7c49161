//! Maximising a smooth density: limited-memory BFGS with a backtracking line search
//! (Nocedal & Wright 2006, algorithms 7.4, 7.5 and 3.1).
//!
//! | symbol | meaning |
//! |---|---|
//! | g | gradient of the log density |
//! | s, y | step and change of -g over it, of the last iterations |
//! | p | direction of the next step, H g with H the inverse Hessian of -log density as the pairs (s, y) tell it |

use std::collections::VecDeque;

use super::linalg::{add_scaled, dot};
use super::surrogate::Density;

/// Pairs (s, y) that are remembered.
const MEMORY: usize = 10;

/// Largest first step and largest change of any coordinate in one step: hyperparameters are logarithms, where further
/// jumps leave what the quadratic model knows.
const LARGEST_STEP: f64 = 2.0;

/// Share of the expected gain that a step must bring (Armijo's condition).
const SUFFICIENT: f64 = 1e-4;

/// Iterations end where no coordinate of the gradient is steeper: far below what a posterior with n > 1 resolves.
const FLAT: f64 = 1e-3;

/// Iterations also end after a step that gains less.
const LITTLE: f64 = 1e-7;

/// The highest point found from `start` in at most `iterations` steps, with its log density; none where the density has
/// none at `start`.
pub(super) fn maximise<D: Fn(&[f64]) -> Option<Density>>(
    density: D,
    start: &[f64],
    iterations: usize,
    cancelled: &dyn Fn() -> bool,
) -> Option<(Vec<f64>, f64)> {
    let mut at = start.to_vec();
    let mut here = finite(density(&at))?;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    for _ in 0..iterations {
        let steepest = here
            .gradient
            .iter()
            .fold(0.0_f64, |top, g| top.max(g.abs()));
        if steepest < FLAT || cancelled() {
            break;
        }
        let mut direction = direction(&here.gradient, &pairs);
        let mut slope = dot(&direction, &here.gradient);
        if slope <= 0.0 {
            // The memory misleads: uphill again.
            pairs.clear();
            direction.clone_from(&here.gradient);
            slope = dot(&direction, &direction);
        }
        let largest = direction.iter().fold(0.0_f64, |top, p| top.max(p.abs()));
        let mut length = if pairs.is_empty() {
            (1.0 / largest).min(1.0)
        } else {
            (LARGEST_STEP / largest).min(1.0)
        };
        let mut better = None;
        for _ in 0..20 {
            let mut next = at.clone();
            add_scaled(&mut next, length, &direction);
            if let Some(there) = finite(density(&next))
                && there.value >= here.value + SUFFICIENT * length * slope
            {
                better = Some((next, there));
                break;
            }
            length *= 0.4;
        }
        let Some((next, there)) = better else {
            break;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(b, a)| b - a).collect();
        let change: Vec<f64> = (here.gradient.iter().zip(&there.gradient))
            .map(|(before, after)| before - after)
            .collect();
        // Only pairs along which the density curves downwards keep H positive definite.
        if dot(&step, &change) > 1e-10 * dot(&change, &change) {
            pairs.push_back((step, change));
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        let gain = there.value - here.value;
        at = next;
        here = there;
        if gain < LITTLE * here.value.abs().max(1.0) {
            break;
        }
    }
    Some((at, here.value))
}

fn finite(density: Option<Density>) -> Option<Density> {
    density.filter(|density| {
        density.value.is_finite() && density.gradient.iter().all(|g| g.is_finite())
    })
}

/// H g by the two loops of algorithm 7.4.
fn direction(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut shares = Vec::with_capacity(pairs.len());
    for (s, y) in pairs.iter().rev() {
        let share = dot(s, &q) / dot(s, y);
        add_scaled(&mut q, -share, y);
        shares.push(share);
    }
    if let Some((s, y)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|value| *value *= scale);
    }
    for ((s, y), share) in pairs.iter().zip(shares.into_iter().rev()) {
        let correction = share - dot(y, &q) / dot(s, y);
        add_scaled(&mut q, correction, s);
    }
    q
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    /// Minus Rosenbrock's valley, highest at (1, 1).
    fn valley(u: &[f64]) -> Option<Density> {
        let (a, b) = (1.0 - u[0], u[1] - u[0] * u[0]);
        Some(Density {
            value: -(a * a + 100.0 * b * b),
            gradient: vec![2.0 * a + 400.0 * u[0] * b, -200.0 * b],
        })
    }

    #[test]
    fn climbs_a_bent_valley() {
        let (at, value) = maximise(valley, &[-1.2, 1.0], 200, &|| false).unwrap();
        assert!(
            (at[0] - 1.0).abs() < 1e-2 && (at[1] - 1.0).abs() < 1e-2,
            "{at:?}"
        );
        assert!(value > -1e-4);
    }

    #[test]
    fn stays_where_the_density_is_defined() {
        // log u - u, highest at 1, undefined below 0.
        let density = |u: &[f64]| {
            (u[0] > 0.0).then(|| Density {
                value: u[0].ln() - u[0],
                gradient: vec![1.0 / u[0] - 1.0],
            })
        };
        let (at, _) = maximise(density, &[30.0], 100, &|| false).unwrap();
        assert!((at[0] - 1.0).abs() < 0.05, "{at:?}");
        assert!(maximise(density, &[-1.0], 100, &|| false).is_none());
    }
}
