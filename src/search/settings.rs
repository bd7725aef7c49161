//! How the engine works.

use crate::domain::{
    Acquisition, CostScale, InitialDesign, ReferencePoint, ScoreScale, SearchMethod, SurrogateModel,
};

/// How the engine works.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// Points of the initial design; pending and infeasible ones count.
    pub initial_trials: usize,
    /// How they are drawn.
    pub initial_design: InitialDesign,
    /// How points are chosen after it.
    pub method: SearchMethod,
    /// Model of the score.
    pub surrogate: SurrogateModel,
    /// The scale on which the score is modelled.
    pub score_scale: ScoreScale,
    /// Whether the surrogate sees the logarithm of the cost beside the dimensions.
    pub cost_input: bool,
    /// What is maximised.
    pub acquisition: Acquisition,
    /// NUTS warm-up steps.
    pub warmup_draws: usize,
    /// NUTS draws after the warm-up.
    pub posterior_draws: usize,
    /// Every how many draws one is kept.
    pub thinning: usize,
    /// Acquisition evaluations per proposal.
    pub acquisition_evaluations: usize,
    /// Local searches per proposal.
    pub local_search_starts: usize,
    /// Share of a budget, at its end, in which points may be measured again; 0: never. See `confirm`.
    pub repeats: f64,
    /// Bounds of the hypervolume.
    pub reference_point: ReferencePoint,
    /// The highest value of interest of a third, measured objective, to be minimised; none: there are two objectives.
    pub third_reference: Option<f64>,
    /// The scale on which the hypervolume counts the cost.
    pub cost_scale: CostScale,
    /// The least cost of any valid point, where the logarithmic scale of costs begins; 0 where some cost nothing or it is
    /// not known.
    pub least_cost: f64,
}

impl Default for EngineSettings {
    /// What a study gets that says nothing of its search.
    fn default() -> Self {
        Self {
            initial_trials: 10,
            initial_design: InitialDesign::Random,
            method: SearchMethod::Bayesian,
            surrogate: SurrogateModel::Gp,
            score_scale: ScoreScale::Linear,
            cost_input: true,
            acquisition: Acquisition::LogNehvi,
            warmup_draws: 256,
            posterior_draws: 128,
            thinning: 8,
            acquisition_evaluations: 2_000,
            local_search_starts: 10,
            repeats: 0.2,
            reference_point: ReferencePoint {
                score: 0.0,
                parameters_percent: 26.0,
            },
            third_reference: None,
            cost_scale: CostScale::Log,
            least_cost: 0.0,
        }
    }
}
