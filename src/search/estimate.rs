//! What is believed of the true scores of the points that were measured, and which of them make the front.
//!
//! A measurement is a true score and noise: the seed of a training, the rows that happen to be measured. The luckiest of
//! many measurements is not the best point, so a front is made of estimates: the surrogate's posterior at the measured
//! points, which weighs each point's own measurements against those of its neighbours.
//!
//! | symbol | meaning |
//! |---|---|
//! | x_1 … x_m | the different points that were measured, and further ones that were asked for |
//! | f | the true score, a Gaussian process on the scale of [`ScoreObjective`](super::score_scale::ScoreObjective) |
//! | f_w | a joint draw of f at all x, w = 1 … [`DRAWS`] |
//! | front probability | share of the w in which no cheaper measured point has a higher f_w |

use super::SearchError;
use super::early::Told;
use super::encoding::Encoding;
use super::engine::{Engine, Observation};
use super::fit::Fit;
use super::linalg::{Cholesky, dot};
use super::random::{Purpose, quasi_normal, stream};
use super::settings::EngineSettings;
use super::telling::Known;
use crate::domain::{Point, ScoreScale, SurrogateModel};

/// Joint draws of the true scores.
const DRAWS: usize = 512;

/// Measurements that are judged at most: the front and those nearest to it, and the latest. Beyond that the judgement of a
/// front that is long settled would take seconds and hundreds of megabytes after every trial.
pub(super) const JUDGED: usize = 512;

/// Share of the draws that an interval leaves out on either side.
const TAIL: f64 = 0.05;

/// Added to the diagonal of a covariance, relative to its mean: points that the kernel cannot tell apart make it singular.
const RELATIVE_JITTER: f64 = 1e-8;

/// What is believed of one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The point.
    pub point: Point,
    /// Its exact cost.
    pub cost: f64,
    /// Its measured scores, in the order of the history; none of a point that was only asked for.
    pub measured: Vec<f64>,
    /// The expected true score, in the metric's units.
    pub score: f64,
    /// The interval in which the true score lies with a probability of nine in ten.
    pub interval: (f64, f64),
    /// The probability that no other measured point is better at no higher cost; 0 of a point that was only asked for.
    pub front_probability: f64,
    /// Whether it belongs to the front by the expected true scores: what a study hands over.
    pub on_front: bool,
}

/// What is believed of all points that were measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// Each different point that was measured, in the order of first measurement, then those asked for besides.
    pub points: Vec<Estimate>,
    /// Joint draws of the true scores, in the metric's units, `[draws][points]`; where nothing can be learnt from the
    /// history yet, about the measured means, and a single one where the error that the measured rows leave is not known.
    pub draws: Vec<Vec<f64>>,
    /// Standard deviation of the noise of one measurement, in the metric's units, in the middle of the scores; none where
    /// nothing can be learnt from the history yet.
    pub noise: Option<f64>,
}

impl Estimates {
    /// The front that is handed over, by ascending cost.
    pub fn front(&self) -> Vec<&Estimate> {
        let mut front: Vec<&Estimate> = self.points.iter().filter(|e| e.on_front).collect();
        front.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        front
    }
}

