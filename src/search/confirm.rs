//! What another measurement of a point that was measured already is worth: repeats, and the confirmation that ends a
//! budget.
//!
//! | symbol | meaning |
//! |---|---|
//! | μ, Σ | joint posterior of the true scores at the different measured points, and at a further one |
//! | s² | variance of the noise of one measurement |
//! | V(μ) | hypervolume of the front by μ, costs being exact |
//! | σ̃_i | Σ_·i / √(Σ_ii + s²): how all means move with the surprise of one more measurement of point i |
//! | Z | that surprise, standard normal |
//!
//! Worth of a measurement at i: E[V(μ + σ̃_i Z)] - V(μ), the knowledge gradient (Frazier, Powell & Dayanik 2009) of the
//! front that is handed over. It is 0 where no outcome changes the front's order, and never below.
//!
//! In the last part of a budget, the confirmation, a repeat is proposed wherever it is worth more than the new point that the
//! method proposes; once the order is settled, the rest of the budget goes to new points. Before that part new points are
//! worth more than this says, for they also teach where further ones are to be looked for. What is to be compared with in
//! the end is measured first.

use super::SearchError;
use super::cost_scale::CostObjective;
use super::encoding::Encoding;
use super::engine::{Ask, Outcome};
use super::estimate::JUDGED;
use super::fit::Fit;
use super::hypervolume::hypervolume;
use super::normal::quantile;
use super::posterior::Joint;
use super::round::Round;
use super::settings::EngineSettings;
use super::telling::Known;
use crate::domain::{Diagnostics, Point};

/// Why a choice to compare with is measured.
const TO_COMPARE: &str = "a plain choice, to compare with";

/// Why a point is measured again.
const TO_CONFIRM: &str = "measured again, to confirm the front";

/// Values of Z that the expectation is taken over: the middles of as many equally probable intervals.
const SURPRISES: usize = 16;

/// Measurements of each choice that the points found are to be compared with.
const PLAIN_MEASUREMENTS: usize = 2;

/// The joint belief in the measured points, and what measurements would do to it.
pub(super) struct Confirmation<'a> {
    encoding: &'a Encoding<'a>,
    fit: &'a Fit,
    objective: CostObjective,
    reference: [f64; 2],
    points: Vec<Point>,
    /// Objectives of their costs.
    costs: Vec<f64>,
    belief: Joint,
}

impl<'a> Confirmation<'a> {
    /// After points were measured and while others are pending: those of them that were measured before will be once more.
    pub(super) fn new(
        encoding: &'a Encoding<'a>,
        settings: &EngineSettings,
        fit: &'a Fit,
        scored: &[(Point, f64)],
        pending: &[Point],
    ) -> Self {
        let mut points: Vec<Point> = scored.iter().map(|(point, _)| point.clone()).collect();
        points.sort();
        points.dedup();
        let known: Vec<f64> = points.iter().map(|point| encoding.cost(point)).collect();
        let objective = CostObjective::new(settings, &known);
        let inputs: Vec<Vec<f64>> = points.iter().map(|point| encoding.of(point)).collect();
        let bounds = settings.reference_point;
        let mut confirmation = Self {
            encoding,
            fit,
            reference: [
                objective.of(bounds.parameters_percent),
                fit.objective.of(bounds.score),
            ],
            costs: known.iter().map(|&cost| objective.of(cost)).collect(),
            objective,
            belief: fit.joint(&inputs),
            points,
        };
        for point in pending {
            confirmation.expect(point);
        }
        confirmation
    }

    /// Counts a point as measured once more, whatever comes of it, if it was measured before.
    pub(super) fn expect(&mut self, point: &Point) {
        let Ok(i) = self.points.binary_search(point) else {
            return;
        };
        let moves = self.moves(&self.belief, i);
        let size = self.points.len();
        for (j, one) in moves.iter().enumerate() {
            for (k, other) in moves.iter().enumerate() {
                self.belief.covariance[j * size + k] -= one * other;
            }
        }
    }

