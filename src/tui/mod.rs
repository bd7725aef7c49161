//! The terminal screen: draws a snapshot of the state, turns keys into messages.
//!
//! ```text
//! crossterm event ──▶ keymap over keys (one table) ──▶ Screen::on_event ──▶ view changes, or an app::Message
//! &app::State ─────▶ layout (which panel goes where) ──▶ panels (one file each) ──▶ frame
//! ```
//!
//! Nothing here acts on the study: the only thing that leaves is a [`Message`](crate::app::Message).
//! A further panel is a file in `panels` and a line in its table.

mod ascii;
mod axis;
mod background;
mod capability;
mod filter;
mod format;
mod input;
mod keymap;
mod keys;
mod layout;
mod palette;
mod panels;
mod picture;
mod plot;
mod popup;
mod prompt;
mod screen;
mod surface;
mod taken;
mod terminal;
#[cfg(test)]
mod tests;
mod view;

pub use ascii::draws_unicode;
pub use background::{Background, PATIENCE as ANSWER_PATIENCE};
pub use capability::why_no_screen;
pub use input::{Input, input};
pub use keymap::{Keymap, Settings, SettingsError};
pub use palette::Palette;
pub use picture::picture;
pub use screen::Screen;
pub use taken::restore;
pub use terminal::Terminal;
