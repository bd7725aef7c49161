//! Splits delimited text into records, strictly: what two readers would read differently is refused.

use std::borrow::Cow;
use std::path::Path;

use super::room::refuse_columns;
use super::{UTF8, bad_utf8, delimiter, wrong};
use crate::task::error::{Place, TaskError};

/// How fields and rows are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quoting: bool,
}

/// RFC 4180: a field in double quotes may hold commas, line ends and doubled quotes.
pub(super) const CSV: Dialect = Dialect {
    delimiter: b',',
    quoting: true,
};

/// As GLUE's own files: a quote is a character like any other, a field holds neither tab nor line end.
pub(super) const TSV: Dialect = Dialect {
    delimiter: b'\t',
    quoting: false,
};

/// The fields of one row, or of the header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record<'c> {
    /// Line that it begins in, from 1.
    pub(super) line: u64,
    /// Its fields, without their quotes.
    pub(super) fields: Vec<Cow<'c, [u8]>>,
}

/// Splits a file's bytes into records.
pub(super) struct Splitter<'c> {
    path: &'c Path,
    content: &'c [u8],
    dialect: Dialect,
    at: usize,
    line: u64,
    /// How many fields with content stood without quotes, by column.
    pub(super) unquoted: Vec<usize>,
}

impl<'c> Splitter<'c> {
    /// At the beginning of a file's content.
    pub(super) fn new(
        path: &'c Path,
        content: &'c [u8],
        dialect: Dialect,
    ) -> Result<Self, TaskError> {
        let returns = !dialect.quoting && content.contains(&b'\r') && !content.contains(&b'\n');
        if returns {
            let problem = "its lines end with carriage returns alone, as on old Macs; save it with line feeds";
            return Err(wrong(path, problem));
        }
        Ok(Self {
            path,
            content,
            dialect,
            at: 0,
            line: 1,
            unquoted: Vec::new(),
        })
    }

