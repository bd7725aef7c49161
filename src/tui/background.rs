//! Whether the terminal is dark or light: it is asked (OSC 11), together with a question that every terminal answers
//! (DA1), so that one that does not know the first is not waited for.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A terminal at the other end of a slow line gets this long. What comes later is swallowed by the keyboard's reader.
const PATIENCE: Duration = Duration::from_millis(500);

/// No answer is longer.
const LONGEST: usize = 256;

/// What is behind the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Nearer to black.
    Dark,
    /// Nearer to white.
    Light,
}

/// Asks. The terminal has to be in raw mode, and nobody else may read from it.
pub(super) fn ask(terminal: &mut impl Write) -> io::Result<Option<Background>> {
    terminal.write_all(b"\x1b]11;?\x1b\\\x1b[c")?;
    terminal.flush()?;
    let input = io::stdin();
    let deadline = Instant::now() + PATIENCE;
    let mut answer = Vec::new();
    while !is_whole(&answer) && answer.len() < LONGEST {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut ready = [PollFd::new(&input, PollFlags::IN)];
        if poll(&mut ready, Some(&left))? == 0 {
            break;
        }
        let mut bytes = [0; 64];
        let read = rustix::io::read(&input, &mut bytes)?;
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&bytes[..read]);
    }
    Ok(background(&String::from_utf8_lossy(&answer)))
}

/// Whether the answer to the second question, `ESC [ ? … c`, is there.
fn is_whole(answer: &[u8]) -> bool {
    let start = answer.windows(3).position(|bytes| bytes == b"\x1b[?");
    start.is_some_and(|at| answer[at..].contains(&b'c'))
}

/// Reads `ESC ] 11 ; rgb:RRRR/GGGG/BBBB`, with one to four hexadecimal digits a channel.
fn background(answer: &str) -> Option<Background> {
    let (_, colour) = answer.split_once("]11;rgb:")?;
    let end = colour.find(['\u{1b}', '\u{7}']).unwrap_or(colour.len());
    let channel = |text: &str| {
        let digits = u32::try_from(text.len())
            .ok()
            .filter(|n| (1..=4).contains(n))?;
        let value = u32::from_str_radix(text, 16).ok()?;
        Some(f64::from(value) / f64::from(16_u32.pow(digits) - 1))
    };
    let channels: Vec<f64> = colour[..end]
        .split('/')
        .map(channel)
        .collect::<Option<_>>()?;
    let [red, green, blue] = channels[..] else {
        return None;
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
        let dark = "\u{1b}]11;rgb:1e1e/1e1e/2e2e\u{1b}\\\u{1b}[?62;22c";
        assert_eq!(background(dark), Some(Background::Dark));
        assert_eq!(
            background("\u{1b}]11;rgb:ff/fa/f0\u{7}"),
            Some(Background::Light)
        );
        for wrong in [
            "",
            "\u{1b}[?62;22c",
            "]11;rgb:12345/0/0\u{7}",
            "]11;rgb:ff/ff\u{7}",
            "]11;rgb:é/0/0",
        ] {
            assert_eq!(background(wrong), None, "{wrong}");
        }
        assert!(is_whole(dark.as_bytes()));
        assert!(!is_whole(&dark.as_bytes()[..20]));
    }
}
