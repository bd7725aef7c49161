//! What earlier studies tell of a new one: of another task, on another encoder, or at reduced fidelity.
//!
//! | symbol | meaning |
//! |---|---|
//! | t | an earlier study, its trials as points of the new study's space |
//! | m_t(x) | what t foretells of x: the posterior mean of a Gaussian process fitted to t's scores alone, standardised |
//! | b_t | how much of t holds in the new study, ~ Normal(0, w²) before it has scores of its own |
//! | w | [`DEVIATION`] |
//! | g | what none foretells, a Gaussian process as a study without earlier ones has it |
//! | f | the new study's score, modelled as c + Σ_t b_t m_t(x) + g(x) |
//!
//! This is the autoregression of Kennedy & O'Hagan (2000, eq. 1) from a cheaper code to a dearer one, with the cheaper
//! one's posterior mean in its place and b_t integrated out: the kernel gets the term w² Σ_t m_t(x) m_t(x')
//! ([`posterior`](super::posterior), [`likelihood`](super::surrogate)). How alike two studies are is so learnt from
//! the new one's scores, all else being weighed too: b_t is near 1 where t foretells them, 0 where it does not, negative
//! where it is the wrong way round. Nothing is maximised over b_t, so that a few scores that happen to agree do not
//! convince anybody.
//!
//! What m_t has wrong in its details is in the way once the study's own scores are many, and an earlier study may mislead
//! altogether. So a proposal rests on them only where the scores are ten times as likely with them as without (log likelihoods
//! of two fits), and every second proposal does without them whatever they say. What a study believes, confirms and hands over
//! (`estimate`, `confirm`) rests on its own scores alone: no earlier study can raise what is promised of a configuration.
//!
//! Until there are such scores, one in four points of the initial design is one of the earlier studies' best, front after
//! front by m_t and the cost, spread over the cost.
//!
//! Regret (what is missing to the best hypervolume, cost by its logarithm) on the stand-ins of `benches/search.rs` after
//! 10 initial trials, with an earlier search of 60 trials and without one; mean ± standard error of 10 seeds, before amounts
//! and switches had priors of their own ([`surrogate::gp`](super::surrogate))
//! (`cargo bench --bench search -- --seeds 10 --scales log10 --arms default+half_start --variants a --earlier b`):
//!
//! | new | earlier | after 20 | 25 | 50 | 100 | similarity |
//! |---|---|---|---|---|---|---|
//! | a | none | 0.163 ± 0.013 | 0.127 ± 0.011 | 0.032 ± 0.005 | 0.014 ± 0.004 | |
//! | a | a, with noise of 0.02 (`--earlier a --earlier-noise 0.02`) | 0.094 ± 0.010 | 0.077 ± 0.010 | 0.030 ± 0.006 | 0.010 ± 0.001 | 0.49 |
//! | a | b | 0.109 ± 0.005 | 0.080 ± 0.006 | 0.033 ± 0.004 | 0.010 ± 0.001 | 0.32 |
//! | a | b, its scores negated (`--earlier b-negated`) | 0.120 ± 0.010 | 0.091 ± 0.010 | 0.030 ± 0.003 | 0.010 ± 0.001 | -0.39 |
//! | a | b, its levels permuted (`--earlier b-scrambled`) | 0.153 ± 0.009 | 0.133 ± 0.010 | 0.041 ± 0.007 | 0.013 ± 0.002 | 0.03 |
//! | a | a, its scores above their median mirrored at it (`--earlier a-folded`) | 0.087 ± 0.007 | 0.068 ± 0.008 | 0.025 ± 0.002 | 0.008 ± 0.001 | 0.09 |
//! | b | none | 0.130 ± 0.007 | 0.109 ± 0.006 | 0.038 ± 0.004 | 0.015 ± 0.001 | |
//! | b | b, with noise of 0.02 | 0.088 ± 0.005 | 0.071 ± 0.004 | 0.032 ± 0.002 | 0.014 ± 0.001 | 0.52 |
//! | b | a | 0.101 ± 0.008 | 0.081 ± 0.007 | 0.035 ± 0.002 | 0.016 ± 0.001 | 0.50 |
//! | b | a, its scores negated | 0.100 ± 0.007 | 0.082 ± 0.005 | 0.036 ± 0.002 | 0.017 ± 0.002 | -0.40 |
//! | b | a, its levels permuted | 0.119 ± 0.005 | 0.093 ± 0.005 | 0.036 ± 0.003 | 0.016 ± 0.001 | 0.06 |
//! | b | b, mirrored at its median | 0.107 ± 0.008 | 0.073 ± 0.005 | 0.034 ± 0.002 | 0.015 ± 0.001 | 0.03 |
//!
//! Earlier studies shorten the beginning: what agrees, even with its sign turned, takes 22 to 42 % off the regret after 20
//! trials and 23 to 39 % after 25. From 50 trials on no difference exceeds twice its standard error, not even by the same
//! task's study. The largest loss seen is that by permuted levels on a after 50, 0.009 ± 0.008, which is gone after 100. (With
//! half of the initial design left to the earlier study, and every proposal under which the scores were a little likelier,
//! b's negated scores on a left 0.044 ± 0.005 after 50 where none left 0.032 ± 0.005, in 20 seeds; bounded as it is now,
//! 0.031 ± 0.003.)
//!
//! The same with noise of 0.02 in both studies (`--noise 0.02`), and the front that is handed over after 100: the hypervolume
//! that it has not, and by how much its scores are promised too high:
//!
//! | new | earlier | after 20 | 50 | 100 | missing of the front, % | promised too high by |
//! |---|---|---|---|---|---|---|
//! | a | none | 0.165 ± 0.013 | 0.083 ± 0.013 | 0.056 ± 0.012 | 11.7 ± 2.4 | +0.001 |
//! | a | b | 0.152 ± 0.010 | 0.077 ± 0.010 | 0.040 ± 0.009 | 8.7 ± 1.7 | +0.001 |
//! | a | b, its levels permuted | 0.156 ± 0.007 | 0.079 ± 0.008 | 0.050 ± 0.009 | 11.1 ± 2.0 | +0.002 |
//! | a | a, mirrored at its median | 0.136 ± 0.013 | 0.068 ± 0.009 | 0.033 ± 0.005 | 7.2 ± 1.1 | +0.001 |
//! | b | none | 0.137 ± 0.006 | 0.066 ± 0.006 | 0.038 ± 0.003 | 8.7 ± 0.8 | +0.001 |
//! | b | a | 0.119 ± 0.006 | 0.064 ± 0.003 | 0.035 ± 0.002 | 8.9 ± 0.6 | +0.000 |
//! | b | a, its levels permuted | 0.134 ± 0.008 | 0.063 ± 0.006 | 0.038 ± 0.003 | 9.0 ± 0.7 | +0.002 |
//! | b | b, mirrored at its median | 0.132 ± 0.008 | 0.063 ± 0.005 | 0.035 ± 0.002 | 8.3 ± 0.4 | +0.002 |
//!
//! Under noise another task's study helps b at 20 trials; from 50 on no difference exceeds twice its standard error, and what is
//! promised is as honest as without.

