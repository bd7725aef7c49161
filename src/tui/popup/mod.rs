//! What stands over the panels: help, questions, the palette of commands, and looks at trials that need the room.

mod commands;
mod compare;
mod help;
mod question;
mod verdict;
mod why;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::widgets::{Block, Clear, Widget};

use super::palette::Palette;
use super::view::View;
use crate::app::State;
use crate::domain::TrialId;

pub(super) use commands::{Choice, Commands};

/// What is asked or shown over the panels.
#[derive(Clone, Debug)]
pub(super) enum Popup {
    /// The keys; the first line shown.
    Help(usize),
    /// Whether to leave while trials are unfinished.
    Quit,
    /// Whether to cancel a trial.
    Cancel(TrialId),
    /// Why a trial exists.
    Why(TrialId),
    /// What is better than the plain choices.
    Verdict,
    /// The marked trials side by side; the first one shown.
    Compare(usize),
    /// A command to find by its words.
    Commands(Commands),
}

impl Popup {
    /// Draws it in the middle of `area`. Scroll positions are brought into their range.
    pub(super) fn draw(&mut self, buffer: &mut Buffer, area: Rect, view: &View, state: &State) {
        let palette = view.palette;
        match self {
            Self::Help(first) => help::draw(buffer, area, view, first),
            Self::Quit => question::draw(buffer, area, palette, "Quit?", &question::quit(state)),
            Self::Cancel(trial) => {
                let text = question::cancel(*trial, state);
                question::draw(buffer, area, palette, "Cancel?", &text);
            }
            Self::Why(trial) => why::draw(buffer, area, palette, *trial, state),
            Self::Verdict => verdict::draw(buffer, area, palette, state),
            Self::Compare(first) => compare::draw(buffer, area, view, state, first),
            Self::Commands(commands) => commands.draw(buffer, area, view),
        }
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
