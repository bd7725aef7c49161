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
//! A zoomed panel has all of the space between header and keys. The room of a hidden one goes to its group, and that of
//! a group without any other to the groups beside it.

use std::collections::BTreeSet;

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
    /// Where the panels' numbers stand, when some panel is not there.
    pub(super) strip: Option<Rect>,
    pub(super) footer: Rect,
}

/// The areas of a screen, or none where it is too small.
///
/// `focus` is a panel's index; `page` the group that a small screen shows below the trials; `hidden` are the panels that
/// the user does not want to see.
pub(super) fn arrange(
    area: Rect,
    focus: usize,
    page: Group,
    zoomed: bool,
    hidden: &BTreeSet<usize>,
) -> Option<Areas> {
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        return None;
    }
    let small = area.width < 110 || area.height < 36;
    let wide = area.width >= 160 && area.height >= 40;
    let strip_height = u16::from(zoomed || small || !hidden.is_empty());
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
        small_panels(body, focus, page, hidden)
    } else if wide {
        wide_panels(body, hidden)
    } else {
        medium_panels(body, hidden)
    };
    Some(Areas {
        header,
        panels,
        strip: (strip_height > 0).then_some(strip),
        footer,
    })
}

fn small_panels(
    body: Rect,
    focus: usize,
    page: Group,
    hidden: &BTreeSet<usize>,
) -> Vec<(usize, Rect)> {
    if body.height < LEAST_FOR_TWO {
        return vec![(focus, body)];
    }
    // A page of which nothing is left gives way to one that can be shown.
    let pages = [page, Group::Trial, Group::Result, Group::Work];
    let page = pages
        .into_iter()
        .find(|group| !members(*group, hidden).is_empty())
        .unwrap_or(page);
    let [above, below] = divide(
        body,
        Direction::Vertical,
        [(9, &[Group::Study]), (11, &[page])],
        hidden,
    );
    let mut panels = split(Group::Study, above, Direction::Vertical, hidden);
    if below.width >= 72 {
        panels.extend(split(page, below, Direction::Horizontal, hidden));
    } else {
        let on_page = members(page, hidden);
        let shown = on_page.iter().find(|panel| **panel == focus);
        panels.extend(shown.or(on_page.first()).map(|shown| (*shown, below)));
    }
    panels
}

fn medium_panels(body: Rect, hidden: &BTreeSet<usize>) -> Vec<(usize, Rect)> {
    let rows: [(u16, &[Group]); 3] = [
        (11, &[Group::Study, Group::Trial]),
        (7, &[Group::Result]),
        (4, &[Group::Work]),
    ];
    let [above, middle, below] = divide(body, Direction::Vertical, rows, hidden);
    let columns: [(u16, &[Group]); 2] = [(11, &[Group::Study]), (10, &[Group::Trial])];
    let [left, right] = divide(above, Direction::Horizontal, columns, hidden);
    [
        split(Group::Study, left, Direction::Vertical, hidden),
        split(Group::Trial, right, Direction::Vertical, hidden),
        split(Group::Result, middle, Direction::Horizontal, hidden),
        split(Group::Work, below, Direction::Horizontal, hidden),
    ]
    .concat()
}

fn wide_panels(body: Rect, hidden: &BTreeSet<usize>) -> Vec<(usize, Rect)> {
    let rows: [(u16, &[Group]); 2] = [
        (4, &[Group::Study, Group::Trial, Group::Result]),
        (1, &[Group::Work]),
    ];
    let [above, below] = divide(body, Direction::Vertical, rows, hidden);
    let columns: [(u16, &[Group]); 3] = [
        (8, &[Group::Study]),
        (7, &[Group::Trial]),
        (7, &[Group::Result]),
    ];
    let [left, middle, right] = divide(above, Direction::Horizontal, columns, hidden);
    [
        split(Group::Study, left, Direction::Vertical, hidden),
        split(Group::Trial, middle, Direction::Vertical, hidden),
        split(Group::Result, right, Direction::Vertical, hidden),
        split(Group::Work, below, Direction::Horizontal, hidden),
    ]
    .concat()
}

/// The panels of a group that are to be seen.
fn members(group: Group, hidden: &BTreeSet<usize>) -> Vec<usize> {
    let shown = |panel: &usize| PANELS[*panel].group == group && !hidden.contains(panel);
    (0..PANELS.len()).filter(shown).collect()
}

/// Shares `area` out to parts by their weights; a part of whose groups nothing is to be seen gets nothing.
fn divide<const PARTS: usize>(
    area: Rect,
    direction: Direction,
    parts: [(u16, &[Group]); PARTS],
    hidden: &BTreeSet<usize>,
) -> [Rect; PARTS] {
    let constraints = parts.map(|(weight, groups)| {
        let is_empty = groups.iter().all(|g| members(*g, hidden).is_empty());
        match is_empty {
            true => Constraint::Length(0),
            false => Constraint::Fill(weight),
        }
    });
    Layout::new(direction, constraints).areas(area)
}

/// Shares `area` out to the panels of a group.
fn split(
    group: Group,
    area: Rect,
    direction: Direction,
    hidden: &BTreeSet<usize>,
) -> Vec<(usize, Rect)> {
    let members = members(group, hidden);
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
            let none = BTreeSet::new();
            let few: BTreeSet<usize> = [1, 2, 4, 6].into();
            let most: BTreeSet<usize> = (1..PANELS.len() - 1).collect();
            let cases = [(false, &none), (true, &none), (false, &few), (false, &most)];
            for (zoomed, hidden) in cases {
                let panels = PANELS.iter().enumerate();
                for (focus, panel) in panels.filter(|(i, _)| !hidden.contains(i)) {
                    let screen = Rect::new(0, 0, width, height);
                    let page = panel.group;
                    let page = if page == Group::Study {
                        Group::Trial
                    } else {
                        page
                    };
                    let areas = arrange(screen, focus, page, zoomed, hidden).expect("large enough");
                    let mut all = vec![areas.header, areas.footer];
                    all.extend(areas.strip);
                    all.extend(areas.panels.iter().map(|(_, area)| *area));
                    let covered: u32 = all.iter().map(|area| area.area()).sum();
                    assert_eq!(
                        covered,
                        screen.area(),
                        "{width}×{height}, panel {focus}, {zoomed}, {hidden:?}"
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
            let screen = Rect::new(0, 0, width, height);
            let areas = arrange(screen, 0, Group::Trial, false, &BTreeSet::new());
            areas.map(|areas| areas.panels.len())
        };
        assert_eq!(shown(110, 36), Some(PANELS.len()));
        assert_eq!(shown(160, 40), Some(PANELS.len()));
        assert_eq!(shown(80, 24), Some(3));
        assert_eq!(shown(LEAST_WIDTH - 1, 50), None);
        assert_eq!(shown(50, LEAST_HEIGHT - 1), None);
    }
}
