//! Exports beside the screen, one at a time, on a thread of their own.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Exported, State};
use crate::threads;
use crate::train::fault;

/// Writes the front somewhere: where to and what is to be said of it, or what went wrong.
type Export = dyn Fn(&State) -> Result<(PathBuf, Vec<String>), String> + Send + Sync;

/// Writes exports.
pub struct Exporting {
    export: Arc<Export>,
    sender: Sender<Result<Exported, String>>,
    ended: Receiver<Result<Exported, String>>,
}

impl Exporting {
    /// By this function, none yet.
    pub fn new(
        export: impl Fn(&State) -> Result<(PathBuf, Vec<String>), String> + Send + Sync + 'static,
    ) -> Self {
        let (sender, ended) = bounded(1);
        Self {
            export: Arc::new(export),
            sender,
            ended,
        }
    }

    /// Begins to write the front of the state as it stands, by everything that was measured.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn start(&self, state: &State) -> io::Result<()> {
        let (export, ended) = (Arc::clone(&self.export), self.sender.clone());
        let mut state = state.clone();
        let work = move || {
            let write = |state: &mut State| {
                let believed = state.estimate(&|| false);
                believed.map_err(|error| error.to_string())?;
                export(state)
            };
            let written = catch_unwind(AssertUnwindSafe(|| write(&mut state)));
            let written = written.unwrap_or_else(|panic| Err(fault::told(panic.as_ref())));
            let told = written.map(|(folder, remarks)| Exported {
                folder: folder.display().to_string(),
                front: state.front.clone(),
                remarks,
            });
            // Nobody may listen any more.
            let _ = ended.send(told);
        };
        threads::start("export", work).map(drop)
    }

    /// What became of each.
    pub fn ended(&self) -> &Receiver<Result<Exported, String>> {
        &self.ended
    }
}
