//! `keys`: explains the study file.

use std::io::Write;

use anyhow::Result;
use autopeft::streams;
use autopeft::study::key_reference;

use super::exit::Done;

/// Columns of the text.
const WIDTH: usize = 100;

/// Prints the reference of every key.
pub(crate) fn keys() -> Result<Done> {
    write!(streams::output(), "{}", key_reference(WIDTH))?;
    Ok(Done::Complete)
}
