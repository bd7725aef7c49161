//! `completions`: completions for a shell.

use std::io::Write;

use anyhow::Result;
use autopeft::streams;
use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Arguments;
use super::exit::Done;

/// Prints the completions.
pub(crate) fn completions(shell: Shell) -> Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Arguments::command(),
        "autopeft-tui",
        &mut script,
    );
    streams::output().write_all(&script)?;
    Ok(Done::Complete)
}
