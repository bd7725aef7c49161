//! Files that are opened for what they hold: never a pipe that waits for a writer, or a device without an end.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file, which must be a regular one.
///
/// # Errors
/// What the system says, and [`io::ErrorKind::InvalidInput`] where it is something else; opening never waits.
pub(super) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let mut options = options.clone();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    let kind = file.metadata()?.file_type();
    match kind.is_file() {
        true => Ok(file),
        false if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        )),
    }
}
