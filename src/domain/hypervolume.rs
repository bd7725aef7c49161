//! How much of what could be reached a front dominates: its hypervolume, on the scale of costs that the search counts by.
//!
//! | symbol | meaning |
//! |---|---|
//! | (s, c) | score and cost (parameters in percent of the backbone) of a configuration |
//! | (s_r, c_r) | the reference point |
//! | c_0 | the least cost that any configuration of the space has |
//! | scale | that of [`LogCost`], or c itself |
//! | A | area of the (s, scale(c)) that some member of the front dominates and that dominate the reference point |
//!
//! share = A / ((1 - s_r) · (scale(c_r) - scale(c_0)))
//!
//! 1 is the best value of every metric that a study can have, so that a share of 1 is a perfect score at the least cost, and
//! 0 says that nothing beats the reference point. The normal scores of ranks, on which the paper's search counts costs
//! ([`CostScale::Copula`]), change with every trial and measure no progress: such studies are shown on the logarithmic
//! scale.

use std::fmt;

use super::cost_scale::LogCost;
use super::{CostScale, Objectives, ReferencePoint, front};

/// The best value of every metric.
const PERFECT: f64 = 1.0;

/// What the hypervolume of a study is counted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HypervolumeMeasure {
    reference: ReferencePoint,
    /// c_0.
    least_percent: f64,
    scale: CostScale,
}

/// A share of the hypervolume that could be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hypervolume {
    /// From 0, nothing beyond the reference point, to 1, a perfect score at the least cost.
    pub share: f64,
    /// The interval in which it lies with a probability of nine in ten, where the noise of scores is known.
    pub interval: Option<(f64, f64)>,
}

impl HypervolumeMeasure {
    /// Within a reference point, on a scale of costs, in a space whose cheapest configuration costs `least_percent`.
    pub fn new(reference: ReferencePoint, scale: CostScale, least_percent: f64) -> Self {
        Self {
            reference,
            least_percent,
            scale,
        }
    }

    /// Bounds of the hypervolume.
    pub fn reference_point(&self) -> ReferencePoint {
        self.reference
    }

    /// The share that points dominate together, whether they are a front or not.
    pub fn share(&self, points: &[Objectives]) -> f64 {
        let height = PERFECT - self.reference.score;
        let width = self.width(self.least_percent);
        if height <= 0.0 || width <= 0.0 {
            return 0.0;
        }
        let mut floor = self.reference.score;
        let mut area = 0.0;
        for i in front(points) {
            let point = points[i];
            let beyond = self.width(point.parameters_percent);
            if beyond > 0.0 && point.score > floor {
                area += beyond * (point.score - floor);
                floor = point.score;
            }
        }
        area / (height * width)
    }

    /// How far a cost lies below that of the reference point.
    fn width(&self, cost: f64) -> f64 {
        let limit = self.reference.parameters_percent;
        match self.scale {
            CostScale::Log | CostScale::Copula => {
                let scale = LogCost::between(self.least_percent, limit);
                scale.of(limit) - scale.of(cost)
            }
            CostScale::Linear => limit - cost,
        }
    }
}

impl fmt::Display for HypervolumeMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = match self.scale {
            CostScale::Log | CostScale::Copula => "their logarithm",
            CostScale::Linear => "their percentage",
        };
        write!(
            f,
            "{} count, by {scale}; 100 % would be a score of {PERFECT} with the least, {:.4} %",
            self.reference, self.least_percent
        )
    }
}

impl Hypervolume {
    /// A share of which no more is known.
    pub fn exact(share: f64) -> Self {
        Self {
            share,
            interval: None,
        }
    }
}

impl fmt::Display for Hypervolume {
    /// `43.2 %`; with its interval as many decimals as that is worth: `43 % (41–45)`, `43.2 % (42.9–43.5)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| 100.0 * share;
        match self.interval {
            None => write!(f, "{:.1} %", percent(self.share)),
            Some((low, high)) => {
                let decimals = usize::from(percent(high - low) < 2.0);
                write!(
                    f,
                    "{:.decimals$} % ({:.decimals$}–{:.decimals$})",
                    percent(self.share),
                    percent(low),
                    percent(high)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: ReferencePoint = ReferencePoint {
        score: 0.7,
        parameters_percent: 26.0,
    };

    fn at(parameters_percent: f64, score: f64) -> Objectives {
        Objectives {
            score,
            parameters_percent,
        }
    }

    fn measure(scale: CostScale) -> HypervolumeMeasure {
        HypervolumeMeasure::new(REFERENCE, scale, 0.01)
    }

    #[test]
    fn only_what_beats_the_reference_point_counts() {
        let points = [at(1.0, 0.8), at(0.5, 0.75), at(0.1, 0.6), at(30.0, 0.99)];
        let linear = (25.5 * 0.05 + 25.0 * 0.05) / (25.99 * 0.3);
        assert!((measure(CostScale::Linear).share(&points) - linear).abs() < 1e-12);
        let below = |cost: f64| (26.0 / cost).ln();
        let log = (below(0.5) * 0.05 + below(1.0) * 0.05) / (below(0.01) * 0.3);
        assert!((measure(CostScale::Log).share(&points) - log).abs() < 1e-12);
        assert_eq!(measure(CostScale::Log).share(&[]), 0.0);
        assert_eq!(measure(CostScale::Log).share(&[at(0.01, 0.7)]), 0.0);
    }

    #[test]
    fn a_perfect_score_at_the_least_cost_is_everything() {
        for scale in [CostScale::Log, CostScale::Linear, CostScale::Copula] {
            let share = measure(scale).share(&[at(0.01, 1.0), at(2.0, 1.0)]);
            assert!((share - 1.0).abs() < 1e-12, "{scale:?} {share}");
        }
        // Ranks measure no progress.
        let points = [at(1.0, 0.8)];
        let shares = [CostScale::Log, CostScale::Copula].map(|scale| measure(scale).share(&points));
        assert_eq!(shares[0], shares[1]);
    }

    #[test]
    fn where_nothing_can_be_beyond_the_reference_point_there_is_no_hypervolume() {
        let perfect = ReferencePoint {
            score: 1.0,
            ..REFERENCE
        };
        let points = [at(0.01, 1.0)];
        let share = |reference, least| {
            HypervolumeMeasure::new(reference, CostScale::Log, least).share(&points)
        };
        assert_eq!(share(perfect, 0.01), 0.0);
        assert_eq!(share(REFERENCE, 26.0), 0.0);
    }

    #[test]
    fn it_is_told_in_percent_with_as_many_decimals_as_its_interval_is_worth() {
        let told = |share, interval| Hypervolume { share, interval }.to_string();
        assert_eq!(told(0.4316, None), "43.2 %");
        assert_eq!(told(0.4316, Some((0.41, 0.452))), "43 % (41–45)");
        assert_eq!(told(0.4316, Some((0.4291, 0.4349))), "43.2 % (42.9–43.5)");
        assert_eq!(
            measure(CostScale::Log).to_string(),
            "scores above 0.7 with less than 26 % of the parameters count, by their logarithm; 100 % would be a \
             score of 1 with the least, 0.0100 %"
        );
    }
}
