//! What each action would do at this moment, and what it is called then.

use super::Screen;
use crate::app::{ExportStatus, Message, State};
use crate::domain::{Trial, TrialState};
use crate::tui::keys::{Action, binding};

impl Screen {
    /// What an action is called at this moment; none where it would do nothing.
    pub(super) fn name_now(&self, action: Action, state: &State) -> Option<String> {
        if self.view.watching && action.asks_of_the_study() {
            return None;
        }
        let name = binding(action)?.name;
        let view = &self.view;
        let name = match action {
            Action::PauseTrial | Action::Retry | Action::Cancel | Action::Raise | Action::Lower => {
                let trial = view.selected(state)?;
                match trial_message(action, trial, state)? {
                    Message::Resume(_) => "resume",
                    Message::Pause(_) if trial.state == TrialState::Paused => "keep paused",
                    _ => name,
                }
            }
            Action::Mark if state.marked.contains(&view.selected(state)?.id) => "unmark",
            Action::Mark | Action::Why | Action::Add if state.trials.is_empty() => return None,
            Action::Verdict if state.front.is_empty() => return None,
            Action::Compare if state.marked.len() < 2 => return None,
            Action::NextMatch if view.filter.is_none() => return None,
            Action::PauseStudy if state.study_paused.is_some() => "resume study",
            Action::PauseStudy if state.is_complete() && !state.trials.is_empty() => return None,
            Action::Export if state.export != ExportStatus::Idle => "exporting…",
            Action::Export if state.front.is_empty() => return None,
            Action::Evaluate if state.evaluation.is_some() => "stop evaluation",
            Action::Evaluate if state.front.is_empty() => return None,
            Action::Evaluate if state.study_paused.is_none() && !state.is_complete() => {
                return None;
            }
            Action::Freeze if view.frozen => "unfreeze",
            Action::Hide if self.focus == 0 => return None,
            Action::Zoom if self.zoomed => "unzoom",
            Action::Back if self.zoomed => "back",
            Action::Back if view.filter.is_some() => "drop filter",
            Action::Back if self.focus != 0 => "back",
            Action::Back if view.chosen.is_some() => "follow",
            Action::Back => return None,
            _ => name,
        };
        Some(name.to_owned())
    }
}

/// The message that an action on a trial stands for, if it makes sense in the trial's state.
pub(super) fn trial_message(action: Action, trial: &Trial, state: &State) -> Option<Message> {
    let waits = trial.state == TrialState::Queued && !state.places.has(trial.id);
    let priority = state.priority(trial.id);
    match (action, trial.state) {
        (Action::PauseTrial, TrialState::Running | TrialState::Paused) => {
            match state.paused_by_user.contains(&trial.id) {
                true => Some(Message::Resume(trial.id)),
                false => Some(Message::Pause(trial.id)),
            }
        }
        (Action::Retry, _) if trial.may_be_retried() => Some(Message::Retry(trial.id)),
        (Action::Cancel, state) if !state.is_over() => Some(Message::Cancel(trial.id)),
        (Action::Raise, _) if waits => {
            Some(Message::Prioritise(trial.id, priority.saturating_add(1)))
        }
        (Action::Lower, _) if waits => {
            Some(Message::Prioritise(trial.id, priority.saturating_sub(1)))
        }
        _ => None,
    }
}