    /// The measured point of which another measurement is worth most among those that `allowed` takes, and that worth as
    /// a share of the hypervolume.
    pub(super) fn most_worth(&self, allowed: impl Fn(&Point) -> bool) -> Option<(Point, f64)> {
        let volume = self.volume(&self.costs, &self.belief.mean);
        let worth = |i: usize| self.worth(&self.costs, &self.belief, i);
        let worths = (0..self.points.len())
            .filter(|&i| allowed(&self.points[i]))
            .map(|i| (i, worth(i)));
        // Of equal ones the first: max_by would take the last.
        let (i, most) = worths.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        Some((self.points[i].clone(), share(most, volume)))
    }

    /// What a measurement of a point that was not measured before is worth, as a share of the hypervolume.
    pub(super) fn worth_of_new(&self, point: &Point) -> f64 {
        let points = self.points.iter().chain([point]);
        let inputs: Vec<Vec<f64>> = points.map(|point| self.encoding.of(point)).collect();
        let belief = self.fit.joint(&inputs);
        let mut costs = self.costs.clone();
        costs.push(self.objective.of(self.encoding.cost(point)));
        let volume = self.volume(&self.costs, &self.belief.mean);
        // Without it: as long as it is not measured, nobody would hand it over.
        let after =
            self.worth(&costs, &belief, costs.len() - 1) + self.volume(&costs, &belief.mean);
        share(after - volume, volume)
    }

    /// σ̃_i.
    fn moves(&self, belief: &Joint, i: usize) -> Vec<f64> {
        let size = belief.mean.len();
        let row = &belief.covariance[i * size..(i + 1) * size];
        let deviation = (row[i].max(0.0) + self.fit.noise_variance()).sqrt();
        row.iter()
            .map(|covariance| covariance / deviation)
            .collect()
    }

    /// E[V(μ + σ̃_i Z)] - V(μ).
    fn worth(&self, costs: &[f64], belief: &Joint, i: usize) -> f64 {
        let moves = self.moves(belief, i);
        let surprises = (0..SURPRISES).map(|k| quantile((k as f64 + 0.5) / SURPRISES as f64));
        let after = surprises.map(|surprise| {
            let means = belief.mean.iter().zip(&moves);
            let means: Vec<f64> = means.map(|(mean, by)| mean + by * surprise).collect();
            self.volume(costs, &means)
        });
        (after.sum::<f64>() / SURPRISES as f64 - self.volume(costs, &belief.mean)).max(0.0)
    }

    /// V(μ).
    fn volume(&self, costs: &[f64], means: &[f64]) -> f64 {
        let points: Vec<[f64; 2]> = (costs.iter().zip(means)).map(|(&c, &m)| [c, m]).collect();
        hypervolume(&points, &self.reference)
    }
}

/// A worth as a share of a hypervolume; none of it where there is no hypervolume yet.
fn share(worth: f64, volume: f64) -> f64 {
    if volume > 0.0 { worth / volume } else { 0.0 }
}

/// In the last part of a budget, lets a repeat take the place of each new point that is worth less, and what is to be
/// compared with that of the first ones. Where no new point is left, a repeat takes the place all the same.
pub(super) fn prefer(
    round: &mut Round<'_>,
    ask: &Ask,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), SearchError> {
    let engine = round.engine;
    if !is_due(&engine.settings, ask) {
        return Ok(());
    }
    let started = (engine.clock)();
    let settings = engine.judging();
    let encoding = Encoding::new(&engine.space, &engine.cost, &settings);
    let known = Known::of(&encoding, &ask.history, JUDGED);
    let believed = engine.believe(&encoding, &settings, &known, ask.history.len(), cancelled)?;
    let Some(fit) = believed else {
        return Ok(());
    };
    let fit_seconds = (engine.clock)() - started;
    let diagnostics = |point: &Point, gain: Option<f64>, note: &str| Diagnostics {
        expected_gain: gain,
        note: Some(note.to_owned()),
        fit_seconds,
        ..fit.diagnostics(&encoding.of(point))
    };
    let mut to_compare = to_compare(round, ask, &encoding, &known, &fit).into_iter();
    let mut confirmation =
        Confirmation::new(&encoding, &settings, &fit, &known.scored, &ask.pending);
    for place in 0..ask.count {
        if let Some((point, repeat)) = to_compare.next() {
            confirmation.expect(&point);
            let diagnostics = diagnostics(&point, None, TO_COMPARE);
            round.put(place, point, repeat, diagnostics);
            continue;
        }
        let again = confirmation.most_worth(|point| round.closed().fits(point));
        let new = round.proposed().nth(place);
        let worth_of_new = new.map_or(0.0, |new| confirmation.worth_of_new(new));
        if let Some((point, worth)) = again.filter(|(_, worth)| *worth > worth_of_new) {
            confirmation.expect(&point);
            let diagnostics = diagnostics(&point, Some(worth), TO_CONFIRM);
            round.put(place, point, true, diagnostics);
        }
    }
    Ok(())
}

