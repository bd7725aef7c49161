//! What can be wrong with a journal, told to people.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{FORMAT_VERSION, shell};

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
    /// Another program may work on the study: its file system has no locks, and it has a claim.
    #[error("another program may be at work on this study: {} names {owner}, and the file system has no locks by which that could be told. Once you are sure that it has ended, delete the file: rm {}", path.display(), shell::word(path))]
    Claimed {
        /// The file that names it.
        path: PathBuf,
        /// What that program says of itself.
        owner: String,
    },
    /// The lock cannot be looked at.
    #[error("cannot tell whether another program works on this study: cannot open or lock {}: {source}; {}", path.display(), advice(source))]
    LockUnknown {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file that says who works on the study was deleted or replaced.
    #[error("{} does not name this program any more: it was deleted or replaced, and another program may work on this study; nothing further is written. Everything recorded before is safe: see that only one program works there, and run the same command again to go on", path.display())]
    LockLost {
        /// The lock's or the claim's file.
        path: PathBuf,
    },
    /// The journal is not in its place any more.
    #[error("{} {}: nothing further is written there. {}", path.display(), fate.words(), fate.advice())]
    Gone {
        /// Where it was.
        path: PathBuf,
        /// What became of it.
        fate: Fate,
    },
    /// Something else wrote to the journal.
    #[error("something else wrote to {}: it has {found} bytes where this program left {left}, or others at its end; nothing further is written and nothing was changed. See that only one program works on this study, and run the same command again to go on with what the file holds", path.display())]
    Altered {
        /// The journal's file.
        path: PathBuf,
        /// Its length now.
        found: u64,
        /// Its length as this program left it.
        left: u64,
    },
    /// Another program has saved the journal in another encoding.
    #[error("{path} is text in UTF-16: another program has converted it. Convert it back: {command}", path = path.display(), command = back_to_utf_8(path))]
    Utf16 {
        /// The journal's file.
        path: PathBuf,
    },
    /// The file is one line, and that is no beginning of a journal.
    #[error("{path} is no journal: it is one line that no program left half written. Nothing was changed. {advice}", path = path.display(), advice = lines_back(path, *returns))]
    Foreign {
        /// The journal's file.
        path: PathBuf,
        /// Whether there are carriage returns in it.
        returns: bool,
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
    #[error("{} is damaged at byte {offset} (line {line}): {what}. {}", path.display(), mend(path, *offset, *intact, *after))]
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
        /// Intact records behind it.
        after: usize,
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

/// What became of a journal that is not in its place any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The file exists no more.
    Deleted,
    /// It exists no more, and another one has its name.
    Replaced,
    /// It, or its folder, lies elsewhere.
    Moved,
}

impl Fate {
    fn words(self) -> &'static str {
        match self {
            Self::Deleted => "was deleted while this program worked",
            Self::Replaced => "was replaced by another file while this program worked",
            Self::Moved => "was moved away, or its folder was, while this program worked",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Deleted => {
                "What it held is lost unless there is a copy: put that in its place to go on from there, or start anew"
            }
            Self::Replaced => {
                "Run the same command again to go on from what the other file holds, or put a copy from before in its place"
            }
            Self::Moved => {
                "What it holds is safe where it lies now: move away what may lie in its place by now, move it back, and run the same command again to go on"
            }
        }
    }
}

/// What to do about damage at a byte, without losing what is intact.
fn mend(path: &Path, offset: u64, intact: usize, after: usize) -> impl fmt::Display {
    let copy = shell::word(&unused(path, "damaged"));
    let word = shell::word(path);
    match intact {
        0 => format!(
            "Intact records: none before it, {after} behind it. Put a copy from before in its place; without one the study can only start anew, once no program works on it and the file is moved away: mv {word} {copy}"
        ),
        _ => format!(
            "Intact records: {intact} before it, {after} behind it. Put a copy from before in its place; or, \
             once no program works on the study, keep this one beside it and go on from what is before the damage: cp \
             {word} {copy} && truncate -s {offset} {word}"
        ),
    }
}

/// What to do about records in one line: their ends may have become those of another system.
fn lines_back(path: &Path, returns: bool) -> impl fmt::Display {
    let (word, copy) = (shell::word(path), shell::word(&unused(path, "one-line")));
    let away = format!("mv {word} {copy}");
    match returns {
        true => format!(
            "Its lines may have been given the ends of another system; give them back their own: {away} && tr '\\r' '\\n' < {copy} > {word}"
        ),
        false => format!(
            "Put a copy from before in its place; or, where it is not this study's, move it away: {away}"
        ),
    }
}

fn back_to_utf_8(path: &Path) -> String {
    let (word, copy) = (shell::word(path), shell::word(&unused(path, "utf-16")));
    format!("mv {word} {copy} && iconv -f UTF-16 -t UTF-8 {copy} > {word}")
}

/// A name beside the path that nothing has.
fn unused(path: &Path, suffix: &str) -> PathBuf {
    let named = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(suffix);
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    let is_free = |path: &PathBuf| path.symlink_metadata().is_err();
    let mut names = (1..10_000).map(named);
    names.find(is_free).unwrap_or_else(|| named(10_000))
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
        Kind::InvalidInput | Kind::IsADirectory => {
            "move it away, or keep the runs elsewhere with --runs"
        }
        Kind::OutOfMemory => "a journal has some megabytes: something else may have written to it",
        Kind::Unsupported => {
            "its file system has no locks: keep the runs on a local disk with --runs"
        }
        _ => "check the disk, or keep the runs on another one with --runs",
    }
}
