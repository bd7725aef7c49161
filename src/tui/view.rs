//! What the panels know beside the study's state: the selection, scrolling, the filter, colours, keys.

use ratatui::layout::Rect;

use super::filter::Filter;
use super::keymap::{Keymap, Settings};
use super::palette::Palette;
use crate::app::State;
use crate::domain::{Trial, TrialId, TrialState};

/// What a click means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Gives the focus to the panel with this index.
    Panel(usize),
    /// Selects the trial.
    Trial(TrialId),
}

/// View state shared by the panels.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) palette: Palette,
    pub(super) keymap: Keymap,
    /// Whether every sign is to be plain ASCII.
    pub(super) ascii: bool,
    /// Whether another program works on the study, and this one only looks.
    pub(super) watching: bool,
    /// Whether the picture is held still.
    pub(super) frozen: bool,
    /// The trial that the user chose; none: the running one is followed.
    pub(super) chosen: Option<TrialId>,
    /// Trials shown in the table; none: all.
    pub(super) filter: Option<Filter>,
    /// First row shown in the table of trials.
    pub(super) trials_offset: usize,
    /// First line shown in the table of the front.
    pub(super) front_offset: usize,
    /// Lines of the log below the last one shown; 0: the newest is shown.
    pub(super) log_back: usize,
    /// Whether the training loss is smoothed.
    pub(super) smooth: bool,
    /// Whether losses stand on a logarithmic axis.
    pub(super) logarithmic: bool,
    /// Whether the terminal is to tell of the mouse.
    pub(super) mouse: bool,
    /// What was drawn where in the latest frame.
    pub(super) targets: Vec<(Rect, Target)>,
}

impl View {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            palette: settings.palette.unwrap_or(Palette::DARK),
            keymap: settings.keymap,
            ascii: settings.ascii.unwrap_or(false),
            watching: false,
            frozen: false,
            chosen: None,
            filter: None,
            trials_offset: 0,
            front_offset: 0,
            log_back: 0,
            smooth: false,
            logarithmic: false,
            mouse: settings.mouse.unwrap_or(false),
            targets: Vec::new(),
        }
    }

    /// The selected trial: the user's choice, else the running one, else the last one that is over.
    pub(super) fn selected<'a>(&self, state: &'a State) -> Option<&'a Trial> {
        if let Some(trial) = self.chosen.and_then(|id| state.trial(id)) {
            return Some(trial);
        }
        let latest =
            |wanted: fn(TrialState) -> bool| state.trials.iter().rfind(|t| wanted(t.state));
        latest(|s| s == TrialState::Running)
            .or_else(|| latest(|s| s == TrialState::Paused))
            .or_else(|| latest(TrialState::is_over))
            .or_else(|| state.trials.first())
    }

    /// Rows of the table of trials.
    pub(super) fn rows(&self, state: &State) -> usize {
        match &self.filter {
            Some(filter) => filter.passing().len(),
            None => state.trials.len(),
        }
    }

    /// The trial of a row.
    pub(super) fn trial_of_row(&self, row: usize) -> Option<TrialId> {
        match &self.filter {
            Some(filter) => filter.passing().get(row).copied(),
            None => Some(TrialId(row as u32)),
        }
    }

    /// The row of a trial, or the row before which it would stand.
    pub(super) fn row_of_trial(&self, id: TrialId) -> Result<usize, usize> {
        match &self.filter {
            Some(filter) => filter.passing().binary_search(&id),
            None => Ok(id.0 as usize),
        }
    }
}

/// The offset nearest to `offset` at which line `selected` of `lines` is among `height` lines, and no line is wasted.
pub(super) fn scrolled(offset: usize, selected: usize, lines: usize, height: usize) -> usize {
    let lowest = (selected + 1).saturating_sub(height);
    offset
        .clamp(lowest, selected.max(lowest))
        .min(lines.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::scrolled;

    #[test]
    fn scrolling_moves_no_more_than_needed() {
        assert_eq!(scrolled(0, 3, 100, 10), 0, "already visible");
        assert_eq!(scrolled(0, 12, 100, 10), 3, "just below");
        assert_eq!(scrolled(50, 12, 100, 10), 12, "above");
        assert_eq!(scrolled(95, 99, 100, 10), 90, "no empty lines at the end");
        assert_eq!(scrolled(5, 2, 3, 10), 0, "everything fits");
        assert_eq!(scrolled(0, 4, 5, 0), 5, "no lines to show");
    }
}