/// The best point of each choice to compare with, where it was not measured often enough, and whether that would be a
/// repeat.
fn to_compare(
    round: &Round<'_>,
    ask: &Ask,
    encoding: &Encoding<'_>,
    known: &Known,
    fit: &Fit,
) -> Vec<(Point, bool)> {
    let cannot = |point: &Point| {
        let mut tried = ask.history.iter().filter(|tried| tried.point == *point);
        tried.any(|tried| !matches!(tried.outcome, Outcome::Score(_)))
    };
    let times = |point: &Point| {
        let measured = known.scored.iter().map(|(known, _)| known);
        let told = measured.chain(&ask.pending);
        told.filter(|told| *told == point).count()
    };
    let best = |choice: &Vec<Point>| {
        let open = choice.iter();
        let open = open.filter(|point| round.closed().fits(point) && !cannot(point));
        let believed = open.map(|point| (point, fit.objective_at(&encoding.of(point)).0));
        let best = believed.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let (point, _) = best?;
        let times = times(point);
        (times < PLAIN_MEASUREMENTS).then(|| (point.clone(), times > 0))
    };
    ask.plain.iter().filter_map(best).collect()
}

/// Whether a budget is in its last part, after the initial design.
fn is_due(settings: &EngineSettings, ask: &Ask) -> bool {
    let told = ask.history.len() + ask.pending.len();
    let Some(remaining) = ask.remaining else {
        return false;
    };
    let budget = (told + remaining) as f64;
    told >= settings.initial_trials && remaining as f64 <= (settings.repeats * budget).floor()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::sync::Arc;

    use super::super::engine::{Engine, Observation, Proposal};
    use super::*;
    use crate::domain::{Dimension, InitialDesign, SearchMethod, Space};

    const LEVELS: u16 = 30;

    fn engine(settings: EngineSettings) -> Engine {
        let space = Space {
            dimensions: vec![Dimension::ordinal("size", LEVELS)],
            any_of: Vec::new(),
        };
        let cost = |point: &Point| 0.1 + 0.1 * f64::from(point.0[0]);
        Engine::new(space, Arc::new(cost), settings, 3, Arc::new(|| 0.0))
    }

    fn settings() -> EngineSettings {
        let mut settings = EngineSettings {
            initial_trials: 4,
            initial_design: InitialDesign::Random,
            repeats: 0.5,
            ..EngineSettings::default()
        };
        settings.reference_point.parameters_percent = 4.0;
        settings
    }

    fn observed(level: u16, score: f64) -> Observation {
        Observation {
            point: Point(vec![level]),
            outcome: Outcome::Score(score),
            third: None,
            early: Vec::new(),
            error: None,
        }
    }

    /// Scores that rise with the size and differ by `noise` from one level to the next without end.
    fn history(levels: std::ops::Range<u16>, noise: f64) -> Vec<Observation> {
        let score = |level: u16| {
            let off = [1.0, -1.0, 0.4, -0.4][usize::from(level % 4)];
            0.6 + 0.2 * (f64::from(level) / 8.0).tanh() + noise * off
        };
        levels.map(|level| observed(level, score(level))).collect()
    }

    fn asked(engine: &Engine, ask: Ask) -> Vec<Proposal> {
        engine.ask(&ask, &|| false).unwrap()
    }

    #[test]
    fn repeats_come_in_the_last_part_only_and_never_where_they_are_turned_off() {
        // Every level was tried: there are no new points.
        let answer = |settings: EngineSettings, remaining| {
            let ask = Ask {
                history: history(0..LEVELS, 0.03),
                count: 2,
                remaining,
                ..Ask::default()
            };
            engine(settings).ask(&ask, &|| false)
        };
        let repeats = answer(settings(), Some(10)).unwrap();
        assert_eq!(repeats.len(), 2);
        assert!(repeats.iter().all(|proposal| proposal.repeat));
        let nothing = Err(SearchError::Exhausted);
        assert_eq!(
            answer(settings(), Some(100)),
            nothing,
            "long before the end"
        );
        assert_eq!(
            answer(settings(), None),
            nothing,
            "nobody knows when the end is"
        );
        let off = EngineSettings {
            repeats: 0.0,
            ..settings()
        };
        assert_eq!(answer(off, Some(10)), nothing);
    }

    #[test]
    fn whatever_the_method_repeats_replace_what_is_worth_less() {
        for method in [
            SearchMethod::Random,
            SearchMethod::Nsga2,
            SearchMethod::Bayesian,
        ] {
            let engine = engine(EngineSettings {
                method,
                ..settings()
            });
            let ask = Ask {
                history: history(0..LEVELS - 1, 0.03),
                count: 3,
                remaining: Some(6),
                ..Ask::default()
            };
            let proposals = asked(&engine, ask.clone());
            assert!(
                proposals.iter().any(|proposal| proposal.repeat),
                "{method:?}"
            );
            for proposal in &proposals {
                let mut tried = ask.history.iter();
                let was_tried = tried.any(|tried| tried.point == proposal.point);
                assert_eq!(proposal.repeat, was_tried);
            }
            assert_eq!(
                proposals,
                asked(&engine, ask),
                "the same question, the same answer"
            );
        }
    }

    #[test]
    fn without_noise_there_is_nothing_to_confirm() {
        let ask = Ask {
            history: history(0..12, 0.0),
            count: 4,
            remaining: Some(4),
            ..Ask::default()
        };
        let proposals = asked(&engine(settings()), ask);
        assert!(
            proposals.iter().all(|proposal| !proposal.repeat),
            "{proposals:?}"
        );
    }

    #[test]
    fn what_is_to_be_compared_with_is_measured_twice_at_its_best() {
        let engine = engine(settings());
        // The choice may have size 3 or 25; the model expects more of 25.
        let ask = |more: &[Observation]| Ask {
            history: [history(0..20, 0.01), more.to_vec()].concat(),
            count: 1,
            remaining: Some(8),
            plain: vec![vec![Point(vec![3]), Point(vec![25])]],
            ..Ask::default()
        };
        let is_it = |proposal: &Proposal| proposal.point == Point(vec![25]);
        let first = &asked(&engine, ask(&[]))[0];
        assert!(is_it(first) && !first.repeat, "{first:?}");
        let second = &asked(&engine, ask(&[observed(25, 0.80)]))[0];
        assert!(is_it(second) && second.repeat, "{second:?}");
        let twice = [observed(25, 0.80), observed(25, 0.79)];
        assert_ne!(
            asked(&engine, ask(&twice))[0].diagnostics.note.as_deref(),
            Some(TO_COMPARE)
        );
        let broken = Observation {
            outcome: Outcome::Infeasible,
            ..observed(25, 0.0)
        };
        let other = &asked(&engine, ask(&[broken]))[0];
        assert_eq!(
            other.point,
            Point(vec![3]),
            "what cannot be trained is no choice"
        );
    }

    #[test]
    fn a_measurement_under_way_is_worth_less_once_more() {
        let engine = engine(settings());
        let settings = engine.judging();
        let encoding = Encoding::new(&engine.space, &engine.cost, &settings);
        let history = history(0..20, 0.015);
        let known = Known::of(&encoding, &history, JUDGED);
        let fit = engine.believe(&encoding, &settings, &known, 20, &|| false);
        let fit = fit.unwrap().unwrap();
        let mut belief = Confirmation::new(&encoding, &settings, &fit, &known.scored, &[]);
        let (point, worth) = belief.most_worth(|_| true).unwrap();
        assert!(worth > 0.0);
        belief.expect(&point);
        let (_, again) = belief.most_worth(|other| *other == point).unwrap();
        assert!(again < 0.8 * worth, "{again} after {worth}");
        // As if it had been pending from the beginning.
        let pending = [point.clone()];
        let expected = Confirmation::new(&encoding, &settings, &fit, &known.scored, &pending);
        let (_, same) = expected.most_worth(|other| *other == point).unwrap();
        assert_eq!(same, again);
    }
}
