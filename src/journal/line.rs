//! One line of a journal: checksum, space, JSON, newline.

use serde::{Deserialize, Serialize};

use super::{Record, Stamped};

/// Digits of the checksum and the space after them.
const PREFIX: usize = 9;

/// What is wrong with a line.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its bytes are not those that were written.
    Damaged(String),
    /// Its bytes are intact, but mean nothing to this program.
    Unknown(serde_json::Error),
}

/// [`Stamped`], borrowed.
#[derive(Serialize)]
struct Written<'a> {
    unix_seconds: f64,
    #[serde(flatten)]
    record: &'a Record,
}

/// What a line says besides its record.
#[derive(Deserialize)]
struct Stamp {
    unix_seconds: f64,
}

/// Appends the record's line to `out`.
///
/// # Errors
/// Where the line could not be read again, such as for a number without a text form.
pub(super) fn encode(
    record: &Record,
    unix_seconds: f64,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let json = serde_json::to_vec(&Written {
        unix_seconds,
        record,
    })?;
    serde_json::from_slice::<Stamped>(&json)?;
    out.extend_from_slice(checksum(&json).as_bytes());
    out.push(b' ');
    out.extend_from_slice(&json);
    out.push(b'\n');
    Ok(())
}

/// The JSON of a line (without its newline), if its bytes are those that were written.
pub(super) fn verify(line: &[u8]) -> Result<&[u8], Fault> {
    let short = || Fault::Damaged("the line is too short for its checksum".to_owned());
    let (prefix, json) = line.split_at_checked(PREFIX).ok_or_else(short)?;
    let expected = checksum(json);
    if prefix[..8] != *expected.as_bytes() {
        let found = prefix[..8].escape_ascii();
        let what = format!("its checksum says {found}, its text gives {expected}");
        return Err(Fault::Damaged(what));
    }
    if prefix[8] != b' ' {
        let what = "there is no space between checksum and text";
        return Err(Fault::Damaged(what.to_owned()));
    }
    Ok(json)
}

/// The record of a line (without its newline).
pub(super) fn decode(line: &[u8]) -> Result<Stamped, Fault> {
    let json = verify(line)?;
    // Twice over the text is faster than once by way of `flatten`, which copies every field before it reads it.
    let Stamp { unix_seconds } = serde_json::from_slice(json).map_err(Fault::Unknown)?;
    let record = serde_json::from_slice(json).map_err(Fault::Unknown)?;
    Ok(Stamped {
        unix_seconds,
        record,
    })
}

/// CRC-32 in eight lower-case digits: the only form in which it is accepted.
fn checksum(json: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(json))
}
