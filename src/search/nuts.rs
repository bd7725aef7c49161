//! Hamiltonian Monte Carlo without U-turns (Hoffman & Gelman 2014): the sampler of nuts-rs over our densities.
//!
//! One chain, diagonal mass matrix and step size adapted during the warm-up only, everything drawn from the stream
//! that is handed in.

use std::collections::HashMap;
use std::fmt;

use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings,
};
use rand::Rng;
use thiserror::Error;

use super::surrogate::Density;

/// Doublings of a trajectory at most: 63 steps, as BoTorch allows. Longer ones cost more than they mix.
const MAX_DOUBLINGS: u64 = 6;

/// How long to sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Steps in which the sampler adapts; their draws are thrown away.
    pub warmup_draws: usize,
    /// Steps after that.
    pub posterior_draws: usize,
    /// Every how many of these one is kept.
    pub thinning: usize,
}

/// Draws from a density.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// The kept draws.
    pub kept: Vec<Vec<f64>>,
    /// Trajectories after the warm-up that ended in a divergence.
    pub divergences: usize,
    /// How far the first half of the draws disagrees with the second: the largest [`split_r_hat`] of any unknown.
    pub split_r_hat: f64,
}

/// Why there are no draws.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NutsError {
    /// The sampler gave up, with its own words.
    #[error("the sampler stopped: {0}")]
    Stopped(String),
    /// Every trajectory diverged.
    #[error("every trajectory of the sampler diverged")]
    Diverged,
    /// The caller no longer wants the draws.
    #[error("the sampling was cancelled")]
    Cancelled,
}

/// Samples the density whose value and gradient `density` gives, from `start`.
///
/// Where `density` gives none (a covariance that has no factor, say), the trajectory ends as a divergence.
///
/// # Errors
/// Where the sampler cannot start at `start`, every trajectory diverges, or `cancelled` says so.
pub fn sample<D, R>(
    density: D,
    start: &[f64],
    schedule: Schedule,
    random: &mut R,
    cancelled: &dyn Fn() -> bool,
) -> Result<Draws, NutsError>
where
    D: Fn(&[f64]) -> Option<Density>,
    R: Rng,
{
    let settings = DiagNutsSettings {
        num_tune: schedule.warmup_draws as u64,
        num_draws: schedule.posterior_draws as u64,
        maxdepth: MAX_DOUBLINGS,
        ..DiagNutsSettings::default()
    };
    let target = Target {
        density,
        unknowns: start.len(),
    };
    let mut chain = settings
        .new_chain(0, CpuMath::new(target), random)
        .map_err(stopped)?;
    chain.set_position(start).map_err(stopped)?;
    let mut draws = Draws {
        kept: Vec::new(),
        divergences: 0,
        split_r_hat: 1.0,
    };
    let mut all = Vec::with_capacity(schedule.posterior_draws);
    for step in 0..schedule.warmup_draws + schedule.posterior_draws {
        if cancelled() {
            return Err(NutsError::Cancelled);
        }
        let (position, progress) = chain.draw().map_err(stopped)?;
        let Some(index) = step.checked_sub(schedule.warmup_draws) else {
            continue;
        };
        draws.divergences += usize::from(progress.diverging);
        let position = position.into_vec();
        if (index + 1) % schedule.thinning.max(1) == 0 {
            draws.kept.push(position.clone());
        }
        all.push(position);
    }
    draws.split_r_hat = (0..start.len())
        .map(|i| split_r_hat(&all.iter().map(|u| u[i]).collect::<Vec<f64>>()))
        .fold(1.0, f64::max);
    let finite = draws.kept.iter().flatten().all(|value| value.is_finite());
    if draws.kept.is_empty() || !finite || draws.divergences == schedule.posterior_draws {
        return Err(NutsError::Diverged);
    }
    Ok(draws)
}

/// The potential scale reduction between the two halves of one chain (Gelman et al. 2013, section 11.4): near 1 where
/// both come from the same distribution, infinite where they stand still at different places. 1 for fewer than four draws.
pub fn split_r_hat(chain: &[f64]) -> f64 {
    let half = chain.len() / 2;
    if half < 2 {
        return 1.0;
    }
    let (first, second) = (&chain[..half], &chain[chain.len() - half..]);
    let count = half as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let means = [mean(first), mean(second)];
    let variance = |values: &[f64], mean: f64| {
        values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / (count - 1.0)
    };
    let within = 0.5 * (variance(first, means[0]) + variance(second, means[1]));
    // The variance of two means, B / n.
    let between = 0.5 * (means[0] - means[1]).powi(2);
    if between == 0.0 {
        return 1.0;
    }
    ((count - 1.0) / count + between / within).sqrt()
}

