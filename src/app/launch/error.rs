//! What keeps a study from starting, told to people.

use std::path::PathBuf;

use crate::app::{RecordedError, ReplayError};
use crate::domain::Configuration;
use crate::journal::JournalError;
use crate::model::device::DeviceError;
use crate::model::space::SpaceError;
use crate::model::{LoadError, SourceError, TokenizerError};
use crate::task::TaskError;
use crate::train::rows::RowsError;

/// Why a study cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The model cannot be found.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model's configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The model's tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The task cannot be loaded.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A file of the task cannot be read a second time.
    #[error("{}: {source}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Rows cannot be read as the model reads them.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The space does not fit the model.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal is no study's.
    #[error("{path}: {source}")]
    Replay {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        source: ReplayError,
    },
    /// The study's file was changed in a way that makes its earlier results incomparable.
    #[error(
        "this study was begun with other settings: {differences}; \
         take the change back, give the study another `name`, or move {folder} away"
    )]
    Changed {
        /// Keys with their values then and now.
        differences: String,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// Rows or weights are not those that earlier results rest on.
    #[error(
        "this study was begun with other rows or another model: {changes}; \
         put back what was there, give the study another `name`, or move {folder} away"
    )]
    OtherContent {
        /// What changed.
        changes: String,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The journal of an earlier run cannot be read.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// Something else is where the run keeps files of its own.
    #[error("{} is {found}; expected a folder of this study's own, in which files are written and deleted: move it away", folder.display())]
    NoFolder {
        /// Where the folder should be.
        folder: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// The maximum length exceeds what the model takes.
    #[error("`training.max_length` is {wanted}, but the model takes at most {longest} tokens")]
    TooLong {
        /// Tokens asked for.
        wanted: usize,
        /// Tokens at most.
        longest: usize,
    },
    /// A configuration that was asked for is not in the study's space.
    #[error("{configuration} is not in the space of this study: {objection}")]
    OutsideSpace {
        /// The configuration.
        configuration: Configuration,
        /// Why not.
        objection: String,
    },
    /// What was measured elsewhere tells nothing here.
    #[error(
        "--earlier {}: of its {measured} measured trials {placed} have a place in this study's space, and their scores are \
         not two different ones, so that nothing can be learnt from them; it has {there}, this study {here}: leave it out, \
         or choose a study with modules, sizes and layers of this one", folder.display()
    )]
    NothingCarriedOver {
        /// The earlier study's run.
        folder: PathBuf,
        /// Its measured trials.
        measured: usize,
        /// Those that the new space has.
        placed: usize,
        /// Its modules.
        there: String,
        /// The new study's modules.
        here: String,
    },
    /// Earlier studies are told apart by the names of their folders.
    #[error(
        "--earlier names {study} twice: each study counts once, by the name of its run's folder"
    )]
    EarlierTwice {
        /// The name.
        study: String,
    },
    /// Only Bayesian optimisation learns from earlier studies.
    #[error(
        "--earlier names earlier studies, but `search.method` is not \"bayesian\", the only one that learns from them: leave \
         `--earlier` or `search.method` out"
    )]
    EarlierUnused,
    /// What a study knows of earlier ones is fixed when it begins.
    #[error(
        "--earlier names {asked}, but this study was begun with {begun_with}, and its search rests on that: \
         leave `--earlier` out, give the study another `name`, or move {} away", folder.display()
    )]
    OtherEarlier {
        /// Names of the studies that were asked for.
        asked: String,
        /// Names of those that it was begun with.
        begun_with: String,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The system gives no thread.
    #[error(transparent)]
    Thread(#[from] std::io::Error),
}
