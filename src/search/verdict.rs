//! Whether a search found what is better than a plain choice by more than noise, and what spares parameters at no loss.
//!
//! | symbol | meaning |
//! |---|---|
//! | f_w(x) | draw w of the true score of x, jointly with all others ([`Estimates::draws`]) |
//! | p | the plain choice, at its learning rate of the best estimate |
//! | r | its rival: of the members of the front that cost no more than p, the one of the best estimate |
//! | m | its match: the cheapest member of the front with P(f(m) ≥ f(p)) ≥ 1/2 that is cheaper than p |
//!
//! The plain choice itself, at whatever learning rate, is neither its rival nor its match. Probabilities are shares of the
//! w. They weigh what is believed; that r is the best of several does not make f(r) too high, because the estimates are
//! posterior ones.

use super::estimate::{Estimate, Estimates, interval, mean};
use crate::domain::{Hypervolume, HypervolumeMeasure, Objectives, Point};

/// From this probability on a difference counts as settled.
const SETTLED: f64 = 0.95;

/// What people take without a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainChoice {
    /// What people call it.
    pub name: String,
    /// Its points, one per learning rate of the space; none where the space has not got it.
    pub points: Vec<Point>,
}

/// A plain choice beside what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison<'a> {
    /// p.
    pub plain: &'a Estimate,
    /// r; none where no other member of the front costs as little.
    pub rival: Option<Rival<'a>>,
    /// m; none where no cheaper member is as good.
    pub matching: Option<Match<'a>>,
}

/// r, and how it compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival<'a> {
    /// r.
    pub estimate: &'a Estimate,
    /// P(f(r) > f(p)).
    pub probability: f64,
    /// Mean of f(r) - f(p), in the metric's units.
    pub gain: f64,
    /// The interval in which that lies with a probability of nine in ten.
    pub interval: (f64, f64),
}

/// m, and how it compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Match<'a> {
    /// m.
    pub estimate: &'a Estimate,
    /// P(f(m) ≥ f(p)).
    pub probability: f64,
    /// Its cost as a share of p's.
    pub share: f64,
}

/// How far a comparison is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The rival is better with a probability of at least 0.95.
    Beaten,
    /// Neither is settled.
    Open,
    /// The plain choice is at least as good with a probability of at least 0.95, or has no rival.
    Stands,
}

impl Comparison<'_> {
    /// How far it is settled.
    pub fn ruling(&self) -> Ruling {
        match self.rival.as_ref().map(|rival| rival.probability) {
            Some(probability) if probability >= SETTLED => Ruling::Beaten,
            Some(probability) if probability > 1.0 - SETTLED => Ruling::Open,
            _ => Ruling::Stands,
        }
    }
}

impl Estimates {
    /// What the front handed over dominates: mean and interval over the draws of the true scores. Nothing of noise where
    /// nothing could be learnt from the history yet.
    pub fn hypervolume(&self, measure: &HypervolumeMeasure) -> Hypervolume {
        let places: Vec<usize> = (0..self.points.len())
            .filter(|&i| self.points[i].on_front)
            .collect();
        self.dominated(&places, measure)
    }

    /// The same of any of the points, by their places.
    pub fn dominated(&self, places: &[usize], measure: &HypervolumeMeasure) -> Hypervolume {
        let shares = self.draws.iter().map(|draw| {
            let objectives = places.iter().map(|&i| Objectives {
                score: draw[i],
                parameters_percent: self.points[i].cost,
            });
            measure.share(&objectives.collect::<Vec<_>>())
        });
        let mut shares: Vec<f64> = shares.collect();
        if shares.is_empty() {
            return Hypervolume::exact(0.0);
        }
        Hypervolume {
            share: mean(&shares),
            interval: self.noise.map(|_| interval(&mut shares)),
        }
    }

    /// A plain choice beside the front that is handed over; none where nothing is known of it.
    pub fn compare(&self, choice: &PlainChoice) -> Option<Comparison<'_>> {
        self.noise.filter(|_| !self.draws.is_empty())?;
        let is_plain = |i: &usize| choice.points.contains(&self.points[*i].point);
        let by_score = |&a: &usize, &b: &usize| {
            let score = |i: usize| self.points[i].score;
            score(a).total_cmp(&score(b))
        };
        let all = 0..self.points.len();
        let p = all.clone().filter(is_plain).max_by(by_score)?;
        let plain = &self.points[p];
        let members = || {
            all.clone()
                .filter(|i| self.points[*i].on_front && !is_plain(i))
        };
        let affordable = members().filter(|&i| self.points[i].cost <= plain.cost);
        let rival = affordable.max_by(by_score).map(|r| {
            let mut gains: Vec<f64> = self.draws.iter().map(|draw| draw[r] - draw[p]).collect();
            Rival {
                estimate: &self.points[r],
                probability: share(&gains, |gain| gain > 0.0),
                gain: mean(&gains),
                interval: interval(&mut gains),
            }
        });
        let cheaper = members().filter(|&i| self.points[i].cost < plain.cost);
        let matching = cheaper.filter_map(|m| {
            let gains: Vec<f64> = self.draws.iter().map(|draw| draw[m] - draw[p]).collect();
            let probability = share(&gains, |gain| gain >= 0.0);
            let estimate = &self.points[m];
            (probability >= 0.5).then(|| Match {
                estimate,
                probability,
                share: estimate.cost / plain.cost,
            })
        });
        Some(Comparison {
            plain,
            rival,
            matching: matching.min_by(|a, b| a.estimate.cost.total_cmp(&b.estimate.cost)),
        })
    }
}

fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
    let holding = values.iter().filter(|value| holds(**value)).count();
    holding as f64 / values.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;
    use crate::domain::{CostScale, ReferencePoint};

    /// Forty draws: point i is its score, and off by up to its deviation, all in the same direction where it is positive.
    fn estimates(points: &[(f64, f64, f64, bool)]) -> Estimates {
        let draws = (0..40).map(|w| {
            let off = (f64::from(w) - 19.5) / 19.5;
            points
                .iter()
                .map(|(_, score, deviation, _)| score + off * deviation)
                .collect()
        });
        let estimate =
            |(i, &(cost, score, _, on_front)): (usize, &(f64, f64, f64, bool))| Estimate {
                point: Point(vec![i as u16]),
                cost,
                measured: vec![score],
                score,
                interval: (score, score),
                front_probability: 0.5,
                on_front,
            };
        Estimates {
            points: points.iter().enumerate().map(estimate).collect(),
            draws: draws.collect(),
            noise: Some(0.01),
        }
    }

    fn plain(places: &[u16]) -> PlainChoice {
        PlainChoice {
            name: "plain".to_owned(),
            points: places.iter().map(|&place| Point(vec![place])).collect(),
        }
    }

    #[test]
    fn the_rival_is_the_best_that_costs_no_more_and_the_match_the_cheapest_that_is_no_worse() {
        let estimates = estimates(&[
            (0.1, 0.70, 0.0, true),
            (0.2, 0.78, 0.0, true),
            (0.5, 0.81, 0.0, true),
            (1.0, 0.77, 0.02, false),
            (2.0, 0.90, 0.0, true),
        ]);
        let comparison = estimates.compare(&plain(&[3])).unwrap();
        assert_eq!(comparison.plain.point, Point(vec![3]));
        let rival = comparison.rival.clone().unwrap();
        assert_eq!(rival.estimate.point, Point(vec![2]), "the best costs more");
        assert_eq!(
            (rival.probability, comparison.ruling()),
            (1.0, Ruling::Beaten)
        );
        assert!((rival.gain - 0.04).abs() < 1e-12);
        let (low, high) = rival.interval;
        // Two of forty are left out on either side.
        assert!((low - (0.04 - 0.02 * 17.5 / 19.5)).abs() < 1e-12, "{low}");
        assert!((high - (0.04 + 0.02 * 17.5 / 19.5)).abs() < 1e-12, "{high}");
        let matching = comparison.matching.unwrap();
        assert_eq!(matching.estimate.point, Point(vec![1]));
        assert!((matching.share - 0.2).abs() < 1e-12);
        assert!(
            (0.7..0.8).contains(&matching.probability),
            "{}",
            matching.probability
        );
    }

    #[test]
    fn a_plain_choice_is_taken_at_its_best_learning_rate_and_never_its_own_rival() {
        let points = [
            (0.5, 0.70, 0.0, true),
            (1.0, 0.80, 0.01, true),
            (1.0, 0.60, 0.0, false),
        ];
        let estimates = estimates(&points);
        let comparison = estimates.compare(&plain(&[1, 2])).unwrap();
        assert_eq!(comparison.plain.point, Point(vec![1]));
        let rival = comparison.rival.clone().unwrap();
        assert_eq!(rival.estimate.point, Point(vec![0]));
        assert_eq!(
            (rival.probability, comparison.ruling()),
            (0.0, Ruling::Stands)
        );
        assert_eq!(comparison.matching, None);
        // The plain choice is the cheapest of all.
        let alone = estimates.compare(&plain(&[0])).unwrap();
        assert_eq!(
            (alone.rival.clone(), alone.ruling()),
            (None, Ruling::Stands)
        );
    }

    #[test]
    fn what_noise_hides_is_open_and_what_is_unknown_is_not_compared() {
        let open = estimates(&[(0.5, 0.80, 0.03, true), (1.0, 0.79, 0.0, false)]);
        assert_eq!(open.compare(&plain(&[1])).unwrap().ruling(), Ruling::Open);
        assert_eq!(open.compare(&plain(&[])), None);
        assert_eq!(open.compare(&plain(&[7])), None);
        let unlearnt = Estimates {
            noise: None,
            ..open
        };
        assert_eq!(unlearnt.compare(&plain(&[1])), None);
    }

    #[test]
    fn the_hypervolume_of_what_is_handed_over_has_the_band_of_its_scores() {
        let reference = ReferencePoint {
            score: 0.5,
            parameters_percent: 2.0,
        };
        let measure = HypervolumeMeasure::new(reference, CostScale::Linear, 0.0);
        let noisy = estimates(&[(1.0, 0.7, 0.1, true), (0.5, 0.9, 0.1, false)]);
        let reached = noisy.hypervolume(&measure);
        assert!((reached.share - 0.2).abs() < 1e-12);
        let (low, high) = reached.interval.unwrap();
        assert!((low - 0.5 * (0.2 - 0.1 * 17.5 / 19.5) / 0.5).abs() < 1e-12);
        assert!((high - 0.5 * (0.2 + 0.1 * 17.5 / 19.5) / 0.5).abs() < 1e-12);
        let unlearnt = Estimates {
            noise: None,
            ..noisy
        };
        assert_eq!(unlearnt.hypervolume(&measure).interval, None);
        assert_eq!(
            Estimates::default().hypervolume(&measure),
            Hypervolume::exact(0.0)
        );
    }
}
