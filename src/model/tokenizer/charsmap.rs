//! How long a character may become by a compiled map of characters, as SentencePiece keeps it.
//!
//! The map is a table in Base64: the length of a search tree in four bytes, the tree, and the texts that it leads to, each
//! ended by a zero.

/// Bytes of the longest text of a map; 1 where there is none.
pub(super) fn longest(map: &str) -> u64 {
    let bytes = decoded(map);
    let texts = bytes.split_first_chunk::<4>().map(|(length, rest)| {
        let length = u32::from_le_bytes(*length) as usize;
        rest.get(length..).unwrap_or_default()
    });
    let texts = texts.unwrap_or_default().split(|byte| *byte == 0);
    texts
        .map(|text| text.len() as u64)
        .max()
        .unwrap_or(1)
        .max(1)
}

/// The bytes of a text in Base64; what is none ends it, as the reader of the map refuses it.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_text_of_a_map_is_found() {
        assert_eq!(decoded("aGVsbG8gd29ybGQ="), b"hello world");
        // A tree of four bytes, and the texts `a` and `abc`.
        assert_eq!(longest("BAAAAAECAwRhAGFiYwA="), 3);
        assert_eq!(longest(""), 1);
        assert_eq!(longest("!!"), 1);
        assert_eq!(longest("/////w=="), 1, "a tree beyond the end");
    }
}
