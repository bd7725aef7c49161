//! The screen as a whole: what it remembers, and how a frame comes about.

mod events;
mod mouse;
mod moving;
mod naming;
mod typing;

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

use super::ascii;
use super::background::Background;
use super::format::wrapped;
use super::keymap::Settings;
use super::layout::{LEAST_HEIGHT, LEAST_WIDTH, arrange};
use super::palette::Palette;
use super::panels::{Group, PANELS, footer, header};
use super::popup::Popup;
use super::prompt::Prompt;
use super::view::{Target, View};
use crate::app::State;

/// The view: everything that the screen remembers and the study does not.
#[derive(Debug)]
pub struct Screen {
    view: View,
    /// Index of the panel that has the focus.
    focus: usize,
    /// The group that a small screen shows below the trials.
    page: Group,
    zoomed: bool,
    /// Panels that the user does not want to see; never the one with the focus.
    hidden: BTreeSet<usize>,
    popup: Option<Popup>,
    prompt: Option<Prompt>,
    /// The answer to the last key, where it did nothing to be seen.
    hint: Option<String>,
    /// The state as it was when the user froze the picture.
    frozen: Option<Box<State>>,
    /// Whether neither the settings nor the user chose the colours.
    colours_open: bool,
    redraw: bool,
    clear: bool,
    suspend: bool,
    copy: Option<String>,
}

impl Screen {
    /// A screen that follows the running trial.
    pub fn new(settings: impl Into<Settings>) -> Self {
        let settings = settings.into();
        Self {
            focus: 0,
            page: Group::Trial,
            zoomed: false,
            hidden: settings.hidden.clone(),
            colours_open: settings.palette.is_none(),
            view: View::new(settings),
            popup: None,
            prompt: None,
            hint: None,
            frozen: None,
            redraw: true,
            clear: false,
            suspend: false,
            copy: None,
        }
    }

    /// Looks at a study on which another program works: asks nothing of the study from now on.
    pub fn watch(&mut self) {
        self.view.watching = true;
    }

    /// Takes the colours for what is behind the text, unless they were chosen.
    pub fn suit(&mut self, background: Background) {
        if self.colours_open {
            self.view.palette = Palette::for_background(Some(background));
            self.redraw = true;
        }
    }

    /// Says that the terminal began something that it does not end, which keys would be part of.
    pub fn tell_unfinished(&mut self) {
        self.hint =
            Some("the terminal sent half a sequence or paste; Esc or Ctrl-C drops it".into());
        self.redraw = true;
    }

    /// Whether anything changed since the last drawing, as far as the screen was told.
    pub fn needs_redraw(&self) -> bool {
        self.redraw
    }

    /// Says that the state changed: the next frame is to be drawn.
    pub fn invalidate(&mut self) {
        self.redraw = true;
    }

    /// Has the program suspended with the next frame.
    pub fn suspend(&mut self) {
        self.suspend = true;
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

    /// What is to be put into the clipboard; asked once per request.
    pub(super) fn take_copy(&mut self) -> Option<String> {
        self.copy.take()
    }

    /// The colours.
    pub(super) fn palette(&self) -> Palette {
        self.view.palette
    }

    /// Whether the terminal is to tell of the mouse.
    pub(super) fn wants_mouse(&self) -> bool {
        self.view.mouse
    }

    /// Draws the whole screen.
    pub fn draw(&mut self, frame: &mut Frame, state: &State) {
        let area = frame.area();
        self.draw_on(frame.buffer_mut(), area, state);
    }

    pub(super) fn draw_on(&mut self, buffer: &mut Buffer, area: Rect, state: &State) {
        self.redraw = false;
        let frozen = self.frozen.take();
        self.draw_into(buffer, area, frozen.as_deref().unwrap_or(state));
        self.frozen = frozen;
    }

    fn draw_into(&mut self, buffer: &mut Buffer, area: Rect, state: &State) {
        self.view.targets.clear();
        match arrange(area, self.focus, self.page, self.zoomed, &self.hidden) {
            None => draw_too_small(buffer, area),
            Some(areas) => {
                if let Some(filter) = &mut self.view.filter {
                    filter.refresh(state);
                }
                header::draw(buffer, areas.header, &self.view, state);
                for &(index, panel_area) in &areas.panels {
                    self.draw_panel(buffer, panel_area, index, state);
                }
                if let Some(strip) = areas.strip {
                    let shown: Vec<usize> = areas.panels.iter().map(|(index, _)| *index).collect();
                    let (focus, hidden) = (self.focus, &self.hidden);
                    footer::draw_strip(buffer, strip, &mut self.view, focus, &shown, hidden);
                }
                self.draw_footer(buffer, areas.footer, state);
                if let Some(popup) = &mut self.popup {
                    popup.draw(buffer, area, &self.view, state);
                }
            }
        }
        if self.view.ascii {
            ascii::translate(buffer);
        }
    }

    fn draw_panel(&mut self, buffer: &mut Buffer, area: Rect, index: usize, state: &State) {
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
        let inside = block.inner(area);
        block.render(area, buffer);
        self.view.targets.push((area, Target::Panel(index)));
        (panel.draw)(buffer, inside, &mut self.view, state);
    }

    fn draw_footer(&self, buffer: &mut Buffer, area: Rect, state: &State) {
        let palette = self.view.palette;
        match (&self.prompt, &self.hint) {
            (Some(prompt), _) => prompt.draw(buffer, area, palette, state),
            (None, Some(hint)) => {
                let width = usize::from(area.width);
                buffer.set_stringn(area.x, area.y, hint, width, palette.title);
            }
            (None, None) => footer::draw(buffer, area, &self.view, |action| {
                self.name_now(action, state)
            }),
        }
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
