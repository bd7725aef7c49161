//! The cache: a folder per repository, as Python's `huggingface_hub` lays it out.
//!
//! | path | what it is |
//! |---|---|
//! | `refs/REVISION` | the commit that a branch or a tag named when it was asked for |
//! | `snapshots/COMMIT/FILE` | the file at a commit: a link to its blob, or the file itself |
//! | `blobs/ETAG` | the content; the name is git's SHA-1, or the SHA-256 of a large file |
//! | `.no_exist/COMMIT/FILE` | an empty file: the commit is known not to have this one |
//!
//! Others may write here: what is no commit is none, what leads out of the cache is not read, and nothing is written
//! through a link. The cache itself, and a repository's folder in it, may be links to another disk.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::content::is_whole;
use super::name;
use super::{Repository, RepositoryKind};
use crate::durable;

/// What the cache holds of one repository.
pub(super) struct Shelf {
    cache: PathBuf,
    /// The repository's folder, by its name in the cache.
    name: String,
}

/// A file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is here.
    Whole(PathBuf),
    /// Something stands in its place: a link to nothing, an empty file, or what is not as its name says.
    Damaged(PathBuf),
    /// What stands in its place is a link that leads out of the cache.
    Outside(PathBuf),
    /// The commit is known to have no such file.
    Absent,
    /// Nothing is known of it.
    Unknown,
}

/// A path in the cache that could not be written, or must not be.
pub(super) type Trouble = (PathBuf, io::Error);

impl Shelf {
    pub(super) fn of(cache: &Path, repository: &Repository) -> Self {
        let kind = match repository.kind {
            RepositoryKind::Model => "models",
            RepositoryKind::Dataset => "datasets",
        };
        Self {
            cache: cache.to_owned(),
            name: format!("{kind}--{}", repository.id.replace('/', "--")),
        }
    }

