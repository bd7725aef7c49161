//! Text of unknown origin, made fit for a terminal, a log and a comment.

use std::fmt::Write;

/// The text with every character written out that a terminal would obey or nobody would see: control characters,
/// line ends, changes of direction, characters without width.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                // Writing to a text cannot fail.
                let _ = write!(shown, "\\u{:04x}", u32::from(hidden));
            }
            plain => shown.push(plain),
        }
    }
    shown
}

/// Whether a character changes what a terminal shows without being seen itself.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Names for a message, the first few of them.
pub(super) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 8;
    let all = names.len();
    let shown: Vec<String> = names
        .take(SHOWN)
        .map(|name| format!("`{}`", visible(name)))
        .collect();
    let more = match all.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let text = "a\u{1b}]0;title\u{7}\u{1b}[31mred\n[output]\u{202e}\u{9b}2J";
        let expected = "a\\u001b]0;title\\u0007\\u001b[31mred\\n[output]\\u202e\\u009b2J";
        assert_eq!(visible(text), expected);
        assert_eq!(visible("Grüße, 日本語 👍"), "Grüße, 日本語 👍");
    }

    #[test]
    fn a_long_list_says_how_many_more_there_are() {
        let names: Vec<String> = (0..11).map(|i| format!("n{i}")).collect();
        let text = listed(names.iter().map(String::as_str));
        assert!(
            text.starts_with("`n0`, `n1`") && text.ends_with("`n7` and 3 more"),
            "{text}"
        );
    }
}