use super::SearchError;
use super::closed::Closed;
use super::encoding::Encoding;
use super::engine::{Cost, Engine, Observation};
use super::estimate::JUDGED;
use super::fit::Fit;
use super::pareto::{Duplicates, non_dominated};
use super::posterior::GaussianProcess;
use super::random::{Purpose, stream};
use super::settings::EngineSettings;
use super::telling::{Known, complete, limit, telling};
use crate::domain::{Point, ReferencePoint, ScoreScale, SearchMethod, Space, SurrogateModel};

/// One in so many points of an initial design is an earlier study's.
const EVERY: usize = 4;

/// By so much the scores must be more likely, by its logarithm, with the earlier studies than without them: strong evidence
/// by Jeffreys (1961, appendix B).
const STRONG: f64 = std::f64::consts::LN_10;

/// w: what agrees in all has a b_t of about 1, and most agrees in part.
const DEVIATION: f64 = 0.5;

/// Points of an earlier study that an initial design could take, at most.
const MOST_CARRIED: usize = 256;

/// An earlier study, in terms of a new one's space.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// Its name.
    pub name: String,
    /// The points that it measured, with their scores in the units of its own metric; to be maximised.
    pub scored: Vec<(Point, f64)>,
}

/// What was learnt from an earlier study.
#[derive(Clone, Debug)]
pub(super) struct Foretelling {
    name: String,
    process: GaussianProcess,
    /// How its points are encoded, whatever the new study's bounds are.
    settings: EngineSettings,
    /// Its points, the most promising first.
    best: Vec<Point>,
}

