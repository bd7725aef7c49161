//! The cache: a folder per repository, as Python's `huggingface_hub` lays it out.
//!
//! | path | what it is |
//! |---|---|
//! | `refs/REVISION` | the commit that a branch or a tag named when it was asked for |
//! | `snapshots/COMMIT/FILE` | the file at a commit: a link to its blob, or the file itself |
//! | `blobs/ETAG` | the content; the name is git's SHA-1, or the SHA-256 of a large file |
//! | `.no_exist/COMMIT/FILE` | an empty file: the commit is known not to have this one |

use std::fs;
use std::path::{Component, Path, PathBuf};

use hf_hub::Repo;

use crate::digest;

/// What the cache holds of one repository.
pub(super) struct Shelf(PathBuf);

/// A file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is here.
    Whole(PathBuf),
    /// Something stands in its place: a link to nothing, an empty file, or what is not as its name says.
    Damaged(PathBuf),
    /// The commit is known to have no such file.
    Absent,
    /// Nothing is known of it.
    Unknown,
}

impl Shelf {
    pub(super) fn of(cache: &Path, repo: &Repo) -> Self {
        Self(cache.join(repo.folder_name()))
    }

    /// The commit of a branch or tag, if anything of that commit is here.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        let text = fs::read_to_string(self.0.join("refs").join(revision)).ok()?;
        let commit = text.trim();
        (is_name(commit) && self.snapshot(commit).is_dir()).then(|| commit.to_owned())
    }

    /// A file at a commit.
    pub(super) fn find(&self, commit: &str, file: &str) -> Found {
        let path = self.snapshot(commit).join(file);
        if path.symlink_metadata().is_ok() {
            return match is_whole(&path) {
                true => Found::Whole(path),
                false => Found::Damaged(path),
            };
        }
        match self.0.join(".no_exist").join(commit).join(file).is_file() {
            true => Found::Absent,
            false => Found::Unknown,
        }
    }

    /// Keeps that a commit has no such file, where something else of it is here: so it is a commit that there is.
    pub(super) fn keep_absence(&self, commit: &str, file: &str) {
        if !self.snapshot(commit).is_dir() {
            return;
        }
        let path = self.0.join(".no_exist").join(commit).join(file);
        // Without it the hub is asked again.
        let _ = path
            .parent()
            .map(fs::create_dir_all)
            .map(|_| fs::write(path, ""));
    }

    fn snapshot(&self, commit: &str) -> PathBuf {
        self.0.join("snapshots").join(commit)
    }
}

/// Whether a revision is a commit.
pub(super) fn is_commit(revision: &str) -> bool {
    is_hexadecimal(revision, 40)
}

/// Whether this is the name of one file or folder.
fn is_name(text: &str) -> bool {
    let mut parts = Path::new(text).components();
    matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    )
}

/// Whether a file has the content by which its blob is named, or any where the name does not tell.
fn is_whole(path: &Path) -> bool {
    let Ok(blob) = path.canonicalize() else {
        return false;
    };
    let Ok(found) = fs::metadata(&blob) else {
        return false;
    };
    if !found.is_file() {
        return false;
    }
    let name = blob.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if is_hexadecimal(name, 64) => {
            digest::of_file(&blob).is_ok_and(|found| found == name)
        }
        Some(name) if is_hexadecimal(name, 40) => {
            fs::read(&blob).is_ok_and(|content| has_sha1(&content, name))
        }
        // Other hubs have other names, and an empty file is a download that broke off.
        _ => found.len() > 0,
    }
}

/// Whether this is the SHA-1 of a content: git's, which begins with its length, or the plain one.
fn has_sha1(content: &[u8], digest: &str) -> bool {
    let mut git = sha1_smol::Sha1::from(format!("blob {}\0", content.len()));
    git.update(content);
    let plain = sha1_smol::Sha1::from(content);
    [git, plain]
        .iter()
        .any(|hash| hash.digest().to_string() == digest)
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    /// Git's SHA-1 of an empty file.
    const NOTHING: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    fn shelf(files: &[(&str, &str)]) -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let shelf = Shelf(folder.path().to_owned());
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
            (&snapshot, "x"),
        ]);
        assert_eq!(shelf.commit("main").as_deref(), Some(COMMIT));
        for revision in ["gone", "half", "odd", "other"] {
            assert_eq!(shelf.commit(revision), None, "{revision}");
        }
        assert!(is_commit(COMMIT) && !is_commit("main") && !is_commit(&COMMIT[1..]));
    }

    #[test]
    fn what_is_no_whole_file_is_not_taken_for_one() {
        let sha256 = digest::of_bytes(b"a word\n");
        let (folder, shelf) = shelf(&[
            (&format!("blobs/{sha256}"), "a word\n"),
            (&format!("blobs/{}", "0".repeat(64)), "a wo"),
            ("blobs/etag", "any"),
            ("blobs/empty", ""),
            (&format!("blobs/{NOTHING}"), ""),
            (&format!("snapshots/{COMMIT}/own"), "content"),
            (&format!(".no_exist/{COMMIT}/none"), ""),
        ]);
        let link = |name: &str, blob: &str| {
            let path = folder.path().join("snapshots").join(COMMIT).join(name);
            std::os::unix::fs::symlink(format!("../../blobs/{blob}"), path).unwrap();
        };
        link("whole", &sha256);
        link("nothing", NOTHING);
        link("cut", &"0".repeat(64));
        link("other-hub", "etag");
        link("empty", "empty");
        link("broken", "nothing");
        let path = |name: &str| folder.path().join("snapshots").join(COMMIT).join(name);
        for name in ["whole", "other-hub", "own", "nothing"] {
            assert_eq!(shelf.find(COMMIT, name), Found::Whole(path(name)));
        }
        for name in ["cut", "empty", "broken"] {
            assert_eq!(shelf.find(COMMIT, name), Found::Damaged(path(name)));
        }
        assert_eq!(shelf.find(COMMIT, "none"), Found::Absent);
        assert_eq!(shelf.find(COMMIT, "new"), Found::Unknown);
    }

    #[test]
    fn small_files_are_known_by_git_s_hash() {
        // printf 'a word\n' | git hash-object --stdin; printf 'a word\n' | sha1sum
        let content = b"a word\n";
        assert!(has_sha1(
            content,
            "efb04a7c2aeef10e7ed20a24afbc08c6171ca42e"
        ));
        assert!(has_sha1(
            content,
            "701bc71ddacae79e57b61a6a2a1a9e2fc6f99a6f"
        ));
        assert!(!has_sha1(
            b"a wor",
            "efb04a7c2aeef10e7ed20a24afbc08c6171ca42e"
        ));
    }
}
