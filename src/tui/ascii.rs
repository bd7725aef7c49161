//! Plain ASCII in place of every other sign, for terminals and fonts without boxes and braille.
//!
//! The finished frame is translated cell by cell: no panel has to know, and none can forget.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

/// Whether the locale and the terminal can show more than ASCII. A locale that is not said is taken for a modern one.
pub fn draws_unicode() -> bool {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .filter(|value: &String| !value.is_empty())
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    unicode(locale.as_deref(), variable("TERM").as_deref())
}

fn unicode(locale: Option<&str>, terminal: Option<&str>) -> bool {
    let locale = locale.map(str::to_lowercase);
    let said = locale.is_none_or(|locale| locale.contains("utf-8") || locale.contains("utf8"));
    // The kernel's console knows UTF-8, but its fonts have neither braille nor most signs.
    said && terminal != Some("linux")
}

/// Replaces what is not ASCII in every cell.
pub(super) fn translate(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let sign = symbol.chars().next().map_or(' ', plain);
        // A sign of two columns stays one, and blank behind: its neighbour is hidden by it.
        let wide = symbol.width() > 1;
        cell.set_char(if wide { '?' } else { sign });
    }
}

fn plain(sign: char) -> char {
    match sign {
        '\u{2800}'..='\u{28ff}' => braille(sign as u32 - 0x2800),
        '─' | '–' | '━' => '-',
        '│' | '┃' | '‖' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '±' => '+',
        '◆' => '#',
        '●' | '○' => 'o',
        '·' => '.',
        '►' => '>',
        '✓' => 'v',
        '✗' | '×' => 'x',
        '∅' => '0',
        '…' => '~',
        '■' | '█' | '▉' | '▊' | '▋' | '▌' => '#',
        '▍' | '▎' | '▏' => ':',
        '▁' | '▂' => '_',
        '▃' | '▄' | '▅' => '=',
        '▆' | '▇' => '#',
        '↻' => '@',
        '↓' => 'v',
        '↑' => '^',
        '←' => '<',
        '→' => '>',
        'σ' => 's',
        '°' => '\'',
        _ => '?',
    }
}

/// A cell of 2 × 4 dots: which of its thirds is drawn on says which sign comes nearest.
fn braille(dots: u32) -> char {
    // Bits of a braille cell by its rows: 1 4, 2 5, 3 6, 7 8.
    let row = |mask: u32| dots & mask != 0;
    let (upper, middle, lower) = (row(0b0000_1001), row(0b0011_0110), row(0b1100_0000));
    match (upper, middle, lower) {
        (false, false, false) => ' ',
        (true, false, false) => '\'',
        (false, true, false) => '-',
        (false, false, true) => '.',
        (true, _, true) => '|',
        (true, true, false) => '"',
        (false, true, true) => ',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn the_locale_and_the_console_decide() {
        assert!(unicode(None, Some("xterm-256color")));
        assert!(unicode(Some("C.UTF-8"), None));
        assert!(unicode(Some("de_DE.utf8"), Some("tmux")));
        assert!(!unicode(Some("C"), Some("xterm")));
        assert!(!unicode(Some("C.UTF-8"), Some("linux")));
    }

    #[test]
    fn nothing_but_ascii_is_left_and_columns_stay() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, "┌─◆ ⠉⣀⢸ 日x", Style::new());
        translate(&mut buffer);
        let line: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert!(line.starts_with("+-# '.| ? x"), "{line}");
        assert!(line.is_ascii());
    }
}
