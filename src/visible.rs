//! Text of others, made fit for a terminal, a log, a comment and a quoted value.
//!
//! Labels, names of columns and files, texts of trials and what libraries say of them come from elsewhere. A terminal
//! obeys what stands in them: control characters move the cursor, set its title or its clipboard, line ends begin rows
//! that look like ours, characters for the direction of writing reorder what people read, and others are not seen at
//! all. What is shown as plain text goes through [`visible`], or line by line through [`Lines`].

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthChar;

/// So many marks stand over one letter in the scripts that pile them up.
const MARKS: usize = 4;

/// The text on one line: every character that a terminal would obey or nobody would see is written out, in the form
/// that JSON has for it. Line ends are never real.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // A mark at the start would stand over what comes before the text.
    let (mut letter, mut marks) = (None, MARKS);
    let mut ahead = text.chars().peekable();
    while let Some(character) = ahead.next() {
        let joins = is_joiner(character)
            && marks <= MARKS
            && letter.is_some_and(is_joinable)
            && ahead.peek().copied().is_some_and(is_joinable);
        if character.width() != Some(0) {
            (letter, marks) = (Some(character), 0);
        } else if !is_joiner(character) {
            marks += 1;
        }
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if (is_hidden(hidden) && !joins) || marks > MARKS => {
                write_out(hidden, &mut shown);
            }
            plain => shown.push(plain),
        }
    }
    shown
}

/// The same for a text whose line ends are ours, such as JSON in several lines: they stay.
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// `\u0007`, and two of these where one does not suffice.
fn write_out(character: char, shown: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a text cannot fail.
        let _ = write!(shown, "\\u{unit:04x}");
    }
}

/// The text as a quoted value on one line, as TOML, YAML and Python read it. What [`visible`] writes out is written out
/// here too, and is read as what it was.
pub fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                let code = u32::from(hidden);
                // Writing to a text cannot fail.
                let _ = match code {
                    ..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

/// Whether a character changes what a terminal shows without being seen itself: control characters, Unicode's
/// formatting characters, its separators of lines and paragraphs, fillers without ink, and its tags.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e00ff}'
        )
}

/// The two characters that join letters or keep them apart, in scripts that need them and in emoji.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Whether it is of a script that joins, as none before Hebrew's place in Unicode does, or an emoji.
fn is_joinable(character: char) -> bool {
    character >= '\u{590}' && !is_hidden(character) && character.width() != Some(0)
}

/// Writes lines, each by one `writeln!`: whatever line ends are in what it says, only its own is real.
pub struct Lines<W>(pub W);

impl<W: Write> Lines<W> {
    /// What `write!` and `writeln!` call.
    ///
    /// # Errors
    /// Where the line cannot be written.
    pub fn write_fmt(&mut self, line: fmt::Arguments<'_>) -> fmt::Result {
        self.0.write_str(&one_line(line))
    }
}

/// A line of `writeln!`, its values visible and its own end real.
pub fn one_line(line: fmt::Arguments<'_>) -> String {
    let line = line.to_string();
    match line.strip_suffix('\n') {
        Some(line) => visible(line) + "\n",
        None => visible(&line),
    }
}

/// Names for a message, the first few of them.
pub(crate) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
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
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let text = "a\u{1b}]0;title\u{7}\u{1b}[31mred\n[output]\u{202e}\u{9b}2J\u{e0041}";
        let expected =
            "a\\u001b]0;title\\u0007\\u001b[31mred\\n[output]\\u202e\\u009b2J\\udb40\\udc41";
        assert_eq!(visible(text), expected);
        assert_eq!(visible_lines("a\r\nb\u{2028}c\n"), "a\\r\nb\\u2028c\n");
        for shown in [
            "Grüße, 日本語 👍",
            "👩\u{200d}🔬",
            "می\u{200c}خواهم",
            "e\u{301}\u{323}",
            "❤\u{fe0f}\u{200d}🔥",
        ] {
            assert_eq!(visible(shown), shown);
        }
    }

    #[test]
    fn what_nobody_would_see_is_written_out() {
        assert_eq!(visible("yes\u{200d}"), "yes\\u200d");
        assert_eq!(visible("y\u{200c}es"), "y\\u200ces");
        assert_eq!(visible("\u{301}a"), "\\u0301a");
        let piled = format!("a{}", "\u{301}".repeat(6));
        assert_eq!(
            visible(&piled),
            "a\u{301}\u{301}\u{301}\u{301}\\u0301\\u0301"
        );
        assert_eq!(visible("a\u{3164}\u{ad}\u{feff}"), "a\\u3164\\u00ad\\ufeff");
    }

    #[test]
    fn a_line_has_one_end() {
        let mut out = Lines(String::new());
        let (name, value) = ("a\nb", "c\n");
        writeln!(out, "{name}: {value}").unwrap();
        writeln!(out).unwrap();
        assert_eq!(out.0, "a\\nb: c\\n\n\n");
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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            let shown = visible(&text);
            prop_assert!(shown.chars().all(|c| !is_hidden(c) || is_joiner(c)), "{shown:?}");
            prop_assert_eq!(visible(&shown), shown);
        }

        #[test]
        fn objects_stay_objects(text in any::<String>()) {
            let object = serde_json::json!({ "label": text });
            let read: serde_json::Value = serde_json::from_str(&visible(&object.to_string())).unwrap();
            prop_assert_eq!(read, object);
        }

        #[test]
        fn a_quoted_text_is_read_as_what_it_was(text in any::<String>()) {
            let quoted = quoted(&text);
            prop_assert!(quoted.chars().all(|c| !is_hidden(c)), "{quoted:?}");
            let read: toml::Table = format!("key = {quoted}\n").parse().unwrap();
            prop_assert_eq!(read["key"].as_str(), Some(text.as_str()));
        }
    }
}
