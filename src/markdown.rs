//! Text of others in Markdown: it is shown as it stands, and means nothing.

use std::fmt::Write;

use crate::visible::visible;

/// The text inside a paragraph, an item, a heading or the cell of a table. Whatever it says, it begins no heading, list,
/// cell, code, link, picture, formula or HTML. A line end in it is shown as [`visible`] shows it.
pub fn text(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    let number = text.find(|c: char| !c.is_ascii_digit());
    let mut before = None;
    for (at, character) in text.char_indices() {
        let rest = &text[at..];
        let after = rest.chars().nth(1);
        let is_inside_word = [before, after]
            .iter()
            .all(|c| c.is_some_and(char::is_alphanumeric));
        match character {
            '_' if is_inside_word => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '#' | '~' | '^' => {
                out.extend(['\\', character]);
            }
            // Those that not every dialect takes a backslash for, and those that HTML has a meaning for.
            '<' | '>' | '&' | '|' | '$' | '@' => entity(character, &mut out),
            // What some dialects make links of.
            ':' if rest.starts_with("://") => entity(':', &mut out),
            '.' if out.to_ascii_lowercase().ends_with("www") => entity('.', &mut out),
            // What begins a list, a line or a block of code where it comes first.
            '-' | '+' | '=' if at == 0 => out.extend(['\\', character]),
            '.' | ')' if number == Some(at) && at > 0 && after.is_none_or(|c| c == ' ') => {
                out.extend(['\\', character]);
            }
            ' ' if at == 0 => entity(' ', &mut out),
            plain => out.push(plain),
        }
        before = Some(character);
    }
    out
}

fn entity(character: char, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(out, "&#{};", u32::from(character));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_value_says_means_nothing() {
        for (value, expected) in [
            (
                "bert-base-uncased, sst_2 (a. b)",
                "bert-base-uncased, sst_2 (a. b)",
            ),
            ("a\n# b", r"a\\n\# b"),
            ("![x](http://evil/x.png)", r"!\[x\](http&#58;//evil/x.png)"),
            ("<img src=x>&lt;", "&#60;img src=x&#62;&#38;lt;"),
            (
                "`a` | *b* __c__ ~~d~~",
                r"\`a\` &#124; \*b\* \_\_c\_\_ \~\~d\~\~",
            ),
            ("---", r"\---"),
            ("3.25", "3.25"),
            ("+ a", r"\+ a"),
            ("12. a", r"12\. a"),
            ("1) a", r"1\) a"),
            ("    code", "&#32;   code"),
            ("$$x$$ {#id}", r"&#36;&#36;x&#36;&#36; \{\#id\}"),
            (
                "www.evil.example me@evil.example",
                "www&#46;evil.example me&#64;evil.example",
            ),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    /// The rules of CommonMark for what may stand in a line without a meaning.
    fn means_nothing(written: &str) -> bool {
        let mut characters = written.chars().peekable();
        let mut before = ' ';
        while let Some(character) = characters.next() {
            match character {
                // A backslash takes the meaning of the punctuation after it.
                '\\' => match characters.next() {
                    Some(next) if next.is_ascii_punctuation() => {}
                    _ => return false,
                },
                '&' => {
                    let entity: String = characters.by_ref().take_while(|c| *c != ';').collect();
                    if entity
                        .strip_prefix('#')
                        .is_none_or(|n| n.parse::<u32>().is_err())
                    {
                        return false;
                    }
                }
                '_' if before.is_alphanumeric()
                    && characters.peek().is_some_and(|c| c.is_alphanumeric()) => {}
                '`' | '*' | '_' | '[' | ']' | '{' | '}' | '#' | '~' | '^' | '<' | '>' | '|'
                | '$' | '@' | '\n' | '\r' | '\t' => return false,
                _ => {}
            }
            before = character;
        }
        let digits = written.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_numbered = digits.len() < written.len()
            && [". ", ") "]
                .iter()
                .any(|mark| format!("{digits} ").starts_with(mark));
        !is_numbered && !written.starts_with([' ', '-', '+', '=']) && !written.contains("://")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn no_text_is_markup(
            value in "[-`*_\\[\\](){}#~^<>&|$@:./!+=\\\\ \n\ta1Zé\"']{0,24}",
            any in any::<String>(),
        ) {
            for value in [value, any] {
                prop_assert!(means_nothing(&text(&value)), "{value:?}: {}", text(&value));
            }
        }
    }
}
