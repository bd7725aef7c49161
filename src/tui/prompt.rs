//! The line at the bottom while something is typed: a filter, a note, a configuration.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};
use unicode_width::UnicodeWidthStr;

use super::format::percent;
use super::keys::Key;
use super::palette::Palette;
use crate::app::State;
use crate::domain::{Configuration, TrialId};

/// A text is typed no longer than this.
const LONGEST: usize = 400;

/// What is typed, and what for.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    pub(super) purpose: Purpose,
    line: Input,
}

/// What a line is typed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The trials to show; takes effect while typed.
    Filter,
    /// A line beside the trial.
    Note(TrialId),
    /// The configuration of a further trial.
    Add,
}

/// Where typing stands after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// It goes on.
    On,
    /// The line is meant as it is.
    Accepted,
    /// It is not to be.
    Abandoned,
}

impl Prompt {
    /// Begins with `text`, the cursor behind it.
    pub(super) fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            line: Input::new(text.to_owned()),
        }
    }

    pub(super) fn text(&self) -> &str {
        self.line.value()
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) -> Typed {
        edit(&mut self.line, key)
    }

    pub(super) fn on_paste(&mut self, text: &str) {
        insert(&mut self.line, text);
    }

    /// The configuration typed, or what is wrong with it.
    pub(super) fn configuration(&self, state: &State) -> Result<Configuration, String> {
        let typed: Configuration = self.text().parse().map_err(|error| format!("{error}"))?;
        state.study.space.admit(&typed)
    }

    /// Draws the line; at the right what it would do.
    pub(super) fn draw(&self, buffer: &mut Buffer, area: Rect, palette: Palette, state: &State) {
        if area.is_empty() {
            return;
        }
        let (label, verdict) = match self.purpose {
            Purpose::Filter => ("/".to_owned(), String::new()),
            Purpose::Note(trial) => (format!("note on {trial}: "), String::new()),
            Purpose::Add => {
                let verdict = match self.configuration(state) {
                    Ok(typed) => {
                        let share = state.study.space.parameters_percent(&typed);
                        format!("{} parameters, Enter adds it", percent(share))
                    }
                    Err(wrong) => wrong,
                };
                ("add: ".to_owned(), verdict)
            }
        };
        buffer.set_style(area, Style::reset());
        blank(buffer, area);
        let width = usize::from(area.width);
        buffer.set_stringn(area.x, area.y, &label, width, palette.key);
        let start = area.x + (label.width() as u16).min(area.width);
        let place = Rect {
            x: start,
            width: area.right() - start,
            ..area
        };
        let free = draw_line(buffer, place, &self.line);
        if usize::from(free) > 3 {
            let room = usize::from(free) - 2;
            let verdict = super::format::fitted(&verdict, room);
            let at = area.right() - verdict.width() as u16;
            buffer.set_string(at, area.y, verdict, palette.faint);
        }
    }
}

/// Changes a line by a key, as a shell would.
pub(super) fn edit(line: &mut Input, key: KeyEvent) -> Typed {
    // With Alt a key is another one; only that for a word is known.
    if key.modifiers.contains(KeyModifiers::ALT) && key.code != KeyCode::Backspace {
        return Typed::On;
    }
    let ends = Key::of(key).is_some_and(|key| key.control && key.code == KeyCode::Char('c'));
    match key.code {
        KeyCode::Enter => return Typed::Accepted,
        KeyCode::Esc => return Typed::Abandoned,
        _ if ends => return Typed::Abandoned,
        KeyCode::Char(_)
            if line.value().len() >= LONGEST && Key::of(key).is_some_and(|k| !k.control) => {}
        _ => {
            line.handle_event(&Event::Key(key));
        }
    }
    Typed::On
}

/// Types a paste: one line, without control characters.
pub(super) fn insert(line: &mut Input, text: &str) {
    let visible = text
        .chars()
        .map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    for character in visible.filter(|c| !c.is_control()) {
        if line.value().len() >= LONGEST {
            return;
        }
        line.handle(InputRequest::InsertChar(character));
    }
}

/// Draws a line with its cursor, scrolled so that the cursor is seen; the columns left free behind it.
pub(super) fn draw_line(buffer: &mut Buffer, area: Rect, line: &Input) -> u16 {
    if area.is_empty() {
        return 0;
    }
    let scroll = line.visual_scroll(usize::from(area.width) - 1);
    let mut skipped = 0;
    let shown: String = line
        .value()
        .chars()
        .skip_while(|c| {
            let before = skipped;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            before < scroll
        })
        .collect();
    let (end, _) = buffer.set_stringn(area.x, area.y, shown, usize::from(area.width), Style::new());
    let cursor = area.x + (line.visual_cursor() - scroll) as u16;
    if cursor < area.right() {
        let reversed = Style::new().add_modifier(ratatui::style::Modifier::REVERSED);
        buffer.set_style(
            Rect {
                x: cursor,
                width: 1,
                ..area
            },
            reversed,
        );
    }
    area.right().saturating_sub(end.max(cursor + 1))
}

fn blank(buffer: &mut Buffer, area: Rect) {
    let row = " ".repeat(usize::from(area.width));
    buffer.set_string(area.x, area.y, row, Style::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell_and_takes_pastes_as_one_line() {
        let mut prompt = Prompt::new(Purpose::Filter, "score");
        let mut press = |code, modifiers| prompt.on_key(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('>'), KeyModifiers::NONE), Typed::On);
        assert_eq!(press(KeyCode::Char('q'), KeyModifiers::NONE), Typed::On);
        assert_eq!(press(KeyCode::Backspace, KeyModifiers::NONE), Typed::On);
        assert_eq!(press(KeyCode::Enter, KeyModifiers::NONE), Typed::Accepted);
        assert_eq!(press(KeyCode::Esc, KeyModifiers::NONE), Typed::Abandoned);
        assert_eq!(
            press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Typed::Abandoned
        );
        prompt.on_paste("0.8\n\u{1b}[2Jfront");
        assert_eq!(prompt.text(), "score>0.8 [2Jfront");
        prompt.on_key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(prompt.text(), "");
        prompt.on_paste(&"x".repeat(5000));
        prompt.on_key(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE));
        assert_eq!(prompt.text().len(), LONGEST);
    }
}
