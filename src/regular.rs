//! Files that others wrote, opened without waiting and read no further than was said.
//!
//! A pipe has nothing to say until somebody writes into it, and a device such as `/dev/zero` has no end: only regular files
//! are read. Each error says what was found there instead, or how large it is and how large it may be.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::memory;

/// Opens a regular file, however it is reached.
///
/// # Errors
/// It cannot be opened, or is something else; it is not waited for.
pub fn open(path: &Path) -> io::Result<File> {
    open_as(path, OpenOptions::new().read(true))
}

/// Opens a regular file by these options, or creates it where they say so.
///
/// # Errors
/// See [`open`].
pub fn open_as(path: &Path, options: &OpenOptions) -> io::Result<File> {
    open_by(path, unblocked(options, 0))
}

/// The same of a file that nobody but this program has a reason to make: a link in its place is not followed, for what
/// it leads to would be written over.
///
/// # Errors
/// See [`open`].
pub fn open_own(path: &Path, options: &OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    let flags = libc::O_NOFOLLOW;
    #[cfg(not(unix))]
    let flags = 0;
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    match is_link {
        true => Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is a link; expected a file",
        )),
        false => open_by(path, unblocked(options, flags)),
    }
}

fn open_by(path: &Path, options: OpenOptions) -> io::Result<File> {
    // Opening is not always harmless: a device may act, and a socket's error says nothing.
    match fs::metadata(path) {
        Ok(found) => refuse_others(path, &found)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = options.open(path)?;
    // It may have been put into the other's place in between.
    refuse_others(path, &file.metadata()?)?;
    Ok(file)
}

/// The content of a regular file of at most so many bytes.
///
/// # Errors
/// See [`open`]; it is larger, or grows beyond that while it is read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    content(&mut open(path)?, most)
}

fn content(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    // Files of the system say 0 of themselves, whatever they hold.
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large(Some(length), most));
    }
    let mut content = Vec::new();
    content.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
    file.take(most.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() as u64 > most {
        return Err(too_large(None, most));
    }
    Ok(content)
}

/// The same as UTF-8 text.
///
/// # Errors
/// See [`read`]; where it is no such text, its first byte that is none.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let place = error.utf8_error().valid_up_to() + 1;
        let problem = format!("it is not UTF-8 text (at byte {place}); save it as such");
        io::Error::new(ErrorKind::InvalidData, problem)
    })
}

/// The content of a regular file that the free memory has room for.
///
/// # Errors
/// See [`read`].
pub fn read_into_memory(path: &Path) -> io::Result<Vec<u8>> {
    content_in_memory(&mut open(path)?)
}

/// The same of a file that is open, from where it stands.
///
/// # Errors
/// See [`read`].
pub fn content_in_memory(file: &mut File) -> io::Result<Vec<u8>> {
    let free = memory::room().map_or(u64::MAX, |room| room.free_bytes);
    let length = file.metadata()?.len();
    if length > free {
        let (length, free) = (bytes(length), bytes(free));
        let problem = format!(
            "it has {length}, but {free} of memory are free; close other programs, or take a smaller file"
        );
        return Err(io::Error::new(ErrorKind::OutOfMemory, problem));
    }
    content(file, free)
}

/// A number of bytes, for people.
pub fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.into_iter().find(|(size, _)| count >= *size);
    unit.map_or_else(
        || format!("{count} bytes"),
        |(size, name)| {
            let number = format!("{:.1}", count as f64 / size as f64);
            format!("{} {name}", number.trim_end_matches(".0"))
        },
    )
}

/// `found`: as far as that is known before all of it has been read.
fn too_large(found: Option<u64>, most: u64) -> io::Error {
    let (found, most) = match found {
        None => ("more".to_owned(), bytes(most)),
        Some(found) if bytes(found) == bytes(most) => {
            (format!("{found} bytes"), format!("{most} bytes"))
        }
        Some(found) => (bytes(found), bytes(most)),
    };
    let problem = format!("it has {found}; at most {most} are read of such a file");
    io::Error::new(ErrorKind::FileTooLarge, problem)
}

fn refuse_others(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let problem = match kind(metadata) {
        // A shell's `<(...)` is handed over as an open file.
        "named pipe" if path.starts_with("/dev") || path.starts_with("/proc") => "it is a pipe, such as `<(...)` makes, and only files are read, for some are read twice: write it into a file first".to_owned(),
        kind => format!("it is a {kind}; expected a file"),
    };
    Err(io::Error::new(ErrorKind::InvalidInput, problem))
}

#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "folder"
    } else if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(not(unix))]
fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        "folder"
    } else {
        "device"
    }
}

/// A pipe that has come into the file's place is not waited for.
#[cfg(unix)]
fn unblocked(options: &OpenOptions, flags: i32) -> OpenOptions {
    let mut options = options.clone();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | flags);
    options
}

#[cfg(not(unix))]
fn unblocked(options: &OpenOptions, _: i32) -> OpenOptions {
    options.clone()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn a_size_is_told_in_units_that_people_know() {
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1023), "1023 bytes");
        assert_eq!(bytes(1 << 20), "1 MiB");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
    }

    #[test]
    fn no_more_is_read_than_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, [b'x'; 2049]).unwrap();
        assert_eq!(read(&path, 2049).unwrap().len(), 2049);
        let error = read(&path, 2048).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it has 2049 bytes; at most 2048 bytes are read of such a file"
        );
        fs::write(&path, b"caf\xe9").unwrap();
        let error = read_text(&path, 2048).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is not UTF-8 text (at byte 4); save it as such"
        );
        assert_eq!(read_into_memory(&path).unwrap(), b"caf\xe9");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_larger_than_the_memory_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let file = File::create(&path).unwrap();
        // As large as the file system makes it, without taking any room.
        if file.set_len(8 << 40).is_err() {
            return;
        }
        let error = read_into_memory(&path).unwrap_err().to_string();
        let (before, after) = error.split_once(" but ").unwrap();
        assert_eq!(before, "it has 8192 GiB,");
        assert!(
            after.ends_with("of memory are free; close other programs, or take a smaller file")
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_of_the_system_may_hold_more_than_it_says() {
        let whole = read(Path::new("/proc/self/status"), 1 << 20).unwrap();
        assert!(!whole.is_empty());
        let error = read(Path::new("/proc/self/status"), 10).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it has more; at most 10 bytes are read of such a file"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_named_and_not_waited_for() {
        use std::os::unix::net::UnixListener;
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| open(path).unwrap_err().to_string();
        assert_eq!(error(folder.path()), "it is a folder; expected a file");
        assert_eq!(
            error(Path::new("/dev/zero")),
            "it is a device; expected a file"
        );
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert_eq!(error(&socket), "it is a socket; expected a file");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(error(&pipe), "it is a named pipe; expected a file");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        assert_eq!(error(&link), "it is a named pipe; expected a file");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_shell_makes_of_a_command_is_told_what_to_do_about() {
        use std::os::fd::AsRawFd;
        let (read, _write) = io::pipe().unwrap();
        let path = format!("/dev/fd/{}", read.as_raw_fd());
        assert_eq!(
            open(Path::new(&path)).unwrap_err().to_string(),
            "it is a pipe, such as `<(...)` makes, and only files are read, for some are read twice: write it into a file first"
        );
    }
}
