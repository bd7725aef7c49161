//! SHA-256 of files, as hexadecimal digits: by these a file is known again wherever it lies.

use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::regular;

/// Bytes read at a time.
const PIECE: usize = 1 << 20;

/// Of a file's content.
///
/// # Errors
/// Where the file cannot be read.
pub(crate) fn of_file(path: &Path) -> io::Result<String> {
    let mut file = regular::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            count => hash.update(&piece[..count]),
        }
    }
}

/// Of bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        // FIPS 180-4, example of one block.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), abc);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let long = vec![7; 2 * PIECE + 3];
        std::fs::write(&path, &long).unwrap();
        assert_eq!(of_file(&path).unwrap(), of_bytes(&long));
    }
}
