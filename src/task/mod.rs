//! Tasks: labelled text, its metric and its splits.

mod dataset;
mod metric;
mod settings;

pub use dataset::{Dataset, Example, Label, Labels};
pub use metric::Metric;
pub use settings::{DataFormat, TaskSettings, ValidationSplit};
