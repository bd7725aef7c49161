//! The study's verdict: whether anything is better than the plain choices.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::framed;
use crate::app::State;
use crate::tui::format::wrapped;
use crate::tui::palette::Palette;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, palette: Palette, state: &State) {
    let width = area.width.saturating_sub(4).min(84);
    let columns = usize::from(width.saturating_sub(4));
    let mut lines = Vec::new();
    for paragraph in state.verdict().lines() {
        lines.extend(wrapped(&paragraph, columns));
        lines.push(String::new());
    }
    let title = match state.is_complete() {
        true => "Verdict",
        false => "Verdict so far",
    };
    let inside = framed(buffer, area, palette, title, width, lines.len() as u16 + 2);
    for (line, row) in lines.iter().zip(inside.y..inside.bottom()) {
        buffer.set_stringn(inside.x, row, line, usize::from(inside.width), Style::new());
    }
}
