//! Every key and what it does, and the short forms of the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::framed;
use crate::tui::keymap::keys_text;
use crate::tui::view::View;

/// What the screen's short forms mean, below the keys.
const SHORT_FORMS: [(&str, &str); 4] = [
    ("◆", "on the Pareto front"),
    ("*", "marked"),
    (
        "se48 pr6 @0-3",
        "modules, cut to what tells them apart, with their sizes; their layers",
    ),
    ("se48 pr6 ×4", "the same with the number of layers"),
];

/// Draws every key with what it does, from line `first` on.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &View, first: &mut usize) {
    let palette = view.palette;
    let keys = view.keymap.entries().map(|(binding, keys)| match keys {
        [] => (format!(":{}", binding.id), binding.help),
        keys => (keys_text(keys), binding.help),
    });
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
    let inside = framed(buffer, area, palette, "Keys", 100.min(area.width), height);
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
