//! What a score before the end of a training tells of the one at its end.
//!
//! | symbol | meaning |
//! |---|---|
//! | f | fidelity: the share of the epochs after which a trial was measured; its rungs are few |
//! | y_i | score of trial i at the end of its training; a pruned trial has none |
//! | e_i | its score at f |
//! | m | trials that have both |
//! | a + b e | the least-squares line of y on e over these, of each f its own |
//! | s² | variance of y about the line, with m - 2 degrees of freedom |
//! | v(e) | s² (1 + 1/m + (e - ē)² / Σ_i (e_i - ē)²), the variance of a further y about the line |
//!
//! The surrogate is told of a pruned trial at its last rung: a + b e, as a measurement of y whose noise has the variance
//! v(e) beside that of all measurements. Where early scores foretell the last ones, it weighs almost as much as a finished
//! trial; where they foretell nothing, the line is flat, v is the variance of all scores, and it weighs next to nothing.
//! Pruned trials lie below those that the line is drawn through; v grows with that distance.

use super::engine::{Observation, Outcome};
use super::score_scale::ScoreObjective;
use crate::domain::Point;

/// Fewest trials that a line is drawn through.
const FEWEST: usize = 4;

/// A score as the surrogate is told it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) point: Point,
    /// y, or a + b e.
    pub(super) score: f64,
    /// v; 0 of y itself.
    variance: f64,
    /// Variance of the error that the number of measured rows leaves, mean over the history; 0 where it is not known.
    sampling: f64,
}

impl Told {
    /// A score at the end of a training.
    pub(super) fn full(point: Point, score: f64) -> Self {
        Self {
            point,
            score,
            variance: 0.0,
            sampling: 0.0,
        }
    }

    /// The same with the variance of the error that the number of measured rows leaves.
    pub(super) fn sampled(self, sampling: f64) -> Self {
        Self { sampling, ..self }
    }

    /// The variance of the error that the number of measured rows leaves, in the metric's units; 0 where it is not known.
    pub(super) fn sampling(&self) -> f64 {
        self.sampling
    }

    /// v on the scale of an objective.
    pub(super) fn variance_on(&self, objective: &ScoreObjective) -> f64 {
        self.on(objective, self.variance)
    }

    /// The variance of the error that the number of measured rows leaves, on the scale of an objective.
    pub(super) fn sampling_on(&self, objective: &ScoreObjective) -> f64 {
        self.on(objective, self.sampling)
    }

    /// A variance on the scale of an objective, which need not be linear: half the way from a deviation below to one above.
    fn on(&self, objective: &ScoreObjective, variance: f64) -> f64 {
        let deviation = variance.sqrt();
        let way = objective.of(self.score + deviation) - objective.of(self.score - deviation);
        (0.5 * way).powi(2)
    }
}

/// What the pruned trials of a history tell, in its order. Where too few trials finished to draw a line, they tell
/// nothing.
pub(super) fn early(history: &[Observation]) -> Vec<Told> {
    let mut lines: Vec<(f64, Option<Line>)> = Vec::new();
    let mut line_at = |fidelity: f64| {
        if let Some((_, line)) = lines.iter().find(|(known, _)| *known == fidelity) {
            return *line;
        }
        let line = Line::through(&pairs(history, fidelity));
        lines.push((fidelity, line));
        line
    };
    let pruned = history
        .iter()
        .filter(|trial| trial.outcome == Outcome::Pruned);
    pruned
        .filter_map(|trial| {
            let &(fidelity, score) = trial.early.iter().rfind(|(_, score)| score.is_finite())?;
            let (score, variance) = line_at(fidelity)?.at(score);
            Some(Told {
                point: trial.point.clone(),
                score,
                variance,
                sampling: 0.0,
            })
        })
        .collect()
}

/// (e, y) of the trials that have both at a fidelity.
fn pairs(history: &[Observation], fidelity: f64) -> Vec<(f64, f64)> {
    let both = history.iter().filter_map(|trial| {
        let Outcome::Score(last) = trial.outcome else {
            return None;
        };
        let (_, early) = trial.early.iter().find(|(known, _)| *known == fidelity)?;
        (last.is_finite() && early.is_finite()).then_some((*early, last))
    });
    both.collect()
}

