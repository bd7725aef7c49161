//! The panels: one file each, and one line each in the table.

mod curves;
mod detail;
mod device;
pub(super) mod footer;
mod front;
pub(super) mod header;
mod hypervolume;
mod log;
mod search;
mod trials;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::view::View;
use crate::app::State;

/// What a panel is about; panels of one group stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// All trials.
    Study,
    /// The selected trial.
    Trial,
    /// What was reached.
    Result,
    /// What is being done.
    Work,
}

/// A part of the screen. Everything inside its border is drawn by `draw`.
pub(super) struct Panel {
    /// Short name, for the strip of panels.
    pub(super) name: &'static str,
    pub(super) group: Group,
    /// Its part of the group's room, against the others of the group.
    pub(super) share: u16,
    /// Title, with what one wants to know at a glance.
    pub(super) title: fn(&View, &State) -> String,
    pub(super) draw: fn(&mut Buffer, Rect, &mut View, &State),
}

/// All panels, in the order of their numbers.
pub(super) const PANELS: &[Panel] = &[
    Panel {
        name: "Trials",
        group: Group::Study,
        share: 1,
        title: trials::title,
        draw: trials::draw,
    },
    Panel {
        name: "Trial",
        group: Group::Trial,
        share: 1,
        title: detail::title,
        draw: detail::draw,
    },
    Panel {
        name: "Curves",
        group: Group::Trial,
        share: 1,
        title: curves::title,
        draw: curves::draw,
    },
    Panel {
        name: "Front",
        group: Group::Result,
        share: 1,
        title: front::title,
        draw: front::draw,
    },
    Panel {
        name: "Hypervolume",
        group: Group::Result,
        share: 1,
        title: hypervolume::title,
        draw: hypervolume::draw,
    },
    Panel {
        name: "Search",
        group: Group::Work,
        share: 4,
        title: search::title,
        draw: search::draw,
    },
    Panel {
        name: "Device",
        group: Group::Work,
        share: 3,
        title: device::title,
        draw: device::draw,
    },
    Panel {
        name: "Log",
        group: Group::Work,
        share: 5,
        title: log::title,
        draw: log::draw,
    },
];

/// Index of the panel whose lines the movement keys scroll.
pub(super) const FRONT: usize = 3;
/// Index of the log.
pub(super) const LOG: usize = 7;

/// Says why a panel is empty, in the middle of it.
fn draw_empty(buffer: &mut Buffer, area: Rect, view: &View, text: &str) {
    let lines = super::format::wrapped(text, usize::from(area.width));
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
    for (line, row) in lines.iter().zip(top..area.bottom()) {
        let width = unicode_width::UnicodeWidthStr::width(line.as_str()) as u16;
        let start = area.x + area.width.saturating_sub(width) / 2;
        buffer.set_stringn(
            start,
            row,
            line,
            usize::from(area.width),
            view.palette.faint,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scrolled_panels_are_where_their_numbers_say() {
        assert_eq!(PANELS[FRONT].name, "Front");
        assert_eq!(PANELS[LOG].name, "Log");
    }
}
