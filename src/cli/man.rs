//! `man`: the manual page.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory;

use super::args::Arguments;
use super::exit::Done;

/// Prints the page.
pub(crate) fn man() -> Result<Done> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(Done::Complete)
}