/// a + b e with what its predictions are worth.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// m.
    count: f64,
    /// ē.
    middle: f64,
    /// a + b ē.
    height: f64,
    /// b.
    slope: f64,
    /// Σ_i (e_i - ē)².
    spread: f64,
    /// s².
    variance: f64,
}

impl Line {
    /// The least-squares line; none through too few pairs, or through some of one and the same e.
    fn through(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.len() < FEWEST {
            return None;
        }
        let count = pairs.len() as f64;
        let middle = pairs.iter().map(|(e, _)| e).sum::<f64>() / count;
        let height = pairs.iter().map(|(_, y)| y).sum::<f64>() / count;
        let spread: f64 = pairs.iter().map(|(e, _)| (e - middle).powi(2)).sum();
        let joint: f64 = pairs.iter().map(|(e, y)| (e - middle) * (y - height)).sum();
        if spread <= 0.0 {
            return None;
        }
        let slope = joint / spread;
        let squares = pairs
            .iter()
            .map(|(e, y)| (y - height - slope * (e - middle)).powi(2));
        Some(Self {
            count,
            middle,
            height,
            slope,
            spread,
            variance: squares.sum::<f64>() / (count - 2.0),
        })
    }

    /// a + b e and v(e).
    fn at(&self, early: f64) -> (f64, f64) {
        let away = early - self.middle;
        let share = 1.0 + self.count.recip() + away.powi(2) / self.spread;
        (self.height + self.slope * away, self.variance * share)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use std::sync::Arc;

    use rand::RngExt;

    use super::super::encoding::Encoding;
    use super::super::fit::Fit;
    use super::super::random::{Purpose, stream};
    use super::*;
    use crate::domain::{Dimension, Space};
    use crate::search::{Cost, EngineSettings};

    fn trial(level: u16, outcome: Outcome, early: &[(f64, f64)]) -> Observation {
        Observation {
            error: None,
            point: Point(vec![level]),
            outcome,
            third: None,
            early: early.to_vec(),
        }
    }

    #[test]
    fn a_pruned_trial_is_told_on_the_line_of_the_finished_ones() {
        // At 0.25 the last score is 0.3 + e, ± 0.01; at 0.75 nobody was seen who finished.
        let finished = |(level, e, off): (u16, f64, f64)| {
            trial(
                level,
                Outcome::Score(0.3 + e + off),
                &[(0.25, e), (0.5, 0.6)],
            )
        };
        let four = [
            (0, 0.4, 0.01),
            (1, 0.5, -0.01),
            (2, 0.5, -0.01),
            (3, 0.6, 0.01),
        ];
        let mut history: Vec<Observation> = four.map(finished).into();
        history.extend([
            trial(4, Outcome::Pruned, &[(0.25, 0.2)]),
            trial(5, Outcome::Pruned, &[(0.25, f64::NAN)]),
            trial(6, Outcome::Pruned, &[(0.75, 0.3)]),
            trial(7, Outcome::Infeasible, &[(0.25, 0.3)]),
        ]);
        let told = early(&history);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].point, Point(vec![4]));
        assert!((told[0].score - 0.5).abs() < 1e-12);
        // s² = 4 · 0.01² / 2, and e is 0.3 below the middle of a spread of 0.02.
        let expected = 2e-4 * (1.0 + 0.25 + 0.09 / 0.02);
        assert!((told[0].variance / expected - 1.0).abs() < 1e-9);
        assert!(early(&history[1..]).is_empty(), "three draw no line");
    }

    #[test]
    fn a_variance_follows_the_scale() {
        let scores = [0.5, 0.6, 0.7, 0.8];
        let objective = ScoreObjective::new(crate::domain::ScoreScale::Linear, &scores, 0.0);
        let told = Told {
            variance: 1e-4,
            ..Told::full(Point(vec![0]), 0.65)
        };
        // The scores' own variance is 0.0125.
        assert!((told.variance_on(&objective) - 1e-4 / 0.0125).abs() < 1e-12);
        let full = Told::full(Point(vec![0]), 0.65);
        assert_eq!(full.variance_on(&objective), 0.0);
    }

    /// A training: its early score is `early` of the last one, and neither is measured exactly.
    struct Trainings {
        space: Space,
        early: fn(f64, f64) -> f64,
    }

    impl Trainings {
        fn new(early: fn(f64, f64) -> f64) -> Self {
            let dimension = |i: usize| Dimension::ordinal(format!("d{i}"), 11);
            Self {
                space: Space {
                    dimensions: (0..4).map(dimension).collect(),
                    any_of: Vec::new(),
                },
                early,
            }
        }

        fn score(point: &Point) -> f64 {
            let level = |i: usize| f64::from(point.0[i]) / 10.0;
            0.6 + 0.2 * (3.0 * level(0)).sin() + 0.1 * level(1) - 0.1 * level(1) * level(2)
        }

        /// Of 40 trainings those below the middle at a quarter are pruned, once eight have finished.
        fn history(&self, seed: usize) -> Vec<Observation> {
            let mut random = stream(7, Purpose::Design, seed, 0);
            let mut history: Vec<Observation> = Vec::new();
            for number in 0..40 {
                let point = Point((0..4).map(|_| random.random_range(0..11)).collect());
                let full = Self::score(&point) + random.random_range(-0.01..0.01);
                let early = (self.early)(full, random.random_range(-1.0..1.0));
                let mut peers: Vec<f64> = history.iter().map(|o| o.early[0].1).collect();
                peers.sort_by(f64::total_cmp);
                let prunes = number >= 8 && early < peers[peers.len() / 2];
                history.push(Observation {
                    error: None,
                    point,
                    outcome: if prunes {
                        Outcome::Pruned
                    } else {
                        Outcome::Score(full)
                    },
                    third: None,
                    early: vec![(0.25, early)],
                });
            }
            history
        }

        /// Root of the mean squared error of predictions at the end, with and without what the history says early.
        fn errors(&self, seed: usize) -> [f64; 2] {
            let history = self.history(seed);
            let settings = EngineSettings {
                cost_input: false,
                ..EngineSettings::default()
            };
            let cost: Cost = Arc::new(|_| 1.0);
            let full: Vec<Told> = super::super::method::scored(&history)
                .into_iter()
                .map(|(point, score)| Told::full(point, score))
                .collect();
            [early(&history), Vec::new()].map(|early| {
                let encoding = Encoding::new(&self.space, &cost, &settings);
                let told = [full.clone(), early].concat();
                let mut random = stream(8, Purpose::Surrogate, seed, 0);
                let fit = Fit::new(&encoding, &told, 0.0, &settings, &mut random, &|| false);
                let fit = fit.unwrap().unwrap();
                let mut random = stream(9, Purpose::Design, seed, 0);
                let squares = (0..200).map(|_| {
                    let point = Point((0..4).map(|_| random.random_range(0..11)).collect());
                    let (mean, _) = fit
                        .diagnostics(&encoding.of(&point))
                        .predicted_score
                        .unwrap();
                    (mean - Self::score(&point)).powi(2)
                });
                (squares.sum::<f64>() / 200.0).sqrt()
            })
        }

        /// The errors with early scores over those without, on average over seeds.
        fn ratio(&self) -> f64 {
            let ratios = (0..8).map(|seed| {
                let [with, without] = self.errors(seed);
                with / without
            });
            ratios.sum::<f64>() / 8.0
        }
    }

    #[test]
    fn early_scores_that_foretell_the_last_ones_make_predictions_better() {
        let ratio = Trainings::new(|full, noise| 0.3 + 0.5 * full + 0.01 * noise).ratio();
        assert!(ratio < 0.8, "{ratio}");
    }

    #[test]
    fn early_scores_that_foretell_nothing_hurt_little() {
        let ratio = Trainings::new(|_, noise| 0.5 + 0.1 * noise).ratio();
        assert!(ratio < 1.2, "{ratio}");
    }
}
