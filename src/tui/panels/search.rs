//! What the search is doing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{SearchStatus, Severity, State};
use crate::tui::format::{counted, duration, significant, wrapped};
use crate::tui::view::View;

/// Width of the labels before the values.
const LABEL: usize = 10;

pub(super) fn title(_: &View, state: &State) -> String {
    let status = match &state.search {
        SearchStatus::Idle => "waits",
        SearchStatus::Asked(_) => "proposes",
        SearchStatus::Exhausted => "exhausted",
        SearchStatus::Failed(_) => "failed",
    };
    format!("Search {status}")
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    let width = usize::from(area.width).saturating_sub(LABEL);
    let mut row = area.y;
    let mut field = |label: &str, value: String, style: Style| {
        for (i, line) in wrapped(&value, width).iter().enumerate() {
            if row < area.bottom() {
                let label = if i == 0 { label } else { "" };
                buffer.set_stringn(
                    area.x,
                    row,
                    label,
                    usize::from(area.width),
                    view.palette.faint,
                );
                buffer.set_stringn(area.x + LABEL as u16, row, line, width, style);
                row += 1;
            }
        }
    };
    let (search, severity) = status(state);
    field("search", search, view.palette.severity(severity));
    if let Some(noise) = state.estimates.noise {
        let noise = significant(noise, 2);
        field("noise", format!("±{noise} per trial"), Style::new());
    }
    if let Some(diagnostics) = state.latest_proposal() {
        let (fit, candidates) = (
            duration(diagnostics.fit_seconds),
            duration(diagnostics.search_seconds),
        );
        let value = significant(diagnostics.acquisition, 3);
        field(
            "last",
            format!("fit {fit}, candidates {candidates}, acquisition {value}"),
            Style::new(),
        );
        let relevance: Vec<String> = diagnostics
            .relevance
            .iter()
            .take(5)
            .map(|(name, value)| format!("{name} {}", significant(*value, 2)))
            .collect();
        if !relevance.is_empty() {
            field("matters", relevance.join(", "), Style::new());
        }
        if let Some(note) = &diagnostics.note {
            field(
                "note",
                note.clone(),
                view.palette.severity(Severity::Warning),
            );
        }
    }
}

fn status(state: &State) -> (String, Severity) {
    match &state.search {
        SearchStatus::Asked(count) if state.trials.len() < state.initial_trials => (
            format!("drawing {}", counted(*count, "initial configuration")),
            Severity::Info,
        ),
        SearchStatus::Asked(count) => (
            format!("fitting the surrogate for {}", counted(*count, "proposal")),
            Severity::Info,
        ),
        SearchStatus::Idle if state.trials.len() >= state.trials_wanted => {
            ("every trial is proposed".into(), Severity::Info)
        }
        SearchStatus::Idle => ("waits until a trial is needed".into(), Severity::Info),
        SearchStatus::Exhausted => ("no configuration is left to try".into(), Severity::Info),
        SearchStatus::Failed(reason) => (reason.clone(), Severity::Error),
    }
}
