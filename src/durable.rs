//! Files that are either whole or not there, whatever moment the program or the machine stops.
//!
//! A file is written under a hidden temporary name beside its own, synchronised, and renamed into place. A program
//! killed in between leaves at most a hidden `.NAME.partial-PID`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What the temporary names have between the file's own name and the number of the process.
const PARTIAL: &str = ".partial-";

/// Writes a file by `fill`, in place of any file of that name.
///
/// # Errors
/// Where the folder cannot be written, or `fill` fails; a file of that name is then as it was before.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let folder = folder_of(path);
    let partial = folder.join(format!(
        ".{}{PARTIAL}{}",
        name.to_string_lossy(),
        std::process::id()
    ));
    let done = fill_and_rename(&partial, path, fill).and_then(|()| sync_folder(folder));
    if done.is_err() {
        // The error at hand says more than a failure to tidy up after it.
        let _ = fs::remove_file(&partial);
    }
    done
}

fn fill_and_rename(
    partial: &Path,
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(partial)?);
    fill(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    drop(out);
    fs::rename(partial, path)
}

/// Creates a folder and those above it, so that they are still there after a power cut.
///
/// # Errors
/// Where one of them cannot be created.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    create_folder(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => {
            return Err(error);
        }
        _ => {}
    }
    sync_folder(parent)
}

/// Deletes what programs left in a folder that were stopped while they wrote. Nobody may be writing there meanwhile.
///
/// # Errors
/// Where the folder cannot be read or a file not deleted; a missing folder has none.
pub(crate) fn delete_partial_files(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.contains(PARTIAL) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes the names of a folder's files durable.
///
/// # Errors
/// Where the folder cannot be opened or synchronised.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows gives no handle to a folder and keeps names durable by itself.
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // Some network file systems know no synchronisation of folders.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write_whole(&path, |out| out.write_all(b"old")).unwrap();
        let full = write_whole(&path, |out| {
            out.write_all(b"half of the new")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_what_was_never_finished_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".a.csv.partial-7", "a.csv", ".hidden", "b.partial-7"];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        delete_partial_files(folder.path()).unwrap();
        delete_partial_files(&folder.path().join("absent")).unwrap();
        let left = names.map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true, true]);
    }

    #[test]
    fn a_folder_is_created_with_those_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        create_folder(&deep).unwrap();
        create_folder(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(create_folder(&folder.path().join("file/d")).is_err());
    }
}
