//! What is wrong with a study file, told with the place and the line itself.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

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

/// Every mistake of a study file, in the order of the file.
#[derive(Debug)]
pub struct Mistakes {
    path: PathBuf,
    source: String,
    mistakes: Vec<Mistake>,
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
    /// Sorts the mistakes by place.
    pub(super) fn new(path: &Path, source: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.as_ref().map(|span| span.start));
        Self {
            path: path.to_owned(),
            source: source.to_owned(),
            mistakes,
        }
    }

    /// The mistakes, by place.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.mistakes.iter()
    }

    fn write(&self, mistake: &Mistake, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let Some(span) = &mistake.span else {
            write!(f, "{path}: {}", mistake.message)?;
            return self.write_help(&mistake.help, "", f);
        };
        let place = Place::of(&self.source, span);
        let Place { line, column, .. } = place;
        writeln!(f, "{path}:{line}:{column}: {}", mistake.message)?;
        let margin = " ".repeat(line.to_string().len());
        writeln!(f, "{margin} |")?;
        writeln!(f, "{line} | {}", place.text)?;
        write!(f, "{margin} | {}{}", place.indent, "^".repeat(place.width))?;
        self.write_help(&mistake.help, &margin, f)
    }

    fn write_help(&self, help: &[String], margin: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        help.iter()
            .try_for_each(|line| write!(f, "\n{margin} = {line}"))
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
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Where a span lies, and the line that shows it.
struct Place<'s> {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    text: &'s str,
    /// Blanks up to the first wrong character; tabs are kept so that the caret lines up.
    indent: String,
    width: usize,
}

impl<'s> Place<'s> {
    fn of(source: &'s str, span: &Range<usize>) -> Self {
        let start = source.floor_char_boundary(span.start);
        let end = source.floor_char_boundary(span.end.max(start));
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |newline| start + newline);
        let before = &source[line_start..start];
        let marked = &source[start..end.min(line_end).max(start)];
        Self {
            line: source[..start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            text: source[line_start..line_end].trim_end(),
            indent: before
                .chars()
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect(),
            width: marked.trim_end().chars().count().max(1),
        }
    }
}
