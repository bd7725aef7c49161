//! Tasks: labelled text, its metric and its splits.

mod classes;
mod dataset;
pub mod demo;
mod error;
mod files;
mod folder;
mod inspect;
mod labels;
mod load;
mod marks;
mod metric;
mod read;
mod reading;
mod registry;
mod render;
mod rows;
mod settings;
mod split;
mod visible;

pub use dataset::{Dataset, Example, Label, Labels};
pub use error::{Place, TaskError};
pub use inspect::{Column, Sketch};
pub use load::load;
pub use metric::{Metric, UnknownMetric, search_score};
pub use registry::{HubData, KnownTask, TASKS, known};
pub use settings::{DataFormat, MissingLabels, TaskSettings, ValidationSplit};
pub use visible::visible;
