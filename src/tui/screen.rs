//! The screen as a whole: focus, pop-ups, and what each key means at this moment.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

use super::format::wrapped;
use super::keys::{self, Action, BINDINGS};
use super::layout::{LEAST_HEIGHT, LEAST_WIDTH, arrange};
use super::palette::Palette;
use super::panels::{FRONT, Group, LOG, PANELS, footer, header};
use super::popup::Popup;
use super::view::View;
use crate::app::{Message, State};
use crate::domain::{Trial, TrialId, TrialState};

/// Lines that half a page moves by; the exact height would make the same key move differently in each panel.
const HALF_PAGE: isize = 10;

/// The view: everything that the screen remembers and the study does not.
#[derive(Debug)]
pub struct Screen {
    view: View,
    /// Index of the panel that has the focus.
    focus: usize,
    /// The group that a small screen shows below the trials.
    page: Group,
    zoomed: bool,
    popup: Option<Popup>,
    /// The answer to the last key, where it did nothing.
    hint: Option<String>,
    redraw: bool,
    clear: bool,
    suspend: bool,
}

impl Screen {
    /// A screen that follows the running trial.
    pub fn new(palette: Palette) -> Self {
        Self {
            view: View::new(palette),
            focus: 0,
            page: Group::Trial,
            zoomed: false,
            popup: None,
            hint: None,
            redraw: true,
            clear: false,
            suspend: false,
        }
    }

    /// Whether anything changed since the last drawing, as far as the screen was told.
    pub fn needs_redraw(&self) -> bool {
        self.redraw
    }

    /// Says that the state changed: the next frame is to be drawn.
    pub fn invalidate(&mut self) {
        self.redraw = true;
    }

    /// Whether the user asked for the program to be suspended; asked once per request.
    pub(super) fn take_suspension(&mut self) -> bool {
        std::mem::take(&mut self.suspend)
    }

    /// Whether everything is to be drawn anew, whatever the terminal is believed to show; asked once per request.
    pub(super) fn take_clearing(&mut self) -> bool {
        std::mem::take(&mut self.clear)
    }

    /// Draws the whole screen.
    pub fn draw(&mut self, frame: &mut Frame, state: &State) {
        self.redraw = false;
        let area = frame.area();
        self.draw_into(frame.buffer_mut(), area, state);
    }

    fn draw_into(&mut self, buffer: &mut Buffer, area: Rect, state: &State) {
        let Some(areas) = arrange(area, self.focus, self.page, self.zoomed) else {
            draw_too_small(buffer, area);
            return;
        };
        header::draw(buffer, areas.header, &self.view, state);
        for &(index, panel_area) in &areas.panels {
            let panel = &PANELS[index];
            let palette = self.view.palette;
            let border = if index == self.focus {
                palette.border_focused
            } else {
                palette.border
            };
            let title = format!(" {} {} ", index + 1, (panel.title)(&self.view, state));
            let title = ratatui::text::Span::styled(title, palette.title);
            let block = Block::bordered().border_style(border).title(title);
            let inside = block.inner(panel_area);
            block.render(panel_area, buffer);
            (panel.draw)(buffer, inside, &mut self.view, state);
        }
        if let Some(strip) = areas.strip {
            let shown: Vec<usize> = areas.panels.iter().map(|(index, _)| *index).collect();
            footer::draw_strip(buffer, strip, self.view.palette, self.focus, &shown);
        }
        match &self.hint {
            Some(hint) => {
                let style = self.view.palette.title;
                buffer.set_stringn(
                    areas.footer.x,
                    areas.footer.y,
                    hint,
                    usize::from(area.width),
                    style,
                );
            }
            None => footer::draw(buffer, areas.footer, self.view.palette, |action| {
                self.name_now(action, state)
            }),
        }
        if let Some(popup) = &mut self.popup {
            popup.draw(buffer, area, self.view.palette, state);
        }
    }

