//! The trained weights of finished trials: one safetensors file each, whole or not there.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{Configuration, TrialId};
use crate::durable;
use crate::model::weights::{self, NamedTensor, Weights, WeightsError, to_bytes_of};
use crate::regular;

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
    /// The file holds the weights of something else.
    #[error(
        "{} holds {found}; it was put there by something else: put the file of this trial back, or move the run's folder \
         away and run the study anew", path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it holds, in words.
        found: String,
    },
    /// The file holds no weights, or the weights cannot be written as a file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Whose weights a file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// Digest of what all trials of the study rest on.
    pub basis: String,
    /// The trial.
    pub trial: TrialId,
    /// What was trained.
    pub configuration: Configuration,
}

impl Owner {
    /// Holds a file of trained weights against its owner. One that says nothing of an owner is taken where it
    /// `may_be_unsaid`: programs before this said nothing.
    ///
    /// # Errors
    /// The file cannot be read, or holds the weights of another trial, configuration or study.
    pub fn hold(&self, path: &Path, may_be_unsaid: bool) -> Result<(), CheckpointError> {
        let said = weights::owner(path).map_err(|source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        })?;
        let said: Option<Self> = said.and_then(|said| serde_json::from_str(&said).ok());
        let found = match said {
            None if may_be_unsaid => return Ok(()),
            None => "weights that do not say whose they are".to_owned(),
            Some(said) if said.basis != self.basis => {
                "the weights of a study with other rows, another encoder or other settings"
                    .to_owned()
            }
            Some(said) if said.trial != self.trial => {
                format!("the weights of trial {}", said.trial)
            }
            Some(said) if said.configuration != self.configuration => {
                format!("the weights of {}", said.configuration)
            }
            Some(_) => return Ok(()),
        };
        Err(CheckpointError::Foreign {
            path: path.to_owned(),
            found,
        })
    }
}

/// The file for a trial's weights in the folder of all weights.
pub fn path(folder: &Path, trial: TrialId) -> PathBuf {
    folder.join(format!("trial-{}.safetensors", trial.0))
}

/// Keeps trained weights, durably, in place of any that the file held; its folder is created where it is missing.
///
/// # Errors
/// The file cannot be written (it is then as it was before), or a weight's numbers do not match its shape.
pub fn save(path: &Path, owner: &Owner, tensors: &[NamedTensor]) -> Result<(), CheckpointError> {
    let unwritable = |source| CheckpointError::Write {
        path: path.to_owned(),
        source,
    };
    let owner = serde_json::to_string(owner).map_err(|error| unwritable(error.into()))?;
    let bytes = to_bytes_of(tensors, &owner)?;
    path.parent()
        .map_or(Ok(()), durable::create_subfolder)
        .and_then(|()| durable::write_whole(path, |out| out.write_all(&bytes)))
        .map_err(unwritable)
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
    let bytes = regular::read_into_memory(path).map_err(read_error)?;
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

    fn owner(trial: u32) -> Owner {
        Owner {
            basis: "study".to_owned(),
            trial: TrialId(trial),
            configuration: Configuration::default(),
        }
    }

    #[test]
    fn weights_are_taken_from_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), TrialId(7));
        save(&path, &owner(7), &tensors()).unwrap();
        let first = std::fs::read(&path).unwrap();
        save(&path, &owner(7), &tensors()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first, "byte by byte");
        owner(7).hold(&path, false).unwrap();
        let refused = |owner: Owner| owner.hold(&path, true).unwrap_err().to_string();
        assert!(refused(owner(8)).contains("the weights of trial #7"));
        let basis = "another".to_owned();
        assert!(refused(Owner { basis, ..owner(7) }).contains("other rows"));
        let configuration = Configuration {
            layers: vec![1],
            ..Configuration::default()
        };
        let other = Owner {
            configuration,
            ..owner(7)
        };
        assert!(refused(other).contains("trial-7.safetensors holds the weights of"));
        let unsaid = weights::to_bytes(&tensors(), weights::FileFormat::F32).unwrap();
        std::fs::write(&path, unsaid).unwrap();
        owner(7).hold(&path, true).unwrap();
        let error = owner(7).hold(&path, false).unwrap_err().to_string();
        assert!(error.contains("do not say whose they are"), "{error}");
    }

    #[test]
    fn what_was_kept_comes_back_bit_by_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder.path().join("weights"), TrialId(7));
        save(&path, &owner(7), &tensors()).unwrap();
        save(&path, &owner(7), &tensors()).unwrap();
        assert_eq!(path.file_name().unwrap(), "trial-7.safetensors");
        assert_eq!(load(&path).unwrap(), tensors());
        let parent = path.parent().unwrap();
        assert_eq!(std::fs::read_dir(parent).unwrap().count(), 1);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), TrialId(0));
        save(&path, &owner(7), &tensors()).unwrap();
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
        let error = save(&path(&file, TrialId(3)), &owner(3), &tensors()).unwrap_err();
        assert!(error.to_string().contains("trial-3.safetensors"), "{error}");
    }
}
