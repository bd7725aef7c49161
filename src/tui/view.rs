//! What the panels know beside the study's state: the selection, scrolling, colours.

use super::palette::Palette;
use crate::app::State;
use crate::domain::{Trial, TrialId, TrialState};

/// View state shared by the panels.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) palette: Palette,
    /// The trial that the user chose; none: the running one is followed.
    pub(super) chosen: Option<TrialId>,
    /// First trial shown in the table of trials.
    pub(super) trials_offset: usize,
    /// First line shown in the table of the front.
    pub(super) front_offset: usize,
    /// Lines of the log below the last one shown; 0: the newest is shown.
    pub(super) log_back: usize,
}

impl View {
    pub(super) fn new(palette: Palette) -> Self {
        Self {
            palette,
            chosen: None,
            trials_offset: 0,
            front_offset: 0,
            log_back: 0,
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
