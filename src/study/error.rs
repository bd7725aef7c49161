//! What is wrong with a study file, told with the place and the line itself.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

use crate::visible::visible;

/// A study file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The file cannot be read.
    #[error("cannot read the study file {path}: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The file was read and holds mistakes.
    #[error(transparent)]
    Invalid(#[from] Mistakes),
}

/// No more mistakes of a file are told: whoever has more has another file in mind.
pub(super) const MOST_TOLD: usize = 20;

/// A line of a message is no longer, in characters; what is more is text of the file itself.
const LONGEST_LINE: usize = 1000;

/// The mistakes of a study file in its order, the first of them where they are many.
#[derive(Debug)]
pub struct Mistakes {
    path: PathBuf,
    source: String,
    mistakes: Vec<Mistake>,
    /// How many more there are.
    more: usize,
}

/// One mistake: what was found, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Bytes of the source that are wrong; none where something is missing from the file as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong, with what was found.
    pub message: String,
    /// What is allowed and what to do, a line each.
    pub help: Vec<String>,
}

impl Mistakes {
    /// Sorts the mistakes by place; `more`: how many there are besides these.
    pub(super) fn new(path: &Path, source: &str, mut mistakes: Vec<Mistake>, more: usize) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.as_ref().map(|span| span.start));
        let more = more + mistakes.len().saturating_sub(MOST_TOLD);
        mistakes.truncate(MOST_TOLD);
        Self {
            path: path.to_owned(),
            source: source.to_owned(),
            mistakes,
            more,
        }
    }

    /// The mistakes that are told, by place.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.mistakes.iter()
    }

    fn write(&self, mistake: &Mistake, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = visible(&self.path.to_string_lossy());
        let message = visible(&cut(&mistake.message, LONGEST_LINE));
        let Some(span) = &mistake.span else {
            write!(f, "{path}: {message}")?;
            return self.write_help(&mistake.help, "", f);
        };
        let place = Place::of(&self.source, span);
        let Place { line, column, .. } = place;
        writeln!(f, "{path}:{line}:{column}: {message}")?;
        let margin = " ".repeat(line.to_string().len());
        writeln!(f, "{margin} |")?;
        writeln!(f, "{line} | {}", place.text)?;
        write!(f, "{margin} | {}{}", place.indent, "^".repeat(place.width))?;
        self.write_help(&mistake.help, &margin, f)
    }

    fn write_help(&self, help: &[String], margin: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        help.iter()
            .try_for_each(|line| write!(f, "\n{margin} = {}", visible(&cut(line, LONGEST_LINE))))
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.mistakes.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            self.write(mistake, f)?;
        }
        match self.more {
            0 => Ok(()),
            1 => f.write_str("\n\nand 1 more mistake"),
            more => write!(f, "\n\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for Mistakes {}

/// A text of the file, for a message: its beginning where it is long.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    cut(text, LONGEST)
}

/// The first characters of a text, and a mark where there are more.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Where a span lies, and what of its line shows it.
struct Place {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    /// The line, or what is around the span in a long one, as it is shown: tabs as blanks, and what a terminal would obey
    /// written out.
    text: String,
    /// Blanks up to the first wrong character.
    indent: String,
    width: usize,
}

impl Place {
    fn of(source: &str, span: &Range<usize>) -> Self {
        /// Characters that are shown before the wrong ones, and from their first on.
        const BEFORE: usize = 100;
        const AFTER: usize = 100;
        let start = source.floor_char_boundary(span.start);
        let end = source.floor_char_boundary(span.end.max(start));
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |newline| start + newline);
        let before = &source[line_start..start];
        let marked = &source[start..end.min(line_end).max(start)];
        let column = before.chars().count() + 1;
        let is_far = column > BEFORE + 1;
        let shown_before: String = match is_far {
            true => "…"
                .chars()
                .chain(before.chars().skip(column - 1 - BEFORE))
                .collect(),
            false => before.to_owned(),
        };
        let shown_before = shown(&shown_before);
        let shown_after = shown(&cut(source[start..line_end].trim_end(), AFTER));
        let width = shown(&cut(marked.trim_end(), AFTER)).width().max(1);
        Self {
            line: source[..start].matches('\n').count() + 1,
            column,
            indent: " ".repeat(shown_before.width()),
            width: width.min(shown_after.width().max(1)),
            text: format!("{shown_before}{shown_after}").trim_end().to_owned(),
        }
    }
}

/// Part of a source line.
fn shown(text: &str) -> String {
    visible(&text.replace('\t', "    "))
}
