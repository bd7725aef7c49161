//! One writer per study.
//!
//! The operating system holds the lock and lets it go when the process ends, however it ends: no stale lock, no
//! reused process number. The file's text is for people only and stays behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::JournalError;

/// Longest text read from a lock's file.
const HOLDER_BYTES: u64 = 200;

/// Held as long as this value lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Where another program holds it, or the folder or its file system allows none.
    pub(super) fn take(path: &Path) -> Result<Self, JournalError> {
        let failed = |action| {
            move |source| JournalError::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Locked {
                    path: path.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        introduce(&mut file).map_err(failed("write"))?;
        Ok(Self { _file: file })
    }
}

/// Whether a program holds the lock. Where that cannot be told, none is assumed to.
pub(super) fn is_held(path: &Path) -> bool {
    let held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    File::open(path).is_ok_and(held)
}

/// Says who holds the lock.
fn introduce(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {} on {}", std::process::id(), host())
}

/// What the holder says of itself.
fn holder(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file.take(HOLDER_BYTES).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    match read {
        Ok(_) if !printable.trim().is_empty() => printable.trim().to_owned(),
        _ => "a process that did not say its number".to_owned(),
    }
}

/// This machine's name, for people.
fn host() -> String {
    let from_file = |path| std::fs::read_to_string(path).ok();
    let from_variable = |name| std::env::var(name).ok();
    from_file("/proc/sys/kernel/hostname")
        .or_else(|| from_file("/etc/hostname"))
        .or_else(|| from_variable("HOSTNAME"))
        .or_else(|| from_variable("COMPUTERNAME"))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "an unnamed machine".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        let refused = Lock::take(&path).unwrap_err().to_string();
        let me = format!("process {} on ", std::process::id());
        assert!(refused.contains(&me), "{refused}");
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn a_lock_left_by_a_dead_process_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::fs::write(
            &path,
            "process 1 on this very machine and a longer text than ours",
        )
        .unwrap();
        let lock = Lock::take(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            format!("process {} on {}", std::process::id(), host())
        );
        drop(lock);
    }
}
