//! `man`: the manual page, subcommands included.

use std::io::Write;

use anyhow::Result;
use autopeft::streams;
use clap::CommandFactory;
use clap_mangen::Man;

use super::args::Arguments;
use super::exit::Done;

/// Prints the page.
pub(crate) fn man() -> Result<Done> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let whole = Man::new(command.clone());
    let mut page = Vec::new();
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    whole.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands() {
        section(subcommand, &mut page)?;
    }
    whole.render_extra_section(&mut page)?;
    whole.render_version_section(&mut page)?;
    streams::output().write_all(&page)?;
    Ok(Done::Complete)
}

/// One subcommand as a section of its own; the generator's section headings become headings inside it.
fn section(subcommand: &clap::Command, page: &mut Vec<u8>) -> Result<()> {
    let man = Man::new(subcommand.clone());
    let mut inside = Vec::new();
    man.render_synopsis_section(&mut inside)?;
    man.render_description_section(&mut inside)?;
    man.render_options_section(&mut inside)?;
    let inside = String::from_utf8_lossy(&inside).replace(".SH ", ".SS ");
    let name = subcommand.get_name().to_uppercase();
    writeln!(page, ".SH \"COMMAND {name}\"\n{inside}")?;
    Ok(())
}
