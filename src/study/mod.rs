//! The study file: what to search, on which model and task, and how.
//!
//! A study file is TOML. `schema` names every key with its type and documentation, `presets` holds the
//! defaults and the paper's settings, `parse` turns text into a [`Study`] or an error with its place.

mod settings;

pub use crate::task::{DataFormat, TaskSettings, ValidationSplit};
pub use settings::{
    Acquisition, FidelitySettings, InitialDesign, LayerChoice, ModelSource, ModuleSizes,
    OutputSettings, Precision, SearchSettings, SpaceSettings, Study, StudyName, Surrogate,
    TrainingSettings,
};
