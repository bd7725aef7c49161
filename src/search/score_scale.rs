//! From a score to the quantity that is modelled, about standardised and maximised, and back.
//!
//! | symbol | meaning |
//! |---|---|
//! | y | a score in the metric's units |
//! | r | the reference point's score: what is below adds no hypervolume |
//! | w | interquartile range of the observed scores |
//! | b(y) | y above r; r - w log(1 + (r - y) / w) below, so that a failed training is no outlier |
//! | z | what is modelled: b(y) less its mean, over its standard deviation; or y's normal score |

use super::copula::Copula;
use crate::domain::ScoreScale;

/// The modelled objective of a score, given what was measured.
#[derive(Clone, Debug)]
pub(super) enum ScoreObjective {
    /// See [`Copula`].
    Copula(Copula),
    /// b(y), standardised.
    Linear {
        /// r.
        floor: f64,
        /// w.
        width: f64,
        mean: f64,
        deviation: f64,
    },
}

impl ScoreObjective {
    /// The objective on a scale, given the measured `scores` (finite, at least two of them different) and r.
    pub(super) fn new(scale: ScoreScale, scores: &[f64], reference: f64) -> Self {
        if scale == ScoreScale::Copula {
            return Self::Copula(Copula::new(scores));
        }
        let width = spread(scores);
        let values = scores.iter().map(|&y| drawn_in(y, reference, width));
        let count = scores.len() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
        Self::Linear {
            floor: reference,
            width,
            mean,
            deviation: (squares / count).sqrt(),
        }
    }

    /// z of a score, observed or not.
    pub(super) fn of(&self, score: f64) -> f64 {
        match self {
            Self::Copula(copula) => copula.transform(score),
            Self::Linear {
                floor,
                width,
                mean,
                deviation,
            } => (drawn_in(score, *floor, *width) - mean) / deviation,
        }
    }

    /// The score whose objective is z; never smaller for a higher one.
    pub(super) fn inverse(&self, z: f64) -> f64 {
        match self {
            Self::Copula(copula) => copula.inverse(z),
            Self::Linear {
                floor,
                width,
                mean,
                deviation,
            } => {
                let value = mean + deviation * z;
                if value >= *floor {
                    value
                } else {
                    floor - width * ((floor - value) / width).exp_m1()
                }
            }
        }
    }
}

/// b(y).
fn drawn_in(score: f64, floor: f64, width: f64) -> f64 {
    if score >= floor {
        score
    } else {
        floor - width * ((floor - score) / width).ln_1p()
    }
}

/// w; the whole range where half of the scores are equal.
fn spread(scores: &[f64]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    let quartiles = sorted[3 * last / 4] - sorted[last / 4];
    if quartiles > 0.0 {
        quartiles
    } else {
        sorted[last] - sorted[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 7] = [0.1, 0.62, 0.64, 0.65, 0.66, 0.66, 0.7];

    #[test]
    fn keeps_the_order_and_gives_back_the_score() {
        for reference in [0.0, 0.63, 0.9] {
            let objective = ScoreObjective::new(ScoreScale::Linear, &SCORES, reference);
            for (i, score) in SCORES.iter().enumerate() {
                let z = objective.of(*score);
                assert!((objective.inverse(z) - score).abs() < 1e-12, "{reference}");
                assert!(i == 0 || z >= objective.of(SCORES[i - 1]));
            }
            let mean = SCORES.iter().map(|&y| objective.of(y)).sum::<f64>() / 7.0;
            assert!(mean.abs() < 1e-12);
        }
    }

    #[test]
    fn differences_above_the_reference_keep_their_proportions_and_what_is_below_weighs_little() {
        let above = |objective: &ScoreObjective| {
            (objective.of(0.7) - objective.of(0.66)) / (objective.of(0.66) - objective.of(0.65))
        };
        let depth = |objective: &ScoreObjective| objective.of(0.62) - objective.of(0.1);
        let free = ScoreObjective::new(ScoreScale::Linear, &SCORES, 0.0);
        let bounded = ScoreObjective::new(ScoreScale::Linear, &SCORES, 0.61);
        assert!((above(&bounded) / above(&free) - 1.0).abs() < 1e-9);
        // In units of the useful differences.
        let useful = |objective: &ScoreObjective| objective.of(0.7) - objective.of(0.62);
        assert!(depth(&bounded) / useful(&bounded) < 0.3 * depth(&free) / useful(&free));
    }
}