    /// What an event of the terminal leads to. Pastes and whatever else is no key do nothing.
    pub fn on_event(&mut self, event: Event, state: &State) -> Option<Message> {
        match event {
            Event::Resize(..) => {
                self.redraw = true;
                None
            }
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.redraw = true;
                self.hint = None;
                match self.popup {
                    Some(popup) => self.on_popup_key(popup, key),
                    None => keys::action(key).and_then(|action| self.perform(action, state)),
                }
            }
            _ => None,
        }
    }

    fn on_popup_key(&mut self, popup: Popup, key: KeyEvent) -> Option<Message> {
        let action = keys::action(key);
        if let Popup::Help(first) = popup {
            self.popup = match action {
                Some(Action::Down) => Some(Popup::Help(first.saturating_add(1))),
                Some(Action::Up) => Some(Popup::Help(first.saturating_sub(1))),
                Some(Action::HalfPageDown) => {
                    Some(Popup::Help(first.saturating_add(HALF_PAGE as usize)))
                }
                Some(Action::HalfPageUp) => {
                    Some(Popup::Help(first.saturating_sub(HALF_PAGE as usize)))
                }
                Some(Action::Last) => Some(Popup::Help(usize::MAX)),
                Some(Action::First) => Some(Popup::Help(0)),
                _ => None,
            };
            return None;
        }
        // Ctrl-C a second time means it.
        let insists = popup == Popup::Quit && action == Some(Action::Quit);
        let agrees = insists || matches!(key.code, KeyCode::Char('y' | 'Y') | KeyCode::Enter);
        let declines = matches!(key.code, KeyCode::Char('n' | 'N') | KeyCode::Esc)
            || (action == Some(Action::Quit) && !insists);
        if !agrees && !declines {
            return None;
        }
        self.popup = None;
        match popup {
            Popup::Quit if agrees => Some(Message::Quit),
            Popup::Cancel(trial) if agrees => Some(Message::Cancel(trial)),
            _ => None,
        }
    }

    fn perform(&mut self, action: Action, state: &State) -> Option<Message> {
        match action {
            Action::Down => self.step(1, state),
            Action::Up => self.step(-1, state),
            Action::HalfPageDown => self.step(HALF_PAGE, state),
            Action::HalfPageUp => self.step(-HALF_PAGE, state),
            Action::First => self.step(isize::MIN, state),
            Action::Last => self.step(isize::MAX, state),
            Action::NextPanel => self.focus_on((self.focus + 1) % PANELS.len()),
            Action::PreviousPanel => self.focus_on((self.focus + PANELS.len() - 1) % PANELS.len()),
            Action::Panel(index) => self.focus_on(index),
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Back => self.back(),
            Action::Palette => {
                self.view.palette = self.view.palette.next();
                self.hint = Some(format!("colours: {}", self.view.palette.name));
            }
            Action::Help => self.popup = Some(Popup::Help(0)),
            Action::Redraw => self.clear = true,
            Action::Suspend => self.suspend = true,
            Action::PauseStudy => return Some(Message::ToggleStudyPause),
            Action::Export => return Some(Message::Export),
            Action::PauseTrial | Action::Retry | Action::Cancel => {
                return self.act_on_trial(action, state);
            }
            Action::Quit if state.stopping || state.trials.iter().all(|t| t.state.is_over()) => {
                return Some(Message::Quit);
            }
            Action::Quit => self.popup = Some(Popup::Quit),
        }
        None
    }

    fn act_on_trial(&mut self, action: Action, state: &State) -> Option<Message> {
        let Some(trial) = self.view.selected(state) else {
            self.hint = Some("there is no trial yet".into());
            return None;
        };
        let (id, trial_state) = (trial.id, trial.state);
        let Some(message) = trial_message(action, trial) else {
            let verb = match action {
                Action::PauseTrial => "only running trials can be paused",
                Action::Retry => "only failed or cancelled trials can be tried again",
                _ => "it is over, so there is nothing to cancel",
            };
            self.hint = Some(format!("trial {id} is {}: {verb}", trial_state.label()));
            return None;
        };
        if let Message::Cancel(id) = message {
            self.popup = Some(Popup::Cancel(id));
            return None;
        }
        Some(message)
    }

    /// Moves the selection, or the log's lines where the log has the focus.
    fn step(&mut self, by: isize, state: &State) {
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
            self.view.chosen = Some(TrialId(moved(id.0 as usize, state.trials.len()) as u32));
        }
    }

    fn focus_on(&mut self, panel: usize) {
        self.focus = panel.min(PANELS.len() - 1);
        if PANELS[self.focus].group != Group::Study {
            self.page = PANELS[self.focus].group;
        }
    }

    /// One step out: of the zoom, of the panel, of the chosen trial.
    fn back(&mut self) {
        if self.zoomed {
            self.zoomed = false;
        } else if self.focus != 0 {
            self.focus_on(0);
        } else {
            self.view.chosen = None;
        }
    }

    /// What an action is called at this moment; none where it would do nothing.
    fn name_now(&self, action: Action, state: &State) -> Option<String> {
        let binding = BINDINGS.iter().find(|binding| binding.action == action)?;
        let name = match action {
            Action::PauseTrial | Action::Retry | Action::Cancel => {
                match trial_message(action, self.view.selected(state)?)? {
                    Message::Resume(_) => "resume",
                    _ => binding.name,
                }
            }
            Action::PauseStudy if state.study_paused => "resume study",
            Action::PauseStudy if state.is_complete() && !state.trials.is_empty() => return None,
            Action::Export if state.front.is_empty() => return None,
            Action::Zoom if self.zoomed => "unzoom",
            Action::Back if self.zoomed || self.focus != 0 => "back",
            Action::Back if self.view.chosen.is_some() => "follow",
            Action::Back => return None,
            _ => binding.name,
        };
        Some(name.to_owned())
    }
}

/// The message that an action on a trial stands for, if it makes sense in the trial's state.
fn trial_message(action: Action, trial: &Trial) -> Option<Message> {
    match (action, trial.state) {
        (Action::PauseTrial, TrialState::Running) => Some(Message::Pause(trial.id)),
        (Action::PauseTrial, TrialState::Paused) => Some(Message::Resume(trial.id)),
        (Action::Retry, TrialState::Failed | TrialState::Cancelled) => {
            Some(Message::Retry(trial.id))
        }
        (Action::Cancel, state) if !state.is_over() => Some(Message::Cancel(trial.id)),
        _ => None,
    }
}

fn draw_too_small(buffer: &mut Buffer, area: Rect) {
    Clear.render(area, buffer);
    let text = format!(
        "The screen is {}×{}; autopeft needs {LEAST_WIDTH}×{LEAST_HEIGHT}. It goes on working.",
        area.width, area.height
    );
    for (line, row) in wrapped(&text, usize::from(area.width))
        .iter()
        .zip(area.y..area.bottom())
    {
        buffer.set_stringn(
            area.x,
            row,
            line,
            usize::from(area.width),
            ratatui::style::Style::new(),
        );
    }
}
