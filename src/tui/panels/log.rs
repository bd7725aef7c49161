//! What happened, newest at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Severity, State};
use crate::tui::format::wrapped;
use crate::tui::view::View;

pub(super) fn title(view: &View, _: &State) -> String {
    match view.log_back {
        0 => "Log".into(),
        back => format!("Log, {back} back"),
    }
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    if state.notices.is_empty() {
        super::draw_empty(buffer, area, view, "Nothing to report.");
        return;
    }
    view.log_back = view.log_back.min(state.notices.len() - 1);
    let width = usize::from(area.width).saturating_sub(2);
    let mut bottom = area.bottom();
    for notice in state.notices.iter().rev().skip(view.log_back) {
        let sign = match notice.severity {
            Severity::Info => " ",
            Severity::Warning => "!",
            Severity::Error => "✗",
        };
        let style = view.palette.severity(notice.severity);
        for (i, line) in wrapped(&notice.text, width).iter().enumerate().rev() {
            if bottom == area.y {
                return;
            }
            bottom -= 1;
            let sign = if i == 0 { sign } else { " " };
            buffer.set_stringn(
                area.x,
                bottom,
                format!("{sign} {line}"),
                usize::from(area.width),
                style,
            );
        }
    }
}
