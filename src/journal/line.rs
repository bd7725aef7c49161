//! Lines of a journal. A batch of records, which is on the disk whole or counts for nothing, is one line; a record in it is
//! checksum, space, JSON, and between two records stands a tab. JSON has neither tabs nor newlines, and a batch of which
//! only later sectors reached the disk before a power cut has its newline at the very end of the file, if it has one: it
//! is a damaged last line like any other that was being written. Damage elsewhere is never that.
//!
//! The JSON is one object, `{"unix_seconds":S,"record":"KIND",FIELDS}`, and always begins in this very way. A record
//! alone is `{"KIND":{FIELDS}}`, which is read in one pass: a kind that stood among its fields would make the reader
//! keep them all until it is found, at more than twice the time.

use serde::de::Error;

use super::{Record, Stamped};

/// Digits of the checksum and the space after them.
const PREFIX: usize = 9;
/// What stands before the time.
const BEFORE_TIME: &str = "{\"unix_seconds\":";
/// What stands between the time and the kind.
const BEFORE_KIND: &str = ",\"record\":\"";
/// What stands between two records of a batch.
pub(super) const BETWEEN: u8 = b'\t';
/// What stands behind a batch.
pub(super) const END: u8 = b'\n';

/// What is wrong with a record's text.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its bytes are not those that were written.
    Damaged(String),
    /// Its bytes are intact, but mean nothing to this program.
    Unknown(serde_json::Error),
}

/// The line of a batch of records.
///
/// # Errors
/// Where the line could not be read again, such as for a number without a text form.
pub(super) fn encode(records: &[Record], unix_seconds: f64) -> serde_json::Result<Vec<u8>> {
    let time = serde_json::to_string(&unix_seconds)?;
    let mut line = Vec::new();
    for record in records {
        if !line.is_empty() {
            line.push(BETWEEN);
        }
        let alone = serde_json::to_string(record)?;
        let (kind, fields) = kind_and_fields(&alone)?;
        let json = [BEFORE_TIME, &time, BEFORE_KIND, kind, "\",", fields].concat();
        read(&json)?;
        line.extend_from_slice(checksum(json.as_bytes()).as_bytes());
        line.push(b' ');
        line.extend_from_slice(json.as_bytes());
    }
    line.push(END);
    Ok(line)
}

/// `KIND` and `FIELDS}` of `{"KIND":{FIELDS}}`.
fn kind_and_fields(alone: &str) -> serde_json::Result<(&str, &str)> {
    let inner = alone
        .strip_prefix("{\"")
        .and_then(|rest| rest.strip_suffix('}'));
    inner
        .and_then(|inner| inner.split_once("\":{"))
        .ok_or_else(|| serde_json::Error::custom("a record without fields"))
}

/// The JSON of a record's text, if its bytes are those that were written.
pub(super) fn verify(line: &[u8]) -> Result<&[u8], Fault> {
    let short = || Fault::Damaged("it is too short for its checksum".to_owned());
    let (prefix, json) = line.split_at_checked(PREFIX).ok_or_else(short)?;
    if number(&prefix[..8]) != Some(crc32fast::hash(json)) {
        let (found, expected) = (prefix[..8].escape_ascii(), checksum(json));
        let what = format!("its checksum says {found}, its text gives {expected}");
        return Err(Fault::Damaged(what));
    }
    if prefix[8] != b' ' {
        let what = "there is no space between checksum and text";
        return Err(Fault::Damaged(what.to_owned()));
    }
    Ok(json)
}

/// The record of a record's text.
pub(super) fn decode(line: &[u8]) -> Result<Stamped, Fault> {
    let json = verify(line)?;
    let text = std::str::from_utf8(json)
        .map_err(|error| Fault::Unknown(serde_json::Error::custom(error)))?;
    read(text).map_err(Fault::Unknown)
}

fn read(json: &str) -> serde_json::Result<Stamped> {
    let head = || {
        let (time, rest) = json.strip_prefix(BEFORE_TIME)?.split_once(BEFORE_KIND)?;
        let (kind, rest) = rest.split_once('"')?;
        Some((time, kind, rest.strip_prefix(',')?))
    };
    let (time, kind, fields) =
        head().ok_or_else(|| serde_json::Error::custom("it does not begin as a record does"))?;
    Ok(Stamped {
        unix_seconds: serde_json::from_str(time)?,
        record: serde_json::from_str(&["{\"", kind, "\":{", fields, "}"].concat())?,
    })
}

/// Whether this can be what is left of a journal's first line, which holds one record: as much of it as had reached the
/// disk, with zeros where something had not. Records that stand in one line, as their line's ends were lost, are not.
pub(super) fn may_be_torn_first(found: &[u8]) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let expected = |(at, byte): (usize, &u8)| match at {
        0..8 => is_digit(byte),
        8 => *byte == b' ',
        _ => BEFORE_TIME.as_bytes()[at - PREFIX] == *byte,
    };
    let mut head = found.iter().take(PREFIX + BEFORE_TIME.len()).enumerate();
    let begins = head.all(|(at, byte)| *byte == 0 || expected((at, byte)));
    let records = memchr::memmem::find_iter(found, BEFORE_TIME).take(2);
    begins && records.count() < 2 && !found.contains(&b'\r')
}

/// CRC-32 in eight lower-case digits: the only form in which it is accepted.
fn checksum(json: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(json))
}

/// The number that eight lower-case hexadecimal digits say.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u32::from(digit))
    })
}