impl Engine {
    /// What is believed of the true scores after `history`: of every point that was trained to its end and measured, and
    /// of those in `also`, measured or not. The bounds of the hypervolume are the settings', see [`Engine::within`].
    ///
    /// The surrogate is the one at its most probable hyperparameters over scores on their own scale, whatever proposes:
    /// what is handed over does not depend on the method. Of more than 512 measurements the best, front after front, and the
    /// latest are taken; points without one of these have no estimate.
    ///
    /// # Errors
    /// [`SearchError::Cancelled`] once `cancelled` says so.
    pub fn estimate(
        &self,
        history: &[Observation],
        also: &[Point],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Estimates, SearchError> {
        let settings = self.judging();
        let encoding = Encoding::new(&self.space, &self.cost, &settings);
        let known = Known::of(&encoding, history, JUDGED);
        let mut points = distinct(&encoding, &known.scored);
        let measured = points.len();
        for point in also {
            if points.iter().all(|estimate| estimate.point != *point) {
                points.push(Estimate::of(&encoding, point));
            }
        }
        if measured == 0 {
            return Ok(Estimates::default());
        }
        let fit = self.believe(&encoding, &settings, &known, history.len(), cancelled)?;
        let inputs: Vec<Vec<f64>> = points.iter().map(|e| encoding.of(&e.point)).collect();
        let drawn = fit.and_then(|fit| Some((fit.draws(&inputs)?, fit.noise())));
        let (draws, noise) = match drawn {
            Some((draws, noise)) => (draws, Some(noise)),
            None => {
                points.truncate(measured);
                let sampling = known.told.first().map_or(0.0, Told::sampling);
                (by_rows(&points, sampling), None)
            }
        };
        for (i, estimate) in points.iter_mut().enumerate() {
            let mut scores: Vec<f64> = draws.iter().map(|draw| draw[i]).collect();
            // Where nothing is learnt, exactly what was measured: equal scores stay equal.
            estimate.score = mean(noise.map_or(&estimate.measured, |_| &scores));
            estimate.interval = interval(&mut scores);
        }
        let order = by_cost(&points[..measured]);
        for draw in &draws {
            for i in front(&points, &order, |i| draw[i]) {
                points[i].front_probability += 1.0 / draws.len() as f64;
            }
        }
        for i in front(&points, &order, |i| points[i].score) {
            points[i].on_front = true;
        }
        Ok(Estimates {
            points,
            draws,
            noise,
        })
    }

    /// How measurements are judged, whatever proposes: by the surrogate at its most probable hyperparameters, over scores
    /// on their own scale.
    pub(super) fn judging(&self) -> EngineSettings {
        EngineSettings {
            surrogate: SurrogateModel::Gp,
            score_scale: ScoreScale::Linear,
            ..self.settings.clone()
        }
    }

    /// The surrogate of `known`, what a history of so many entries tells; none where nothing can be learnt from it.
    pub(super) fn believe(
        &self,
        encoding: &Encoding<'_>,
        settings: &EngineSettings,
        known: &Known,
        entries: usize,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Fit>, SearchError> {
        if known.scored.is_empty() {
            return Ok(None);
        }
        let mut random = stream(self.seed, Purpose::Surrogate, entries, 0);
        let reference = settings.reference_point.score;
        Fit::new(
            encoding,
            &known.told,
            reference,
            settings,
            &mut random,
            cancelled,
        )
    }
}

impl Estimate {
    /// Before anything is known of it.
    fn of(encoding: &Encoding<'_>, point: &Point) -> Self {
        Self {
            cost: encoding.cost(point),
            point: point.clone(),
            measured: Vec::new(),
            score: f64::NAN,
            interval: (f64::NAN, f64::NAN),
            front_probability: 0.0,
            on_front: false,
        }
    }
}

impl Fit {
    /// Joint draws of the true scores at some inputs, in the metric's units, `[draws][inputs]`; none where their joint
    /// posterior is not finite.
    ///
    /// Draws come in pairs that mirror each other about the mean, so that their mean is exact on a linear scale.
    fn draws(&self, inputs: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
        let size = inputs.len();
        let pairs = (DRAWS / 2).div_ceil(self.processes.len());
        let mut draws = Vec::with_capacity(DRAWS);
        for (s, process) in (0_u32..).zip(self.processes.iter()) {
            let joint = process.joint(&process.project(inputs.iter().map(Vec::as_slice)));
            let trace: f64 = (0..size).map(|i| joint.covariance[i * size + i]).sum();
            let jitter = RELATIVE_JITTER * (trace / size as f64).max(f64::MIN_POSITIVE);
            let factor = Cholesky::with_jitter(&joint.covariance, size, jitter)?;
            for pair in 0..pairs as u32 {
                let normals: Vec<f64> = (0..size as u32)
                    .map(|i| quasi_normal(pair, i, s.wrapping_mul(0x9E37_79B9)))
                    .collect();
                let shifts: Vec<f64> = (0..size)
                    .map(|i| dot(factor.row(i), &normals[..=i]))
                    .collect();
                for sign in [1.0, -1.0] {
                    let scores = joint.mean.iter().zip(&shifts);
                    let scores = scores.map(|(mean, shift)| mean + sign * shift);
                    draws.push(scores.map(|z| self.objective.inverse(z)).collect());
                }
            }
        }
        Some(draws)
    }
}

/// Draws of the true scores where nothing can be learnt: each about the mean of what was measured, off by what the number of
/// measured rows leaves, of that variance for a single measurement; a single draw where that is not known.
fn by_rows(points: &[Estimate], sampling: f64) -> Vec<Vec<f64>> {
    let means: Vec<f64> = points.iter().map(|e| mean(&e.measured)).collect();
    if sampling == 0.0 {
        return vec![means];
    }
    let mut draws = Vec::with_capacity(DRAWS);
    for pair in 0..(DRAWS / 2) as u32 {
        let shifts: Vec<f64> = (0..)
            .zip(points)
            .map(|(i, e)| (sampling / e.measured.len() as f64).sqrt() * quasi_normal(pair, i, 0))
            .collect();
        for sign in [1.0, -1.0] {
            let scores = means.iter().zip(&shifts);
            draws.push(scores.map(|(mean, shift)| mean + sign * shift).collect());
        }
    }
    draws
}

/// The different points among measured ones, with their scores.
fn distinct(encoding: &Encoding<'_>, scored: &[(Point, f64)]) -> Vec<Estimate> {
    let mut places = std::collections::HashMap::new();
    let mut points: Vec<Estimate> = Vec::new();
    for (point, score) in scored {
        let place = *places.entry(point).or_insert_with(|| {
            points.push(Estimate::of(encoding, point));
            points.len() - 1
        });
        points[place].measured.push(*score);
    }
    points
}

/// Indices of points by ascending cost.
fn by_cost(points: &[Estimate]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| points[a].cost.total_cmp(&points[b].cost));
    order
}

/// Those of `points`, in the `order` of their costs, that have a higher score than all that cost no more.
fn front(points: &[Estimate], order: &[usize], score: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut members: Vec<usize> = Vec::new();
    let mut best = f64::NEG_INFINITY;
    for &i in order {
        if score(i) > best {
            best = score(i);
            let hidden = |&last: &usize| points[last].cost >= points[i].cost;
            if members.last().is_some_and(hidden) {
                members.pop();
            }
            members.push(i);
        }
    }
    members
}

/// The mean of some values.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What is left of some values without their tails.
pub(super) fn interval(values: &mut [f64]) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let tail = (TAIL * values.len() as f64) as usize;
    (values[tail], values[values.len() - 1 - tail])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::sync::Arc;

