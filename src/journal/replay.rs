//! From bytes to records.

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

/// The records of a journal.
///
/// # Errors
/// Damage before the last line; records or formats of a later program.
pub(super) fn replay(bytes: &[u8], path: &Path) -> Result<History, JournalError> {
    let mut history = History::default();
    let mut offset = 0;
    // Reading the lines takes nearly all of the time of opening a large study: every processor helps.
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let decoded: Vec<_> = lines.into_par_iter().map(line::decode).collect();
    let mut decoded = decoded.into_iter();
    while offset < bytes.len() {
        let rest = &bytes[offset..];
        let newline = rest.iter().position(|&byte| byte == b'\n');
        let Some(length) = newline else {
            history.torn_tail = Some(torn(offset, bytes));
            break;
        };
        // One for each newline and one behind the last: there is one here.
        let Some(record) = decoded.next() else { break };
        match record {
            Ok(Stamped {
                record: Record::StudyCreated { format, .. },
                ..
            }) if format > FORMAT_VERSION => {
                return Err(newer(format, path));
            }
            Ok(stamped) => history.records.push(stamped),
            Err(Fault::Damaged(_)) if offset + length + 1 == bytes.len() => {
                history.torn_tail = Some(torn(offset, bytes));
                break;
            }
            Err(Fault::Damaged(what)) => {
                return Err(JournalError::Damaged {
                    path: path.to_owned(),
                    offset: offset as u64,
                    line: history.records.len() + 1,
                    what,
                    intact: history.records.len(),
                });
            }
            Err(Fault::Unknown(source)) => {
                return Err(match later_format(&rest[..length]) {
                    Some(format) if history.records.is_empty() => newer(format, path),
                    _ => JournalError::Unknown {
                        path: path.to_owned(),
                        offset: offset as u64,
                        line: history.records.len() + 1,
                        source,
                    },
                });
            }
        }
        offset += length + 1;
    }
    history.bytes = offset as u64;
    Ok(history)
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
