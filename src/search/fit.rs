//! What the engine believes of the score: a Gaussian process of its normal scores, fitted afresh for every ask.

use std::sync::Arc;

use rand::Rng;

use super::SearchError;
use super::copula::Copula;
use super::nuts::{Draws, NutsError, Schedule, sample};
use super::posterior::{GaussianProcess, Hyperparameters, Joint, mixture};
use super::surrogate::saas::Saas;
use crate::domain::{Diagnostics, Point, Space};

/// Smallest noise variance of a normal score, as in BoTorch: keeps covariances of nearly equal points well-conditioned.
const NOISE_OFFSET: f64 = 1e-4;

/// Share of diverging trajectories above which the diagnostics mention them.
const NOTED_DIVERGENCES: f64 = 0.1;

/// A fitted surrogate.
pub(super) struct Fit {
    /// The transform of the scores.
    pub(super) copula: Copula,
    /// One process per draw of the hyperparameters.
    pub(super) processes: Arc<Vec<GaussianProcess>>,
    /// Name and median inverse squared lengthscale of each dimension, largest first.
    relevance: Vec<(String, f64)>,
    note: Option<String>,
}

impl Fit {
    /// Fits the surrogate to measured points; none where they cannot tell anything, with fewer than two different
    /// scores.
    ///
    /// Where the sampler fails, the medians of the priors take the place of its draws, and the diagnostics say so.
    pub(super) fn new<R: Rng>(
        space: &Space,
        scored: &[(Point, f64)],
        schedule: Schedule,
        random: &mut R,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, SearchError> {
        let Some((_, first)) = scored.first() else {
            return Ok(None);
        };
        if scored.iter().all(|(_, score)| score == first) {
            return Ok(None);
        }
        let scores: Vec<f64> = scored.iter().map(|(_, score)| *score).collect();
        let copula = Copula::new(&scores);
        let targets: Vec<f64> = scores
            .iter()
            .map(|&score| copula.transform(score))
            .collect();
        let inputs: Vec<Vec<f64>> = scored
            .iter()
            .map(|(point, _)| space.encode(point))
            .collect();

        let saas = Saas::new(&inputs, &targets, NOISE_OFFSET);
        let start = saas.prior_median();
        let sampled = sample(|u| saas.log_joint(u), &start, schedule, random, cancelled);
        let (draws, note) = match sampled {
            Ok(draws) => {
                let note = divergence_note(&draws, schedule);
                (draws.kept, note)
            }
            Err(NutsError::Cancelled) => return Err(SearchError::Cancelled),
            Err(error) => (vec![start], Some(fallback_note(&error))),
        };
        let hyperparameters: Vec<Hyperparameters> =
            draws.iter().map(|u| saas.hyperparameters(u)).collect();
        let processes: Vec<GaussianProcess> = hyperparameters
            .iter()
            .filter_map(|hyper| GaussianProcess::new(hyper, &inputs, &targets))
            .collect();
        Ok((!processes.is_empty()).then(|| Self {
            copula,
            processes: Arc::new(processes),
            relevance: relevance(space, &hyperparameters),
            note,
        }))
    }

    /// Diagnostics of a proposal as far as the surrogate knows them.
    pub(super) fn diagnostics(&self, input: &[f64]) -> Diagnostics {
        Diagnostics {
            predicted_score: Some(self.predict(input)),
            relevance: self.relevance.clone(),
            note: self.note.clone(),
            ..Diagnostics::default()
        }
    }

    /// Expected score and its standard deviation, in the metric's units.
    fn predict(&self, input: &[f64]) -> (f64, f64) {
        let joints: Vec<Joint> = self
            .processes
            .iter()
            .map(|process| process.joint(&process.project([input])))
            .collect();
        let (mean, variance) = mixture(&joints)[0];
        let deviation = variance.max(0.0).sqrt();
        // The transform is not linear: the interval of one deviation is carried over, not the deviation.
        let upper = self.copula.inverse(mean + deviation);
        let lower = self.copula.inverse(mean - deviation);
        (self.copula.inverse(mean), 0.5 * (upper - lower))
    }
}

fn divergence_note(draws: &Draws, schedule: Schedule) -> Option<String> {
    let share = draws.divergences as f64 / schedule.posterior_draws.max(1) as f64;
    (share > NOTED_DIVERGENCES).then(|| {
        format!(
            "{} of {} trajectories of the sampler diverged, so the fit is less certain than it looks",
            draws.divergences, schedule.posterior_draws
        )
    })
}

fn fallback_note(error: &NutsError) -> String {
    format!("{error}; the surrogate uses the medians of its priors instead of fitted lengthscales")
}

fn relevance(space: &Space, hyperparameters: &[Hyperparameters]) -> Vec<(String, f64)> {
    let mut relevance: Vec<(String, f64)> = space
        .dimensions
        .iter()
        .enumerate()
        .map(|(i, dimension)| {
            let mut values: Vec<f64> = hyperparameters
                .iter()
                .map(|hyper| hyper.lengthscales[i].powi(-2))
                .collect();
            values.sort_by(f64::total_cmp);
            (dimension.name.clone(), values[values.len() / 2])
        })
        .collect();
    relevance.sort_by(|a, b| b.1.total_cmp(&a.1));
    relevance
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::super::random::{Purpose, stream};
    use super::*;
    use crate::domain::Dimension;

    const SCHEDULE: Schedule = Schedule {
        warmup_draws: 100,
        posterior_draws: 64,
        thinning: 4,
    };

    fn space() -> Space {
        let dimension = |i: usize| Dimension {
            name: format!("d{i}"),
            levels: 11,
        };
        Space {
            dimensions: (0..4).map(dimension).collect(),
            any_of: vec![],
        }
    }

    fn fit(scored: &[(Point, f64)]) -> Option<Fit> {
        let mut random = stream(8, Purpose::Surrogate, 0, 0);
        Fit::new(&space(), scored, SCHEDULE, &mut random, &|| false).unwrap()
    }

    #[test]
    fn finds_the_dimension_that_matters_and_predicts_in_the_metrics_units() {
        let scored: Vec<(Point, f64)> = (0..30_u16)
            .map(|i| Point(vec![i * 5 % 11, i * 7 % 11, i * i % 11, i * 3 % 11]))
            .map(|point| (point.clone(), 0.7 + 0.01 * f64::from(point.0[2])))
            .collect();
        let fit = fit(&scored).unwrap();
        let diagnostics = fit.diagnostics(&space().encode(&Point(vec![3, 3, 5, 3])));
        assert_eq!(diagnostics.relevance[0].0, "d2");
        assert!(diagnostics.relevance[0].1 > 10.0 * diagnostics.relevance[1].1);
        let (mean, deviation) = diagnostics.predicted_score.unwrap();
        assert!((mean - 0.75).abs() < 0.012, "{mean}");
        assert!(deviation > 0.0 && deviation < 0.03, "{deviation}");
        assert_eq!(diagnostics.note, None);
    }

    #[test]
    fn equal_scores_tell_nothing() {
        assert!(fit(&[]).is_none());
        assert!(fit(&[(Point(vec![0; 4]), 0.5), (Point(vec![1; 4]), 0.5)]).is_none());
    }

    #[test]
    fn a_sampler_without_draws_falls_back_and_says_so() {
        let schedule = Schedule {
            posterior_draws: 0,
            ..SCHEDULE
        };
        let scored = [(Point(vec![0; 4]), 0.5), (Point(vec![1; 4]), 0.6)];
        let mut random = stream(8, Purpose::Surrogate, 0, 0);
        let fit = Fit::new(&space(), &scored, schedule, &mut random, &|| false);
        let fit = fit.unwrap().unwrap();
        assert_eq!(fit.processes.len(), 1);
        let note = fit.diagnostics(&[0.0; 4]).note.unwrap();
        assert!(note.contains("medians of its priors"), "{note}");
    }
}
