//! Which panel goes where.
//!
//! ```text
//! small (80×24)              medium (from 110×36)         wide (from 160×40)
//! ┌ header ───────────────┐  ┌ header ───────────────┐   ┌ header ─────────────────────────┐
//! │ trials                │  │ trials    │ trial     │   │ trials    │ trial    │ front      │
//! │                       │  │           ├───────────┤   │           │          │            │
//! ├───────────┬───────────┤  │           │ curves    │   │           ├──────────┼────────────┤
//! │ one group │ of panels │  ├───────────┴┬──────────┤   │           │ curves   │ hypervolume│
//! │           │           │  │ front      │ hypervol.│   │           │          │            │
//! ├ the panels' numbers ──┤  ├───────┬────┴──┬───────┤   ├───────────┴┬─────────┴┬───────────┤
//! └ keys ─────────────────┘  │ search│ device│ log   │   │ search     │ device   │ log       │
//!                            └ keys ─────────────────┘   └ keys ───────────────────────────┘
//! ```
//!
//! A zoomed panel has all of the space between header and keys.

use ratatui::layout::{Constraint, Direction, Layout, Rect};

use super::panels::{Group, PANELS};

/// Below this nothing useful fits.
pub(super) const LEAST_WIDTH: u16 = 40;
/// Below this nothing useful fits.
pub(super) const LEAST_HEIGHT: u16 = 10;

/// With fewer rows than this between header and keys, only the panel that has the focus is shown.
const LEAST_FOR_TWO: u16 = 14;

/// Areas of one frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) header: Rect,
    /// The panels shown, by their index, each with its area.
    pub(super) panels: Vec<(usize, Rect)>,
    /// Where the panels' numbers stand, when some panel is hidden.
    pub(super) strip: Option<Rect>,
    pub(super) footer: Rect,
}

/// The areas of a screen, or none where it is too small.
///
/// `focus` is a panel's index; `page` the group that a small screen shows below the trials.
pub(super) fn arrange(area: Rect, focus: usize, page: Group, zoomed: bool) -> Option<Areas> {
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        return None;
    }
    let small = area.width < 110 || area.height < 36;
    let wide = area.width >= 160 && area.height >= 40;
    let strip_height = u16::from(zoomed || small);
    let [header, body, strip, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(strip_height),
        Constraint::Length(1),
    ])
    .areas(area);
    let panels = if zoomed {
        vec![(focus, body)]
    } else if small {
        small_panels(body, focus, page)
    } else if wide {
        wide_panels(body)
    } else {
        medium_panels(body)
    };
    Some(Areas {
        header,
        panels,
        strip: (strip_height > 0).then_some(strip),
        footer,
    })
}

fn small_panels(body: Rect, focus: usize, page: Group) -> Vec<(usize, Rect)> {
    if body.height < LEAST_FOR_TWO {
        return vec![(focus, body)];
    }
    let share = [Constraint::Fill(9), Constraint::Fill(11)];
    let [above, below] = Layout::vertical(share).areas(body);
    let mut panels = split(Group::Study, above, Direction::Vertical);
    if below.width >= 72 {
        panels.extend(split(page, below, Direction::Horizontal));
    } else {
        let focused_is_here = PANELS[focus].group == page;
        let first = PANELS.iter().position(|panel| panel.group == page);
        panels
            .extend(if focused_is_here { Some(focus) } else { first }.map(|shown| (shown, below)));
    }
    panels
}

fn medium_panels(body: Rect) -> Vec<(usize, Rect)> {
    let shares = [
        Constraint::Fill(11),
        Constraint::Fill(7),
        Constraint::Fill(4),
    ];
    let [above, middle, below] = Layout::vertical(shares).areas(body);
    let [left, right] =
        Layout::horizontal([Constraint::Fill(11), Constraint::Fill(10)]).areas(above);
    [
        split(Group::Study, left, Direction::Vertical),
        split(Group::Trial, right, Direction::Vertical),
        split(Group::Result, middle, Direction::Horizontal),
        split(Group::Work, below, Direction::Horizontal),
    ]
    .concat()
}

fn wide_panels(body: Rect) -> Vec<(usize, Rect)> {
    let [above, below] = Layout::vertical([Constraint::Fill(4), Constraint::Fill(1)]).areas(body);
    let shares = [
        Constraint::Fill(8),
        Constraint::Fill(7),
        Constraint::Fill(7),
    ];
    let [left, middle, right] = Layout::horizontal(shares).areas(above);
    [
        split(Group::Study, left, Direction::Vertical),
        split(Group::Trial, middle, Direction::Vertical),
        split(Group::Result, right, Direction::Vertical),
        split(Group::Work, below, Direction::Horizontal),
    ]
    .concat()
}

/// Shares `area` out to the panels of a group.
fn split(group: Group, area: Rect, direction: Direction) -> Vec<(usize, Rect)> {
    let members: Vec<usize> = (0..PANELS.len())
        .filter(|&i| PANELS[i].group == group)
        .collect();
    let shares = members.iter().map(|&i| Constraint::Fill(PANELS[i].share));
    let areas = Layout::new(direction, shares).split(area);
    members.into_iter().zip(areas.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_never_overlap_and_stay_inside() {
        for (width, height) in [
            (40, 10),
            (71, 20),
            (80, 24),
            (110, 36),
            (160, 40),
            (250, 70),
        ] {
            for zoomed in [false, true] {
                for (focus, panel) in PANELS.iter().enumerate() {
                    let screen = Rect::new(0, 0, width, height);
                    let page = panel.group;
                    let page = if page == Group::Study {
                        Group::Trial
                    } else {
                        page
                    };
                    let areas = arrange(screen, focus, page, zoomed).expect("large enough");
                    let mut all = vec![areas.header, areas.footer];
                    all.extend(areas.strip);
                    all.extend(areas.panels.iter().map(|(_, area)| *area));
                    let covered: u32 = all.iter().map(|area| area.area()).sum();
                    assert_eq!(
                        covered,
                        screen.area(),
                        "{width}×{height}, panel {focus}, {zoomed}"
                    );
                    for (i, one) in all.iter().enumerate() {
                        assert!(all[..i].iter().all(|other| !one.intersects(*other)));
                    }
                    assert!(areas.panels.iter().any(|(shown, _)| *shown == focus));
                }
            }
        }
    }

    #[test]
    fn large_screens_hide_nothing_and_tiny_ones_show_nothing() {
        let shown = |width, height| {
            arrange(Rect::new(0, 0, width, height), 0, Group::Trial, false).map(|a| a.panels.len())
        };
        assert_eq!(shown(110, 36), Some(PANELS.len()));
        assert_eq!(shown(160, 40), Some(PANELS.len()));
        assert_eq!(shown(80, 24), Some(3));
        assert_eq!(shown(LEAST_WIDTH - 1, 50), None);
        assert_eq!(shown(50, LEAST_HEIGHT - 1), None);
    }
}
