//! From the exact cost of a point to an objective that is maximised.
//!
//! | symbol | meaning |
//! |---|---|
//! | c | cost of a point: parameters in percent of the backbone, at least 0 |
//! | F(y) | share of the measured points' values of -c that are at most y |

use super::copula::Copula;
use super::settings::EngineSettings;
use crate::domain::{CostScale, LogCost};

/// The objective of a cost, given what was measured.
#[derive(Clone, Debug)]
pub(super) enum CostObjective {
    /// -scale(c) of [`LogCost`].
    Log(LogCost),
    /// -c.
    Linear,
    /// The normal score of F(-c), as AutoPEFT transforms both objectives. The paper models it by a second Gaussian
    /// process; here it is known, for c is.
    Copula(Copula),
}

impl CostObjective {
    /// The objective on the scale of `settings`, given the costs of the measured points (at least one).
    pub(super) fn new(settings: &EngineSettings, costs: &[f64]) -> Self {
        let reference = settings.reference_point.parameters_percent;
        match settings.cost_scale {
            CostScale::Log => Self::Log(LogCost::between(settings.least_cost, reference)),
            CostScale::Linear => Self::Linear,
            CostScale::Copula => {
                let objectives: Vec<f64> = costs.iter().map(|cost| -cost).collect();
                Self::Copula(Copula::new(&objectives))
            }
        }
    }

    /// The value of a cost; never larger for a higher one.
    pub(super) fn of(&self, cost: f64) -> f64 {
        match self {
            Self::Log(scale) => -scale.of(cost),
            Self::Linear => -cost,
            Self::Copula(copula) => copula.transform(-cost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::normal::quantile;
    use super::*;

    fn objectives(scale: CostScale, costs: &[f64]) -> Vec<f64> {
        let mut settings = EngineSettings {
            cost_scale: scale,
            ..EngineSettings::default()
        };
        settings.reference_point.parameters_percent = 26.0;
        let objective = CostObjective::new(&settings, &[1.0, 0.1, 10.0, 30.0]);
        costs.iter().map(|&cost| objective.of(cost)).collect()
    }

    #[test]
    fn a_lower_cost_is_a_better_objective_and_none_at_all_is_not_infinite() {
        let costs = [0.0, 0.01, 0.1, 1.0, 26.0, 40.0];
        for scale in [CostScale::Log, CostScale::Linear] {
            let objectives = objectives(scale, &costs);
            assert!(objectives.is_sorted_by(|a, b| a > b), "{scale:?}");
            assert!(objectives[0].is_finite());
        }
        // From nothing to the reference point it is eight halvings of the cost.
        let log = objectives(CostScale::Log, &costs);
        assert!((log[0] - log[4] - 257_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn the_copula_takes_the_ranks_of_what_was_measured() {
        let found = objectives(CostScale::Copula, &[0.1, 1.0, 5.0, 30.0, 31.0]);
        let expected = [0.9999, 0.75, 0.5, 0.25, 0.0001].map(quantile);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}