/// The sampler's error, which it gives with all its causes.
fn stopped(error: impl fmt::Display) -> NutsError {
    NutsError::Stopped(format!("{error:#}"))
}

/// A density as nuts-rs wants it.
struct Target<D> {
    density: D,
    unknowns: usize,
}

/// The density has no value here.
#[derive(Debug)]
struct Undefined;

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the density has no finite value here")
    }
}

impl std::error::Error for Undefined {}

impl LogpError for Undefined {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl<D> HasDims for Target<D> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".into(), self.unknowns as u64)])
    }
}

impl<D: Fn(&[f64]) -> Option<Density>> CpuLogpFunc for Target<D> {
    type LogpError = Undefined;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.unknowns
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Undefined> {
        let density = (self.density)(position).ok_or(Undefined)?;
        let finite = density.value.is_finite() && density.gradient.iter().all(|g| g.is_finite());
        if !finite {
            return Err(Undefined);
        }
        gradient.copy_from_slice(&density.gradient);
        Ok(density.value)
    }

    fn expand_vector<R: Rng + ?Sized>(
        &mut self,
        _random: &mut R,
        position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::super::random::{Purpose, stream};
    use super::*;

    const SCHEDULE: Schedule = Schedule {
        warmup_draws: 300,
        posterior_draws: 2_000,
        thinning: 2,
    };

    /// Independent normals of deviations 1 and 10 around 3.
    fn normal(u: &[f64]) -> Option<Density> {
        let (a, b) = (u[0] - 3.0, (u[1] - 3.0) / 100.0);
        Some(Density {
            value: -0.5 * (a * a + 100.0 * b * b),
            gradient: vec![-a, -b],
        })
    }

    fn run(density: impl Fn(&[f64]) -> Option<Density>, seed: u64) -> Result<Draws, NutsError> {
        let mut random = stream(seed, Purpose::Surrogate, 0, 0);
        sample(density, &[0.0, 0.0], SCHEDULE, &mut random, &|| false)
    }

    #[test]
    fn finds_the_moments_of_a_normal() {
        let draws = run(normal, 4).unwrap();
        assert_eq!(draws.kept.len(), 1_000);
        for (k, deviation) in [(0, 1.0), (1, 10.0)] {
            let mean = draws.kept.iter().map(|u| u[k]).sum::<f64>() / 1e3;
            let variance = draws
                .kept
                .iter()
                .map(|u| (u[k] - mean).powi(2))
                .sum::<f64>()
                / 1e3;
            assert!((mean - 3.0).abs() < 0.25 * deviation, "{mean}");
            assert!((variance.sqrt() / deviation - 1.0).abs() < 0.15);
        }
    }

    #[test]
    fn halves_that_disagree_have_a_large_r_hat() {
        let run = run(normal, 4).unwrap();
        assert!(run.split_r_hat < 1.05, "{}", run.split_r_hat);
        let drift: Vec<f64> = (0..100).map(|i| f64::from(i) + f64::from(i % 3)).collect();
        assert!(split_r_hat(&drift) > 1.5);
        assert_eq!(split_r_hat(&[2.0; 8]), 1.0);
        assert_eq!(split_r_hat(&[1.0, 1.0, 2.0, 2.0]), f64::INFINITY);
        // By hand: means 1 and 3, variances 2 and 2, n = 2: √(1/2 + 2/2).
        let found = split_r_hat(&[0.0, 2.0, 2.0, 4.0]);
        assert!((found - 1.5_f64.sqrt()).abs() < 1e-12, "{found}");
    }

    #[test]
    fn the_same_seed_gives_the_same_draws() {
        assert_eq!(run(normal, 4), run(normal, 4));
        assert_ne!(run(normal, 4), run(normal, 5));
    }

    #[test]
    fn a_density_that_is_nowhere_defined_is_an_error() {
        assert!(matches!(run(|_| None, 1), Err(NutsError::Stopped(_))));
    }

    #[test]
    fn a_density_defined_at_one_point_only_diverges() {
        let needle = |u: &[f64]| (u == [0.0, 0.0]).then(|| normal(u)).flatten();
        assert_eq!(run(needle, 1), Err(NutsError::Diverged));
    }

    #[test]
    fn stops_when_told() {
        let mut random = stream(1, Purpose::Surrogate, 0, 0);
        let result = sample(normal, &[0.0, 0.0], SCHEDULE, &mut random, &|| true);
        assert_eq!(result, Err(NutsError::Cancelled));
    }
}
