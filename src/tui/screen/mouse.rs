//! What the mouse means: a click goes to the panel and selects the trial under it, the wheel scrolls what is under it.
//! A question is never answered by a click.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::Screen;
use crate::app::State;
use crate::domain::TrialId;
use crate::tui::popup::Popup;
use crate::tui::view::Target;

/// Lines by which one notch of the wheel scrolls.
const NOTCH: isize = 3;

impl Screen {
    pub(super) fn on_mouse(&mut self, mouse: MouseEvent, state: &State) {
        let by = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => None,
            MouseEventKind::ScrollDown => Some(NOTCH),
            MouseEventKind::ScrollUp => Some(-NOTCH),
            _ => return,
        };
        if self.prompt.is_some() {
            return;
        }
        self.redraw = true;
        let at = Position::new(mouse.column, mouse.row);
        match (&mut self.popup, by) {
            (Some(Popup::Help(first)), Some(by)) => *first = first.saturating_add_signed(by),
            (Some(_), _) => {}
            (None, None) => self.click(at),
            (None, Some(by)) => self.wheel(at, by, state),
        }
    }

    fn click(&mut self, at: Position) {
        self.hint = None;
        if let Some(panel) = self.panel_at(at) {
            self.focus_on(panel);
        }
        if let Some(trial) = self.trial_at(at) {
            self.view.chosen = Some(trial);
        }
    }

    /// Scrolls the panel under the mouse and leaves the focus where it is.
    fn wheel(&mut self, at: Position, by: isize, state: &State) {
        if let Some(panel) = self.panel_at(at) {
            let focus = std::mem::replace(&mut self.focus, panel);
            self.step(by, state);
            self.focus = focus;
        }
    }

    fn panel_at(&self, at: Position) -> Option<usize> {
        let targets = self.view.targets.iter();
        let mut here = targets.filter(|(area, _)| area.contains(at));
        here.find_map(|(_, target)| match target {
            Target::Panel(panel) => Some(*panel),
            Target::Trial(_) => None,
        })
    }

    fn trial_at(&self, at: Position) -> Option<TrialId> {
        let targets = self.view.targets.iter();
        let mut here = targets.filter(|(area, _)| area.contains(at));
        here.find_map(|(_, target)| match target {
            Target::Trial(trial) => Some(*trial),
            Target::Panel(_) => None,
        })
    }
}
