//! The engine's arms by name, for the benchmarks.

use autopeft::domain::{
    Acquisition, CostScale, InitialDesign, ReferencePoint, ScoreScale, SearchMethod, SurrogateModel,
};
use autopeft::search::EngineSettings;

/// Where the hypervolume on the stand-ins begins.
pub(crate) const REFERENCE: ReferencePoint = ReferencePoint {
    score: 0.70,
    parameters_percent: 26.0,
};

/// Random trials at the beginning of each search.
pub(crate) const STARTS: usize = 20;

/// The settings of an arm: `default` or `paper`, then changes, such as `default+saas+copula`.
pub(crate) fn arm(name: &str) -> EngineSettings {
    let mut settings = EngineSettings {
        initial_trials: STARTS,
        reference_point: REFERENCE,
        ..EngineSettings::default()
    };
    for part in name.split('+') {
        match part {
            "default" => {}
            "paper" => {
                settings.surrogate = SurrogateModel::Saas;
                settings.score_scale = ScoreScale::Copula;
                settings.acquisition = Acquisition::Nehvi;
                settings.cost_input = false;
                settings.cost_scale = CostScale::Copula;
                settings.warmup_draws = 128;
                settings.posterior_draws = 64;
                settings.thinning = 4;
                settings.acquisition_evaluations = 2_000;
                settings.repeats = 0.0;
            }
            "random" => settings.method = SearchMethod::Random,
            "sobol" => settings.method = SearchMethod::Sobol,
            "nsga2" => settings.method = SearchMethod::Nsga2,
            "parego" => settings.method = SearchMethod::Parego,
            "saas" => settings.surrogate = SurrogateModel::Saas,
            "gp" => settings.surrogate = SurrogateModel::Gp,
            "linear" => settings.score_scale = ScoreScale::Linear,
            "copula" => settings.score_scale = ScoreScale::Copula,
            "copula_cost" => settings.cost_scale = CostScale::Copula,
            "cost_input" => settings.cost_input = true,
            "no_cost_input" => settings.cost_input = false,
            "nehvi" => settings.acquisition = Acquisition::Nehvi,
            "log_nehvi" => settings.acquisition = Acquisition::LogNehvi,
            "sobol_start" => settings.initial_design = InitialDesign::Sobol,
            "half_start" => settings.initial_trials = STARTS / 2,
            "no_repeats" => settings.repeats = 0.0,
            "few_repeats" => settings.repeats /= 2.0,
            "many_repeats" => settings.repeats *= 2.0,
            "thorough" => settings.acquisition_evaluations *= 4,
            other => panic!("no arm has a part {other:?}"),
        }
    }
    settings
}
