//! What keeps a front from being exported, told to people.

use std::io;
use std::path::PathBuf;

use super::{ALL, CARD_FORMAT, FORMATS};
use crate::domain::TrialId;
use crate::train::checkpoint::CheckpointError;

/// Why a front cannot be exported, or an exported adapter not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such format.
    #[error("unknown export format `{found}`; choose one of {}", names())]
    UnknownFormat {
        /// What was asked for.
        found: String,
    },
    /// There is no front yet.
    #[error("study {study} has no finished trial to export yet: run it first")]
    Nothing {
        /// The study.
        study: String,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}; choose a folder that can be written, with --out", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A front cannot be put into a format.
    #[error("cannot make the {format} file: {reason}")]
    Format {
        /// Name of the format.
        format: &'static str,
        /// Why not.
        reason: String,
    },
    /// The weights of a trial on the front were not kept.
    #[error("the trained weights of trial {trial}, which is on the front, are not in {}: {why}; the formats csv, json, svg and png need no weights", path.display())]
    NoWeights {
        /// The trial.
        trial: TrialId,
        /// Where they were looked for.
        path: PathBuf,
        /// Why they may be missing.
        why: &'static str,
    },
    /// The weights of a trial on the front cannot be read or written.
    #[error("trial {trial}: {source}")]
    Weights {
        /// The trial.
        trial: TrialId,
        /// What is wrong.
        source: CheckpointError,
    },
    /// No configuration on the front fits a format.
    #[error(
        "the format {format} can express no configuration on the front: {reasons}; the format adapters can express all"
    )]
    Inexpressible {
        /// Name of the format.
        format: &'static str,
        /// Each trial with its reason.
        reasons: String,
    },
    /// The folder holds another study's export.
    #[error(
        "{} holds an export of {there}, and this is {here}: choose another folder with --out, or move that one away", folder.display()
    )]
    OtherStudy {
        /// The folder.
        folder: PathBuf,
        /// Whose export it holds.
        there: String,
        /// The study to export.
        here: String,
    },
    /// The folder is not one of exports.
    #[error(
        "{} holds {files}, and no manifest of an export: an export has a folder of its own; name a new or an empty one with --out", folder.display()
    )]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// What lies there.
        files: String,
    },
    /// In the place of a file lies what no export of this program wrote.
    #[error(
        "{} holds {files}, which no export of this study wrote: move that away, or choose another folder with --out", folder.display()
    )]
    OtherFiles {
        /// The folder.
        folder: PathBuf,
        /// What lies there.
        files: String,
    },
    /// A file with the name of the manifest is none that can be read.
    #[error("{} is no manifest that this program can read: {reason}; move it away, or use another folder", path.display())]
    NoManifest {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The folder holds a format that cannot be brought up to date.
    #[error(
        "{} also holds the format {format}, which cannot be brought up to date: {source}; choose another folder with --out", folder.display()
    )]
    Stale {
        /// The folder.
        folder: PathBuf,
        /// The format.
        format: &'static str,
        /// Why not.
        source: Box<ExportError>,
    },
    /// A file to describe cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An exported adapter's description cannot be read.
    #[error("cannot read {}: {reason}; name the folder of an exported trial, such as trial-0007", path.display())]
    Card {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An exported adapter's description was changed after it was written.
    #[error("{} is not as it was exported: it no longer has its own digest; export the trial again", path.display())]
    ChangedCard {
        /// The file.
        path: PathBuf,
    },
    /// An exported adapter was written by a later program.
    #[error("{} has format {found}, and this program reads up to {CARD_FORMAT}: use a newer one", path.display())]
    NewerCard {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

fn names() -> String {
    let names = FORMATS.iter().map(|format| format.name());
    let names: Vec<&str> = names.chain([ALL]).collect();
    names.join(", ")
}
