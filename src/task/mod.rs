//! Tasks: labelled text, its metric and its splits.

mod dataset;
pub mod demo;
mod error;
mod files;
mod inspect;
mod labels;
mod load;
mod metric;
mod read;
mod registry;
mod render;
mod settings;
mod split;

pub use dataset::{Dataset, Example, Label, Labels};
pub use error::{Place, TaskError};
pub use inspect::{Column, Sketch};
pub use load::load;
pub use metric::{Metric, UnknownMetric, search_score};
pub use registry::{HubData, KnownTask, TASKS, known};
pub use settings::{DataFormat, TaskSettings, ValidationSplit};
