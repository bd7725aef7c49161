//! A model's files, wherever they come from.

use std::path::{Path, PathBuf};

use super::tokenizer::TokenizerFiles;
use crate::digest;
use crate::hub::{Hub, HubError, HubProgress, Repository, commit};
use crate::study::ModelSource;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";

/// What a model is loaded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    /// The content of `config.json`.
    pub config: Vec<u8>,
    /// The tokenizer.
    pub tokenizer: TokenizerFiles,
    /// The weights.
    pub weights: Weights,
    /// Where it came from, for people and manifests: a folder, or a name and a commit on the hub.
    pub origin: String,
}

/// Weights in safetensors format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// In a file.
    File(PathBuf),
    /// Inside the program.
    Embedded(&'static [u8]),
}

/// A model whose files are not all there.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder is not there.
    #[error("model folder {}: there is no such folder", .0.display())]
    NoFolder(PathBuf),
    /// The folder lacks a file.
    #[error("model folder {}: {problem}", folder.display())]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// What is missing, and what to do.
        problem: String,
    },
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The hub did not give a file.
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl ModelFiles {
    /// Finds a model's files; those of a hub model are downloaded unless they are in the cache, and `progress`
    /// hears of it.
    pub fn open(
        source: &ModelSource,
        hub: &Hub,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Self, SourceError> {
        match source {
            ModelSource::Embedded => Ok(Self::embedded()),
            ModelSource::Folder(folder) => Self::in_folder(folder),
            ModelSource::Hub { id, revision } => {
                Self::on_hub(&Repository::model(id, revision), hub, progress)
            }
        }
    }

    /// The small encoder inside the program; `assets/demo/README.md` says how it was made.
    pub fn embedded() -> Self {
        Self {
            config: include_bytes!("../../assets/demo/config.json").to_vec(),
            tokenizer: TokenizerFiles::Json(
                include_bytes!("../../assets/demo/tokenizer.json").to_vec(),
            ),
            weights: Weights::Embedded(include_bytes!("../../assets/demo/model.safetensors")),
            origin: "the embedded encoder".to_owned(),
        }
    }

    /// SHA-256 of each file, as hexadecimal digits, by the file's name.
    ///
    /// # Errors
    /// A file cannot be read any more.
    pub fn digests(&self) -> Result<Vec<(String, String)>, SourceError> {
        let of_file = |path: &Path| -> Result<(String, String), SourceError> {
            let name = path.file_name().unwrap_or(path.as_os_str());
            let io = |source| SourceError::Io {
                path: path.to_owned(),
                source,
            };
            let digest = digest::of_file(path).map_err(io)?;
            Ok((name.to_string_lossy().into_owned(), digest))
        };
        let named = |name: &str, bytes: &[u8]| (name.to_owned(), digest::of_bytes(bytes));
        let mut digests = vec![named(CONFIG, &self.config)];
        digests.push(match &self.weights {
            Weights::File(path) => of_file(path)?,
            Weights::Embedded(bytes) => named(WEIGHTS, bytes),
        });
        match &self.tokenizer {
            TokenizerFiles::Json(bytes) => digests.push(named(TOKENIZER, bytes)),
            TokenizerFiles::WordPiece {
                vocabulary,
                settings,
            } => {
                digests.push(of_file(vocabulary)?);
                let settings = settings.as_deref();
                digests.extend(settings.map(|bytes| named("tokenizer_config.json", bytes)));
            }
            TokenizerFiles::ByteBpe { vocabulary, merges } => {
                digests.extend([of_file(vocabulary)?, of_file(merges)?]);
            }
        }
        Ok(digests)
    }

    fn in_folder(folder: &Path) -> Result<Self, SourceError> {
        if !folder.is_dir() {
            return Err(SourceError::NoFolder(folder.to_owned()));
        }
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let incomplete = |problem: String| SourceError::Incomplete {
            folder: folder.to_owned(),
            problem,
        };
        let config = file(CONFIG).ok_or_else(|| {
            incomplete(format!("it has no {CONFIG}; is it the folder of a model?"))
        })?;
        let weights = file(WEIGHTS).ok_or_else(|| incomplete(no_weights(file)))?;
        let tokenizer = tokenizer(|name| Ok(file(name)))?.ok_or_else(|| {
            incomplete(format!(
                "it has neither {TOKENIZER} nor vocab.txt nor vocab.json with merges.txt; copy the model's tokenizer files into it"
            ))
        })?;
        Ok(Self {
            config: read(&config)?,
            tokenizer,
            weights: Weights::File(weights),
            origin: folder.display().to_string(),
        })
    }

    fn on_hub(
        repository: &Repository,
        hub: &Hub,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Self, SourceError> {
        let config = hub.file(repository, CONFIG, progress)?;
        let found = tokenizer(|name| Ok(hub.file_if_there(repository, name, &mut *progress)?))?;
        let tokenizer = match found {
            Some(files) => files,
            // Asked for once more, as a file that must be there: its error says what to do.
            None => TokenizerFiles::Json(read(&hub.file(repository, TOKENIZER, progress)?)?),
        };
        let weights = hub.file(repository, WEIGHTS, progress)?;
        let origin = match commit(&config) {
            Some(commit) => format!("{} (commit {commit})", repository.id),
            None => repository.id.clone(),
        };
        Ok(Self {
            config: read(&config)?,
            tokenizer,
            weights: Weights::File(weights),
            origin,
        })
    }
}

/// The tokenizer's files, if they are there: `tokenizer.json` first, for it says everything.
fn tokenizer(
    mut file: impl FnMut(&str) -> Result<Option<PathBuf>, SourceError>,
) -> Result<Option<TokenizerFiles>, SourceError> {
    if let Some(path) = file(TOKENIZER)? {
        return Ok(Some(TokenizerFiles::Json(read(&path)?)));
    }
    if let Some(vocabulary) = file("vocab.txt")? {
        let settings = file("tokenizer_config.json")?;
        let settings = settings.as_deref().map(read).transpose()?;
        return Ok(Some(TokenizerFiles::WordPiece {
            vocabulary,
            settings,
        }));
    }
    let (vocabulary, merges) = (file("vocab.json")?, file("merges.txt")?);
    let both = vocabulary.zip(merges);
    Ok(both.map(|(vocabulary, merges)| TokenizerFiles::ByteBpe { vocabulary, merges }))
}

/// Why a folder has no usable weights.
fn no_weights(file: impl Fn(&str) -> Option<PathBuf>) -> String {
    if file("model.safetensors.index.json").is_some() {
        return format!("its weights are in several files; save them as one {WEIGHTS}");
    }
    let pickled = ["pytorch_model.bin", "pytorch_model.pt", "model.pt"];
    match pickled.iter().find(|name| file(name).is_some()) {
        Some(name) => format!(
            "its weights are in {name}, a pickle, which can run code and is not read; convert it to {WEIGHTS}, in Python: `AutoModel.from_pretrained(folder).save_pretrained(folder, safe_serialization=True)`"
        ),
        None => format!("it has no {WEIGHTS}; copy the model's weights into it"),
    }
}

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, SourceError> {
    let path = path.as_ref();
    std::fs::read(path).map_err(|source| SourceError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    fn problem(files: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), b"{}").unwrap();
        }
        let error = ModelFiles::in_folder(folder.path()).unwrap_err();
        error.to_string()
    }

    #[test]
    fn an_incomplete_folder_says_what_it_lacks() {
        assert!(problem(&[]).contains("no config.json"));
        assert!(problem(&["config.json"]).contains("no model.safetensors"));
        assert!(problem(&["config.json", "pytorch_model.bin"]).contains("convert it"));
        let sharded = ["config.json", "model.safetensors.index.json"];
        assert!(problem(&sharded).contains("several files"));
        let no_tokenizer = ["config.json", "model.safetensors", "vocab.json"];
        assert!(problem(&no_tokenizer).contains("merges.txt"));
        let error = ModelFiles::in_folder(Path::new("/no/such/folder")).unwrap_err();
        assert!(error.to_string().contains("no such folder"), "{error}");
    }

    #[test]
    fn a_complete_folder_is_taken_with_the_tokenizer_that_says_most() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["config.json", "model.safetensors", "vocab.txt"] {
            std::fs::write(folder.path().join(file), file).unwrap();
        }
        let files = ModelFiles::in_folder(folder.path()).unwrap();
        assert_eq!(files.config, b"config.json");
        assert!(matches!(files.tokenizer, TokenizerFiles::WordPiece { .. }));
        assert!(matches!(files.weights, Weights::File(path) if path.is_file()));
        std::fs::write(folder.path().join(TOKENIZER), "{}").unwrap();
        let files = ModelFiles::in_folder(folder.path()).unwrap();
        assert_eq!(files.tokenizer, TokenizerFiles::Json(b"{}".to_vec()));
    }
}