    /// The names in the first record; none in an empty file.
    pub(super) fn header(&mut self) -> Result<Vec<String>, TaskError> {
        if let Some(problem) = delimiter::note(self.content, self.dialect) {
            return Err(wrong(self.path, problem));
        }
        let record = match self.record() {
            Err(error) => {
                self.refuse_other_delimiter(&[])?;
                return Err(error);
            }
            Ok(record) => record,
        };
        self.unquoted.fill(0);
        let Some(Record { line, fields }) = record else {
            return Ok(Vec::new());
        };
        refuse_columns(self.path, fields.len())?;
        let name = |name: &Cow<'_, [u8]>| match std::str::from_utf8(name) {
            Ok(name) => Ok(name.to_owned()),
            Err(error) => Err(not_utf8(self.path, line, None, error)),
        };
        fields.iter().map(name).collect()
    }

    /// Names the delimiter of a file that has another than its format's; `wanted`: columns of which it would have one.
    pub(super) fn refuse_other_delimiter(&self, wanted: &[String]) -> Result<(), TaskError> {
        match delimiter::other(self.content, self.dialect, wanted) {
            Some(problem) => Err(wrong(self.path, problem)),
            None => Ok(()),
        }
    }

    /// The next record; none at the end. Empty lines are no records.
    pub(super) fn record(&mut self) -> Result<Option<Record<'c>>, TaskError> {
        while self.dialect.quoting && self.at < self.content.len() && self.ends_line() {
            self.end_line();
        }
        if !self.dialect.quoting {
            return Ok(self.plain_record());
        }
        if self.at == self.content.len() {
            return Ok(None);
        }
        let line = self.line;
        let mut fields = Vec::new();
        loop {
            let is_quoted = self.content.get(self.at) == Some(&b'"');
            let field = self.field()?;
            if self.unquoted.len() == fields.len() {
                self.unquoted.push(0);
            }
            self.unquoted[fields.len()] += usize::from(!is_quoted && !field.is_empty());
            fields.push(field);
            if self.ends_line() {
                self.end_line();
                return Ok(Some(Record { line, fields }));
            }
            self.at += 1;
        }
    }

    /// The next line that is not empty, split at every delimiter. A lone carriage return inside a field ends no row.
    fn plain_record(&mut self) -> Option<Record<'c>> {
        while self.at < self.content.len() {
            let rest = &self.content[self.at..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = self.line;
            self.at += (length + 1).min(rest.len());
            self.line += 1;
            let row = &rest[..length];
            let row = row.strip_suffix(b"\r").unwrap_or(row);
            if !row.is_empty() {
                let fields = row.split(|&byte| byte == self.dialect.delimiter);
                let fields = fields.map(Cow::Borrowed).collect();
                return Some(Record { line, fields });
            }
        }
        None
    }

    /// Whether a line, or the file, ends here.
    fn ends_line(&self) -> bool {
        matches!(self.content.get(self.at), None | Some(b'\n' | b'\r'))
    }

    /// Goes past the end of a line.
    fn end_line(&mut self) {
        let rest = &self.content[self.at..];
        self.at += if rest.starts_with(b"\r\n") {
            2
        } else {
            rest.len().min(1)
        };
        self.line += 1;
    }

    /// The field that begins here; afterwards a delimiter or the end of a line follows.
    fn field(&mut self) -> Result<Cow<'c, [u8]>, TaskError> {
        let start = self.at;
        if self.content.get(start) == Some(&b'"') {
            return self.quoted();
        }
        while !self.ends_line() && self.content[self.at] != self.dialect.delimiter {
            self.at += 1;
        }
        let field = &self.content[start..self.at];
        if field.trim_ascii_start().starts_with(b"\"") {
            let found = "a blank before the quote that opens a field";
            return Err(self.stray(self.line, found));
        }
        Ok(Cow::Borrowed(field))
    }

    fn quoted(&mut self) -> Result<Cow<'c, [u8]>, TaskError> {
        let opened = self.line;
        let mut field = Cow::Borrowed(&[][..]);
        self.at += 1;
        let mut start = self.at;
        loop {
            let rest = &self.content[start..];
            let Some(length) = memchr::memchr(b'"', rest) else {
                let lines = rest.iter().filter(|byte| **byte == b'\n').count();
                let all = match lines {
                    0 => "the rest of the file".to_owned(),
                    _ => format!("the {} lines to the end of the file", lines.max(1)),
                };
                return Err(open_quote(self.path, opened, &all));
            };
            let piece = &rest[..length];
            self.line += line_ends(piece);
            self.at = start + length + 1;
            let doubled = self.content.get(self.at) == Some(&b'"');
            let piece = if doubled { &rest[..=length] } else { piece };
            if field.is_empty() {
                field = Cow::Borrowed(piece);
            } else {
                field.to_mut().extend_from_slice(piece);
            }
            if !doubled {
                break;
            }
            self.at += 1;
            start = self.at;
        }
        if !self.ends_line() && self.content[self.at] != self.dialect.delimiter {
            return Err(match opened == self.line {
                true => self.stray(self.line, "text behind the quote that closes a field"),
                false => {
                    let until = format!(
                        "all to line {}, where text stands behind the next quote,",
                        self.line
                    );
                    open_quote(self.path, opened, &until)
                }
            });
        }
        Ok(field)
    }

    fn stray(&self, line: u64, found: &str) -> TaskError {
        TaskError::Row {
            path: self.path.to_owned(),
            row: Place::Line(line),
            column: None,
            found: found.to_owned(),
            expected: "a quote only around a whole field, and inside a quoted text written twice"
                .into(),
        }
    }
}

/// Line ends in a piece of text: `\n`, `\r\n` or `\r`.
fn line_ends(piece: &[u8]) -> u64 {
    let ends = |pair: (usize, &u8)| {
        *pair.1 == b'\n' || (*pair.1 == b'\r' && piece.get(pair.0 + 1) != Some(&b'\n'))
    };
    piece.iter().enumerate().filter(|pair| ends(*pair)).count() as u64
}

/// The error of a line that is no UTF-8.
pub(super) fn not_utf8(
    path: &Path,
    line: u64,
    column: Option<String>,
    error: std::str::Utf8Error,
) -> TaskError {
    TaskError::Row {
        path: path.to_owned(),
        row: Place::Line(line),
        column,
        found: bad_utf8(error),
        expected: UTF8.to_owned(),
    }
}

/// The error of a quote that is not closed where it should be.
fn open_quote(path: &Path, line: u64, swallowed: &str) -> TaskError {
    TaskError::Row {
        path: path.to_owned(),
        row: Place::Line(line),
        column: None,
        found: format!(
            "a quote that opens a field and is not closed: {swallowed} would be one text"
        ),
        expected: CLOSED.to_owned(),
    }
}

/// What is expected of quotes.
pub(super) const CLOSED: &str = "a closing quote before the end of the field; a quote inside a quoted text is written twice, and a text that begins with a quote is quoted as a whole";
