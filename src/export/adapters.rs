//! The trained adapters of the front: a folder per trial, with its weights, what they are, and a module that runs them.

use std::path::{Path, PathBuf};

use super::python::{self, Library};
use super::trained;
use super::{AdapterCard, ExportError, Exporter, Front, model_card, write_file};
use crate::durable;
use crate::model::{ModelFiles, Weights};
use crate::study::ModelSource;

/// Weights and description of every trial on the front.
pub(super) struct Adapters;

impl Exporter for Adapters {
    fn name(&self) -> &'static str {
        "adapters"
    }

    fn about(&self) -> &'static str {
        "trial-NNNN/: the trained weights of each configuration on the front, with a Python module that runs them"
    }

    fn is_possible(&self, front: &Front<'_>) -> bool {
        front.context.study.output.keep_adapters
    }

    /// Writes nothing where weights are missing. In each folder the description comes last: where it is, all is.
    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let members = front.members();
        for (trial, _) in &members {
            trained::find(front, trial)?;
        }
        let mut written = encoder(front, folder)?;
        for member in members {
            let [weights, card] = trained::adapter(front, member)?;
            let folder = trained::folder(folder, member.0.id, "")?;
            let script = python::script(front, member, Library::Transformers);
            let page = model_card::page(front, member);
            written.extend([
                write_file(&folder, AdapterCard::WEIGHTS, &weights)?,
                write_file(&folder, python::MODULE_FILE, python::MODULE.as_bytes())?,
                write_file(&folder, python::FILE, script.as_bytes())?,
                write_file(&folder, model_card::FILE, page.as_bytes())?,
                write_file(&folder, AdapterCard::FILE, &card)?,
            ]);
        }
        Ok(written)
    }
}

/// Writes the encoder inside the program, which is to be had nowhere else; any other is where the study says.
pub(super) fn encoder(front: &Front<'_>, out: &Path) -> Result<Vec<PathBuf>, ExportError> {
    if front.context.study.model != ModelSource::Embedded {
        return Ok(Vec::new());
    }
    let files = ModelFiles::embedded();
    let (Some(tokenizer), Weights::Embedded(weights)) =
        (files.tokenizer.get("tokenizer.json"), &files.weights)
    else {
        unreachable!("the embedded encoder has these, see `ModelFiles::embedded`");
    };
    let folder = out.join(python::ENCODER);
    durable::create_folder(&folder).map_err(|source| ExportError::Write {
        path: folder.clone(),
        source,
    })?;
    Ok(vec![
        write_file(&folder, "tokenizer.json", tokenizer)?,
        write_file(&folder, "model.safetensors", weights)?,
        write_file(&folder, "config.json", &files.config)?,
    ])
}
