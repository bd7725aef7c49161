//! The `load.py` beside exported weights: how to load them, with one library or another, to predict and to check.
//!
//! Each is three pieces of `python/`: how to load, the trial's values in place of the line [`SETTINGS`], and the command.

use super::Front;
use super::front::Finished;
use crate::study::ModelSource;
use crate::task::Labels;
use crate::visible::{quoted, visible};

/// The module that runs every configuration on `transformers` alone.
pub(super) const MODULE: &str = include_str!("python/autopeft_adapter.py");
/// Its name beside the weights.
pub(super) const MODULE_FILE: &str = "autopeft_adapter.py";
/// Name of the script.
pub(super) const FILE: &str = "load.py";
/// Folder of the encoder inside the program, beside the trials' folders.
pub(super) const ENCODER: &str = "encoder";

/// The line that gives way to the trial's values.
const SETTINGS: &str = "# SETTINGS\n";
const COMMAND: &str = include_str!("python/command.py");

/// What loads the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    /// The module beside the weights.
    Transformers,
    /// AdapterHub's `adapters`.
    Adapters,
    /// Hugging Face's `peft`.
    Peft,
}

impl Library {
    /// What to install, besides torch.
    pub(super) fn packages(self) -> &'static str {
        match self {
            Self::Transformers => "transformers safetensors",
            Self::Adapters => "adapters",
            Self::Peft => "peft transformers",
        }
    }

    fn loading(self) -> &'static str {
        match self {
            Self::Transformers => include_str!("python/load_module.py"),
            Self::Adapters => include_str!("python/load_adapterhub.py"),
            Self::Peft => include_str!("python/load_peft.py"),
        }
    }

    /// Folders from the script up to the one that holds all trials.
    fn depth(self) -> usize {
        match self {
            Self::Transformers => 1,
            Self::Adapters | Self::Peft => 2,
        }
    }
}

/// The script for a trial.
pub(super) fn script(
    front: &Front<'_>,
    (trial, measurement): Finished<'_>,
    library: Library,
) -> String {
    let context = front.context;
    let up = ".parent".repeat(library.depth());
    let (model, revision) = match &context.study.model {
        ModelSource::Embedded => (format!("str(HERE{up} / \"{ENCODER}\")"), None),
        ModelSource::Folder(folder) => (quoted(&folder.display().to_string()), None),
        // The encoder that was trained on, wherever the branch goes.
        ModelSource::Hub { id, revision } => {
            let commit = context.model_files.commit.as_ref();
            (quoted(id), Some(commit.unwrap_or(revision)))
        }
    };
    let labels: Vec<String> = match &context.labels {
        Labels::Classes(names) => names.iter().map(|name| quoted(name)).collect(),
        Labels::Regression => Vec::new(),
    };
    let settings = format!(
        "MODEL = {model}\nREVISION = {}\nMODEL_TYPE = {}\nMAX_LENGTH = {}\n# Empty: a number is predicted.\nLABELS = [{}]\n\
         METRIC = {}\n# The class that F1 counts.\nPOSITIVE = {}\nSCORE = {:?}\n",
        revision.map_or("None".to_owned(), |revision| quoted(revision)),
        quoted(context.encoder.architecture.name()),
        context.study.training.max_length,
        labels.join(", "),
        quoted(context.metric.name()),
        context
            .positive_label
            .as_deref()
            .map_or("None".to_owned(), quoted),
        measurement.objectives.score,
    );
    format!(
        "\"\"\"Loads trial {} of the study {}: {}.\n\nNeeds: pip install torch {}\n\"\"\"\n\n{}{COMMAND}",
        trial.id.0,
        documented(front.name),
        documented(&trial.configuration.to_string()),
        library.packages(),
        library.loading().replacen(SETTINGS, &settings, 1),
    )
}

/// Text inside the quotes of a documentation string, which it cannot end.
fn documented(text: &str) -> String {
    visible(text).replace('"', "'").replace('\\', "/")
}
