//! What can be wrong with a journal, told to people.

use std::io;
use std::path::PathBuf;

use super::FORMAT_VERSION;

/// What is wrong with a journal, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The study has no journal.
    #[error("{} does not exist: the study was never started; start it with `autopeft-tui STUDY.toml`, or name its folder with --runs", path.display())]
    Missing {
        /// The journal's file.
        path: PathBuf,
    },
    /// Another program works on the study.
    #[error("another program is working on this study: {holder}; watch it with `autopeft-tui watch STUDY.toml`, wait for it, or stop it there (the lock is {})", path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
        /// What that program says of itself.
        holder: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}: {source}; {}", path.display(), advice(source))]
    Io {
        /// What was tried: `open`, `read`, ...
        action: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record could not be made durable, and was taken back.
    #[error("cannot write to {}: {source}; {}. Everything before it is safe: run the same command again to go on", path.display(), advice(source))]
    Append {
        /// The journal's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier record could not even be taken back.
    #[error("{} accepts no further records: an earlier write failed and could not be taken back; run the same command again, which repairs the file", path.display())]
    Closed {
        /// The journal's file.
        path: PathBuf,
    },
    /// A record that could not be read again.
    #[error(
        "a record cannot be written down ({source}); this is a fault of the program: please report it"
    )]
    Unwritable {
        /// What the text format said.
        source: serde_json::Error,
    },
    /// Damage before the end of the file.
    #[error("{path} is damaged at byte {offset} (line {line}): {what}. The {intact} records before it are intact. To go on from there, keep a copy and cut the file: cp '{path}' '{path}.damaged' && truncate -s {offset} '{path}'", path = path.display())]
    Damaged {
        /// The journal's file.
        path: PathBuf,
        /// Where the damaged line begins.
        offset: u64,
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
        /// Records before it.
        intact: usize,
    },
    /// An intact line whose record this program does not know.
    #[error("{} holds a record that this program ({}) does not know, at byte {offset} (line {line}): {source}; it was written by another version: use the newest one", path.display(), env!("CARGO_PKG_VERSION"))]
    Unknown {
        /// The journal's file.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
        /// Its number, from 1.
        line: usize,
        /// What the text format said.
        source: serde_json::Error,
    },
    /// A journal of a later format.
    #[error("{} has format {found}, and this program ({}) reads up to {FORMAT_VERSION}: use the program that wrote it, or a newer one", path.display(), env!("CARGO_PKG_VERSION"))]
    Newer {
        /// The journal's file.
        path: PathBuf,
        /// Format of the journal.
        found: u32,
    },
}

/// What to do about an error of the system.
fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => "free some space on that disk",
        Kind::FileTooLarge => "raise the limit on the size of files (`ulimit -f`)",
        Kind::PermissionDenied => {
            "change its permissions, or keep the runs in a folder of your own with --runs"
        }
        Kind::ReadOnlyFilesystem => "keep the runs on a disk that can be written, with --runs",
        Kind::NotFound => {
            "the folder has gone: put it back, or start anew in another one with --runs"
        }
        Kind::AlreadyExists | Kind::NotADirectory => {
            "a file is where a folder should be: move it away, or keep the runs elsewhere with --runs"
        }
        Kind::Unsupported => {
            "its file system has no locks: keep the runs on a local disk with --runs"
        }
        _ => "check the disk, or keep the runs on another one with --runs",
    }
}
