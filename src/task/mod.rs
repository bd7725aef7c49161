//! Tasks: labelled text, its metric and its splits.

mod apportion;
mod classes;
mod dataset;
pub mod demo;
mod edition;
mod error;
mod files;
mod folder;
mod formulas;
mod inspect;
mod labels;
mod load;
mod marks;
mod metric;
mod parts;
mod read;
mod reading;
mod registry;
mod render;
mod resolution;
mod rows;
mod scored;
mod scoring;
mod settings;
mod split;

pub use dataset::{Dataset, Example, Label, Labels};
pub use edition::Edition;
pub use error::{Place, TaskError};
pub use inspect::{Column, Predicted, Sketch};
pub use labels::plain_name;
pub use load::load;
pub use metric::{Metric, UnknownMetric};
pub use registry::{HubData, KnownTask, TASKS, known};
pub use resolution::Resolution;
pub use scoring::{Scoring, Undefined, values};
pub use settings::{DataFormat, MissingLabels, QuotedLines, TaskSettings, ValidationSplit};