    use rand::RngExt;

    use super::super::normal::quantile;
    use super::*;
    use crate::domain::{Dimension, Space};
    use crate::search::Outcome;

    /// The true score rises with the only dimension and does not depend on the seed; the cost rises with it too.
    const LEVELS: u16 = 24;

    fn truth(level: u16) -> f64 {
        0.6 + 0.2 * (f64::from(level) / 8.0).tanh()
    }

    fn engine() -> Engine {
        let space = Space {
            dimensions: vec![Dimension::ordinal("size", LEVELS)],
            any_of: Vec::new(),
        };
        let cost = |point: &Point| 0.1 + f64::from(point.0[0]);
        let settings = EngineSettings::default();
        Engine::new(space, Arc::new(cost), settings, 3, Arc::new(|| 0.0))
    }

    fn observed(level: u16, score: f64) -> Observation {
        Observation {
            point: Point(vec![level]),
            outcome: Outcome::Score(score),
            third: None,
            early: Vec::new(),
            error: None,
        }
    }

    /// Every level measured so often, with normal noise of this deviation.
    fn history(noise: f64, repeats: usize, seed: usize) -> Vec<Observation> {
        let mut random = stream(5, Purpose::Design, seed, 0);
        let levels = (0..LEVELS).flat_map(|level| vec![level; repeats]);
        let observe = |level| {
            let off = noise * quantile(random.random_range(1e-6..1.0 - 1e-6));
            observed(level, truth(level) + off)
        };
        levels.map(observe).collect()
    }

    #[test]
    fn a_front_by_estimates_promises_what_is_true_where_one_by_measurements_promises_luck() {
        let (mut by_luck, mut by_estimates, mut noise) = (0.0, 0.0, 0.0);
        for seed in 0..8 {
            let estimates = engine()
                .estimate(&history(0.03, 1, seed), &[], &|| false)
                .unwrap();
            let order = by_cost(&estimates.points);
            let lucky = front(&estimates.points, &order, |i| {
                estimates.points[i].measured[0]
            });
            let excess = |i: &usize| {
                estimates.points[*i].measured[0] - truth(estimates.points[*i].point.0[0])
            };
            by_luck += lucky.iter().map(excess).sum::<f64>() / lucky.len() as f64;
            let handed_over = estimates.front();
            let excess = handed_over.iter().map(|e| e.score - truth(e.point.0[0]));
            by_estimates += excess.sum::<f64>() / handed_over.len() as f64;
            noise += estimates.noise.unwrap() / 8.0;
        }
        assert!((0.02..0.04).contains(&noise), "{noise}");
        assert!(by_luck / 8.0 > 0.01, "{by_luck}");
        assert!((by_estimates / 8.0).abs() < 0.005, "{by_estimates}");
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let (mut inside, mut all) = (0, 0);
        for seed in 0..12 {
            let history = history(0.03, 1 + seed % 3, seed);
            let estimates = engine().estimate(&history, &[], &|| false).unwrap();
            for estimate in &estimates.points {
                let (low, high) = estimate.interval;
                assert!(low < estimate.score && estimate.score < high);
                inside += usize::from((low..high).contains(&truth(estimate.point.0[0])));
                all += 1;
            }
        }
        let share = inside as f64 / f64::from(all);
        assert!((0.8..=0.99).contains(&share), "{share}");
    }

