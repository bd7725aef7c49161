//! Tasks: labelled text, its metric and its splits.

mod dataset;
mod metric;

pub use dataset::{Dataset, Example, Label, Labels};
pub use metric::Metric;
