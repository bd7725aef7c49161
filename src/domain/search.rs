//! What a study may choose of the search.

use serde::{Deserialize, Serialize};

/// How trials are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMethod {
    /// By a surrogate of the score and the gain of hypervolume that it expects.
    Bayesian,
    /// By Bayesian optimisation of a random weighting of the objectives per proposal (Knowles 2006).
    Parego,
    /// By selection, crossover and mutation of the best so far (Deb et al. 2002).
    Nsga2,
    /// From a scrambled Sobol sequence.
    Sobol,
    /// Uniformly at random.
    Random,
}

/// How the initial trials are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitialDesign {
    /// Uniform over the valid points.
    Random,
    /// The first valid points of a scrambled Sobol sequence.
    Sobol,
}

/// Model of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurrogateModel {
    /// Gaussian process with sparse axis-aligned priors, by NUTS (Eriksson & Jankowiak 2021).
    Saas,
    /// Gaussian process with dimension-scaled lengthscale priors (Hvarfner et al. 2024) but for amounts, at its most
    /// probable hyperparameters.
    Gp,
}

/// The scale on which the surrogate models the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreScale {
    /// Its own units, with what is below the reference point drawn in by a logarithm.
    Linear,
    /// The normal score of its rank among the trials: the paper's.
    Copula,
}

/// The scale on which the search counts the parameters of a configuration against its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostScale {
    /// Their logarithm.
    Log,
    /// Their percentage of the backbone.
    Linear,
    /// The normal score of their rank among the trials so far: the paper's.
    Copula,
}

/// What makes a candidate worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acquisition {
    /// Noisy expected hypervolume improvement (Daulton et al. 2021).
    Nehvi,
    /// Its logarithm, which still tells candidates apart where the improvement itself underflows (Ament et al. 2023).
    LogNehvi,
}
