//! From bytes to records.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;

use super::line::{self, Fault};
use super::{FORMAT_VERSION, JournalError, Stamped};

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Its records, oldest first.
    pub records: Vec<Stamped>,
    /// Bytes of whole lines, from the beginning.
    pub bytes: u64,
    /// An unfinished batch at the end, which counts for nothing.
    pub torn_tail: Option<TornTail>,
}

/// The unfinished end of a journal: what was being written when the machine or the program stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where it begins.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// As much of any version's record as is needed to know the version.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The text of one record in a journal.
struct Text {
    range: Range<usize>,
    /// Index of its line.
    line: usize,
}

/// How a text in UTF-8 may begin that another program has saved.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// How a text in UTF-16 begins.
const MARKS_OF_UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// The records of a journal; `path` names it in errors.
///
/// # Errors
/// Damage before the last line; records or formats of a later program; another encoding; no journal at all.
pub fn replay(bytes: &[u8], path: &Path) -> Result<History, JournalError> {
    if MARKS_OF_UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
        let path = path.to_owned();
        return Err(JournalError::Utf16 { path });
    }
    let (texts, lines) = texts(bytes);
    // Reading is most of the time that a long journal takes to open, and no record needs another.
    let decoded: Vec<_> = texts
        .par_iter()
        .map(|text| line::decode(&bytes[text.range.clone()]))
        .collect();
    let mut records: Vec<Stamped> = Vec::with_capacity(texts.len());
    // The line of the latest record, and the records before that line.
    let (mut line, mut before) = (0, 0);
    let whole = lines.last().map_or(0, |line| line.end + 1);
    let mut read = texts.iter().zip(decoded);
    while let Some((text, decoded)) = read.next() {
        if text.line > line {
            (line, before) = (text.line, records.len());
        }
        let Range { start, end } = lines[line];
        match decoded {
            Ok(stamped) => match stamped.record.format() {
                Some(format) if format > FORMAT_VERSION => return Err(newer(format, path)),
                _ => records.push(stamped),
            },
            Err(Fault::Damaged(_)) if end + 1 == bytes.len() => {
                records.truncate(before);
                return history(records, start, bytes, path);
            }
            Err(Fault::Damaged(what)) => {
                let behind = read.filter(|(text, decoded)| text.line > line && decoded.is_ok());
                return Err(JournalError::Damaged {
                    path: path.to_owned(),
                    offset: start as u64,
                    line: line + 1,
                    what,
                    intact: before,
                    after: behind.count(),
                });
            }
            Err(Fault::Unknown(source)) => {
                return Err(match later_format(&bytes[text.range.clone()]) {
                    Some(format) => newer(format, path),
                    None => JournalError::Unknown {
                        path: path.to_owned(),
                        offset: start as u64,
                        line: line + 1,
                        source,
                    },
                });
            }
        }
    }
    history(records, whole, bytes, path)
}

/// The records of the first `whole` bytes, and what follows as a torn tail. Where nothing precedes it, it must be what a
/// first record leaves that was being written: whatever else is there was written by somebody, or was a whole journal.
fn history(
    records: Vec<Stamped>,
    whole: usize,
    bytes: &[u8],
    path: &Path,
) -> Result<History, JournalError> {
    let tail = &bytes[whole..];
    let beginning = tail.strip_prefix(MARK).unwrap_or(tail);
    if records.is_empty() && !line::may_be_torn_first(beginning) {
        return Err(JournalError::Foreign {
            path: path.to_owned(),
            returns: tail.contains(&b'\r'),
        });
    }
    Ok(History {
        records,
        bytes: whole as u64,
        torn_tail: (!tail.is_empty()).then(|| torn(whole, bytes)),
    })
}

/// The records' texts in all lines that end, and where the lines are, without their ends. Line ends may have become
/// those of another system, and the encoding's mark be put before everything: neither changes what was written.
fn texts(bytes: &[u8]) -> (Vec<Text>, Vec<Range<usize>>) {
    let mut texts = Vec::new();
    let mut lines: Vec<Range<usize>> = Vec::new();
    let first = if bytes.starts_with(MARK) {
        MARK.len()
    } else {
        0
    };
    let (mut start, mut line_start) = (first, first);
    let mut whole = 0;
    for end in memchr::memchr2_iter(line::BETWEEN, line::END, bytes) {
        let is_end = bytes[end] == line::END;
        let is_foreign = is_end && bytes[start..end].ends_with(b"\r");
        texts.push(Text {
            range: start..end - usize::from(is_foreign),
            line: lines.len(),
        });
        start = end + 1;
        if is_end {
            lines.push(line_start..end);
            line_start = start;
            whole = texts.len();
        }
    }
    texts.truncate(whole);
    (texts, lines)
}

fn torn(offset: usize, bytes: &[u8]) -> TornTail {
    TornTail {
        offset: offset as u64,
        bytes: (bytes.len() - offset) as u64,
    }
}

/// The format that an intact record claims, if it is a later one.
fn later_format(text: &[u8]) -> Option<u32> {
    let version: Version = serde_json::from_slice(line::verify(text).ok()?).ok()?;
    (version.format > FORMAT_VERSION).then_some(version.format)
}

fn newer(found: u32, path: &Path) -> JournalError {
    JournalError::Newer {
        path: path.to_owned(),
        found,
    }
}
