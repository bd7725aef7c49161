//! Standard output and standard error: the one place that writes to them.
//!
//! Nothing here panics, whatever became of the other end: a pipe that nobody reads, a terminal that was closed, a disk that
//! is full. What could not be written is remembered, and told by the exit code.
//!
//! Standard output is the program's alone: from [`own`] on, a library that prints writes to standard error instead, so that
//! nothing gets between the lines that somebody else's program reads.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, LineWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Output => "standard output",
            Self::Error => "standard error",
        })
    }
}

/// A stream that could not be written to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot write to {stream}: {reason}")]
pub struct Unwritable {
    /// Which.
    pub stream: Stream,
    /// Why, in the system's words.
    pub reason: String,
}

/// Standard output under a descriptor of the program's own.
static OUTPUT: OnceLock<Mutex<LineWriter<Descriptor<OwnedFd>>>> = OnceLock::new();

/// The first failure that somebody has to hear of.
static FAILURE: Mutex<Option<Unwritable>> = Mutex::new(None);

/// What a pipe that is ready takes without keeping the program waiting.
const PIECE: usize = 4096;

/// How often a full pipe's writer looks whether the program is being stopped.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Whether the program was asked to stop.
static IN_A_HURRY: AtomicBool = AtomicBool::new(false);

/// From now on nobody is waited for who does not read: the program was asked to stop.
pub fn hurry() {
    IN_A_HURRY.store(true, Ordering::Release);
}

/// Makes standard output the program's alone. To be called before the first thread is started.
///
/// # Errors
/// The process has no free descriptor.
pub fn own() -> io::Result<()> {
    taken()?;
    // The program's own descriptor stays; what others know by the number leads elsewhere.
    Ok(stdio::dup2_stdout(stdio::stderr())?)
}

fn taken() -> io::Result<&'static Mutex<LineWriter<Descriptor<OwnedFd>>>> {
    if let Some(output) = OUTPUT.get() {
        return Ok(output);
    }
    let own = rustix::io::fcntl_dupfd_cloexec(stdio::stdout(), 3)?;
    Ok(OUTPUT.get_or_init(|| Mutex::new(LineWriter::new(Descriptor(own)))))
}

/// Whether standard output is a terminal.
pub fn output_is_terminal() -> bool {
    taken().is_ok_and(|output| lock(output).get_ref().0.is_terminal())
}

/// Whether standard error is a terminal.
pub fn error_is_terminal() -> bool {
    stdio::stderr().is_terminal()
}

/// A further descriptor of standard output, for a screen that is drawn on it.
///
/// # Errors
/// The process has no free descriptor.
pub fn output_descriptor() -> io::Result<OwnedFd> {
    lock(taken()?).get_ref().0.try_clone()
}

/// Standard output. Once nobody reads it any more, the rest is passed over: who has seen enough still wants the work done.
pub fn output() -> Output {
    Output { live: false }
}

/// The same, and an error once nobody reads it any more: for what should not go on unseen.
pub fn live_output() -> Output {
    Output { live: true }
}

/// Standard error. Writing to it never fails.
pub fn error() -> Error {
    Error
}

/// Writes out what waits, and says what could not be written on either stream. A pipe that was closed and a terminal that
/// is gone are no failures: nobody is there who misses anything.
///
/// # Errors
/// The first thing that could not be written.
pub fn finish() -> Result<(), Unwritable> {
    let _ = output().flush();
    lock(&FAILURE).clone().map_or(Ok(()), Err)
}

/// See [`output`] and [`live_output`].
#[derive(Clone, Copy, Debug)]
pub struct Output {
    live: bool,
}

impl Output {
    fn perform<T>(
        self,
        passed_over: T,
        write: impl FnOnce(&mut LineWriter<Descriptor<OwnedFd>>) -> io::Result<T>,
    ) -> io::Result<T> {
        let output = taken()?;
        let mut output = lock(output);
        match write(&mut output) {
            Err(error) if is_gone(&error, output.get_ref().0.as_fd()) => match self.live {
                true => Err(unwritable(Stream::Output, &error)),
                false => Ok(passed_over),
            },
            Err(error) => Err(missed(Stream::Output, &error)),
            done => done,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.perform(bytes.len(), |output| output.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.perform((), Write::flush)
    }
}

/// See [`error`].
#[derive(Clone, Copy, Debug)]
pub struct Error;

impl Write for Error {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = Descriptor(stdio::stderr()).write_all(bytes);
        if let Err(error) = written.as_ref()
            && !is_gone(error, stdio::stderr())
        {
            missed(Stream::Error, error);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A descriptor to write to, also where whoever opened it asked not to be kept waiting.
#[derive(Debug)]
struct Descriptor<D>(D);

impl<D: AsFd> Write for Descriptor<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        loop {
            wait(self.0.as_fd())?;
            match rustix::io::write(&self.0, piece) {
                Err(Errno::AGAIN) => {}
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Until the descriptor takes a piece, or never will; while the program is being stopped, no longer than it must.
fn wait(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    loop {
        match poll(
            &mut [PollFd::from_borrowed_fd(descriptor, PollFlags::OUT)],
            Some(&LOOK),
        ) {
            Ok(0) if IN_A_HURRY.load(Ordering::Acquire) => {
                let reason = "whoever reads it takes nothing more";
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether nobody is at the other end any more: a closed pipe or connection, or a closed terminal. As good as that is one who
/// takes nothing while the program is being stopped.
fn is_gone(error: &io::Error, descriptor: BorrowedFd<'_>) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    match number {
        None => error.kind() == io::ErrorKind::TimedOut,
        Some(Errno::PIPE | Errno::CONNRESET) => true,
        // What a closed terminal says, and a broken disk.
        Some(Errno::IO) => is_device(descriptor).unwrap_or(false),
        _ => false,
    }
}

/// Whether it is no file; a terminal that is gone does not even say that it was one.
fn is_device(descriptor: BorrowedFd<'_>) -> io::Result<bool> {
    let kind = File::from(descriptor.try_clone_to_owned()?)
        .metadata()?
        .file_type();
    Ok(kind.is_char_device())
}

/// An error that somebody has to hear of, and the first of them is kept.
fn missed(stream: Stream, error: &io::Error) -> io::Error {
    let reason = error.to_string();
    lock(&FAILURE).get_or_insert(Unwritable { stream, reason });
    unwritable(stream, error)
}

/// The error with the stream's name.
fn unwritable(stream: Stream, error: &io::Error) -> io::Error {
    let reason = error.to_string();
    io::Error::new(error.kind(), Unwritable { stream, reason })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What was half written when a thread panicked is half written; the rest still is to be.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
