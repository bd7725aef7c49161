//! Noisy expected hypervolume improvement for two or three maximised objectives (Daulton et al. 2021, eq. 3).
//!
//! | symbol | meaning |
//! |---|---|
//! | B | base: the measured points that may be on the front, and the pending ones |
//! | s | a draw of the hyperparameters, giving one Gaussian process per modelled objective |
//! | w | a world: one joint draw of the objectives at B, f_B = μ_B + L z with L Lᵀ = Σ_BB |
//! | v | L⁻¹ Σ_Bc for a candidate c, so that f_c given f_B is normal with mean μ_c + v·z, variance Σ_cc - v·v |
//!
//! NEHVI(c) is the mean over s and w of the hypervolume that c adds to the front of f_B. Given f_B the objectives of c
//! are independent normal variables, so that this last expectation is taken in closed form ([`Front`]) where the
//! paper samples it: the same quantity with less noise. Several candidates at once telescope: the second improves
//! on worlds in which the first is part of the base.

use std::sync::Arc;

use rand::Rng;

use super::super::hypervolume::hypervolume;
use super::super::linalg::{Cholesky, dot};
use super::super::pareto::{Duplicates, non_dominated};
use super::super::posterior::{GaussianProcess, Projection};
use super::super::random::quasi_normal;
use super::ehvi::{Front, log_sum_exp};

/// Added to the diagonal of Σ_BB, relative to its mean: points that the kernel cannot tell apart make it singular.
const RELATIVE_JITTER: f64 = 1e-8;

/// Below this the mean over the worlds is computed from logarithms: its terms may have lost digits or vanished.
const LEAST_EXACT: f64 = 1e-250;

/// An objective: modelled, one process per draw of the hyperparameters, or known.
#[derive(Clone, Debug)]
pub enum Objective {
    /// Gaussian processes, one per draw, at least one; those of an objective with fewer draws come round again.
    Modelled(Arc<Vec<GaussianProcess>>),
    /// Known exactly: [`Site::known`].
    Known,
}

/// A point as the acquisition function sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its encoding, `[d]`.
    pub input: Vec<f64>,
    /// The known objectives' value; not read where all are modelled.
    pub known: f64,
}

/// The acquisition function over one base.
#[derive(Clone, Debug)]
pub struct Nehvi {
    /// `[m]`, with m = 2 or 3.
    objectives: Vec<Objective>,
    /// `[m]`.
    reference: Vec<f64>,
    base: Vec<Site>,
    /// Of the sequence that the normals come from.
    seed: u32,
    /// Sites that got their normals so far, dropped ones included.
    drawn: usize,
    /// z of every world, `[draws of hyperparameters][worlds][m][base]`.
    normals: Vec<Vec<Vec<Vec<f64>>>>,
    beliefs: Vec<Belief>,
}

/// One draw of the hyperparameters and its worlds.
#[derive(Clone, Debug)]
struct Belief {
    /// Per objective: the base as its process sees it and L; none where it is known.
    views: Vec<Option<(Projection, Cholesky)>>,
    /// f_B of each world, `[worlds][base][m]`.
    values: Vec<Vec<Vec<f64>>>,
    fronts: Vec<Front>,
}

impl Nehvi {
    /// The function over the measured sites `baseline`, with `worlds` joint draws per draw of the hyperparameters.
    ///
    /// None where a joint posterior has no Cholesky factor, which takes values that are not finite.
    pub fn new<R: Rng>(
        objectives: Vec<Objective>,
        reference: Vec<f64>,
        baseline: Vec<Site>,
        worlds: usize,
        random: &mut R,
    ) -> Option<Self> {
        let draws = objectives
            .iter()
            .map(|objective| match objective {
                Objective::Modelled(processes) => processes.len(),
                Objective::Known => 1,
            })
            .max()
            .unwrap_or(1);
        debug_assert!(matches!(objectives.len(), 2 | 3) && objectives.len() == reference.len());
        let mut nehvi = Self {
            normals: vec![vec![vec![Vec::new(); objectives.len()]; worlds]; draws],
            objectives,
            reference,
            base: Vec::new(),
            seed: random.next_u32(),
            drawn: 0,
            beliefs: Vec::new(),
        };
        nehvi.extend(baseline);
        nehvi.believe()?;
        Some(nehvi)
    }

