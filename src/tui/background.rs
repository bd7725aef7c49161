//! Whether the terminal is dark or light: it is asked (OSC 11), together with a question that every terminal answers
//! (DA1), so that one that does not know the first is not waited for. The answers come as all input does.

use std::time::Duration;

/// What asks.
pub(super) const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// So long the first frame waits for the answers; what comes later is taken then.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// What is behind the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Nearer to black.
    Dark,
    /// Nearer to white.
    Light,
}

/// Reads `11;rgb:RRRR/GGGG/BBBB`, with one to four hexadecimal digits a channel; an opacity may follow (`rgba:`).
pub(super) fn answered(text: &[u8]) -> Option<Background> {
    let text = std::str::from_utf8(text).ok()?;
    let (kind, colour) = text.strip_prefix("11;")?.split_once(':')?;
    let channel = |text: &str| {
        let digits = u32::try_from(text.len())
            .ok()
            .filter(|n| (1..=4).contains(n))?;
        let value = u32::from_str_radix(text, 16).ok()?;
        Some(f64::from(value) / f64::from(16_u32.pow(digits) - 1))
    };
    let channels: Vec<f64> = colour.split('/').map(channel).collect::<Option<_>>()?;
    let [red, green, blue] = match (kind, &channels[..]) {
        ("rgb", [red, green, blue]) | ("rgba", [red, green, blue, _]) => [red, green, blue],
        _ => return None,
    };
    // Rec. 709 weights, near enough without undoing the gamma.
    let brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    Some(if brightness > 0.5 {
        Background::Light
    } else {
        Background::Dark
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_terminals_are_read() {
        for (answer, background) in [
            ("11;rgb:1e1e/1e1e/2e2e", Some(Background::Dark)),
            ("11;rgb:ff/fa/f0", Some(Background::Light)),
            ("11;rgba:ffff/ffff/ffff/8000", Some(Background::Light)),
            ("", None),
            ("10;rgb:ff/ff/ff", None),
            ("11;rgb:12345/0/0", None),
            ("11;rgb:ff/ff", None),
            ("11;rgb:ff/ff/ff/ff", None),
            ("11;rgb:é/0/0", None),
        ] {
            assert_eq!(answered(answer.as_bytes()), background, "{answer}");
        }
    }
}
