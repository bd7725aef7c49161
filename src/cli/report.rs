//! `report`: a study on one page, as HTML and in Markdown.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use autopeft::app::State;
use autopeft::app::launch::Begun;
use autopeft::app::report::contents;
use autopeft::durable;
use autopeft::evaluation::Report;
use autopeft::regular;

use super::args::StudyArguments;
use super::evaluate::write_whole;
use super::exit::Done;
use super::output;

/// Writes both and names them.
pub(crate) fn report(arguments: &StudyArguments, out: Option<PathBuf>) -> Result<Done> {
    let study = arguments.read()?;
    let folder = arguments.run_folder(&study);
    let mut state = State::recorded(&folder)?;
    state.stop_below = study.search.stop_below;
    state.estimate(&|| false)?;
    let study = Begun::of(&state, &folder).hold(study)?;
    let contents = contents(&study, &state, evaluation(&folder)?)?;
    let out = out.unwrap_or(folder);
    durable::create_folder(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let files = [
        ("report.html", contents.html()),
        ("report.md", contents.markdown()),
    ];
    for (name, text) in files {
        let path = out.join(name);
        write_whole(&path, text.as_bytes())?;
        writeln!(output::out(), "{}", path.display())?;
    }
    Ok(Done::Complete)
}

/// What `evaluate` leaves is no longer, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// What `evaluate` left, if it did.
fn evaluation(folder: &Path) -> Result<Option<Report>> {
    let path = folder.join("evaluation.json");
    match regular::read(&path, MOST_BYTES) {
        Ok(text) => {
            let report = serde_json::from_slice(&text);
            let report = report.with_context(|| {
                format!("{} is damaged; `evaluate` writes it anew", path.display())
            })?;
            Ok(Some(report))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}
