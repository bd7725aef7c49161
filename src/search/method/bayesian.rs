//! Bayesian optimisation of the hypervolume: the surrogate is fitted once per ask, and each proposal is the point with
//! the largest expected gain, pending for the next.

use std::collections::HashSet;

use super::super::SearchError;
use super::super::earlier::fitted;
use super::super::early::Told;
use super::super::encoding::Encoding;
use super::super::engine::Ask;
use super::super::fit::Fit;
use super::super::local_search::{Budget, maximise};
use super::super::promise::Promise;
use super::super::random::{Purpose, stream};
use super::super::round::Round;
use super::super::settings::EngineSettings;
use super::super::telling::{Known, complete, limit};
use super::{NOTHING_LEARNT, third};
use crate::domain::{InitialDesign, Point, ScoreScale};

/// Why proposals are random where the acquisition function has no value.
const NOT_FINITE: &str = "random: the joint posterior of the scores is not finite";

/// Fits the surrogate and adds the points that it finds most promising, until there are as many as asked for.
pub(in super::super) fn propose(
    round: &mut Round<'_>,
    ask: &Ask,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), SearchError> {
    if round.wanted() == 0 {
        return Ok(());
    }
    let engine = round.engine;
    let settings = &engine.settings;
    let started = (engine.clock)();
    let names = (ask.history.len(), ask.pending.len());
    let mut random = stream(engine.seed, Purpose::Surrogate, names.0, names.1);
    let plain = Encoding::new(&engine.space, &engine.cost, settings);
    let Known {
        scored,
        told,
        of_many,
    } = Known::of(&plain, &ask.history, limit(settings));
    let mut fit =
        |encoding: &Encoding<'_>, values: &[Told], reference, settings: &EngineSettings| {
            Fit::new(
                encoding,
                values,
                reference,
                settings,
                &mut random,
                cancelled,
            )
        };
    let reference = settings.reference_point.score;
    let earlier = engine.earlier_for(names.0 + names.1, ask.count);
    let (encoding, score_fit) = fitted(plain, earlier, &mut |encoding| {
        fit(encoding, &told, reference, settings)
    })?;
    let Some(score_fit) = score_fit else {
        round.add_designed(round.wanted(), InitialDesign::Random, Some(NOTHING_LEARNT));
        return Ok(());
    };
    let third_fit = match settings.third_reference {
        Some(highest) => {
            let mut values = third(&ask.history);
            let taken: HashSet<&Point> = scored.iter().map(|(point, _)| point).collect();
            values.retain(|(point, _)| taken.contains(point));
            let settings = third_settings(settings);
            fit(&encoding, &complete(&values), -highest, &settings)?
        }
        None => None,
    };
    let fit_seconds = (engine.clock)() - started;

    let mut started = (engine.clock)();
    let mut random = stream(engine.seed, Purpose::Acquisition, names.0, names.1);
    let budget = Budget::new(settings);
    let pending: Vec<Point> = (ask.pending.iter())
        .chain(round.proposed())
        .cloned()
        .collect();
    let mut promise = Promise::new(
        &encoding,
        settings,
        &score_fit,
        third_fit.as_ref(),
        &scored,
        &pending,
        &mut random,
    );
    while round.wanted() > 0 {
        let Some(known) = promise else {
            round.add_designed(round.wanted(), InitialDesign::Random, Some(NOT_FINITE));
            return Ok(());
        };
        let best = maximise(
            &engine.space,
            round.closed(),
            known.front(),
            &mut |point| known.value(point),
            budget,
            &mut random,
            cancelled,
        );
        if cancelled() {
            return Err(SearchError::Cancelled);
        }
        let Some((point, _)) = best else {
            return Ok(());
        };
        let mut diagnostics = score_fit.diagnostics(&encoding.of(&point));
        diagnostics.acquisition = known.gain(&point);
        diagnostics.expected_gain = known.share(diagnostics.acquisition);
        let notes = diagnostics.note.into_iter().chain(of_many.clone());
        diagnostics.note = notes.reduce(|first, then| format!("{first}; {then}"));
        promise = known.with_pending(&point);
        let now = (engine.clock)();
        diagnostics.fit_seconds = fit_seconds;
        diagnostics.search_seconds = now - started;
        started = now;
        round.add(point, diagnostics);
    }
    Ok(())
}

/// How the third objective is modelled: as the score is, but never by its ranks, for its reference is a value.
fn third_settings(settings: &EngineSettings) -> EngineSettings {
    EngineSettings {
        score_scale: ScoreScale::Linear,
        ..settings.clone()
    }
}
