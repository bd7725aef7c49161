//! The Pareto front: parameters against score, as a plot and as a table.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr;

use crate::app::State;
use crate::domain::{Origin, Trial, TrialState};
use crate::tui::axis::Axis;
use crate::tui::format::{configurations, counted, percent};
use crate::tui::plot::Plot;
use crate::tui::view::{Target, View, scrolled};

/// Height from which the table stands below the plot.
const STACKED: u16 = 16;
/// Width from which it stands beside the plot, where there is not that height.
const BESIDE: u16 = 60;
/// Width of the table beside the plot.
const TABLE: u16 = 44;

pub(super) fn title(_: &View, state: &State) -> String {
    match state.front.len() {
        0 => "Pareto front".into(),
        count => format!("Pareto front, {}", counted(count, "trial")),
    }
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    if state.front.is_empty() {
        super::draw_empty(buffer, area, view, "No trial has finished yet.");
        return;
    }
    if area.height >= STACKED {
        let rows = (state.front.len() as u16)
            .saturating_add(1)
            .clamp(4, area.height / 3);
        let [above, below] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]).areas(area);
        draw_scatter(buffer, above, view, state);
        draw_table(buffer, below, view, state);
    } else if area.width >= BESIDE {
        let table = TABLE.min(area.width / 2);
        let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(table)])
            .spacing(1)
            .areas(area);
        draw_scatter(buffer, left, view, state);
        draw_table(buffer, right, view, state);
    } else {
        draw_scatter(buffer, area, view, state);
    }
}

fn draw_scatter(buffer: &mut Buffer, area: Rect, view: &View, state: &State) {
    let palette = view.palette;
    let finished = || state.in_state(TrialState::Finished).filter_map(point);
    let expected = || {
        state
            .trials
            .iter()
            .filter(|t| !t.state.is_over())
            .filter_map(prediction)
    };
    let everything = || finished().chain(expected());
    let Some(y) = Axis::around(everything().map(|(_, score)| score)) else {
        return;
    };
    // Only a space whose every configuration is free of parameters has no logarithm.
    let x = Axis::logarithmic(everything().map(|(at, _)| at)).unwrap_or(Axis::between(0.0, 1.0));
    let legend = Rect {
        y: area.bottom().saturating_sub(1),
        height: 1.min(area.height),
        ..area
    };
    let rest = Rect {
        height: area.height.saturating_sub(1),
        ..area
    };
    let plot = Plot::with_axes(buffer, rest, x, y, "% params", palette.faint);
    for (at, score) in expected() {
        plot.sign(buffer, at, score, "○", palette.faint);
    }
    for (at, score) in finished() {
        plot.sign(buffer, at, score, "·", palette.faint);
    }
    let members = || {
        state
            .front
            .iter()
            .filter_map(|id| state.trial(*id))
            .filter_map(point)
    };
    plot.curve(buffer, stairs(members()), palette.border);
    for (at, score) in members() {
        plot.sign(buffer, at, score, "◆", palette.front);
    }
    if let Some((at, score)) = view
        .selected(state)
        .and_then(|t| point(t).or_else(|| prediction(t)))
    {
        plot.sign(buffer, at, score, "@", palette.selected);
    }
    let mut text = String::new();
    for entry in ["◆ front", "@ selected", "· dominated", "○ predicted"] {
        if text.width() + entry.width() + 2 <= usize::from(area.width) {
            text = format!("{text}{entry}  ");
        }
    }
    buffer.set_stringn(
        legend.x,
        legend.y,
        text,
        usize::from(area.width),
        palette.faint,
    );
}

/// The border of what the front dominates: up only where a further member begins.
fn stairs(members: impl Iterator<Item = (f64, f64)>) -> impl Iterator<Item = (f64, f64)> {
    let mut before = None;
    members.flat_map(move |(at, score)| {
        let corner = before.replace(score).map(|reached| (at, reached));
        corner.into_iter().chain([(at, score)])
    })
}

fn point(trial: &Trial) -> Option<(f64, f64)> {
    trial
        .measurement
        .map(|m| (m.objectives.parameters_percent, m.objectives.score))
}

fn prediction(trial: &Trial) -> Option<(f64, f64)> {
    match &trial.origin {
        Origin::Proposed(diagnostics) => diagnostics
            .predicted_score
            .map(|(mean, _)| (trial.parameters_percent, mean)),
        Origin::Initial | Origin::Repeat { .. } | Origin::Manual => None,
    }
}

fn draw_table(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    if area.height < 2 {
        return;
    }
    let width = usize::from(area.width);
    let heading = format!("{:<6}{:<8}{:<10}configuration", "trial", "score", "params");
    buffer.set_stringn(area.x, area.y, heading, width, view.palette.faint);
    let height = usize::from(area.height - 1);
    let selected = view.selected(state).map(|trial| trial.id);
    let index = state
        .front
        .iter()
        .position(|id| Some(*id) == selected)
        .unwrap_or(view.front_offset);
    view.front_offset = scrolled(view.front_offset, index, state.front.len(), height);
    let members = state.front.iter().skip(view.front_offset).take(height);
    let members: Vec<&Trial> = members.filter_map(|id| state.trial(*id)).collect();
    let shown = members.iter().map(|trial| &trial.configuration);
    let texts = configurations(shown, &state.study.space, width.saturating_sub(24));
    for ((trial, text), row) in members.into_iter().zip(texts).zip(area.y + 1..) {
        let Some((parameters, score)) = point(trial) else {
            continue;
        };
        let line = format!(
            "{:<6}{score:<8.4}{:<10}{text}",
            trial.id.to_string(),
            percent(parameters)
        );
        let mut style = ratatui::style::Style::new();
        let whole = Rect {
            y: row,
            height: 1,
            ..area
        };
        view.targets.push((whole, Target::Trial(trial.id)));
        if Some(trial.id) == selected {
            style = view.palette.selected;
            buffer.set_style(whole, style);
        }
        buffer.set_stringn(area.x, row, line, width, style);
    }
}
