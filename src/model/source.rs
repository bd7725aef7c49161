//! A model's files, wherever they come from.

mod place;
mod shards;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::tokenizer::TokenizerFiles;
use crate::digest;
use crate::hub::{Hub, HubError, HubProgress, Repository};
use crate::regular;
use crate::study::ModelSource;
use place::Place;
use shards::Shards;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";

/// Weights in formats that are not read. The first ones are pickles, which can run code.
const OTHER_WEIGHTS: [&str; 8] = [
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "pytorch_model.pt",
    "model.pt",
    "tf_model.h5",
    "flax_model.msgpack",
    "model.onnx",
    "adapter_model.safetensors",
];

/// Models of SentencePiece, which are not read.
const SENTENCE_PIECE: [&str; 3] = ["sentencepiece.bpe.model", "spiece.model", "spm.model"];

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
    /// Its commit on the hub.
    pub commit: Option<String>,
}

/// Weights in safetensors format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// In files: one, or as many as an index names.
    Files(Vec<PathBuf>),
    /// Inside the program.
    Embedded(&'static [u8]),
}

/// No file of a model but its weights is longer, in bytes: the tokenizer of 256,000 tokens has a third of that.
const MOST_BYTES: u64 = 100 << 20;

/// A model whose files are not all there.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder is not there.
    #[error("model folder {}: there is no such folder", .0.display())]
    NoFolder(PathBuf),
    /// A folder or a model on the hub lacks a file, or has one that is of no use.
    #[error("{place}: {problem}")]
    Incomplete {
        /// The folder or the model.
        place: String,
        /// What is missing or wrong, and what to do.
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
            ModelSource::Folder(folder) => Self::at(&mut Place::folder(folder)?),
            ModelSource::Hub { id, revision } => {
                let repository = Repository::model(id, revision);
                Self::at(&mut Place::on_hub(&repository, hub, progress)?)
            }
        }
    }

    /// The small encoder inside the program; `assets/demo/README.md` says how it was made.
    pub fn embedded() -> Self {
        let config = include_bytes!("../../assets/demo/config.json").to_vec();
        let tokenizer = include_bytes!("../../assets/demo/tokenizer.json").to_vec();
        Self {
            tokenizer: TokenizerFiles::json(tokenizer).of_model(config.clone()),
            config,
            weights: Weights::Embedded(include_bytes!("../../assets/demo/model.safetensors")),
            origin: "the embedded encoder".to_owned(),
            commit: None,
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
        match &self.weights {
            Weights::Files(paths) => {
                for path in paths {
                    digests.push(of_file(path)?);
                }
            }
            Weights::Embedded(bytes) => digests.push(named(WEIGHTS, bytes)),
        }
        let tokenizer = self.tokenizer.iter();
        digests.extend(tokenizer.map(|(name, bytes)| named(name, bytes)));
        Ok(digests)
    }

    /// SHA-256 of the weights' content, as hexadecimal digits: the file's, or of those of all files.
    ///
    /// # Errors
    /// A file cannot be read any more.
    pub fn weights_digest(&self) -> Result<String, SourceError> {
        let paths = match &self.weights {
            Weights::Files(paths) => paths,
            Weights::Embedded(bytes) => return Ok(digest::of_bytes(bytes)),
        };
        let of_file = |path: &PathBuf| {
            digest::of_file(path).map_err(|source| SourceError::Io {
                path: path.clone(),
                source,
            })
        };
        let mut digests = paths.iter().map(of_file).collect::<Result<Vec<_>, _>>()?;
        digests.sort_unstable();
        Ok(match &digests[..] {
            [one] => one.clone(),
            several => digest::of_bytes(several.concat().as_bytes()),
        })
    }

    fn at(place: &mut Place<'_>) -> Result<Self, SourceError> {
        let config = read(place.required(CONFIG)?)?;
        let content = |name: &str| place.find(name)?.map(read).transpose();
        let Some(tokenizer) = TokenizerFiles::gather(&config, content)? else {
            return Err(no_tokenizer(place));
        };
        Ok(Self {
            config,
            tokenizer,
            weights: Weights::Files(weights(place)?),
            origin: place.origin(),
            commit: place.commit(),
        })
    }
}

/// The files with the weights.
fn weights(place: &mut Place<'_>) -> Result<Vec<PathBuf>, SourceError> {
    if let Some(path) = place.find(WEIGHTS)? {
        return Ok(vec![path]);
    }
    let Some(index) = place.find(shards::INDEX)? else {
        return Err(no_weights(place));
    };
    let index = Shards::of(&read(&index)?).map_err(|problem| place.incomplete(problem))?;
    let advice = format!(
        "{} names it with a part of the weights; fetch it",
        shards::INDEX
    );
    let shard = |name: &String| {
        let found = place.find(name)?;
        let path = found.ok_or_else(|| place.lacks(name, &advice))?;
        let whole = index.name_all(name, &path);
        whole.map_err(|problem| place.incomplete(problem))?;
        Ok(path)
    };
    index.names.iter().map(shard).collect()
}

/// Why there are no usable weights.
fn no_weights(place: &mut Place<'_>) -> SourceError {
    let found = match place.holding(&OTHER_WEIGHTS) {
        Ok(found) => found,
        Err(error) => return error,
    };
    let problem = match found {
        Some(name @ "adapter_model.safetensors") => format!(
            "it has no {WEIGHTS}, only {name}: an adapter, not an encoder; name the encoder that it was trained on"
        ),
        Some(name) => format!(
            "its weights are in {name}, which is not read (a pickle can run code); convert them to {WEIGHTS}, in Python: `AutoModel.from_pretrained(MODEL).save_pretrained(FOLDER, safe_serialization=True)`, with the tokenizer beside them: `AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)`"
        ),
        None => return place.lacks(WEIGHTS, "copy the model's weights into it"),
    };
    place.incomplete(problem)
}

/// Why there is no usable tokenizer.
fn no_tokenizer(place: &mut Place<'_>) -> SourceError {
    match place.holding(&SENTENCE_PIECE) {
        Ok(Some(name)) => place.incomplete(format!(
            "its tokenizer is {name}, a SentencePiece model, which is not read; write {TOKENIZER}, in Python: `AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)`, and copy it beside the weights"
        )),
        Ok(None) => place.lacks(
            TOKENIZER,
            "neither has it vocab.txt, nor vocab.json with merges.txt; copy the model's tokenizer files into it",
        ),
        Err(error) => error,
    }
}

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, SourceError> {
    let path = path.as_ref();
    regular::read(path, MOST_BYTES).map_err(|source| SourceError::Io {
        path: path.to_owned(),
        source,
    })
}
