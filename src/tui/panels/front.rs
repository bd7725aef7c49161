//! The Pareto front: parameters against the expected true score with its interval, as a plot and as a table.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::State;
use crate::domain::{Origin, Trial, TrialState};
use crate::tui::axis::Axis;
use crate::tui::format::{configurations, counted, percent, wrapped};
use crate::tui::plot::Plot;
use crate::tui::view::{Target, View, scrolled};

/// Height from which the table stands below the plot.
const STACKED: u16 = 16;
/// Width from which it stands beside the plot, where there is not that height.
const BESIDE: u16 = 60;
/// Width of the table beside the plot.
const TABLE: u16 = 50;
/// Width of its columns before the configuration.
const NUMBERS: usize = 31;

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
    let area = draw_verdict(buffer, area, state);
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

/// The verdict of a complete study at the bottom, where there is room for it; what is left above.
fn draw_verdict(buffer: &mut Buffer, area: Rect, state: &State) -> Rect {
    if !state.is_complete() || area.height < STACKED {
        return area;
    }
    let paragraphs = state.verdict().lines().into_iter();
    let lines: Vec<String> = paragraphs
        .flat_map(|line| wrapped(&line, usize::from(area.width)))
        .collect();
    let rows = lines.len() as u16;
    if area.height < STACKED + rows {
        return area;
    }
    let [above, below] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]).areas(area);
    for (line, row) in lines.iter().zip(below.y..) {
        buffer.set_stringn(below.x, row, line, usize::from(below.width), Style::new());
    }
    above
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
    let members = || state.front.iter().filter_map(|id| state.trial(*id));
    let bars =
        || members().filter_map(|trial| Some((trial.parameters_percent, state.belief(trial.id)?)));
    let ends = bars().flat_map(|(_, belief)| [belief.low, belief.high]);
    let Some(y) = Axis::around(everything().map(|(_, score)| score).chain(ends)) else {
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
    for (at, belief) in bars() {
        let bar = [(at, belief.low), (at, belief.high)];
        plot.curve(buffer, bar.into_iter(), palette.faint);
    }
    let handed_over = || members().filter_map(|trial| believed(trial, state));
    plot.curve(buffer, stairs(handed_over()), palette.border);
    for (at, score) in handed_over() {
        plot.sign(buffer, at, score, "◆", palette.front);
    }
    if let Some((at, score)) = view
        .selected(state)
        .and_then(|t| believed(t, state).or_else(|| prediction(t)))
    {
        plot.sign(buffer, at, score, "@", palette.selected);
    }
    let mut text = String::new();
    for entry in [
        "◆ front, estimated",
        "@ selected",
        "· measured",
        "○ predicted",
    ] {
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

/// The expected true score, or the measured one where there is none.
fn believed(trial: &Trial, state: &State) -> Option<(f64, f64)> {
    match state.belief(trial.id) {
        Some(belief) => Some((trial.parameters_percent, belief.score)),
        None => point(trial),
    }
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
    let heading = format!("{:<6}{:<17}{:<8}configuration", "trial", "score", "params");
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
    let texts = configurations(shown, &state.study.space, width.saturating_sub(NUMBERS));
    for ((trial, text), row) in members.into_iter().zip(texts).zip(area.y + 1..) {
        let Some((parameters, score)) = believed(trial, state) else {
            continue;
        };
        let score = match state.belief(trial.id) {
            Some(belief) => belief.to_string(),
            None => format!("{score:.4}"),
        };
        let line = format!(
            "{:<6}{score:<17}{:<8}{text}",
            trial.id.to_string(),
            percent(parameters)
        );
        let mut style = Style::new();
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
