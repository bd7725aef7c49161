//! What comes of text that is typed.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::Screen;
use crate::app::{Message, State};
use crate::domain::TrialId;
use crate::tui::filter::Filter;
use crate::tui::format::counted;
use crate::tui::keys::Action;
use crate::tui::popup::Popup;
use crate::tui::prompt::{Prompt, Purpose, Typed};

impl Screen {
    /// What text leads to that came faster than anybody types. It is typed where text is typed, also where its first
    /// character begins that, up to the end of the line; beyond that it presses no keys.
    pub fn on_burst(&mut self, text: &str, state: &State) -> Option<Message> {
        let mut characters = text.chars();
        let first = characters.next()?;
        let begins = (self.view.keymap)
            .action(typed(first))
            .is_some_and(|action| {
                matches!(action, Action::Filter | Action::Commands) && self.popup.is_none()
            });
        let mut message = None;
        if begins || self.takes_text() {
            message = self.on_event(Event::Key(typed(first)), state);
            while message.is_none()
                && self.takes_text()
                && let Some(character) = characters.next()
            {
                message = self.on_event(Event::Key(typed(character)), state);
            }
        } else {
            characters = text.chars();
        }
        let left = characters.count();
        if left > 0 {
            self.refuse_text(left);
        }
        message
    }

    /// Whether characters are text at this moment.
    pub(super) fn takes_text(&self) -> bool {
        self.prompt.is_some() || matches!(self.popup, Some(Popup::Commands(_)))
    }

    /// Says that pasted text does nothing here.
    pub(super) fn refuse_text(&mut self, characters: usize) {
        self.hint = Some(format!(
            "{} came at once, as pasted text does: it presses no keys",
            counted(characters, "character")
        ));
        self.redraw = true;
    }

    pub(super) fn on_prompt_key(
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
                        .find(|t| t.configuration.canonical() == configuration);
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
    pub(super) fn filter_as_typed(&mut self, state: &State) {
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
}

/// The key that types a character.
fn typed(character: char) -> KeyEvent {
    let code = match character {
        '\n' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        character => KeyCode::Char(character),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}
