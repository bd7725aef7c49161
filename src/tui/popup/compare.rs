//! The marked trials side by side: what they are, what came of them, and their curves in one plot.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};

use super::framed;
use crate::app::State;
use crate::domain::{Origin, Trial};
use crate::tui::axis::Axis;
use crate::tui::format::{duration, fitted, grouped, percent, significant};
use crate::tui::plot::Plot;
use crate::tui::view::View;

/// Width of the labels.
const LABEL: usize = 12;
/// Width of a trial's column.
const COLUMN: usize = 16;
/// Rows from which the curves are drawn below the table.
const LEAST_FOR_CURVES: u16 = 8;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &View, state: &State, first: &mut usize) {
    let palette = view.palette;
    let marked: Vec<&Trial> = state
        .marked
        .iter()
        .filter_map(|id| state.trial(*id))
        .collect();
    let inside = framed(
        buffer,
        area,
        palette,
        "Marked trials",
        area.width,
        area.height,
    );
    if inside.height < 2 {
        return;
    }
    let fitting = (usize::from(inside.width).saturating_sub(LABEL) / COLUMN).max(1);
    *first = (*first).min(marked.len().saturating_sub(fitting));
    let shown: Vec<&Trial> = marked.iter().skip(*first).take(fitting).copied().collect();
    let rows = table(&shown, state);
    let [above, below] = Layout::vertical([
        Constraint::Length(rows.len() as u16 + 2),
        Constraint::Fill(1),
    ])
    .areas(inside);
    for ((label, cells), row) in rows.iter().zip(above.y..above.bottom()) {
        let same = cells.windows(2).all(|pair| pair[0] == pair[1]);
        // What is the same for all is not what one looks for.
        let style = match (row == above.y, same) {
            (true, _) => palette.title,
            (_, true) => palette.faint,
            _ => Style::new().add_modifier(Modifier::BOLD),
        };
        buffer.set_stringn(above.x, row, label, usize::from(above.width), palette.faint);
        for (i, cell) in cells.iter().enumerate() {
            let column = above.x + (LABEL + i * COLUMN) as u16;
            let room = usize::from(above.right().saturating_sub(column)).min(COLUMN);
            buffer.set_stringn(
                column,
                row,
                fitted(cell, room.saturating_sub(1)),
                room,
                style,
            );
        }
    }
    if marked.len() > shown.len() {
        let text = format!(
            "{}-{} of {}, h l",
            *first + 1,
            *first + shown.len(),
            marked.len()
        );
        let row = above.bottom().saturating_sub(1);
        buffer.set_stringn(above.x, row, text, usize::from(above.width), palette.faint);
    }
    if below.height >= LEAST_FOR_CURVES {
        draw_scores(buffer, below, view, &shown);
    }
}

/// The letter by which a trial is known in the plot.
fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}

fn table(trials: &[&Trial], state: &State) -> Vec<(String, Vec<String>)> {
    let row = |label: &str, cell: &dyn Fn(&Trial) -> String| {
        (
            label.to_owned(),
            trials.iter().map(|trial| cell(trial)).collect::<Vec<_>>(),
        )
    };
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.4}"));
    let headings = trials.iter().enumerate();
    let headings = headings.map(|(i, trial)| {
        let front = if state.front.contains(&trial.id) {
            " ◆"
        } else {
            ""
        };
        format!("{} {}{front}", letter(i), trial.id)
    });
    let mut rows = vec![
        (String::new(), headings.collect()),
        row("state", &|trial| trial.state.label().to_owned()),
        row("score", &|trial| {
            number(trial.measurement.map(|m| m.objectives.score))
        }),
        row("predicted", &|trial| match &trial.origin {
            Origin::Proposed(diagnostics) => diagnostics
                .predicted_score
                .map_or("–".to_owned(), |(mean, sd)| {
                    format!("{mean:.4} ±{}", significant(sd, 2))
                }),
            Origin::Repeat { of, .. } => format!("repeats {of}"),
            Origin::Initial => "initial".to_owned(),
            Origin::Manual => "by hand".to_owned(),
        }),
        row("parameters", &|trial| percent(trial.parameters_percent)),
        row("weights", &|trial| {
            grouped(state.study.space.parameters(&trial.configuration))
        }),
    ];
    for axis in &state.study.space.modules {
        rows.push(row(
            &axis.name,
            &|trial| match trial.configuration.size_of(&axis.name) {
                0 => "–".to_owned(),
                size => size.to_string(),
            },
        ));
    }
    rows.push(row("layers", &|trial| trial.configuration.layer_ranges()));
    if !state.study.space.learning_rates.is_empty() {
        rows.push(row("lr", &|trial| {
            let rate = trial.configuration.learning_rate;
            rate.map_or("–".to_owned(), |rate| rate.to_string())
        }));
    }
    rows.push(row("epochs", &|trial| match trial.measurement {
        Some(m) => format!("{}, best {}", trial.epochs.len(), m.best_epoch),
        None => trial.epochs.len().to_string(),
    }));
    rows.push(row("time", &|trial| {
        trial
            .measurement
            .map_or("–".to_owned(), |m| duration(m.wall_seconds))
    }));
    rows.push(row("note", &|trial| {
        state.notes.get(&trial.id).cloned().unwrap_or_default()
    }));
    rows
}

/// Scores by epoch: each curve ends in its letter, so that colours are not needed to tell them apart.
fn draw_scores(buffer: &mut Buffer, area: Rect, view: &View, trials: &[&Trial]) {
    let palette = view.palette;
    let scores = || trials.iter().flat_map(|trial| trial.epochs.iter());
    let Some(y) = Axis::around(scores().map(|epoch| epoch.score)) else {
        return;
    };
    let text = "validation score by epoch";
    buffer.set_stringn(area.x, area.y, text, usize::from(area.width), palette.score);
    let last = scores().map(|epoch| epoch.epoch).max().unwrap_or(1);
    let x = Axis::counting(f64::from(last) + 0.5);
    let inside = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let plot = Plot::with_axes(buffer, inside, x, y, "epoch", palette.faint);
    let points = |trial: &Trial| -> Vec<(f64, f64)> {
        let epochs = trial.epochs.iter();
        epochs
            .map(|epoch| (f64::from(epoch.epoch), epoch.score))
            .collect()
    };
    for (i, trial) in trials.iter().enumerate() {
        plot.curve(buffer, points(trial).into_iter(), palette.series(i));
    }
    for (i, trial) in trials.iter().enumerate() {
        for (at, score) in points(trial) {
            plot.sign(buffer, at, score, &letter(i).to_string(), palette.series(i));
        }
    }
}