    #[test]
    fn scores_that_happen_to_agree_are_no_surer_than_their_rows_are_many() {
        // By their looks exact, but measured on so few rows that each is off by 0.03.
        let estimates = |error: Option<f64>| {
            let known = |observation| Observation {
                error,
                ..observation
            };
            let history: Vec<Observation> = history(0.0, 1, 0).into_iter().map(known).collect();
            engine().estimate(&history, &[], &|| false).unwrap()
        };
        let (blind, told) = (estimates(None), estimates(Some(0.03)));
        assert!(told.noise.unwrap() > 2.0 * blind.noise.unwrap());
        let width = |estimates: &Estimates| {
            let widths = estimates.points.iter().map(|e| e.interval.1 - e.interval.0);
            widths.sum::<f64>()
        };
        assert!(width(&told) > 1.5 * width(&blind));
        // Rows that are all right say nothing of the noise.
        assert_eq!(estimates(Some(0.0)), blind);
    }

    #[test]
    fn equal_scores_are_as_uncertain_as_their_rows_are_few() {
        let equal = |level| Observation {
            error: Some(0.05),
            ..observed(level, 0.9)
        };
        let history: Vec<Observation> = [5, 3, 7, 3].map(equal).to_vec();
        let estimates = engine().estimate(&history, &[], &|| false).unwrap();
        assert_eq!(estimates.noise, None);
        for estimate in &estimates.points {
            let repeats = estimate.measured.len() as f64;
            let (low, high) = estimate.interval;
            let half = 1.645 * 0.05 / repeats.sqrt();
            assert_eq!(estimate.score, 0.9);
            assert!((high - 0.9 - half).abs() < 0.1 * half, "{estimate:?}");
            assert!((0.9 - low - half).abs() < 0.1 * half, "{estimate:?}");
        }
        let front: Vec<u16> = estimates.front().iter().map(|e| e.point.0[0]).collect();
        assert_eq!(front, [3], "of equal scores the cheapest");
        assert_eq!(estimates.points[1].front_probability, 1.0);
    }

    #[test]
    fn what_was_only_asked_for_has_an_estimate_and_is_on_no_front() {
        let mut history = history(0.001, 1, 0);
        let last = history.pop().unwrap().point;
        let also = [last.clone(), history[0].point.clone()];
        let estimates = engine().estimate(&history, &also, &|| false).unwrap();
        assert_eq!(
            estimates.points.len(),
            usize::from(LEVELS),
            "none comes twice"
        );
        let asked = estimates.points.last().unwrap();
        assert_eq!(asked.point, last);
        assert!(asked.measured.is_empty() && !asked.on_front);
        assert_eq!(asked.front_probability, 0.0);
        let (low, high) = asked.interval;
        assert!((low..high).contains(&truth(last.0[0])), "{asked:?}");
        let chances: f64 = estimates.points.iter().map(|e| e.front_probability).sum();
        assert!(chances >= 1.0);
        assert!(
            estimates
                .draws
                .iter()
                .all(|draw| draw.len() == usize::from(LEVELS))
        );
    }

    #[test]
    fn where_nothing_can_be_learnt_the_measured_means_stand() {
        let nothing = engine().estimate(&[], &[], &|| false).unwrap();
        assert_eq!(nothing, Estimates::default());
        let twice = [observed(3, 0.5), observed(1, 0.5), observed(3, 0.5)];
        let estimates = engine()
            .estimate(&twice, &[Point(vec![0])], &|| false)
            .unwrap();
        assert_eq!(estimates.noise, None);
        assert_eq!(estimates.draws, [[0.5, 0.5]]);
        let front: Vec<u16> = estimates.front().iter().map(|e| e.point.0[0]).collect();
        assert_eq!(front, [1], "of equal scores the cheaper one");
        assert_eq!(estimates.points[0].measured, [0.5, 0.5]);
    }
}
