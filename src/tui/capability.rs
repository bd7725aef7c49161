//! Whether there is a terminal that a screen can be drawn on.

use std::fs::File;
use std::io::{self, IsTerminal};

use crate::streams;

/// Why no screen can be drawn here, in words that follow "because"; none where one can.
pub fn why_no_screen() -> Option<&'static str> {
    if !streams::output_is_terminal() {
        return Some("standard output is no terminal");
    }
    let kind = std::env::var("TERM").unwrap_or_default();
    if let Some(reason) = cannot_draw(&kind) {
        return Some(reason);
    }
    // Keys are read from standard input, or else from the terminal that controls the process.
    let has_keyboard = io::stdin().is_terminal() || File::open("/dev/tty").is_ok();
    (!has_keyboard).then_some(
        "there is no keyboard: standard input is no terminal, and none controls the process",
    )
}

/// What the terminal's kind says against a screen.
fn cannot_draw(kind: &str) -> Option<&'static str> {
    match kind {
        "dumb" => Some("the terminal cannot move its cursor (TERM is `dumb`)"),
        "" => Some("nothing says what the terminal can do (TERM is not set)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_move_its_cursor_gets_no_screen() {
        assert!(cannot_draw("dumb").is_some_and(|reason| reason.contains("dumb")));
        assert!(cannot_draw("").is_some_and(|reason| reason.contains("TERM")));
        for kind in ["xterm-256color", "tmux-256color", "linux", "screen"] {
            assert_eq!(cannot_draw(kind), None);
        }
    }
}
