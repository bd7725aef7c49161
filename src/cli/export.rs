//! `export`: writes the front to a folder.

use std::path::PathBuf;

use anyhow::Result;
use autopeft::app::State;
use autopeft::app::launch::front_of;

use super::args::StudyArguments;
use super::begun::resolved;
use super::exit::Done;
use super::output;

/// Writes the front and names the files written.
pub(crate) fn export(
    arguments: &StudyArguments,
    formats: &[String],
    out: Option<PathBuf>,
) -> Result<Done> {
    let study = arguments.read()?;
    let folder = arguments.run_folder(&study);
    let mut state = State::recorded(&folder)?;
    state.estimate(&|| false)?;
    let context = resolved(study, &folder)?.context();
    let formats: Vec<&str> = formats.iter().map(String::as_str).collect();
    let out = out.unwrap_or_else(|| folder.join("export"));
    let front = front_of(&state, &context, &folder);
    let written = autopeft::export::export(&front, &formats, &out)?;
    for path in &written.files {
        writeln!(output::out(), "{}", path.display())?;
    }
    for remark in written.remarks() {
        output::tell(remark);
    }
    Ok(Done::Complete)
}