    /// Drops the sites that are on the front above the reference point in no world: each only costs time.
    #[must_use]
    pub fn pruned(mut self) -> Option<Self> {
        let mut useful = vec![false; self.base.len()];
        for values in self.beliefs.iter().flat_map(|belief| &belief.values) {
            let mask = non_dominated(values, Duplicates::Drop);
            for ((useful, on_front), value) in useful.iter_mut().zip(mask).zip(values) {
                let above = value.iter().zip(&self.reference).all(|(v, r)| v > r);
                *useful |= on_front && above;
            }
        }
        let mut keep = useful.iter();
        self.base.retain(|_| keep.next() == Some(&true));
        for normals in self.normals.iter_mut().flatten().flatten() {
            let mut keep = useful.iter();
            normals.retain(|_| keep.next() == Some(&true));
        }
        self.believe()?;
        Some(self)
    }

    /// The function with further sites in the base, for instance pending ones.
    #[must_use]
    pub fn with(mut self, sites: Vec<Site>) -> Option<Self> {
        self.extend(sites);
        self.believe()?;
        Some(self)
    }

    /// The expected hypervolume of the front of the base.
    pub fn volume(&self) -> f64 {
        let worlds = self.beliefs.iter().flat_map(|belief| &belief.values);
        let volumes = worlds.map(|world| hypervolume(world, &self.reference));
        let count = volumes.clone().count().max(1) as f64;
        volumes.sum::<f64>() / count
    }

    /// The expected improvement by `candidate`.
    pub fn value(&self, candidate: &Site) -> f64 {
        let mut total = 0.0;
        let worlds = self.each_world(candidate, |front, mean, deviation| {
            total += front.expected_improvement(mean, deviation);
        });
        total / worlds.max(1) as f64
    }

    /// The logarithm of [`Self::value`], finite also where that underflows.
    pub fn log_value(&self, candidate: &Site) -> f64 {
        let value = self.value(candidate);
        if value > LEAST_EXACT {
            return value.ln();
        }
        let mut terms = Vec::new();
        let worlds = self.each_world(candidate, |front, mean, deviation| {
            terms.push(front.log_expected_improvement(mean, deviation));
        });
        log_sum_exp(&terms) - (worlds.max(1) as f64).ln()
    }

    /// Hands over each world's front with the distribution of the candidate's objectives in it; the number of
    /// worlds.
    fn each_world(&self, candidate: &Site, mut visit: impl FnMut(&Front, &[f64], &[f64])) -> usize {
        let objectives = self.objectives.len();
        let mut mean = vec![0.0; objectives];
        let mut worlds = 0;
        for (s, belief) in self.beliefs.iter().enumerate() {
            let marginals: Vec<Marginal> = (0..objectives)
                .map(|k| self.marginal(s, k, candidate))
                .collect();
            let deviation: Vec<f64> = marginals.iter().map(|m| m.deviation).collect();
            for (normals, front) in self.normals[s].iter().zip(&belief.fronts) {
                for (k, mean) in mean.iter_mut().enumerate() {
                    *mean = marginals[k].mean + dot(&marginals[k].loadings, &normals[k]);
                }
                visit(front, &mean, &deviation);
                worlds += 1;
            }
        }
        worlds
    }

    /// The distribution of objective `k` at a candidate given f_B, as a function of z.
    fn marginal(&self, s: usize, k: usize, candidate: &Site) -> Marginal {
        let (Objective::Modelled(processes), Some((base, factor))) =
            (&self.objectives[k], &self.beliefs[s].views[k])
        else {
            return Marginal {
                mean: candidate.known,
                deviation: 0.0,
                loadings: Vec::new(),
            };
        };
        let process = &processes[s % processes.len()];
        let projection = process.project([candidate.input.as_slice()]);
        let variance = process.cross_covariance(&projection, &projection)[0];
        let mut loadings = process.cross_covariance(&projection, base);
        factor.solve_lower(&mut loadings);
        let left = variance - dot(&loadings, &loadings);
        Marginal {
            mean: projection.means[0],
            deviation: left.max(0.0).sqrt(),
            loadings,
        }
    }

    /// Adds sites, with the next coordinates of a scrambled Sobol sequence over the worlds as their normals: fewer worlds
    /// are as exact as many independent ones.
    fn extend(&mut self, sites: Vec<Site>) {
        let objectives = self.objectives.len();
        for (s, worlds) in self.normals.iter_mut().enumerate() {
            for (w, world) in (0_u32..).zip(worlds) {
                for (k, normals) in world.iter_mut().enumerate() {
                    normals.extend((0..sites.len()).map(|i| {
                        let coordinate = ((self.drawn + i) * objectives + k) as u32;
                        quasi_normal(w, coordinate, self.seed ^ ((s as u32) << 16))
                    }));
                }
            }
        }
        self.drawn += sites.len();
        self.base.extend(sites);
    }