    /// The commit of a branch or tag, if anything of that commit is here.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        let path = self.folder().join("refs").join(revision);
        // A pipe would never end.
        if !(path.is_file() && self.holds(&path)) {
            return None;
        }
        let mut text = String::new();
        let file = File::open(path).ok()?;
        file.take(100).read_to_string(&mut text).ok()?;
        let commit = text.trim();
        (name::is_commit(commit) && self.snapshot(commit).is_dir()).then(|| commit.to_owned())
    }

    /// A file at a commit.
    pub(super) fn find(&self, commit: &str, file: &str) -> Found {
        let path = self.snapshot(commit).join(file);
        if path.symlink_metadata().is_ok() {
            return match () {
                () if path.exists() && !self.holds(&path) => Found::Outside(path),
                () if is_whole(&path) => Found::Whole(path),
                () => Found::Damaged(path),
            };
        }
        match self.absence(commit).join(file).is_file() {
            true => Found::Absent,
            false => Found::Unknown,
        }
    }

    /// Keeps that a commit has no such file, where something else of it is here: so it is a commit that there is.
    pub(super) fn keep_absence(&self, commit: &str, file: &str) {
        if !self.snapshot(commit).is_dir() {
            return;
        }
        let path = self.absence(commit).join(file);
        // Without it the hub is asked again.
        let _ = self.prepared(&path).map(|()| File::create_new(&path));
    }

    /// Keeps the commit of a branch or tag: by this it is found again offline.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn keep_commit(&self, revision: &str, commit: &str) -> Result<(), Trouble> {
        let path = self.folder().join("refs").join(revision);
        self.prepared(&path)?;
        let written =
            durable::write_whole(&path, |out| io::Write::write_all(out, commit.as_bytes()));
        written.map_err(|error| (path, error))
    }

    /// Puts a blob in a file's place at a commit, instead of anything that is there.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn link(&self, commit: &str, file: &str, etag: &str) -> Result<PathBuf, Trouble> {
        let path = self.snapshot(commit).join(file);
        self.prepared(&path)?;
        let up = "../".repeat(2 + file.matches('/').count());
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).map_err(|error| (path.clone(), error))?;
        }
        #[cfg(unix)]
        let linked = std::os::unix::fs::symlink(format!("{up}blobs/{etag}"), &path);
        #[cfg(not(unix))]
        let linked = Err(io::Error::from(io::ErrorKind::Unsupported));
        // Some file systems have no links; there the file itself stands here, as in Python.
        let placed = linked.or_else(|_| fs::rename(self.blob(etag), &path));
        placed.map_err(|error| (path.clone(), error))?;
        Ok(path)
    }

    /// Where a blob lies.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder().join("blobs").join(etag)
    }

    /// Where the lock lies that whoever fetches a blob holds.
    pub(super) fn lock(&self, etag: &str) -> PathBuf {
        let locks = self.cache.join(".locks").join(&self.name);
        locks.join(format!("{etag}.lock"))
    }

    /// Creates the folders of a path in the cache, none of them outside it.
    ///
    /// # Errors
    /// One cannot be created, or leads out of the cache.
    pub(super) fn prepared(&self, path: &Path) -> Result<(), Trouble> {
        let create = |folder: &Path| {
            let made = fs::create_dir_all(folder);
            made.map_err(|error| (folder.to_owned(), error))
        };
        create(&self.cache)?;
        let below = path
            .parent()
            .and_then(|folder| folder.strip_prefix(&self.cache).ok());
        let mut folder = self.cache.clone();
        for part in below.into_iter().flatten() {
            folder.push(part);
            create(&folder)?;
            if !self.holds(&folder) {
                return Err((
                    folder,
                    io::Error::other("it is a link that leads out of the cache"),
                ));
            }
        }
        Ok(())
    }

    /// Whether something that is there lies in the cache, wherever its links lead.
    fn holds(&self, path: &Path) -> bool {
        let Ok(path) = path.canonicalize() else {
            return false;
        };
        let roots = [&self.cache, &self.folder()].map(|root| root.canonicalize());
        roots.iter().flatten().any(|root| path.starts_with(root))
    }

    fn folder(&self) -> PathBuf {
        self.cache.join(&self.name)
    }

    fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder().join("snapshots").join(commit)
    }

    fn absence(&self, commit: &str) -> PathBuf {
        self.folder().join(".no_exist").join(commit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;
    use crate::digest;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    /// Git's SHA-1 of an empty file.
    const NOTHING: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    fn shelf(files: &[(&str, &str)]) -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(folder.path(), &Repository::model("a/b", "main"));
        for (name, content) in files {
            let path = shelf.folder().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        (folder, shelf)
    }

    #[test]
    fn a_reference_counts_where_something_of_its_commit_is_here() {
        let snapshot = format!("snapshots/{COMMIT}/a");
        let (_folder, shelf) = shelf(&[
            ("refs/main", &format!("{COMMIT}\n")),
            ("refs/gone", "fedcba"),
            ("refs/half", ""),
            ("refs/odd", "../blobs"),
            ("refs/up", "../../.."),
            (&snapshot, "x"),
        ]);
        assert_eq!(shelf.commit("main").as_deref(), Some(COMMIT));
        for revision in ["gone", "half", "odd", "up", "other"] {
            assert_eq!(shelf.commit(revision), None, "{revision}");
        }
    }

    #[test]
    fn what_is_no_whole_file_is_not_taken_for_one() {
        let sha256 = digest::of_bytes(b"a word\n");
        let (_folder, shelf) = shelf(&[
            (&format!("blobs/{sha256}"), "a word\n"),
            (&format!("blobs/{}", "0".repeat(64)), "a wo"),
            ("blobs/etag", "any"),
            ("blobs/empty", ""),
            (&format!("blobs/{NOTHING}"), ""),
            (&format!("snapshots/{COMMIT}/own"), "content"),
            (&format!(".no_exist/{COMMIT}/none"), ""),
        ]);
        let link = |name: &str, blob: &str| {
            let path = shelf.snapshot(COMMIT).join(name);
            std::os::unix::fs::symlink(format!("../../blobs/{blob}"), path).unwrap();
        };
        link("whole", &sha256);
        link("nothing", NOTHING);
        link("cut", &"0".repeat(64));
        link("other-hub", "etag");
        link("empty", "empty");
        link("broken", "nothing");
        let path = |name: &str| shelf.snapshot(COMMIT).join(name);
        for name in ["whole", "other-hub", "own", "nothing"] {
            assert_eq!(shelf.find(COMMIT, name), Found::Whole(path(name)));
        }
        for name in ["cut", "empty", "broken"] {
            assert_eq!(shelf.find(COMMIT, name), Found::Damaged(path(name)));
        }
        assert_eq!(shelf.find(COMMIT, "none"), Found::Absent);
        assert_eq!(shelf.find(COMMIT, "new"), Found::Unknown);
    }
}
