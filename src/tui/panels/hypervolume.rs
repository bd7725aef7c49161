//! How the hypervolume grew with the finished trials, and what noise leaves open of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::{Hypervolume, TrialId};
use crate::tui::axis::Axis;
use crate::tui::plot::Plot;
use crate::tui::view::View;

/// The value, and the reference point without which it says nothing.
pub(super) fn title(_: &View, state: &State) -> String {
    let Some(reference) = state.reference_point else {
        return "Hypervolume".to_owned();
    };
    let reached = state.hypervolume();
    format!(
        "Hypervolume {reached}, ref ({}, {}%)",
        reference.score, reference.parameters_percent
    )
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    let trace = &state.hypervolume_trace;
    let Some(reference) = state.reference_point else {
        let text = format!(
            "Its reference point follows from the initial design: {} of {} trials are over.",
            state.over.len(),
            state.initial_trials.min(state.trials_wanted)
        );
        super::draw_empty(buffer, area, view, &text);
        return;
    };
    if trace.is_empty() {
        super::draw_empty(buffer, area, view, "No trial has finished yet.");
        return;
    }
    if state.hypervolume().share == 0.0 {
        let text = format!(
            "No finished trial beats the reference point yet: a score above {} with less than {}% parameters.",
            reference.score, reference.parameters_percent
        );
        super::draw_empty(buffer, area, view, &text);
        return;
    }
    let bounds = |reached: &Hypervolume| reached.interval.unwrap_or((reached.share, reached.share));
    let ends = trace.iter().flat_map(|(_, reached)| {
        let (low, high) = bounds(reached);
        [low, reached.share, high].map(|share| 100.0 * share)
    });
    let Some(y) = Axis::around(ends) else {
        return;
    };
    let x = Axis::counting(trace.len() as f64);
    let plot = Plot::with_axes(buffer, area, x, y, "finished", view.palette.faint);
    // What the initial design alone reached, for scale: what is above it is the search's.
    let initial = state
        .initial_trials
        .checked_sub(1)
        .and_then(|i| trace.get(i));
    let initial = initial.filter(|_| trace.len() > state.initial_trials);
    if let Some((_, reached)) = initial {
        let value = 100.0 * reached.share;
        let ends = [(0.0, value), (trace.len() as f64, value)];
        plot.curve(buffer, ends.into_iter(), view.palette.faint);
    }
    // What noise leaves open, below and above the curve.
    if trace.iter().any(|(_, reached)| reached.interval.is_some()) {
        plot.curve(buffer, stairs(trace, |r| bounds(r).0), view.palette.faint);
        plot.curve(buffer, stairs(trace, |r| bounds(r).1), view.palette.faint);
    }
    plot.curve(buffer, stairs(trace, |r| r.share), view.palette.score);
    // Over the staircase, which would take letters from it.
    if let Some((_, reached)) = initial {
        plot.label(
            buffer,
            100.0 * reached.share,
            &format!("initial design {:.1} %", 100.0 * reached.share),
            view.palette.faint,
        );
    }
    // One trial alone makes no line.
    let reached = 100.0 * state.hypervolume().share;
    plot.sign(buffer, trace.len() as f64, reached, "●", view.palette.score);
}

/// A staircase in percent: the value changes when a trial finishes, not between two.
fn stairs(
    trace: &[(TrialId, Hypervolume)],
    value: impl Fn(&Hypervolume) -> f64,
) -> impl Iterator<Item = (f64, f64)> {
    trace.iter().enumerate().flat_map(move |(i, (_, reached))| {
        let before = i.checked_sub(1).map_or(reached, |before| &trace[before].1);
        [before, reached].map(|reached| ((i + 1) as f64, 100.0 * value(reached)))
    })
}