    /// Computes the worlds of the present base from its normals.
    fn believe(&mut self) -> Option<()> {
        let size = self.base.len();
        self.beliefs.clear();
        for (s, worlds) in self.normals.iter().enumerate() {
            let objectives = self.objectives.len();
            let mut views = vec![None; objectives];
            let mut values = vec![vec![vec![0.0; objectives]; size]; worlds.len()];
            for k in 0..objectives {
                let Objective::Modelled(processes) = &self.objectives[k] else {
                    for world in &mut values {
                        for (value, site) in world.iter_mut().zip(&self.base) {
                            value[k] = site.known;
                        }
                    }
                    continue;
                };
                let process = &processes[s % processes.len()];
                let base = process.project(self.base.iter().map(|site| site.input.as_slice()));
                let joint = process.joint(&base);
                let trace: f64 = (0..size).map(|i| joint.covariance[i * size + i]).sum();
                let jitter = RELATIVE_JITTER * (trace / size.max(1) as f64).max(f64::MIN_POSITIVE);
                let factor = Cholesky::with_jitter(&joint.covariance, size, jitter)?;
                for (world, normals) in values.iter_mut().zip(worlds) {
                    for (i, value) in world.iter_mut().enumerate() {
                        value[k] = joint.mean[i] + dot(factor.row(i), &normals[k][..=i]);
                    }
                }
                views[k] = Some((base, factor));
            }
            let fronts = values
                .iter()
                .map(|world| Front::new(world, &self.reference))
                .collect();
            self.beliefs.push(Belief {
                views,
                values,
                fronts,
            });
        }
        Some(())
    }
}

/// Mean μ_c, residual standard deviation and loadings v.
struct Marginal {
    mean: f64,
    deviation: f64,
    loadings: Vec<f64>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::super::super::posterior::Hyperparameters;
    use super::super::super::random::{Purpose, stream};
    use super::*;

    const REFERENCE: [f64; 2] = [0.0, -2.0];

    fn site(input: f64, known: f64) -> Site {
        Site {
            input: vec![input],
            known,
        }
    }

    fn sites() -> Vec<Site> {
        vec![
            site(0.0, 1.0),
            site(0.3, 2.0),
            site(0.6, 3.0),
            site(1.0, 0.5),
        ]
    }

    /// The first objective is known, the second was measured as 1, 0.4, -1 and 0.2 with this noise.
    fn nehvi(noise: f64, worlds: usize) -> Nehvi {
        let hyperparameters = Hyperparameters {
            mean: 0.0,
            outputscale: 1.0,
            noise,
            lengthscales: vec![0.2],
        };
        let inputs: Vec<Vec<f64>> = sites().into_iter().map(|site| site.input).collect();
        let targets = [1.0, 0.4, -1.0, 0.2];
        let process = GaussianProcess::new(&hyperparameters, &inputs, &targets).unwrap();
        let objectives = vec![
            Objective::Known,
            Objective::Modelled(Arc::new(vec![process])),
        ];
        let mut random = stream(6, Purpose::Acquisition, 0, 0);
        Nehvi::new(objectives, REFERENCE.to_vec(), sites(), worlds, &mut random).unwrap()
    }

    #[test]
    fn without_noise_it_is_the_expected_improvement_on_the_measured_front() {
        let front = [[1.0, 1.0], [2.0, 0.4], [3.0, -1.0]];
        let front_now = Front::new(&front, &REFERENCE);
        assert!(hypervolume(&front, &REFERENCE) > 0.0);
        let nehvi = nehvi(1e-9, 4);
        let candidate = site(0.45, 2.5);
        let Objective::Modelled(processes) = &nehvi.objectives[1] else {
            panic!("the second objective is modelled");
        };
        let joint = processes[0].joint(&processes[0].project([candidate.input.as_slice()]));
        let expected = front_now
            .expected_improvement(&[2.5, joint.mean[0]], &[0.0, joint.covariance[0].sqrt()]);
        assert!((nehvi.value(&candidate) / expected - 1.0).abs() < 1e-3);
    }

    #[test]
    fn a_pending_point_leaves_little_to_gain_in_its_place() {
        let candidate = site(0.45, 2.5);
        let before = nehvi(0.1, 256);
        let gain = before.value(&candidate);
        let after = before.with(vec![candidate.clone()]).unwrap();
        assert!(after.value(&candidate) < 1e-3 * gain);
        assert!(after.value(&site(0.8, 2.5)) > 0.0);
    }

    #[test]
    fn pruning_drops_what_does_not_matter_only() {
        let full = nehvi(0.01, 2_000);
        let pruned = full.clone().pruned().unwrap();
        assert_eq!(full.base.len(), 4);
        assert_eq!(
            pruned.base.len(),
            3,
            "cheaper and better sites hide the last one"
        );
        let candidate = site(0.45, 2.5);
        let ratio = pruned.value(&candidate) / full.value(&candidate);
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }
}
