//! Where the selection and the focus go.

use super::Screen;
use crate::app::State;
use crate::domain::TrialId;
use crate::tui::keys::Action;
use crate::tui::panels::{FRONT, Group, LOG, PANELS};

impl Screen {
    /// Moves the selection, or the log's lines where the log has the focus.
    pub(super) fn step(&mut self, by: isize, state: &State) {
        if self.focus == LOG {
            let back = self
                .view
                .log_back
                .saturating_add_signed(by.saturating_neg());
            self.view.log_back = back.min(state.notices.len().saturating_sub(1));
            return;
        }
        let selected = self.view.selected(state).map(|trial| trial.id);
        let moved =
            |at: usize, count: usize| at.saturating_add_signed(by).min(count.saturating_sub(1));
        if self.focus == FRONT {
            let at = state.front.iter().position(|id| Some(*id) == selected);
            // From a trial off the front, the first step goes onto it.
            let next = at.map_or(0, |at| moved(at, state.front.len()));
            self.view.chosen = state.front.get(next).copied().or(self.view.chosen);
        } else if let Some(id) = selected {
            let rows = self.view.rows(state);
            let row = match self.view.row_of_trial(id) {
                Ok(row) => moved(row, rows),
                // From a trial that is not shown, down leads to the next one that is.
                Err(row) if by > 0 => moved(row, rows).min(row),
                Err(row) => moved(row, rows),
            };
            let in_rows = row.min(rows.saturating_sub(1));
            let found = if rows > 0 {
                self.view.trial_of_row(in_rows)
            } else {
                None
            };
            self.view.chosen = found.or(self.view.chosen);
        }
    }

    /// The next trial that passes the filter, from the last to the first again.
    pub(super) fn next_match(&mut self, by: isize, state: &State) {
        let rows = self.view.rows(state);
        if self.view.filter.is_none() || rows == 0 {
            let key = self.view.keymap.first_key(Action::Filter);
            self.hint = Some(format!("no trial to go to: {key} sets a filter"));
            return;
        }
        let selected = self
            .view
            .selected(state)
            .map_or(TrialId(0), |trial| trial.id);
        let row = match (self.view.row_of_trial(selected), by > 0) {
            (Ok(row), true) => (row + 1) % rows,
            (Ok(row) | Err(row), false) => (row + rows - 1) % rows,
            (Err(row), true) => row % rows,
        };
        self.view.chosen = self.view.trial_of_row(row);
    }

    /// The panel so many places on that is to be seen, from the last to the first again.
    pub(super) fn neighbour(&self, places: usize) -> usize {
        let mut panel = (self.focus + places) % PANELS.len();
        // Ends at the focused panel at the latest, which is never hidden.
        while self.hidden.contains(&panel) {
            panel = (panel + places) % PANELS.len();
        }
        panel
    }

    /// Hides the panel that has the focus, which goes to the nearest one before it.
    pub(super) fn hide(&mut self) {
        let panel = self.focus;
        if panel == 0 {
            self.hint = Some("the trials are always there; go to another panel to hide it".into());
            return;
        }
        let key = self.view.keymap.first_key(Action::Panel(panel));
        self.hint = Some(format!(
            "{} hidden: {key} brings it back",
            PANELS[panel].name
        ));
        self.zoomed = false;
        self.focus_on(self.neighbour(PANELS.len() - 1));
        self.hidden.insert(panel);
    }

    /// Gives a panel the focus; one that was hidden is shown again.
    pub(super) fn focus_on(&mut self, panel: usize) {
        self.focus = panel.min(PANELS.len() - 1);
        self.hidden.remove(&self.focus);
        if PANELS[self.focus].group != Group::Study {
            self.page = PANELS[self.focus].group;
        }
    }

    /// One step out: of the zoom, of the filter, of the panel, of the chosen trial.
    pub(super) fn back(&mut self) {
        if self.zoomed {
            self.zoomed = false;
        } else if self.view.filter.is_some() {
            self.view.filter = None;
        } else if self.focus != 0 {
            self.focus_on(0);
        } else {
            self.view.chosen = None;
        }
    }
}