impl Foretelling {
    /// Learns from an earlier study; none where its scores tell nothing, as where all are the same.
    fn new(
        earlier: &Earlier,
        space: &Space,
        cost: &Cost,
        least_cost: f64,
        seed: u64,
    ) -> Option<Self> {
        let costs = earlier.scored.iter().map(|(point, _)| cost(point));
        let settings = EngineSettings {
            surrogate: SurrogateModel::Gp,
            score_scale: ScoreScale::Linear,
            cost_input: true,
            reference_point: ReferencePoint {
                // Failed trainings are drawn in.
                score: fence(&earlier.scored)?,
                parameters_percent: costs.fold(f64::MIN_POSITIVE, f64::max),
            },
            least_cost,
            ..EngineSettings::default()
        };
        let encoding = Encoding::new(space, cost, &settings);
        let scored = telling(&encoding, earlier.scored.clone(), limit(&settings));
        let mut random = stream(seed, Purpose::Surrogate, 0, 0);
        let reference = settings.reference_point.score;
        let told = complete(&scored);
        let fit = Fit::new(&encoding, &told, reference, &settings, &mut random, &|| {
            false
        });
        let process = fit.ok()??.processes.first()?.clone();
        let points = scored.into_iter().map(|(point, _)| point).collect();
        let best = front_after_front(&encoding, &process, points);
        Some(Self {
            name: earlier.name.clone(),
            process,
            settings,
            best,
        })
    }

    /// w m_t(x).
    pub(super) fn of(&self, space: &Space, cost: &Cost, point: &Point) -> f64 {
        let encoding = Encoding::new(space, cost, &self.settings);
        DEVIATION * self.process.mean_at(&encoding.of(point))
    }
}

impl Engine {
    /// The same engine, which knows of `earlier` studies; those whose scores tell nothing are passed over.
    pub fn knowing(mut self, earlier: &[Earlier]) -> Self {
        let least = self.settings.least_cost;
        let learn = |study| Foretelling::new(study, &self.space, &self.cost, least, self.seed);
        self.earlier = earlier.iter().filter_map(learn).collect();
        self
    }

