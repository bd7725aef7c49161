//! The study file: what to search, on which model and task, and how.
//!
//! A study file is TOML. `keys` is the table of every key with its type, default, paper value and meaning;
//! `document` looks values up by that table and notes mistakes with their place; `parse` and the sections turn
//! them into a [`Study`]; `checks` finds what is impossible together.

mod bounds;
mod checks;
mod document;
mod draft;
mod effect;
mod error;
mod keys;
mod known;
mod parse;
mod presets;
mod reference;
mod schema;
mod settings;
mod space_section;
mod task_section;
#[cfg(test)]
mod tests;
mod unknown;

pub use bounds::settings_out_of_bounds;
pub use draft::{Draft, written};
pub use effect::{Effect, results_of};
pub use error::{Mistake, Mistakes, StudyError};
pub use keys::MOST_TRIALS;
pub use reference::key_reference;
pub use settings::{
    FidelitySettings, LayerChoice, ModelSource, ModuleSizes, OutputSettings, Precision,
    SearchSettings, SpaceSettings, Study, StudyName, TrainingSettings,
};
