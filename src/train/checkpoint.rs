//! The trained weights of finished trials: one safetensors file each, whole or not there.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::domain::TrialId;
use crate::durable;
use crate::model::weights::{FileFormat, NamedTensor, Weights, WeightsError, to_bytes};

/// No trained weights are larger; a file that is was not written by a trial.
const LARGEST_BYTES: u64 = 8 << 30;

/// Why trained weights cannot be kept or taken up again. Each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be written.
    #[error("cannot keep the trained weights in {}: {source}; free some space there, or keep the runs elsewhere with --runs", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the trained weights in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is larger than any trained weights.
    #[error("{} has {bytes} bytes, more than any trained weights ({LARGEST_BYTES}): it is another file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file holds no weights, or the weights cannot be written as a file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// The file for a trial's weights in the folder of all weights.
pub fn path(folder: &Path, trial: TrialId) -> PathBuf {
    folder.join(format!("trial-{}.safetensors", trial.0))
}

/// Keeps trained weights, durably, in place of any that the file held; its folder is created where it is missing.
///
/// # Errors
/// The file cannot be written (it is then as it was before), or a weight's numbers do not match its shape.
pub fn save(path: &Path, tensors: &[NamedTensor]) -> Result<(), CheckpointError> {
    let bytes = to_bytes(tensors, FileFormat::F32)?;
    path.parent()
        .map_or(Ok(()), durable::create_folder)
        .and_then(|()| durable::write_whole(path, |out| out.write_all(&bytes)))
        .map_err(|source| CheckpointError::Write {
            path: path.to_owned(),
            source,
        })
}

/// The trained weights in a file, by name in alphabetical order.
///
/// # Errors
/// The file cannot be read, is not whole, lies about its contents, or holds values that are not finite.
pub fn load(path: &Path) -> Result<Vec<NamedTensor>, CheckpointError> {
    let read_error = |source| CheckpointError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::metadata(path).map_err(read_error)?.len();
    if bytes > LARGEST_BYTES {
        return Err(CheckpointError::TooLarge {
            path: path.to_owned(),
            bytes,
        });
    }
    let bytes = std::fs::read(path).map_err(read_error)?;
    let weights = Weights::new(&bytes, &path.display().to_string())?;
    Ok(weights.floats()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    fn tensors() -> Vec<NamedTensor> {
        let matrix = NamedTensor {
            name: "layer.0.sa.down.weight".to_owned(),
            shape: vec![2, 3],
            values: vec![0.1, -0.0, f32::MIN_POSITIVE, f32::MAX, 1.0 / 3.0, -7.0],
        };
        let bias = NamedTensor {
            name: "head.out.bias".to_owned(),
            shape: vec![1],
            values: vec![0.5],
        };
        vec![bias, matrix]
    }

    #[test]
    fn what_was_kept_comes_back_bit_by_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder.path().join("weights"), TrialId(7));
        save(&path, &tensors()).unwrap();
        save(&path, &tensors()).unwrap();
        assert_eq!(path.file_name().unwrap(), "trial-7.safetensors");
        assert_eq!(load(&path).unwrap(), tensors());
        let parent = path.parent().unwrap();
        assert_eq!(std::fs::read_dir(parent).unwrap().count(), 1);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), TrialId(0));
        save(&path, &tensors()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = load(&path).unwrap_err().to_string();
            assert!(error.contains("trial-0.safetensors"), "{length}: {error}");
        }
    }

    #[test]
    fn a_header_that_claims_more_than_the_file_holds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), TrialId(0));
        let header = br#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header);
        bytes.extend_from_slice(&[0; 8]);
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(load(&path), Err(CheckpointError::Weights(_))));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights");
        std::fs::write(&file, "").unwrap();
        let error = save(&path(&file, TrialId(3)), &tensors()).unwrap_err();
        assert!(error.to_string().contains("trial-3.safetensors"), "{error}");
    }
}
