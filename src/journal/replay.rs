//! From bytes to records.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;

use super::line::{self, Fault};
use super::{FORMAT_VERSION, JournalError, Record, Stamped};

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Its records, oldest first.
    pub records: Vec<Stamped>,
    /// Bytes of whole lines, from the beginning.
    pub bytes: u64,
    /// An unfinished line at the end, which counts for nothing.
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

/// As much of any version's first record as is needed to know the version.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The records of a journal; `path` names it in errors.
///
/// # Errors
/// Damage before the last line; records or formats of a later program.
pub fn replay(bytes: &[u8], path: &Path) -> Result<History, JournalError> {
    let lines = lines(bytes);
    // Reading is most of the time that a long journal takes to open, and no line needs another.
    let decoded: Vec<_> = lines
        .par_iter()
        .map(|line| line::decode(&bytes[line.clone()]))
        .collect();
    let mut history = History {
        records: Vec::with_capacity(lines.len()),
        ..History::default()
    };
    for (line, decoded) in lines.iter().zip(decoded) {
        let (offset, number) = (line.start as u64, history.records.len() + 1);
        match decoded {
            Ok(Stamped {
                record: Record::StudyCreated { format, .. },
                ..
            }) if format > FORMAT_VERSION => {
                return Err(newer(format, path));
            }
            Ok(stamped) => history.records.push(stamped),
            Err(Fault::Damaged(_)) if line.end + 1 == bytes.len() => {
                history.torn_tail = Some(torn(line.start, bytes));
                history.bytes = offset;
                return Ok(history);
            }
            Err(Fault::Damaged(what)) => {
                return Err(JournalError::Damaged {
                    path: path.to_owned(),
                    offset,
                    line: number,
                    what,
                    intact: history.records.len(),
                });
            }
            Err(Fault::Unknown(source)) => {
                return Err(match later_format(&bytes[line.clone()]) {
                    Some(format) if history.records.is_empty() => newer(format, path),
                    _ => JournalError::Unknown {
                        path: path.to_owned(),
                        offset,
                        line: number,
                        source,
                    },
                });
            }
        }
    }
    let whole = lines.last().map_or(0, |line| line.end + 1);
    history.torn_tail = (whole < bytes.len()).then(|| torn(whole, bytes));
    history.bytes = whole as u64;
    Ok(history)
}

/// Where the lines are that end; without their newlines.
fn lines(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes)
        .map(|end| std::mem::replace(&mut start, end + 1)..end)
        .collect()
}

fn torn(offset: usize, bytes: &[u8]) -> TornTail {
    TornTail {
        offset: offset as u64,
        bytes: (bytes.len() - offset) as u64,
    }
}

/// The format that an intact line claims, if it is a later one.
fn later_format(line: &[u8]) -> Option<u32> {
    let version: Version = serde_json::from_slice(line::verify(line).ok()?).ok()?;
    (version.format > FORMAT_VERSION).then_some(version.format)
}

fn newer(found: u32, path: &Path) -> JournalError {
    JournalError::Newer {
        path: path.to_owned(),
        found,
    }
}
