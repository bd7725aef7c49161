//! Encoders, PEFT modules and heads, on the tensor library.
//!
//! [`tensor`] names the library's types and [`device`] chooses where they live. A [`Backbone`] is a frozen encoder,
//! loaded once from a [`config`] and [`weights`]; an [`AdaptedEncoder`] is a backbone with one configuration's modules
//! (from the registry in [`peft`]) and a head, its trained weights in [`parameters`].

mod adapted;
mod architecture;
mod batch;
pub mod config;
pub mod device;
mod dropout;
mod encoder;
mod head;
mod initial;
mod layer;
pub mod layout;
mod load;
pub mod ops;
pub mod parameters;
pub mod peft;
pub mod relative;
mod resident;
mod source;
pub mod space;
pub mod tensor;
mod tokenizer;
mod untouched;
pub mod weights;

pub use adapted::{AdaptedEncoder, AdaptedError, AdaptedSettings, trained_parameters};
pub use batch::{Batch, BatchError};
pub use dropout::Dropout;
pub use encoder::{Backbone, BackboneError};
pub use head::Units;
pub use initial::Initial;
pub use load::{LoadError, format};
pub use resident::{Places, Resident};
pub use source::{ModelFiles, SourceError, Weights};
pub use tokenizer::{Encoded, Tokenizer, TokenizerError, TokenizerFiles};
pub use untouched::{Untouched, Within};
