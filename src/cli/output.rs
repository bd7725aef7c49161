//! The edge to standard output, standard error and the log.
//!
//! Column names, labels, file names and what libraries say come from elsewhere. A terminal obeys what stands in them, and
//! a line end in one of them begins a line that looks like ours. Everything printed goes through [`autopeft::visible`]:
//! one `writeln!` is one line, whatever is in it; a text in several lines is named so.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::panic::PanicHookInfo;

use autopeft::streams;
use autopeft::train::fault;
use autopeft::visible::{one_line, visible, visible_lines};

/// Standard output, line by line. Once nobody reads it, the rest is passed over.
pub(crate) fn out() -> Out {
    Out(streams::output())
}

/// A line on standard error. Where nobody is there to read it, nothing happens.
pub(crate) fn tell(line: impl Display) {
    let line = visible(&line.to_string()) + "\n";
    let _ = streams::error().write_all(line.as_bytes());
}

/// Lines on standard error whose ends are ours: values were made visible where they were put in.
pub(crate) fn tell_lines(text: impl Display) {
    let text = visible_lines(&text.to_string()) + "\n";
    let _ = streams::error().write_all(text.as_bytes());
}

/// A question on standard error; the answer stands behind it.
pub(crate) fn prompt(question: impl Display) {
    let _ = streams::error().write_all(visible(&question.to_string()).as_bytes());
}

/// A panic on standard error: what it says may come from elsewhere too.
pub(crate) fn panicked(panic: &PanicHookInfo<'_>) {
    let said = fault::told(panic.payload());
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    tell(format_args!("thread {thread} panicked{place}: {said}"));
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        tell_lines(trace);
    }
}

/// See [`out`].
pub(crate) struct Out(streams::Output);

impl Out {
    /// What `writeln!` calls: one line, though a value in it has line ends.
    pub(crate) fn write_fmt(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        self.0.write_all(one_line(line).as_bytes())
    }

    /// Lines whose ends are ours: values were made visible where they were put in.
    pub(crate) fn lines(&mut self, text: impl Display) -> io::Result<()> {
        let text = visible_lines(&text.to_string());
        self.0.write_all(text.as_bytes())?;
        self.0.flush()
    }
}

/// Where diagnostics go: each arrives as a whole and is one line.
pub(crate) struct Diagnostics<W>(pub(crate) W);

impl<W: Write> Write for Diagnostics<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = visible(text.strip_suffix('\n').unwrap_or(&text)) + "\n";
        self.0.write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    #[test]
    fn a_diagnostic_is_one_line() {
        let mut out = Vec::new();
        let text = "WARN cannot delete a\nERROR all is lost\u{1b}[2J\n";
        Diagnostics(&mut out).write_all(text.as_bytes()).unwrap();
        let expected = "WARN cannot delete a\\nERROR all is lost\\u001b[2J\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
