//! Files that are either whole or not there, whatever moment the program or the machine stops, and that are nobody
//! else's.
//!
//! A file is written under a hidden temporary name beside its own, synchronised, and renamed into place. The name is
//! drawn at random and must be free: what somebody else put there, a link above all, is never written through. A program
//! killed in between leaves at most a hidden `.NAME.partial-RANDOM`. A link in place of the file itself is replaced, not
//! followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// What the temporary names have between the file's own name and what makes them unlike any other.
const PARTIAL: &str = ".partial-";
/// Characters drawn for a temporary name.
const DRAWN: usize = 12;
/// Characters of the file's own name in a temporary one: file systems know names of 255 bytes at most.
const NAME: usize = 50;

/// Writes a file by `fill`, in place of any file of that name.
///
/// # Errors
/// Where the folder cannot be written, or `fill` fails; a file of that name is then as it was before.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    filled(path, fill)?.persist(path)?;
    sync_folder(folder_of(path))
}

/// Writes a file by `fill` where there is none of that name.
///
/// # Errors
/// As of [`write_whole`], and where there is a file, or anything else, of that name.
pub fn write_new(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    filled(path, fill)?.persist_noclobber(path)?;
    sync_folder(folder_of(path))
}

/// The finished file under its temporary name; it is deleted unless it is given its own.
fn filled(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<TempPath> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let name: String = name.to_string_lossy().chars().take(NAME).collect();
    let partial = tempfile::Builder::new()
        .prefix(&format!(".{name}{PARTIAL}"))
        .rand_bytes(DRAWN)
        // With the permissions that any new file has.
        .make_in(folder_of(path), |partial| File::create_new(partial))?;
    let (file, partial) = NamedTempFile::into_parts(partial);
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    Ok(partial)
}

/// Opens a file that is kept open, such as a log: one of its own, which `options` may make. What somebody else put in its
/// place, a link or a pipe, is neither followed nor waited for.
///
/// # Errors
/// Where the file cannot be opened, or is something else than a file.
pub fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    let other = || {
        let is_other = fs::symlink_metadata(path).is_ok_and(|found| !found.is_file());
        let told = "it is no regular file; move it away";
        is_other.then(|| io::Error::new(io::ErrorKind::AlreadyExists, told))
    };
    let file = options
        .open(path)
        .map_err(|error| other().unwrap_or(error))?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(other().unwrap_or_else(|| io::ErrorKind::AlreadyExists.into())),
    }
}

/// Creates a folder and those above it, so that they are still there after a power cut.
///
/// # Errors
/// Where one of them cannot be created.
pub fn create_folder(folder: &Path) -> io::Result<()> {
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

/// Creates a folder in one that is there. Where that has gone, so has what the folder belongs to: it is not made anew.
///
/// # Errors
/// Where it cannot be created.
pub(crate) fn create_subfolder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(folder_of(folder)),
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Deletes the files that programs left in a folder that were stopped while they wrote. Nobody may be writing there
/// meanwhile. Links and folders of such names are somebody else's.
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
        // The entry's own kind: a link is one, wherever it leads.
        if is_partial(&name.to_string_lossy()) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a name is a temporary one: of this program, or of an earlier one with its process number at the end.
fn is_partial(name: &str) -> bool {
    let hidden = name
        .strip_prefix('.')
        .and_then(|name| name.rsplit_once(PARTIAL));
    hidden.is_some_and(|(name, drawn)| {
        let is_number = drawn.bytes().all(|byte| byte.is_ascii_digit());
        let is_drawn =
            drawn.len() == DRAWN && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric());
        !name.is_empty() && !drawn.is_empty() && (is_number || is_drawn)
    })
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
    fn a_new_file_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        write_new(&path, |out| out.write_all(b"ours")).unwrap();
        let taken = write_new(&path, |out| out.write_all(b"another"));
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"ours");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // As long as a file system takes.
        let long = folder.path().join("n".repeat(255));
        write_whole(&long, |out| out.write_all(b"ours")).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [plain, ours] = ["plain", "ours"].map(|name| folder.path().join(name));
        fs::write(&plain, "").unwrap();
        write_whole(&ours, |_| Ok(())).unwrap();
        let [plain, ours] = [plain, ours].map(|path| fs::metadata(path).unwrap().permissions());
        assert_eq!(ours.mode(), plain.mode());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_planted_is_not_written_through() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        // The name that earlier programs would have written to, and the file's own.
        let predictable = inside.join(format!(".front.csv.partial-{}", std::process::id()));
        symlink(&victim, &predictable).unwrap();
        symlink(&victim, inside.join("front.csv")).unwrap();
        write_whole(&inside.join("front.csv"), |out| out.write_all(b"a,b")).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        let written = fs::symlink_metadata(inside.join("front.csv")).unwrap();
        assert!(written.is_file());
        delete_partial_files(&inside).unwrap();
        assert!(fs::symlink_metadata(&predictable).is_ok());
        symlink(&victim, inside.join("log.txt")).unwrap();
        let log = |name: &str| {
            let options = &mut OpenOptions::new();
            open_own(options.append(true).create(true), &inside.join(name))
        };
        assert_eq!(
            log("log.txt").unwrap_err().to_string(),
            "it is no regular file; move it away"
        );
        rustix::fs::mknodat(
            rustix::fs::CWD,
            inside.join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        assert!(
            log("pipe")
                .unwrap_err()
                .to_string()
                .contains("no regular file")
        );
        log("new").unwrap().write_all(b"a line").unwrap();
        log("new").unwrap().write_all(b" more").unwrap();
        assert_eq!(fs::read(inside.join("new")).unwrap(), b"a line more");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn only_what_was_never_finished_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            (".a.csv.partial-7", false),
            (".a.csv.partial-0aZ9bcdefghi", false),
            (".a.partial-x.partial-12", false),
            ("a.csv", true),
            (".hidden", true),
            ("b.partial-7", true),
            (".notes.partial-draft", true),
            (".notes.partial-", true),
            (".partial-7", true),
        ];
        for (name, _) in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join(".b.csv.partial-8")).unwrap();
        delete_partial_files(folder.path()).unwrap();
        delete_partial_files(&folder.path().join("absent")).unwrap();
        for (name, stays) in names {
            assert_eq!(folder.path().join(name).exists(), stays, "{name}");
        }
        assert!(folder.path().join(".b.csv.partial-8").is_dir());
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
