//! The line at the bottom: the keys that work now, or the answer to the last one.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::PANELS;
use crate::tui::keys::Action;
use crate::tui::view::{Target, View};

/// Actions that every screen understands and that only the help needs to name.
fn is_silent(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Panel(_)
            | A::PreviousPanel
            | A::HalfPageDown
            | A::HalfPageUp
            | A::First
            | A::Last
            | A::Down
            | A::Up
            | A::Palette
            | A::PreviousMatch
            | A::Raise
            | A::Lower
            | A::Add
            | A::Note
            | A::Copy
            | A::Freeze
            | A::Smooth
            | A::Logarithm
            | A::Ascii
            | A::Mouse
            | A::Hide
            | A::Redraw
            | A::Suspend
    )
}

/// Draws the keys whose action `works` now, help and quit always.
pub(in crate::tui) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    works: impl Fn(Action) -> Option<String>,
) {
    let palette = view.palette;
    let entry = |name: &str, key: String| {
        (
            Span::styled(key, palette.key),
            Span::raw(format!(" {name}  ")),
        )
    };
    let mut always = Vec::new();
    let mut now = Vec::new();
    for (binding, keys) in view.keymap.entries() {
        // What holds the picture still has to say how it goes on.
        let wanted =
            !is_silent(binding.action) || (binding.action == Action::Freeze && view.frozen);
        let (Some(key), true) = (keys.first(), wanted) else {
            continue;
        };
        let Some(name) = works(binding.action) else {
            continue;
        };
        let kept = matches!(
            binding.action,
            Action::Commands | Action::Help | Action::Quit
        );
        let list = if kept { &mut always } else { &mut now };
        list.push(entry(&name, key.to_string()));
    }
    let width = |entries: &[(Span, Span)]| {
        entries
            .iter()
            .map(|(a, b)| a.width() + b.width())
            .sum::<usize>()
    };
    let room = usize::from(area.width).saturating_sub(width(&always));
    while width(&now) > room {
        now.pop();
    }
    let line: Line = now
        .into_iter()
        .chain(always)
        .flat_map(|(key, name)| [key, name])
        .collect();
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Draws the panels' numbers and names, the shown ones bold, the focused one reversed, those that the user hid in
/// brackets, and how to get to the others. Where the names do not fit, only the focused panel has its name.
pub(in crate::tui) fn draw_strip(
    buffer: &mut Buffer,
    area: Rect,
    view: &mut View,
    focus: usize,
    shown: &[usize],
    hidden: &BTreeSet<usize>,
) {
    let palette = view.palette;
    let strip = |named: &dyn Fn(usize) -> bool| {
        let panels = PANELS.iter().enumerate().map(|(i, panel)| {
            let style = match () {
                () if i == focus => palette.selected,
                () if shown.contains(&i) => palette.title,
                () => palette.faint,
            };
            let (open, close) = if hidden.contains(&i) {
                ('(', ')')
            } else {
                (' ', ' ')
            };
            let number = i + 1;
            let name = panel.name;
            let text = if named(i) {
                format!("{open}{number} {name}{close}")
            } else {
                format!("{open}{number}{close}")
            };
            Span::styled(text, style)
        });
        Line::from(panels.collect::<Vec<_>>())
    };
    let mut line = strip(&|_| true);
    if line.width() > usize::from(area.width) {
        line = strip(&|i| i == focus);
    }
    let mut column = area.x;
    for (panel, span) in line.spans.iter().enumerate() {
        let width = span.width() as u16;
        let place = Rect::new(column, area.y, width, 1);
        view.targets.push((place, Target::Panel(panel)));
        column += width;
    }
    let hint = " Tab or number: panel";
    if line.width() + hint.len() <= usize::from(area.width) {
        line.push_span(Span::styled(hint, palette.faint));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}
