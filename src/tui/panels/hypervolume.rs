//! How the dominated hypervolume grew with the finished trials.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::Hypervolume;
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
    let Some(y) = Axis::around(trace.iter().map(|(_, reached)| percent(*reached))) else {
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
        let value = percent(*reached);
        let ends = [(0.0, value), (trace.len() as f64, value)];
        plot.curve(buffer, ends.into_iter(), view.palette.faint);
    }
    // A staircase: the value changes when a trial finishes, not between two.
    let stairs = trace.iter().enumerate().flat_map(|(i, (_, reached))| {
        let before = i.checked_sub(1).map_or(*reached, |before| trace[before].1);
        [before, *reached].map(|reached| ((i + 1) as f64, percent(reached)))
    });
    plot.curve(buffer, stairs, view.palette.score);
    // Over the staircase, which would take letters from it.
    if let Some((_, reached)) = initial {
        plot.label(
            buffer,
            percent(*reached),
            &format!("initial design {reached}"),
            view.palette.faint,
        );
    }
    // One trial alone makes no line.
    let reached = percent(state.hypervolume());
    plot.sign(buffer, trace.len() as f64, reached, "●", view.palette.score);
}

/// As the axis counts it.
fn percent(reached: Hypervolume) -> f64 {
    100.0 * reached.share
}