    /// How much of each earlier study holds in this one by its `history`, 1 for all of it and 0 for nothing: the expected
    /// b_t, by the name of the study. None of all is known where nothing can be learnt from the history yet.
    ///
    /// # Errors
    /// [`SearchError::Cancelled`] once `cancelled` says so.
    pub fn similarities(
        &self,
        history: &[Observation],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<(String, f64)>>, SearchError> {
        let settings = self.judging();
        let encoding =
            Encoding::new(&self.space, &self.cost, &settings).with_earlier(&self.earlier);
        let known = Known::of(&encoding, history, JUDGED);
        let fit = self.believe(&encoding, &settings, &known, history.len(), cancelled)?;
        Ok(fit.map(|fit| {
            let count = fit.processes.len() as f64;
            let weights: Vec<Vec<f64>> = fit
                .processes
                .iter()
                .map(GaussianProcess::linear_weights)
                .collect();
            let mean = |t: usize| weights.iter().map(|draw| draw[t]).sum::<f64>() / count;
            let studies = self.earlier.iter().enumerate();
            studies
                .map(|(t, study)| (study.name.clone(), DEVIATION * mean(t)))
                .collect()
        }))
    }

    /// What the proposal after `told` trials may rest on when `count` are asked for: the earlier studies for every second one,
    /// so that what misleads costs half of them at most.
    pub(super) fn earlier_for(&self, told: usize, count: usize) -> &[Foretelling] {
        match (told / count.max(1)).is_multiple_of(2) {
            true => &self.earlier,
            false => &[],
        }
    }

    /// The best point of an earlier study that is not `closed`, and the study's name, for place `index` of the initial
    /// design; none where that place is for another kind of point.
    pub(super) fn carried_over(&self, index: usize, closed: &Closed) -> Option<(&Point, &str)> {
        if self.settings.method != SearchMethod::Bayesian || !index.is_multiple_of(EVERY) {
            return None;
        }
        let studies = self.earlier.len();
        let study = &self.earlier[(index / EVERY).checked_rem(studies)?];
        let open = study.best.iter().find(|point| !closed.contains(point));
        Some((open?, &study.name))
    }
}

/// The fit with what `earlier` studies foretell, and its encoding, where the scores give strong evidence for it; else the fit
/// without.
///
/// # Errors
/// As `fit` has them.
pub(super) fn fitted<'a>(
    plain: Encoding<'a>,
    earlier: &'a [Foretelling],
    fit: &mut dyn FnMut(&Encoding<'a>) -> Result<Option<Fit>, SearchError>,
) -> Result<(Encoding<'a>, Option<Fit>), SearchError> {
    let without = fit(&plain)?;
    if earlier.is_empty() {
        return Ok((plain, without));
    }
    let knowing = plain.clone().with_earlier(earlier);
    let with = fit(&knowing)?;
    let is_strong = |with: &Fit, without: &Fit| evidence(with) > evidence(without) + STRONG;
    Ok(match (with, without) {
        (Some(with), Some(without)) if is_strong(&with, &without) => (knowing, Some(with)),
        (_, without) => (plain, without),
    })
}

/// The log likelihood of the scores, mean over the draws of the hyperparameters.
fn evidence(fit: &Fit) -> f64 {
    let processes = fit.processes.iter();
    processes
        .map(GaussianProcess::log_marginal_likelihood)
        .sum::<f64>()
        / fit.processes.len() as f64
}

/// The score below which one is an outlier (Tukey's fence); none of none.
fn fence(scored: &[(Point, f64)]) -> Option<f64> {
    let mut scores: Vec<f64> = scored.iter().map(|(_, score)| *score).collect();
    scores.sort_by(f64::total_cmp);
    let quarter = |share: usize| scores.get(share * scores.len().saturating_sub(1) / 4);
    let (low, high) = (quarter(1)?, quarter(3)?);
    Some(low - 1.5 * (high - low))
}

/// Different points by m_t and cost: those on the front, then on the front of the others, and so on; of each front first
/// the best, then always the one whose cost is farthest from all before it.
fn front_after_front(
    encoding: &Encoding<'_>,
    process: &GaussianProcess,
    mut points: Vec<Point>,
) -> Vec<Point> {
    points.sort();
    points.dedup();
    // The last number of an input is the logarithm of the cost.
    let valued = points.into_iter().map(|point| {
        let input = encoding.of(&point);
        let cost = input.last().copied().unwrap_or_default();
        (point, [process.mean_at(&input), -cost])
    });
    let mut rest: Vec<(Point, [f64; 2])> = valued.collect();
    let mut ordered = Vec::new();
    while !rest.is_empty() && ordered.len() < MOST_CARRIED {
        let values: Vec<[f64; 2]> = rest.iter().map(|(_, values)| *values).collect();
        let mut on_front = non_dominated(&values, Duplicates::Keep).into_iter();
        let (mut front, others): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|_| on_front.next() == Some(true));
        rest = others;
        front.sort_by(|(_, a), (_, b)| b[0].total_cmp(&a[0]));
        let mut taken: Vec<f64> = Vec::new();
        while !front.is_empty() {
            let distance = |cost: f64| {
                taken
                    .iter()
                    .map(|other| (cost - other).abs())
                    .fold(f64::INFINITY, f64::min)
            };
            let places = 0..front.len();
            // The first of equals: the best.
            let farthest = places
                .rev()
                .max_by(|&a, &b| distance(front[a].1[1]).total_cmp(&distance(front[b].1[1])));
            let (point, [_, cost]) = front.remove(farthest.unwrap_or(0));
            taken.push(cost);
            ordered.push(point);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::sync::Arc;

    use rand::RngExt;

    use super::*;
    use crate::domain::Dimension;
    use crate::search::{Ask, Outcome};

    fn engine() -> Engine {
        let dimension = |i: usize| Dimension::ordinal(format!("d{i}"), 11);
        let space = Space {
            dimensions: (0..4).map(dimension).collect(),
            any_of: Vec::new(),
        };
        let cost = |point: &Point| 1.0 + point.0.iter().map(|&level| f64::from(level)).sum::<f64>();
        let settings = EngineSettings {
            initial_trials: 8,
            acquisition_evaluations: 60,
            local_search_starts: 2,
            reference_point: ReferencePoint {
                score: 0.0,
                parameters_percent: 45.0,
            },
            ..EngineSettings::default()
        };
        Engine::new(space, Arc::new(cost), settings, 9, Arc::new(|| 0.0))
    }

    fn score(point: &Point) -> f64 {
        let level = |i: usize| f64::from(point.0[i]) / 10.0;
        0.6 + 0.2 * level(0) - 0.1 * level(1) * level(1) + 0.1 * level(0) * level(2)
    }

    /// Random points with what a training measures there.
    fn measured(count: usize, seed: usize, of: impl Fn(&Point) -> f64) -> Vec<(Point, f64)> {
        let mut random = stream(7, Purpose::Design, seed, 0);
        let mut measure = || {
            let point = Point((0..4).map(|_| random.random_range(0..11)).collect());
            let noise = random.random_range(-0.01..0.01);
            (point.clone(), of(&point) + noise)
        };
        (0..count).map(|_| measure()).collect()
    }

    fn study(name: &str, of: impl Fn(&Point) -> f64) -> Earlier {
        Earlier {
            name: name.to_owned(),
            scored: measured(60, 1, of),
        }
    }

    fn observations(scored: Vec<(Point, f64)>) -> Vec<Observation> {
        let observe = |(point, score)| Observation {
            error: None,
            point,
            outcome: Outcome::Score(score),
            third: None,
            early: Vec::new(),
        };
        scored.into_iter().map(observe).collect()
    }

    /// In units of its own and with half of the spread.
    fn alike(point: &Point) -> f64 {
        0.2 + 0.5 * score(point)
    }

    /// Of dimensions that the score does not rest on.
    fn unlike(point: &Point) -> f64 {
        let level = |i: usize| f64::from(point.0[i]) / 10.0;
        0.5 + 0.2 * (7.0 * level(3)).cos() + 0.1 * (9.0 * level(2) + 4.0 * level(0)).sin()
    }

    #[test]
    fn what_agrees_counts_and_what_does_not_hardly_does() {
        let mut earlier = ["alike", "unlike", "equal"].map(|name| study(name, alike));
        earlier[1] = study("unlike", unlike);
        for (_, score) in &mut earlier[2].scored {
            *score = 0.5;
        }
        let knowing = engine().knowing(&earlier);
        let history = observations(measured(14, 2, score));
        let similarities = knowing.similarities(&history, &|| false).unwrap().unwrap();
        let names: Vec<&str> = similarities.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["alike", "unlike"],
            "one whose scores tell nothing is left out"
        );
        assert!((0.6..1.4).contains(&similarities[0].1), "{similarities:?}");
        assert!(similarities[1].1.abs() < 0.3, "{similarities:?}");
        assert_eq!(
            knowing.similarities(&history[..1], &|| false).unwrap(),
            None
        );

        let opposite = engine().knowing(&[study("opposite", |point| -score(point))]);
        let similarity = opposite.similarities(&history, &|| false).unwrap().unwrap()[0].1;
        assert!(similarity < -0.6, "{similarity}");
    }

    #[test]
    fn predictions_gain_by_what_agrees_and_lose_little_by_what_does_not() {
        let error = |engine: &Engine, count: usize, seed: usize| {
            let plain = Encoding::new(&engine.space, &engine.cost, &engine.settings);
            let told = complete(&measured(count, 10 + seed, score));
            let mut random = stream(8, Purpose::Surrogate, seed, 0);
            let (encoding, fit) = fitted(plain, &engine.earlier, &mut |encoding| {
                Fit::new(encoding, &told, 0.0, &engine.settings, &mut random, &|| {
                    false
                })
            })
            .unwrap();
            let fit = fit.unwrap();
            let squares = measured(100, 30 + seed, score)
                .into_iter()
                .map(|(point, _)| {
                    let diagnostics = fit.diagnostics(&encoding.of(&point));
                    (diagnostics.predicted_score.unwrap().0 - score(&point)).powi(2)
                });
            squares.sum::<f64>().sqrt()
        };
        let ratio = |earlier: Earlier, count: usize| {
            let knowing = engine().knowing(&[earlier]);
            let ratios =
                (0..6).map(|seed| error(&knowing, count, seed) / error(&engine(), count, seed));
            ratios.sum::<f64>() / 6.0
        };
        let gain = ratio(study("alike", alike), 9);
        assert!(gain < 0.7, "{gain}");
        for (earlier, count) in [
            (study("alike", alike), 24),
            (study("unlike", unlike), 9),
            (study("unlike", unlike), 24),
        ] {
            let loss = ratio(earlier, count);
            assert!(loss < 1.1, "{loss} after {count}");
        }
    }

    #[test]
    fn what_is_handed_over_and_what_is_confirmed_rest_on_the_studys_own_scores() {
        // The wrong way round, and far above every score that this study can have.
        let misleading = study("misleading", |point| 5.0 - 4.0 * score(point));
        let (plain, knowing) = (engine(), engine().knowing(&[misleading]));
        let history = observations(measured(20, 2, score));
        let also = [Point(vec![10, 0, 10, 0])];
        let estimates = |engine: &Engine| engine.estimate(&history, &also, &|| false).unwrap();
        assert_eq!(estimates(&knowing), estimates(&plain));
        // The first places of the confirmation are for what is to be compared with, whatever is foretold of it.
        let ask = Ask {
            history: history.clone(),
            count: 1,
            remaining: Some(2),
            plain: vec![also.to_vec()],
            ..Ask::default()
        };
        let compared = |engine: &Engine| engine.ask(&ask, &|| false).unwrap();
        assert_eq!(compared(&knowing), compared(&plain));
    }

    #[test]
    fn every_fourth_point_of_the_initial_design_is_an_earlier_studys_best() {
        let earlier = [study("alike", alike), study("unlike", unlike)];
        let knowing = engine().knowing(&earlier);
        let mut ask = Ask {
            count: 8,
            ..Ask::default()
        };
        let proposals = knowing.ask(&ask, &|| false).unwrap();
        let from = |name: &str| {
            let said = format!("among the best of {name}");
            let carried = proposals
                .iter()
                .filter(|p| p.diagnostics.note.as_ref() == Some(&said));
            carried.map(|p| p.point.clone()).collect::<Vec<Point>>()
        };
        assert_eq!((from("alike").len(), from("unlike").len()), (1, 1));
        let better = |point: &Point| {
            earlier[0]
                .scored
                .iter()
                .filter(|(_, other)| *other > alike(point))
                .count()
        };
        assert!(better(&from("alike")[0]) < 3, "the first one is the best");
        // The others are as without.
        let without = engine().ask(&ask, &|| false).unwrap();
        assert_eq!(proposals[1], without[1]);
        assert_eq!(proposals[7], without[7]);
        assert_eq!(proposals[4].point, from("unlike")[0]);
        // One by one they are the same.
        ask.count = 1;
        for proposal in &proposals {
            assert_eq!(&knowing.ask(&ask, &|| false).unwrap()[0], proposal);
            ask.pending.push(proposal.point.clone());
        }
        let random = knowing.at_random().ask(
            &Ask {
                count: 8,
                ..Ask::default()
            },
            &|| false,
        );
        assert!(random.unwrap().iter().all(|p| p.diagnostics.note.is_none()));
    }

    #[test]
    fn every_second_proposal_rests_on_the_studys_own_scores() {
        let knowing = engine().knowing(&[study("alike", alike)]);
        let rests = |told: usize, count: usize| knowing.earlier_for(told, count).len();
        assert_eq!([8, 9, 10, 11].map(|told| rests(told, 1)), [1, 0, 1, 0]);
        assert_eq!([8, 12, 16].map(|told| rests(told, 4)), [1, 0, 1]);
        // Where nothing of the earlier study is looked at, the proposal is the one without it.
        let history = observations(measured(9, 2, score));
        let ask = |count: usize| Ask {
            history: history[..count].to_vec(),
            count: 1,
            ..Ask::default()
        };
        let proposed = |engine: &Engine, count| engine.ask(&ask(count), &|| false).unwrap();
        assert_eq!(proposed(&knowing, 9), proposed(&engine(), 9));
        assert_ne!(proposed(&knowing, 8), proposed(&engine(), 8));
    }

    #[test]
    fn a_front_is_spread_over_the_cost() {
        // The score rises with the cost: all are on the front.
        let rising = study("rising", |point| {
            point.0.iter().map(|&level| f64::from(level)).sum()
        });
        let knowing = engine().knowing(&[rising]);
        let mut closed = Closed::default();
        let costs = [0, 4, 8].map(|index| {
            let (point, _) = knowing.carried_over(index, &closed).unwrap();
            closed.insert(point.clone());
            (knowing.cost)(point)
        });
        assert!(costs[0] > 30.0 && costs[1] < 12.0, "{costs:?}");
        assert!(
            costs[2] > costs[1] + 3.0 && costs[2] < costs[0] - 3.0,
            "{costs:?}"
        );
        assert_eq!(knowing.carried_over(1, &closed), None);
    }
}
