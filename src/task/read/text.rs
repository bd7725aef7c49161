//! The bytes of a text file; what is no UTF-8 text is named as what it is.

use std::path::Path;

use super::{room, wrong};
use crate::task::error::TaskError;

/// The whole file, without a byte order mark.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, TaskError> {
    let mut content = room::content(path)?;
    if let Some(problem) = foreign(&content) {
        return Err(wrong(path, problem));
    }
    if content.starts_with(b"\xef\xbb\xbf") {
        content.drain(..3);
    }
    Ok(content)
}

/// What the bytes are, if no text of ours, and what to do.
pub(super) fn foreign(content: &[u8]) -> Option<String> {
    let save = "save it as UTF-8 (for example: iconv -f";
    let beginning = content.trim_ascii_start();
    let page = beginning.get(..14).is_some_and(|start| {
        let start = start.to_ascii_lowercase();
        start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
    });
    let found = if let Some(encoding) = wide(content) {
        return Some(format!(
            "it is {encoding} text; {save} {encoding} -t UTF-8 OLD > NEW)"
        ));
    } else if content.starts_with(b"version https://git-lfs") {
        "it is a pointer of Git LFS, not the data itself; fetch it with `git lfs pull`"
    } else if content.starts_with(b"\x1f\x8b") {
        "it is compressed by gzip; unpack it with `gunzip`"
    } else if content.starts_with(b"\x28\xb5\x2f\xfd") {
        "it is compressed by zstd; unpack it with `unzstd`"
    } else if content.starts_with(b"PK\x03\x04") {
        "it is a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV in UTF-8"
    } else if content.starts_with(b"\xd0\xcf\x11\xe0") {
        "it is an old Excel workbook; save the sheet as CSV in UTF-8"
    } else if content.starts_with(b"PAR1") {
        "it is a Parquet file; name it .parquet, or set `format = \"parquet\"`"
    } else if page {
        "it is a web page, not data; download the file itself"
    } else {
        return None;
    };
    Some(found.to_owned())
}

/// UTF-16 or UTF-32, by its mark or by the zero bytes of plain letters.
fn wide(content: &[u8]) -> Option<&'static str> {
    const LOOKED_AT: usize = 4096;
    const HEADER: usize = 16;
    if content.starts_with(b"\xff\xfe\0\0") || content.starts_with(b"\0\0\xfe\xff") {
        return Some("UTF-32");
    }
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return Some("UTF-16");
    }
    let start = &content[..content.len().min(LOOKED_AT) & !3];
    // The header may be the only plain letters, and without it line ends and commas.
    let header = &start[..start.len().min(HEADER)];
    zeros_of(header)
        .or_else(|| zeros_of(start))
        .or_else(|| few_zeros(start))
}

/// Zero bytes at even and odd places, in a text that is no UTF-8.
fn few_zeros(start: &[u8]) -> Option<&'static str> {
    let is_utf8 =
        std::str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| true);
    let zeros = |place: usize| {
        start
            .iter()
            .skip(place)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    match (zeros(0), zeros(1)) {
        _ if is_utf8 => None,
        (big, little) if big.max(little) < 2 => None,
        (big, little) if little > 2 * big => Some("UTF-16LE"),
        (big, little) if big > 2 * little => Some("UTF-16BE"),
        _ => None,
    }
}

/// Zero bytes of plain letters, by their place among four.
fn zeros_of(start: &[u8]) -> Option<&'static str> {
    let zeros = |place: usize| {
        let bytes = start.iter().skip(place).step_by(4);
        bytes.filter(|byte| **byte == 0).count()
    };
    let mostly = |place: usize| 2 * zeros(place) > start.len() / 4;
    match (mostly(0), mostly(1), mostly(2), mostly(3)) {
        (true, true, true, false) => Some("UTF-32BE"),
        (false, true, true, true) => Some("UTF-32LE"),
        (true, false, true, false) => Some("UTF-16BE"),
        (false, true, false, true) => Some("UTF-16LE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_encodings_are_named_with_and_without_their_marks() {
        let text = "text,label\nthe red cat,yes\n";
        let two = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
        let four = |bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
            text.chars().flat_map(|c| bytes(u32::from(c))).collect()
        };
        let little: Vec<u8> = two(u16::to_le_bytes);
        let big: Vec<u8> = two(u16::to_be_bytes);
        assert_eq!(wide(&little), Some("UTF-16LE"));
        assert_eq!(wide(&big), Some("UTF-16BE"));
        assert_eq!(wide(&[b"\xff\xfe", &little[..]].concat()), Some("UTF-16"));
        assert_eq!(wide(&four(u32::to_le_bytes)), Some("UTF-32LE"));
        assert_eq!(wide(&four(u32::to_be_bytes)), Some("UTF-32BE"));
        assert_eq!(wide(text.as_bytes()), None);
        assert_eq!(wide("Grüße,日本語\n".as_bytes()), None);
        assert_eq!(wide(b""), None);
        for header in ["text,label\n", "文,字\n"] {
            let text = format!("{header}{}", "日本語の文章,正\r\n".repeat(200));
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(wide(&little), Some("UTF-16LE"));
            assert_eq!(wide(&big), Some("UTF-16BE"));
            assert_eq!(wide(text.as_bytes()), None);
        }
    }

    #[test]
    fn archives_pages_and_pointers_are_named() {
        for (content, part) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip"),
            (b"PK\x03\x04rest", "Excel"),
            (b"PAR1\x15\x04", "Parquet"),
            (b"\n<!DOCTYPE html><html>", "web page"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "git lfs pull",
            ),
        ] {
            let found = foreign(content);
            assert!(
                found.as_ref().is_some_and(|text| text.contains(part)),
                "{found:?}"
            );
        }
        assert_eq!(foreign(b"text,label\n<html> is a tag,yes\n"), None);
    }
}
