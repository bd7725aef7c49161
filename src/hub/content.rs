//! Whether a file has the content by which it is named.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::name;
use crate::digest;

/// Whether a file has the content by which its blob is named, or any where the name does not tell.
pub(super) fn is_whole(path: &Path) -> bool {
    let Ok(blob) = path.canonicalize() else {
        return false;
    };
    let Ok(found) = fs::metadata(&blob) else {
        return false;
    };
    let name = blob.file_name().and_then(|name| name.to_str());
    // Other hubs have other names, and an empty file is a download that broke off.
    found.is_file() && is_named(&blob, name.unwrap_or_default()).unwrap_or(found.len() > 0)
}

/// Whether a file's content is the one of which this is the name; none where the name does not tell.
pub(super) fn is_named(path: &Path, name: &str) -> Option<bool> {
    match name.len() {
        _ if !is_digest(name) => None,
        64 => Some(digest::of_file(path).is_ok_and(|found| found == name)),
        _ => Some(has_sha1(path, name).unwrap_or(false)),
    }
}

/// Whether a blob's name tells its content.
pub(super) fn is_digest(name: &str) -> bool {
    name::is_hexadecimal(name, 40) || name::is_hexadecimal(name, 64)
}

/// Whether this is the SHA-1 of a file's content: git's, which begins with its length, or the plain one.
fn has_sha1(path: &Path, digest: &str) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut plain = sha1_smol::Sha1::new();
    let mut git = sha1_smol::Sha1::from(format!("blob {}\0", file.metadata()?.len()));
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => {
                return Ok([git, plain]
                    .iter()
                    .any(|hash| hash.digest().to_string() == digest));
            }
            count => {
                plain.update(&piece[..count]);
                git.update(&piece[..count]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    #[test]
    fn small_files_are_known_by_git_s_hash() {
        // printf 'a word\n' | git hash-object --stdin; printf 'a word\n' | sha1sum
        let (git, plain) = (
            "efb04a7c2aeef10e7ed20a24afbc08c6171ca42e",
            "701bc71ddacae79e57b61a6a2a1a9e2fc6f99a6f",
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "a word\n").unwrap();
        assert_eq!(
            [git, plain].map(|name| is_named(&path, name)),
            [Some(true); 2]
        );
        assert_eq!(is_named(&path, "etag"), None);
        fs::write(&path, "a wor").unwrap();
        assert_eq!(
            [git, plain].map(|name| is_named(&path, name)),
            [Some(false); 2]
        );
    }
}
