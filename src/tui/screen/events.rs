//! What each key means at this moment.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind};

use super::Screen;
use crate::app::{Message, State};
use crate::domain::{Trial, TrialId, TrialState};
use crate::tui::filter::Filter;
use crate::tui::keys::{Action, binding};
use crate::tui::panels::{FRONT, Group, LOG, PANELS};
use crate::tui::popup::{Choice, Commands, Popup};
use crate::tui::prompt::{Prompt, Purpose, Typed};

/// Lines that half a page moves by; the exact height would make the same key move differently in each panel.
const HALF_PAGE: isize = 10;

impl Screen {
    /// What an event of the terminal leads to. What is pasted is text where text is typed, and nothing elsewhere.
    pub fn on_event(&mut self, event: Event, state: &State) -> Option<Message> {
        let frozen = self.frozen.take();
        let message = self.on_event_of(event, frozen.as_deref().unwrap_or(state));
        self.frozen = (self.view.frozen).then(|| frozen.unwrap_or_else(|| Box::new(state.clone())));
        message
    }

    fn on_event_of(&mut self, event: Event, shown: &State) -> Option<Message> {
        match event {
            Event::Resize(..) => self.redraw = true,
            Event::Mouse(mouse) if self.view.mouse => self.on_mouse(mouse, shown),
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.redraw = true;
                self.hint = None;
                if let Some(prompt) = self.prompt.take() {
                    return self.on_prompt_key(prompt, key, shown);
                }
                if let Some(popup) = self.popup.take() {
                    return self.on_popup_key(popup, key, shown);
                }
                let action = self.view.keymap.action(key);
                return action.and_then(|action| self.perform(action, shown));
            }
            Event::Paste(text) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.on_paste(&text);
                    self.redraw = true;
                    self.filter_as_typed(shown);
                } else if let Some(Popup::Commands(commands)) = &mut self.popup {
                    commands.on_paste(&text);
                    self.redraw = true;
                }
            }
            _ => {}
        }
        None
    }

    fn on_prompt_key(
        &mut self,
        mut prompt: Prompt,
        key: KeyEvent,
        state: &State,
    ) -> Option<Message> {
        let typed = prompt.on_key(key);
        let text = prompt.text().to_owned();
        match (typed, prompt.purpose) {
            (Typed::On, _) => {
                self.prompt = Some(prompt);
                self.filter_as_typed(state);
            }
            (Typed::Abandoned, Purpose::Filter) => self.view.filter = None,
            (Typed::Abandoned, _) => {}
            (Typed::Accepted, Purpose::Filter) => self.select_passing(state),
            (Typed::Accepted, Purpose::Note(trial)) => return Some(Message::Note(trial, text)),
            (Typed::Accepted, Purpose::Add) => match prompt.configuration(state) {
                Ok(configuration) => {
                    let known = state
                        .trials
                        .iter()
                        .find(|t| t.configuration == configuration);
                    self.hint = known.map(|t| format!("added, though trial {} is the same", t.id));
                    return Some(Message::Add(configuration));
                }
                // The line says what is wrong; it stays to be mended.
                Err(_) => self.prompt = Some(prompt),
            },
        }
        None
    }

    /// A filter shows what it lets through while it is typed.
    fn filter_as_typed(&mut self, state: &State) {
        if let Some(prompt) = self
            .prompt
            .as_ref()
            .filter(|p| p.purpose == Purpose::Filter)
        {
            let before = self.view.filter.take();
            self.view.filter = Filter::parse(prompt.text()).map(|filter| filter.after(before));
            if let Some(filter) = &mut self.view.filter {
                filter.refresh(state);
            }
        }
    }

    /// Selects a trial that passes the filter, if the selected one does not.
    fn select_passing(&mut self, state: &State) {
        let Some(filter) = &mut self.view.filter else {
            return;
        };
        filter.refresh(state);
        let selected = self
            .view
            .selected(state)
            .map_or(TrialId(0), |trial| trial.id);
        match self.view.row_of_trial(selected) {
            Ok(_) => {}
            Err(_) if self.view.rows(state) == 0 => {
                self.hint = Some("no trial passes the filter; Esc drops it".into());
            }
            Err(row) => {
                let row = row.min(self.view.rows(state) - 1);
                self.view.chosen = self.view.trial_of_row(row);
            }
        }
    }

    fn on_popup_key(&mut self, popup: Popup, key: KeyEvent, state: &State) -> Option<Message> {
        let action = self.view.keymap.action(key);
        match popup {
            Popup::Help(first) => self.popup = scrolled_help(first, action),
            Popup::Why(_) => {}
            Popup::Compare(first) => match action {
                Some(Action::NextPanel | Action::Down) => {
                    self.popup = Some(Popup::Compare(first + 1))
                }
                Some(Action::PreviousPanel | Action::Up) => {
                    self.popup = Some(Popup::Compare(first.saturating_sub(1)));
                }
                _ => {}
            },
            Popup::Commands(mut commands) => match commands.on_key(key) {
                Choice::Open => self.popup = Some(Popup::Commands(commands)),
                Choice::Nothing => {}
                Choice::Do(action) => return self.perform(action, state),
            },
            Popup::Quit => {
                // Ctrl-C a second time means it.
                if agrees(key) || action == Some(Action::Quit) {
                    return Some(Message::Quit);
                }
                self.popup = (!declines(key)).then_some(Popup::Quit);
            }
            Popup::Cancel(trial) => {
                if agrees(key) {
                    return Some(Message::Cancel(trial));
                }
                let kept = !declines(key) && action != Some(Action::Quit);
                self.popup = kept.then_some(Popup::Cancel(trial));
            }
        }
        None
    }

    fn perform(&mut self, action: Action, state: &State) -> Option<Message> {
        if self.view.watching && action.asks_of_the_study() {
            self.hint = Some("this view only watches; another program works on the study".into());
            return None;
        }
        match action {
            Action::Down => self.step(1, state),
            Action::Up => self.step(-1, state),
            Action::HalfPageDown => self.step(HALF_PAGE, state),
            Action::HalfPageUp => self.step(-HALF_PAGE, state),
            Action::First => self.step(isize::MIN, state),
            Action::Last => self.step(isize::MAX, state),
            Action::NextPanel => self.focus_on(self.neighbour(1)),
            Action::PreviousPanel => self.focus_on(self.neighbour(PANELS.len() - 1)),
            Action::Panel(index) => self.focus_on(index),
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Hide => self.hide(),
            Action::Back => self.back(),
            Action::Filter => {
                let text = self.view.filter.as_ref().map_or("", Filter::text);
                self.prompt = Some(Prompt::new(Purpose::Filter, text));
            }
            Action::NextMatch => self.next_match(1, state),
            Action::PreviousMatch => self.next_match(-1, state),
            Action::Freeze => self.view.frozen = !self.view.frozen,
            Action::Smooth => self.view.smooth = !self.view.smooth,
            Action::Logarithm => self.view.logarithmic = !self.view.logarithmic,
            Action::Palette => {
                self.view.palette = self.view.palette.next();
                self.hint = Some(format!("colours: {}", self.view.palette.name));
            }
            Action::Ascii => self.view.ascii = !self.view.ascii,
            Action::Mouse => {
                self.view.mouse = !self.view.mouse;
                let told = match self.view.mouse {
                    true => "the mouse selects and scrolls; text is selected with Shift",
                    false => "the mouse is the terminal's alone",
                };
                self.hint = Some(told.into());
            }
            Action::Commands => self.popup = Some(Popup::Commands(Commands::default())),
            Action::Help => self.popup = Some(Popup::Help(0)),
            Action::Redraw => self.clear = true,
            Action::Suspend => self.suspend = true,
            Action::PauseStudy => return Some(Message::ToggleStudyPause),
            Action::Export => return Some(Message::Export),
            Action::Evaluate => return Some(Message::Evaluate),
            Action::Compare if state.marked.len() < 2 => {
                let key = self.view.keymap.first_key(Action::Mark);
                self.hint = Some(format!(
                    "mark at least two trials to compare: {key} marks one"
                ));
            }
            Action::Compare => self.popup = Some(Popup::Compare(0)),
            Action::PauseTrial
            | Action::Retry
            | Action::Cancel
            | Action::Raise
            | Action::Lower
            | Action::Mark
            | Action::Note
            | Action::Add
            | Action::Why
            | Action::Copy => {
                return self.act_on_trial(action, state);
            }
            Action::Quit if self.leaves_at_once(state) => return Some(Message::Quit),
            Action::Quit => self.popup = Some(Popup::Quit),
        }
        None
    }

    fn leaves_at_once(&self, state: &State) -> bool {
        self.view.watching || state.stopping || state.trials.iter().all(|t| t.state.is_over())
    }

    fn act_on_trial(&mut self, action: Action, state: &State) -> Option<Message> {
        let Some(trial) = self.view.selected(state) else {
            self.hint = Some("there is no trial yet".into());
            return None;
        };
        let id = trial.id;
        match action {
            Action::Mark => return Some(Message::Mark(id, !state.marked.contains(&id))),
            Action::Note => {
                let note = state.notes.get(&id).map_or("", String::as_str);
                self.prompt = Some(Prompt::new(Purpose::Note(id), note));
                return None;
            }
            Action::Add => {
                let words = trial.configuration.to_string();
                self.prompt = Some(Prompt::new(Purpose::Add, &words));
                return None;
            }
            Action::Why => {
                self.popup = Some(Popup::Why(id));
                return None;
            }
            Action::Copy => {
                let words = trial.configuration.to_string();
                self.hint = Some(format!("copied: {words}"));
                self.copy = Some(words);
                return None;
            }
            _ => {}
        }
        let Some(message) = trial_message(action, trial, state) else {
            let verb = match action {
                Action::PauseTrial => "only running trials can be paused",
                Action::Retry => "only failed, cancelled or pruned trials can be tried again",
                Action::Raise | Action::Lower => "only trials that wait have a place in the queue",
                _ => "it is over, so there is nothing to cancel",
            };
            self.hint = Some(format!("trial {id} is {}: {verb}", trial.state.label()));
            return None;
        };
        if let Message::Cancel(id) = message {
            self.popup = Some(Popup::Cancel(id));
            return None;
        }
        Some(message)
    }

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
    fn next_match(&mut self, by: isize, state: &State) {
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
    fn neighbour(&self, places: usize) -> usize {
        let mut panel = (self.focus + places) % PANELS.len();
        // Ends at the focused panel at the latest, which is never hidden.
        while self.hidden.contains(&panel) {
            panel = (panel + places) % PANELS.len();
        }
        panel
    }

    /// Hides the panel that has the focus, which goes to the nearest one before it.
    fn hide(&mut self) {
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
    fn back(&mut self) {
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

    /// What an action is called at this moment; none where it would do nothing.
    pub(super) fn name_now(&self, action: Action, state: &State) -> Option<String> {
        if self.view.watching && action.asks_of_the_study() {
            return None;
        }
        let name = binding(action)?.name;
        let view = &self.view;
        let name = match action {
            Action::PauseTrial | Action::Retry | Action::Cancel | Action::Raise | Action::Lower => {
                match trial_message(action, view.selected(state)?, state)? {
                    Message::Resume(_) => "resume",
                    _ => name,
                }
            }
            Action::Mark if state.marked.contains(&view.selected(state)?.id) => "unmark",
            Action::Mark | Action::Why | Action::Add if state.trials.is_empty() => return None,
            Action::Compare if state.marked.len() < 2 => return None,
            Action::NextMatch if view.filter.is_none() => return None,
            Action::PauseStudy if state.study_paused => "resume study",
            Action::PauseStudy if state.is_complete() && !state.trials.is_empty() => return None,
            Action::Export if state.front.is_empty() => return None,
            Action::Evaluate if state.evaluation.is_some() => "stop evaluation",
            Action::Evaluate if state.front.is_empty() => return None,
            Action::Evaluate if !state.study_paused && !state.is_complete() => return None,
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

fn agrees(key: KeyEvent) -> bool {
    matches!(key.code, KeyCode::Char('y' | 'Y') | KeyCode::Enter)
}

fn declines(key: KeyEvent) -> bool {
    matches!(key.code, KeyCode::Char('n' | 'N') | KeyCode::Esc)
}

fn scrolled_help(first: usize, action: Option<Action>) -> Option<Popup> {
    let by = |lines: isize| Some(Popup::Help(first.saturating_add_signed(lines)));
    match action? {
        Action::Down => by(1),
        Action::Up => by(-1),
        Action::HalfPageDown => by(HALF_PAGE),
        Action::HalfPageUp => by(-HALF_PAGE),
        Action::Last => Some(Popup::Help(usize::MAX)),
        Action::First => Some(Popup::Help(0)),
        _ => None,
    }
}

/// The message that an action on a trial stands for, if it makes sense in the trial's state.
fn trial_message(action: Action, trial: &Trial, state: &State) -> Option<Message> {
    let waits = trial.state == TrialState::Queued && !state.submitted.contains(&trial.id);
    let priority = state.priority(trial.id);
    match (action, trial.state) {
        (Action::PauseTrial, TrialState::Running) => Some(Message::Pause(trial.id)),
        (Action::PauseTrial, TrialState::Paused) => Some(Message::Resume(trial.id)),
        (Action::Retry, TrialState::Failed | TrialState::Cancelled | TrialState::Pruned) => {
            Some(Message::Retry(trial.id))
        }
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
