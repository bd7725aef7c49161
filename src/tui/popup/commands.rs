//! The palette of commands: any of them by its words, without its key.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tui_input::Input;

use super::framed;
use crate::tui::keymap::keys_text;
use crate::tui::keys::{Action, BINDINGS, Binding};
use crate::tui::prompt::{Typed, draw_line, edit, insert};
use crate::tui::view::{View, scrolled};

/// Width of the names before the explanations.
const NAME: usize = 18;

/// What is typed, and which command is chosen.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Commands {
    line: Input,
    chosen: usize,
    offset: usize,
}

/// What a key in the palette leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Choice {
    /// The palette stays.
    Open,
    /// It goes, and nothing is done.
    Nothing,
    /// It goes, and this is done.
    Do(Action),
}

impl Commands {
    pub(in crate::tui) fn on_key(&mut self, key: KeyEvent) -> Choice {
        let found = self.found();
        match key.code {
            KeyCode::Down | KeyCode::Tab => {
                self.chosen = (self.chosen + 1).min(found.len().saturating_sub(1))
            }
            KeyCode::Up | KeyCode::BackTab => self.chosen = self.chosen.saturating_sub(1),
            _ => match edit(&mut self.line, key) {
                Typed::On => self.chosen = 0,
                Typed::Abandoned => return Choice::Nothing,
                Typed::Accepted => {
                    return found
                        .get(self.chosen)
                        .map_or(Choice::Nothing, |b| Choice::Do(b.action));
                }
            },
        }
        Choice::Open
    }

    pub(in crate::tui) fn on_paste(&mut self, text: &str) {
        insert(&mut self.line, text);
        self.chosen = 0;
    }

    /// The commands that have every word typed; those whose name begins with it first.
    fn found(&self) -> Vec<&'static Binding> {
        let typed = self.line.value().to_lowercase();
        let has = |binding: &&Binding| {
            let text = format!("{} {} {}", binding.id, binding.name, binding.help).to_lowercase();
            // By the beginnings of its words: a few letters are to find a few commands.
            let mut words = typed.split_whitespace();
            words.all(|word| text.starts_with(word) || text.contains(&format!(" {word}")))
        };
        let mut found: Vec<&Binding> = BINDINGS.iter().filter(has).collect();
        found.sort_by_key(|binding| !binding.id.starts_with(typed.trim()));
        found
    }

    pub(in crate::tui) fn draw(&mut self, buffer: &mut Buffer, area: Rect, view: &View) {
        let palette = view.palette;
        let found = self.found();
        let height = BINDINGS.len() as u16 + 3;
        let inside = framed(
            buffer,
            area,
            palette,
            "Commands",
            90,
            height.min(area.height.saturating_sub(2)),
        );
        if inside.height < 2 {
            return;
        }
        buffer.set_string(inside.x, inside.y, ":", palette.key);
        let typed = Rect {
            x: inside.x + 1,
            width: inside.width.saturating_sub(1),
            height: 1,
            ..inside
        };
        draw_line(buffer, typed, &self.line);
        let list = Rect {
            y: inside.y + 1,
            height: inside.height - 1,
            ..inside
        };
        if found.is_empty() {
            buffer.set_stringn(
                list.x,
                list.y,
                "no such command",
                usize::from(list.width),
                palette.faint,
            );
        }
        let lines = usize::from(list.height);
        self.offset = scrolled(self.offset, self.chosen, found.len(), lines);
        let keys_of = |binding: &Binding| {
            let entry = view.keymap.entries().find(|(b, _)| b.id == binding.id);
            entry.map_or(String::new(), |(_, keys)| keys_text(keys))
        };
        let shown = found.iter().enumerate().skip(self.offset);
        for ((i, binding), row) in shown.zip(list.y..list.bottom()) {
            let line = Line::from(vec![
                Span::raw(format!("{:<NAME$}", binding.id)),
                Span::styled(format!("{:<16}", keys_of(binding)), palette.key),
                Span::raw(binding.help),
            ]);
            buffer.set_line(list.x, row, &line, list.width);
            if i == self.chosen {
                let whole = Rect {
                    y: row,
                    height: 1,
                    ..list
                };
                buffer.set_style(whole, palette.selected);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn choose(typed: &str, down: usize) -> Choice {
        let mut commands = Commands::default();
        let press = |code| KeyEvent::new(code, KeyModifiers::NONE);
        for character in typed.chars() {
            assert_eq!(
                commands.on_key(press(KeyCode::Char(character))),
                Choice::Open
            );
        }
        (0..down).for_each(|_| {
            commands.on_key(press(KeyCode::Down));
        });
        commands.on_key(press(KeyCode::Enter))
    }

    #[test]
    fn every_command_is_found_by_its_name() {
        for binding in BINDINGS {
            let chosen = (0..4).map(|down| choose(binding.id, down));
            assert!(
                chosen.into_iter().any(|c| c == Choice::Do(binding.action)),
                "{}",
                binding.id
            );
        }
        assert_eq!(choose("pareto front", 0), Choice::Do(Action::Panel(3)));
        assert_eq!(choose("no such thing", 0), Choice::Nothing);
        let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!(Commands::default().on_key(escape), Choice::Nothing);
    }
}
