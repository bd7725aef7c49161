//! The front of a study, handed over: a table, a document, a picture, and the trained adapters.
//!
//! A further format is one more file with an [`Exporter`] and one more entry of [`FORMATS`]. Every file is written
//! whole or not at all. A folder is one study's: what else lies there is left alone, only what this program wrote is
//! replaced, and no trial that has left the front stays unless somebody changed it.

mod adapterhub;
mod adapters;
mod card;
mod csv;
mod error;
mod folder;
mod front;
mod json;
mod listing;
mod manifest;
mod model_card;
mod peft;
mod plot;
mod png;
mod python;
mod stage;
mod svg;
#[cfg(test)]
mod tests;
mod trained;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

pub use card::{AdapterCard, CARD_FORMAT, CardHead};
pub use error::ExportError;
pub use folder::Written;
pub use front::{Context, Front, Owned};
pub use json::{Summary, TrialSummary};
pub use listing::{Change, changes, list_too, listed_trials};

use listing::Earlier;
use manifest::Manifest;
use stage::Stage;

use crate::domain::Configuration;
use crate::durable;
use crate::model::config::Architecture;

/// One format in which a front is handed over.
pub trait Exporter: Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;
    /// What it writes, for people.
    fn about(&self) -> &'static str;
    /// Whether the study kept what the format needs.
    fn is_possible(&self, _front: &Front<'_>) -> bool {
        true
    }
    /// Writes its files into a folder that exists; returns their paths.
    ///
    /// # Errors
    /// What the format needs is missing, or a file cannot be written.
    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError>;
}

/// Every format.
pub const FORMATS: [&dyn Exporter; 8] = [
    &csv::Csv,
    &json::Json,
    &svg::Svg,
    &png::Png,
    &manifest::Listed,
    &adapters::Adapters,
    &adapterhub::AdapterHub,
    &peft::Peft,
];

/// The name that stands for every format that the study makes possible.
pub const ALL: &str = "all";

/// Writes the front into a folder, which is created where it is missing. The formats that the folder already holds are
/// brought up to date with it, and what has left the front is removed where nobody changed it.
///
/// `formats` are names of [`FORMATS`], or [`ALL`].
///
/// # Errors
/// A format is unknown, no trial has finished, what a format needs is missing, the folder holds another study's export or
/// what is no export's, or a file cannot be written.
pub fn export(front: &Front<'_>, formats: &[&str], folder: &Path) -> Result<Written, ExportError> {
    let chosen = chosen(front, formats)?;
    if front.members().is_empty() {
        return Err(ExportError::Nothing {
            study: front.name.to_owned(),
        });
    }
    durable::create_folder(folder).map_err(|source| ExportError::Write {
        path: folder.to_owned(),
        source,
    })?;
    let earlier = Earlier::read(folder)?;
    folder::check_owner(front, folder, earlier.as_ref())?;
    if earlier.is_none() {
        stage::check_free(folder)?;
    }
    let stage = Stage::new(folder)?;
    let made = make(front, &chosen, earlier.as_ref(), folder, stage.path());
    let (formats, files) = made.map_err(|error| stage.told(error))?;
    let digests = stage.digests(&files)?;
    let changed = stage::changed(folder, &digests, earlier.as_ref())?;
    let mut manifest = Manifest::of(front, &formats)?;
    let replaced = earlier.as_ref().map(Earlier::replaced);
    let both = stage::both(earlier.as_ref(), &digests);
    manifest.save(folder, &both, &replaced.unwrap_or_default())?;
    let kept = stage::set_aside(&changed)?;
    let mut written = Written {
        files: stage.place(&files)?,
        kept,
        ..Written::default()
    };
    let listed = folder::tidy(folder, earlier.as_ref(), digests, &mut written)?;
    let manifest = manifest.save(folder, &listed, &BTreeMap::new())?;
    written.files.push(manifest);
    Ok(written)
}

/// Makes the files of the chosen formats, and of those that the folder already holds, in another folder; the formats'
/// names, and the files.
fn make(
    front: &Front<'_>,
    chosen: &[&'static dyn Exporter],
    earlier: Option<&Earlier>,
    folder: &Path,
    stage: &Path,
) -> Result<(Vec<&'static str>, Vec<PathBuf>), ExportError> {
    let is_chosen = |name: &str| chosen.iter().any(|format| format.name() == name);
    let is_there =
        |name: &str| earlier.is_some_and(|earlier| earlier.formats.iter().any(|f| f == name));
    let mut names = Vec::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for exporter in FORMATS {
        let name = exporter.name();
        let made = if is_chosen(name) {
            exporter.export(front, stage)?
        } else if is_there(name) && exporter.is_possible(front) {
            exporter
                .export(front, stage)
                .map_err(|source| ExportError::Stale {
                    folder: folder.to_owned(),
                    format: name,
                    source: Box::new(source),
                })?
        } else {
            continue;
        };
        names.push(name);
        // Several formats need the encoder.
        for path in made {
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
    Ok((names, files))
}

fn chosen(front: &Front<'_>, formats: &[&str]) -> Result<Vec<&'static dyn Exporter>, ExportError> {
    let mut chosen = Vec::new();
    for &name in formats {
        if name == ALL {
            chosen.extend(FORMATS.iter().filter(|format| format.is_possible(front)));
            continue;
        }
        let found = FORMATS.iter().find(|format| format.name() == name);
        chosen.push(found.ok_or_else(|| ExportError::UnknownFormat {
            found: name.to_owned(),
        })?);
    }
    Ok(chosen.into_iter().copied().collect())
}

/// The members of the front that a format can express.
///
/// # Errors
/// It can express none; `obstacle` says why not.
fn expressible<'a>(
    front: &Front<'a>,
    format: &'static str,
    obstacle: fn(Architecture, &Configuration) -> Option<&'static str>,
) -> Result<Vec<front::Finished<'a>>, ExportError> {
    let mut members = front.members();
    let architecture = front.context.encoder.architecture;
    let obstacle = |configuration: &Configuration| obstacle(architecture, configuration);
    let reasons = members.iter().filter_map(|(trial, _)| {
        let reason = obstacle(&trial.configuration)?;
        Some(format!("trial {}, {reason}", trial.id))
    });
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    members.retain(|(trial, _)| obstacle(&trial.configuration).is_none());
    match members.is_empty() {
        true => Err(ExportError::Inexpressible { format, reasons }),
        false => Ok(members),
    }
}

/// Writes one whole file.
fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, ExportError> {
    let path = folder.join(name);
    match durable::write_whole(&path, |out| out.write_all(bytes)) {
        Ok(()) => Ok(path),
        Err(source) => Err(ExportError::Write { path, source }),
    }
}
