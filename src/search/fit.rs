//! What the engine believes of the score: a Gaussian process of its transformed values, fitted afresh for every ask.

use std::sync::Arc;

use rand::Rng;

use super::SearchError;
use super::early::Told;
use super::encoding::Encoding;

use super::lbfgs::maximise;
use super::linalg::add_scaled;
use super::nuts::{Draws, NutsError, Schedule, sample};
use super::posterior::{GaussianProcess, Hyperparameters, Joint, mixture};
use super::score_scale::ScoreObjective;
use super::settings::EngineSettings;
use super::surrogate::gp::ScaledGp;
use super::surrogate::saas::Saas;
use super::surrogate::{Data, Model};
use crate::domain::{Diagnostics, SurrogateModel};

/// Steps of the maximiser at most.
const MAXIMISER_STEPS: usize = 100;

/// Smallest noise variance of a normal score, as in BoTorch: keeps covariances of nearly equal points well-conditioned.
const NOISE_OFFSET: f64 = 1e-4;

/// Share of diverging trajectories above which the diagnostics mention them.
const NOTED_DIVERGENCES: f64 = 0.1;

/// R-hat above which the diagnostics mention it. A chain this short seldom comes below 1.1 in every lengthscale, most of
/// which change nothing.
const NOTED_R_HAT: f64 = 1.5;

/// Why the surrogate is not fitted at all.
const SINGULAR: &str =
    "the covariance of the scores is singular; the surrogate uses the medians of its priors";

/// A fitted surrogate.
pub(super) struct Fit {
    /// The transform of the scores.
    pub(super) objective: ScoreObjective,
    /// One process per draw of the hyperparameters.
    pub(super) processes: Arc<Vec<GaussianProcess>>,
    /// Name and median inverse squared lengthscale of each dimension, largest first.
    relevance: Vec<(String, f64)>,
    /// Variance of the noise of a measurement, on the modelled scale, mean over the draws.
    noise: f64,
    note: Option<String>,
}

