//! The edge to standard output and standard error.
//!
//! Column names, labels, file names and what libraries say come from elsewhere. A terminal obeys what stands in them:
//! control characters move the cursor, set its title or its clipboard, and characters for the direction of writing
//! reorder what people read. Everything printed goes through [`Visible`], which shows them as escapes.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use autopeft::streams;

/// Standard output, with what a terminal would obey made visible. Once nobody reads it, the rest is passed over.
pub(crate) fn out() -> Visible<streams::Output> {
    Visible(streams::output())
}

/// The same, and an error once nobody reads it any more.
pub(crate) fn live_out() -> Visible<streams::Output> {
    Visible(streams::live_output())
}

/// A line on standard error, as [`out`] would show it. Where nobody is there to read it, nothing happens.
pub(crate) fn tell(line: impl fmt::Display) {
    let _ = writeln!(Visible(streams::error()), "{line}");
}

/// A question on standard error; the answer stands behind it.
pub(crate) fn prompt(question: impl fmt::Display) {
    let _ = write!(Visible(streams::error()), "{question}");
}

/// Writes text with control characters and those for the direction of writing as escapes. Line ends and tabs stay.
pub(crate) struct Visible<W>(pub(crate) W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Formatted text arrives in whole characters.
        self.0
            .write_all(visible(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text with escapes in the form that JSON has for them too.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_obeyed(character) {
            // Writing to a text cannot fail.
            true => drop(write!(shown, "\\u{:04x}", u32::from(character))),
            false => shown.push(character),
        }
    }
    shown
}

/// Whether a terminal does something else with it than to show it.
fn is_obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Unicode's Bidi_Control, and the separators that some terminals take for line ends.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    fn shown(text: &str) -> String {
        let mut out = Vec::new();
        write!(Visible(&mut out), "{text}").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_an_escape() {
        assert_eq!(
            shown("te\u{1b}]0;title\u{7}\u{1b}[2Jxt\r"),
            "te\\u001b]0;title\\u0007\\u001b[2Jxt\\u000d"
        );
        assert_eq!(
            shown("\u{9b}31m \u{202e}abc\u{2069}"),
            "\\u009b31m \\u202eabc\\u2069"
        );
        assert_eq!(
            shown("Zürich, 東京, 👩‍🔬\n\ta line"),
            "Zürich, 東京, 👩‍🔬\n\ta line"
        );
    }

    #[test]
    fn objects_stay_objects() {
        let object = serde_json::json!({ "label": "a\u{1b}b\u{9b}c\u{202e}d\ne" });
        let read: serde_json::Value = serde_json::from_str(&shown(&object.to_string())).unwrap();
        assert_eq!(read, object);
    }
}
