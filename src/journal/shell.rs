//! Paths in commands that people copy to a shell.

use std::fmt::Write;
use std::path::Path;

/// The path as one word of a POSIX shell, whatever stands in it; never taken for an option.
pub(super) fn word(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let dashed = if bytes.starts_with(b"-") { "./" } else { "" };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_unseen) => {
            format!("'{dashed}{}'", text.replace('\'', r"'\''"))
        }
        // What does not show as it is, is written by its bytes.
        _ => {
            let mut word = format!("$'{dashed}");
            for &byte in bytes {
                let _ = match byte {
                    b'\'' | b'\\' => write!(word, "\\{}", byte as char),
                    b' '..=b'~' => write!(word, "{}", byte as char),
                    _ => write!(word, "\\{byte:03o}"),
                };
            }
            word.push('\'');
            word
        }
    }
}

/// Control characters, and those that turn the direction of text.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_path_that_was_meant() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let paths: [&[u8]; 7] = [
            b"runs/tiny/journal.jsonl",
            b"it's mine; rm -rf *",
            b"-n",
            b"a\nb\t$(c)`d`\\",
            "caf\u{e9} \u{202e}".as_bytes(),
            b"\xff'\\101",
            b"!1 \"2\"",
        ];
        for bytes in paths {
            let word = word(Path::new(OsStr::from_bytes(bytes)));
            let command = format!("printf %s {word}");
            let shell = std::process::Command::new("bash")
                .args(["-c", &command])
                .output();
            let said = shell.unwrap().stdout;
            let expected = match bytes.starts_with(b"-") {
                true => [b"./", bytes].concat(),
                false => bytes.to_vec(),
            };
            assert_eq!(said, expected, "{word}");
        }
    }
}
