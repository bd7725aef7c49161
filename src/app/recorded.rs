//! The state of a study from its journal alone, whether or not a program is at work on it.

use std::path::{Path, PathBuf};

use super::{ReplayError, Severity, State};
use crate::journal::{self, AtWork, JournalError};

/// Why a journal tells no state.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal is no study's.
    #[error("{path}: {source}", path = path.display())]
    Replay {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        source: ReplayError,
    },
}

impl State {
    /// The state that the journal in a run's folder tells. Trials that a program left under way when it ended
    /// count as queued, which is what they will be when the study goes on; where it cannot be told whether one is at
    /// work, a notice says so, and they count as under way.
    ///
    /// # Errors
    /// See [`RecordedError`].
    pub fn recorded(folder: &Path) -> Result<Self, RecordedError> {
        let at_work = journal::at_work(folder);
        let history = journal::read(folder)?;
        let records = history.records.into_iter().map(|stamped| stamped.record);
        let mut state = Self::replay(records).map_err(|source| RecordedError::Replay {
            path: folder.join(journal::JOURNAL),
            source,
        })?;
        match at_work {
            AtWork::Somebody => {}
            AtWork::Nobody => state.interrupt(),
            AtWork::Unknown(why) => state.notify(
                Severity::Warning,
                format!("whether a program is at work on this study cannot be told: {why}"),
            ),
        }
        Ok(state)
    }
}
