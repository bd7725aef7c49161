//! What each key means at this moment.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::Screen;
use super::naming::trial_message;
use crate::app::{Message, State};
use crate::tui::filter::Filter;
use crate::tui::keys::Action;
use crate::tui::panels::PANELS;
use crate::tui::popup::{Choice, Commands, Popup};
use crate::tui::prompt::{Prompt, Purpose};

/// Lines that half a page moves by; the exact height would make the same key move differently in each panel.
const HALF_PAGE: isize = 10;

/// With these a key is another one.
const FOREIGN: KeyModifiers = KeyModifiers::ALT
    .union(KeyModifiers::SUPER)
    .union(KeyModifiers::HYPER)
    .union(KeyModifiers::META);

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
            // Begins stray sequences too; no command has such a key.
            Event::Key(key) if key.modifiers.intersects(FOREIGN) && !self.takes_text() => {}
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
                } else if !text.is_empty() {
                    self.refuse_text(text.chars().count());
                }
            }
            _ => {}
        }
        None
    }

    fn on_popup_key(&mut self, popup: Popup, key: KeyEvent, state: &State) -> Option<Message> {
        let action = self.view.keymap.action(key);
        match popup {
            Popup::Help(first) => self.popup = scrolled_help(first, action),
            Popup::Why(_) | Popup::Verdict => {}
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
                self.colours_open = false;
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
            Action::Verdict => self.popup = Some(Popup::Verdict),
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
        self.view.watching
            || state.stopping.is_some()
            || state.trials.iter().all(|t| t.state.is_over())
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
                Action::Retry => {
                    "only what failed, was cancelled or pruned, or lacked memory can be tried again"
                }
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
}

fn agrees(key: KeyEvent) -> bool {
    let is_plain = !key.modifiers.contains(KeyModifiers::CONTROL);
    is_plain && matches!(key.code, KeyCode::Char('y' | 'Y') | KeyCode::Enter)
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
