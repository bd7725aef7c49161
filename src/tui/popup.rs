//! What stands over the panels: the help and the two questions.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::format::{counted, wrapped};
use super::keys::BINDINGS;
use super::palette::Palette;
use crate::app::State;
use crate::domain::{TrialId, TrialState};

/// What is asked or shown over the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Popup {
    /// The keys; the first line shown.
    Help(usize),
    /// Whether to leave while trials are unfinished.
    Quit,
    /// Whether to cancel a trial.
    Cancel(TrialId),
}

impl Popup {
    /// Draws it in the middle of `area`. The help's scroll position is brought into its range.
    pub(super) fn draw(
        &mut self,
        buffer: &mut Buffer,
        area: Rect,
        palette: Palette,
        state: &State,
    ) {
        match self {
            Self::Help(first) => draw_help(buffer, area, palette, first),
            Self::Quit => draw_question(buffer, area, palette, "Quit?", &quit_text(state)),
            Self::Cancel(trial) => {
                draw_question(
                    buffer,
                    area,
                    palette,
                    "Cancel?",
                    &cancel_text(*trial, state),
                );
            }
        }
    }
}

fn quit_text(state: &State) -> String {
    let under_way =
        state.in_state(TrialState::Running).count() + state.in_state(TrialState::Paused).count();
    let waiting = state.in_state(TrialState::Queued).count();
    let mut text = match (under_way, waiting) {
        (0, waiting) => format!("{} still to train. ", counted(waiting, "trial")),
        (under_way, 0) => format!("{} under way. ", counted(under_way, "trial")),
        (under_way, waiting) => format!(
            "{} under way, {waiting} waiting. ",
            counted(under_way, "trial")
        ),
    };
    text.push_str("Everything finished is saved. The same command goes on from here");
    text.push_str(if under_way > 0 {
        "; what is under way then starts anew."
    } else {
        "."
    });
    text
}

fn cancel_text(id: TrialId, state: &State) -> String {
    let Some(trial) = state.trial(id) else {
        return format!("Trial {id} is gone.");
    };
    let progress = state.live.get(&id).and_then(|live| live.progress);
    let done = progress
        .filter(|_| trial.state == TrialState::Running)
        .map(|progress| {
            format!(
                ", {:.0}% done",
                100.0 * progress.step as f64 / progress.steps.max(1) as f64
            )
        });
    format!(
        "Trial {id} is {}{}: {}.",
        trial.state.label(),
        done.unwrap_or_default(),
        trial.configuration
    )
}

fn draw_question(buffer: &mut Buffer, area: Rect, palette: Palette, title: &str, text: &str) {
    let width = area.width.saturating_sub(4).min(60);
    let lines = wrapped(text, usize::from(width.saturating_sub(4)));
    let inside = framed(buffer, area, palette, title, width, lines.len() as u16 + 4);
    for (line, row) in lines.iter().zip(inside.y..inside.bottom()) {
        buffer.set_string(inside.x, row, line, ratatui::style::Style::new());
    }
    if inside.height > 0 {
        let key = |key: &'static str| Span::styled(key, palette.key);
        let answers = Line::from(vec![
            key("y"),
            Span::raw(" yes   "),
            key("n"),
            Span::raw(" no"),
        ]);
        buffer.set_line(inside.x, inside.bottom() - 1, &answers, inside.width);
    }
}

/// What the screen's short forms mean, below the keys.
const SHORT_FORMS: [(&str, &str); 3] = [
    ("◆", "on the Pareto front"),
    (
        "se48 pr6 @0-3",
        "modules, cut to what tells them apart, with their sizes; their layers",
    ),
    ("se48 pr6 ×4", "the same with the number of layers"),
];

fn draw_help(buffer: &mut Buffer, area: Rect, palette: Palette, first: &mut usize) {
    let keys = BINDINGS
        .iter()
        .map(|binding| (binding.keys_text(), binding.help));
    let short_forms = SHORT_FORMS
        .iter()
        .map(|(form, meaning)| ((*form).to_owned(), *meaning));
    let entries: Vec<(String, &str)> = keys.chain(short_forms).collect();
    let left = entries
        .iter()
        .map(|(text, _)| text.width())
        .max()
        .unwrap_or(0)
        + 2;
    let height = entries.len() as u16 + 2;
    let inside = framed(buffer, area, palette, "Keys", 90.min(area.width), height);
    let lines = usize::from(inside.height);
    *first = (*first).min(entries.len().saturating_sub(lines));
    for ((text, help), row) in entries.iter().skip(*first).zip(inside.y..inside.bottom()) {
        let text = Span::styled(format!("{text:<left$}"), palette.key);
        let line = Line::from(vec![text, Span::raw(*help)]);
        buffer.set_line(inside.x, row, &line, inside.width);
    }
    if entries.len() > lines {
        let shown = format!(
            " {}-{} of {}, j k ",
            *first + 1,
            *first + lines,
            entries.len()
        );
        let row = inside.bottom().min(area.bottom().saturating_sub(1));
        buffer.set_stringn(
            inside.x,
            row,
            shown,
            usize::from(inside.width),
            palette.faint,
        );
    }
}

/// Clears a box in the middle, draws its border, and returns what is inside.
fn framed(
    buffer: &mut Buffer,
    area: Rect,
    palette: Palette,
    title: &str,
    width: u16,
    height: u16,
) -> Rect {
    let outer = area.centered(
        Constraint::Length(width.min(area.width)),
        Constraint::Length(height.min(area.height)),
    );
    Clear.render(outer, buffer);
    let block = Block::bordered()
        .title(format!(" {title} "))
        .border_style(palette.border_focused);
    let inside = block.inner(outer);
    block.render(outer, buffer);
    Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(2),
        ..inside
    }
}
