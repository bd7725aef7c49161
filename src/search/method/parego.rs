//! ParEGO (Knowles 2006): each proposal maximises the expected improvement of one random weighting of the objectives.
//!
//! | symbol | meaning |
//! |---|---|
//! | yₖ | objective k, scaled so that the measured points span 0 (worst) to 1 (best) |
//! | λ | weight of the score, uniform in (0, 1); the cost has 1 - λ |
//! | g | maxₖ λₖ (1 - yₖ) + 0.05 Σₖ λₖ (1 - yₖ), the augmented Chebyshev distance to the best, to be minimised |
//! | EI | E[(μ - best)₊] of -g |

use rand::RngExt;

use super::super::SearchError;
use super::super::acquisition::ehvi::mean_excess;
use super::super::cost_scale::CostObjective;
use super::super::early::Told;
use super::super::encoding::Encoding;
use super::super::engine::Ask;
use super::super::fit::Fit;
use super::super::local_search::{Budget, maximise};
use super::super::random::{Purpose, stream};
use super::super::round::Round;
use super::super::settings::EngineSettings;
use super::{NOTHING_LEARNT, diverged, scored};
use crate::domain::{Diagnostics, InitialDesign, Point, ScoreScale, SurrogateModel};

/// Weight of the sum beside the maximum.
const AUGMENTATION: f64 = 0.05;

/// Adds points until there are as many as asked for. Points that are pending are avoided, not believed in, and so are
/// pruned ones.
pub(in super::super) fn propose(
    round: &mut Round<'_>,
    ask: &Ask,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), SearchError> {
    let engine = round.engine;
    let settings = EngineSettings {
        surrogate: SurrogateModel::Gp,
        score_scale: ScoreScale::Linear,
        ..engine.settings.clone()
    };
    let mut scored = scored(&ask.history);
    scored.extend(diverged(&ask.history));
    let encoding = Encoding::new(&engine.space, &engine.cost, &settings);
    while round.wanted() > 0 {
        let started = (engine.clock)();
        let index = round.told() + ask.count - round.wanted();
        let mut random = stream(engine.seed, Purpose::Acquisition, index, 0);
        let weight = random.random_range(0.0..1.0);
        let weighed = weighed(&scored, &engine.cost, &settings, weight);
        let Some(fit) = Fit::new(
            &encoding,
            &weighed,
            f64::NEG_INFINITY,
            &settings,
            &mut random,
            cancelled,
        )?
        else {
            round.add_designed(round.wanted(), InitialDesign::Random, Some(NOTHING_LEARNT));
            return Ok(());
        };
        let fitted = (engine.clock)();
        let best_value = (weighed.iter())
            .map(|told| fit.objective.of(told.score))
            .fold(f64::NEG_INFINITY, f64::max);
        let mut near: Vec<&Told> = weighed.iter().collect();
        near.sort_by(|a, b| b.score.total_cmp(&a.score));
        let near: Vec<Point> = (near.iter().take(settings.local_search_starts))
            .map(|told| told.point.clone())
            .collect();
        let best = maximise(
            &engine.space,
            round.closed(),
            &near,
            &mut |point| {
                let (mean, variance) = fit.objective_at(&encoding.of(point));
                mean_excess(mean, variance.max(0.0).sqrt(), best_value)
            },
            Budget::new(&settings),
            &mut random,
            cancelled,
        );
        if cancelled() {
            return Err(SearchError::Cancelled);
        }
        let Some((point, acquisition)) = best else {
            return Ok(());
        };
        // The prediction is of the weighting, not of the score: it would mislead.
        let diagnostics = Diagnostics {
            predicted_score: None,
            acquisition,
            fit_seconds: fitted - started,
            search_seconds: (engine.clock)() - fitted,
            ..fit.diagnostics(&encoding.of(&point))
        };
        round.add(point, diagnostics);
    }
    Ok(())
}

/// -g of each point.
fn weighed(
    scored: &[(Point, f64)],
    cost: &super::super::Cost,
    settings: &EngineSettings,
    weight: f64,
) -> Vec<Told> {
    let costs: Vec<f64> = scored.iter().map(|(point, _)| cost(point)).collect();
    if costs.is_empty() {
        return Vec::new();
    }
    let objective = CostObjective::new(settings, &costs);
    let cheapness = shortfalls(costs.iter().map(|&cost| objective.of(cost)).collect());
    let quality = shortfalls(scored.iter().map(|(_, score)| *score).collect());
    (scored.iter().zip(cheapness.iter().zip(&quality)))
        .map(|((point, _), (cheapness, quality))| {
            let parts = [(1.0 - weight) * cheapness, weight * quality];
            let distance = parts[0].max(parts[1]) + AUGMENTATION * (parts[0] + parts[1]);
            Told::full(point.clone(), -distance)
        })
        .collect()
}

/// 1 - y of every value.
fn shortfalls(values: Vec<f64>) -> Vec<f64> {
    let best = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let worst = values.iter().copied().fold(f64::INFINITY, f64::min);
    let span = (best - worst).max(f64::MIN_POSITIVE);
    values.iter().map(|value| (best - value) / span).collect()
}