impl Fit {
    /// Fits the surrogate to measured points, of whose scores those below `reference` are of no interest; none where they
    /// cannot tell anything, with fewer than two different scores.
    ///
    /// Where that fails, something simpler takes its place, and the diagnostics say so.
    pub(super) fn new<R: Rng>(
        encoding: &Encoding<'_>,
        told: &[Told],
        reference: f64,
        settings: &EngineSettings,
        random: &mut R,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, SearchError> {
        let scores: Vec<f64> = told.iter().map(|told| told.score).collect();
        if scores.iter().all(|score| *score == scores[0]) {
            return Ok(None);
        }
        let objective = ScoreObjective::new(settings.score_scale, &scores, reference);
        let targets: Vec<f64> = scores.iter().map(|&score| objective.of(score)).collect();
        let inputs: Vec<Vec<f64>> = told.iter().map(|told| encoding.of(&told.point)).collect();
        let own_noise: Vec<f64> = told
            .iter()
            .map(|told| told.variance_on(&objective))
            .collect();
        let dimensions = encoding.dimensions();
        let sampling = told.iter().map(|told| told.sampling_on(&objective));
        let sampling: Vec<f64> = sampling.filter(|variance| *variance > 0.0).collect();
        let expected = sampling.iter().sum::<f64>() / sampling.len() as f64;
        let data = Data::new(&inputs, &dimensions, &targets, NOISE_OFFSET)
            .with_own_noise(own_noise.clone())
            .with_kinds(encoding.kinds())
            .expecting_noise((!sampling.is_empty()).then_some(expected));
        let (hyperparameters, note) = match settings.surrogate {
            SurrogateModel::Saas => draws(data, settings, random, cancelled)?,
            SurrogateModel::Gp => most_probable(data, cancelled)?,
        };
        let processes: Vec<GaussianProcess> = hyperparameters
            .iter()
            .filter_map(|hyper| {
                let hyper = hyper.per_column(&dimensions);
                GaussianProcess::with_own_noise(&hyper, &inputs, &targets, &own_noise)
            })
            .collect();
        Ok((!processes.is_empty()).then(|| Self {
            objective,
            processes: Arc::new(processes),
            noise: hyperparameters.iter().map(|hyper| hyper.noise).sum::<f64>()
                / hyperparameters.len() as f64,
            relevance: relevance(encoding.names(), &hyperparameters),
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

    /// Standard deviation of the noise of a measurement in the middle of the scores, in the metric's units.
    pub(super) fn noise(&self) -> f64 {
        let deviation = self.noise.sqrt();
        0.5 * (self.objective.inverse(deviation) - self.objective.inverse(-deviation))
    }

    /// Variance of the noise of a measurement, on the modelled scale.
    pub(super) fn noise_variance(&self) -> f64 {
        self.noise
    }

    /// The joint posterior of the modelled objective at some inputs, over all draws of the hyperparameters.
    pub(super) fn joint(&self, inputs: &[Vec<f64>]) -> Joint {
        let inputs = || inputs.iter().map(Vec::as_slice);
        let joints = self
            .processes
            .iter()
            .map(|process| process.joint(&process.project(inputs())));
        let joints: Vec<Joint> = joints.collect();
        let share = (joints.len() as f64).recip();
        let size = joints[0].mean.len();
        let mut mean = vec![0.0; size];
        for joint in &joints {
            add_scaled(&mut mean, share, &joint.mean);
        }
        let mut covariance = vec![0.0; size * size];
        for joint in &joints {
            add_scaled(&mut covariance, share, &joint.covariance);
            for (i, row) in covariance.chunks_exact_mut(size).enumerate() {
                for (j, entry) in row.iter_mut().enumerate() {
                    *entry += share * (joint.mean[i] - mean[i]) * (joint.mean[j] - mean[j]);
                }
            }
        }
        Joint { mean, covariance }
    }

    /// Mean and variance of the modelled objective.
    pub(super) fn objective_at(&self, input: &[f64]) -> (f64, f64) {
        let joints: Vec<Joint> = self
            .processes
            .iter()
            .map(|process| process.joint(&process.project([input])))
            .collect();
        mixture(&joints)[0]
    }

    /// Expected score and its standard deviation, in the metric's units.
    fn predict(&self, input: &[f64]) -> (f64, f64) {
        let (mean, variance) = self.objective_at(input);
        let deviation = variance.max(0.0).sqrt();
        // The transform is not linear: the interval of one deviation is carried over, not the deviation.
        let upper = self.objective.inverse(mean + deviation);
        let lower = self.objective.inverse(mean - deviation);
        (self.objective.inverse(mean), 0.5 * (upper - lower))
    }
}

/// Draws of SAAS's hyperparameters by NUTS, and what is to be said of them.
///
/// Where the sampler fails, or more than half of its trajectories diverge, [`most_probable`] takes its place.
fn draws<R: Rng>(
    data: Data,
    settings: &EngineSettings,
    random: &mut R,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Vec<Hyperparameters>, Option<String>), SearchError> {
    let schedule = Schedule {
        warmup_draws: settings.warmup_draws,
        posterior_draws: settings.posterior_draws,
        thinning: settings.thinning,
    };
    let model = Saas::new(data);
    let start = model.prior_median();
    let sampled = sample(|u| model.log_joint(u), &start, schedule, random, cancelled);
    let failure = match sampled {
        Ok(draws) if 2 * draws.divergences <= schedule.posterior_draws => {
            let kept = draws
                .kept
                .iter()
                .map(|u| model.hyperparameters(u))
                .collect();
            return Ok((kept, sampling_note(&draws, schedule)));
        }
        Ok(draws) => format!(
            "{} of {} trajectories of the sampler diverged",
            draws.divergences, schedule.posterior_draws
        ),
        Err(NutsError::Cancelled) => return Err(SearchError::Cancelled),
        Err(error) => error.to_string(),
    };
    let (hyperparameters, second_failure) = most_probable(model.into_data(), cancelled)?;
    let note = second_failure.unwrap_or_else(|| {
        "the most probable lengthscales under dimension-scaled priors take its place".to_owned()
    });
    Ok((hyperparameters, Some(format!("{failure}; {note}"))))
}

/// The most probable hyperparameters under dimension-scaled priors, and what is to be said of them.
fn most_probable(
    data: Data,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Vec<Hyperparameters>, Option<String>), SearchError> {
    let model = ScaledGp::new(data);
    let starts = model.starts();
    let tops = starts.iter().filter_map(|start| {
        let top = maximise(|u| model.log_joint(u), start, MAXIMISER_STEPS, cancelled);
        top.filter(|(_, density)| density.is_finite())
    });
    // Of equal ones the first: max_by would take the last.
    let found = tops.reduce(|best, next| if next.1 > best.1 { next } else { best });
    if cancelled() {
        return Err(SearchError::Cancelled);
    }
    let (u, note) = match found {
        Some((u, _)) => (u, None),
        None => (model.prior_median(), Some(SINGULAR.to_owned())),
    };
    Ok((vec![model.hyperparameters(&u)], note))
}

/// What people should know of a fit that went through.
fn sampling_note(draws: &Draws, schedule: Schedule) -> Option<String> {
    let share = draws.divergences as f64 / schedule.posterior_draws.max(1) as f64;
    if share > NOTED_DIVERGENCES {
        return Some(format!(
            "{} of {} trajectories of the sampler diverged, so the fit is less certain than it looks",
            draws.divergences, schedule.posterior_draws
        ));
    }
    (draws.split_r_hat > NOTED_R_HAT).then(|| {
        format!(
            "the two halves of the sampler's draws disagree (R-hat {:.2}), so the fit is less certain than it looks",
            draws.split_r_hat
        )
    })
}

fn relevance(names: Vec<String>, hyperparameters: &[Hyperparameters]) -> Vec<(String, f64)> {
    let mut relevance: Vec<(String, f64)> = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| {
            let mut values: Vec<f64> = hyperparameters
                .iter()
                .map(|hyper| hyper.lengthscales[i].powi(-2))
                .collect();
            values.sort_by(f64::total_cmp);
            (name, values[values.len() / 2])
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
    use crate::domain::{Dimension, Point, ScoreScale, Space};
    use crate::search::Cost;

    fn settings(surrogate: SurrogateModel, score_scale: ScoreScale) -> EngineSettings {
        EngineSettings {
            surrogate,
            score_scale,
            cost_input: false,
            warmup_draws: 100,
            posterior_draws: 64,
            thinning: 4,
            ..EngineSettings::default()
        }
    }

    fn space() -> Space {
        let dimension = |i: usize| Dimension::ordinal(format!("d{i}"), 11);
        Space {
            dimensions: (0..4).map(dimension).collect(),
            any_of: vec![],
        }
    }

    fn fit(scored: &[(Point, f64)], settings: &EngineSettings) -> Option<Fit> {
        let mut random = stream(8, Purpose::Surrogate, 0, 0);
        let (space, cost): (_, Cost) = (space(), Arc::new(|_| 1.0));
        let encoding = Encoding::new(&space, &cost, settings);
        let told: Vec<Told> = (scored.iter().cloned())
            .map(|(point, score)| Told::full(point, score))
            .collect();
        Fit::new(&encoding, &told, 0.0, settings, &mut random, &|| false).unwrap()
    }

    #[test]
    fn finds_the_dimension_that_matters_and_predicts_in_the_metrics_units() {
        let scored: Vec<(Point, f64)> = (0..30_u16)
            .map(|i| Point(vec![i * 5 % 11, i * 7 % 11, i * i % 11, i * 3 % 11]))
            .map(|point| (point.clone(), 0.7 + 0.01 * f64::from(point.0[2])))
            .collect();
        for (surrogate, scale) in [
            (SurrogateModel::Saas, ScoreScale::Copula),
            (SurrogateModel::Saas, ScoreScale::Linear),
            (SurrogateModel::Gp, ScoreScale::Linear),
        ] {
            let fit = fit(&scored, &settings(surrogate, scale)).unwrap();
            let diagnostics = fit.diagnostics(&space().encode(&Point(vec![3, 3, 5, 3])));
            assert_eq!(diagnostics.relevance[0].0, "d2");
            assert!(diagnostics.relevance[0].1 > 10.0 * diagnostics.relevance[1].1);
            let (mean, deviation) = diagnostics.predicted_score.unwrap();
            assert!((mean - 0.75).abs() < 0.012, "{mean}");
            assert!(deviation > 0.0 && deviation < 0.03, "{deviation}");
            assert_eq!(diagnostics.note, None);
        }
    }

    #[test]
    fn equal_scores_tell_nothing() {
        let settings = settings(SurrogateModel::Saas, ScoreScale::Copula);
        assert!(fit(&[], &settings).is_none());
        let equal = [(Point(vec![0; 4]), 0.5), (Point(vec![1; 4]), 0.5)];
        assert!(fit(&equal, &settings).is_none());
    }

    #[test]
    fn a_sampler_without_draws_falls_back_and_says_so() {
        let settings = EngineSettings {
            posterior_draws: 0,
            ..settings(SurrogateModel::Saas, ScoreScale::Copula)
        };
        let scored = [(Point(vec![0; 4]), 0.5), (Point(vec![1; 4]), 0.6)];
        let fit = fit(&scored, &settings).unwrap();
        assert_eq!(fit.processes.len(), 1);
        let note = fit.diagnostics(&[0.0; 4]).note.unwrap();
        assert!(note.contains("take its place"), "{note}");
    }
}
