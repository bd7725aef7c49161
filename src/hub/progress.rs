//! How far a download has come.

use hf_hub::api::Progress;

/// Downloads are reported at least this often, in bytes.
const REPORT_BYTES: u64 = 1 << 20;

/// How far a download has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubProgress {
    /// Id of the repository.
    pub repository: String,
    /// Path of the file in it.
    pub file: String,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// Passes the crate's progress on.
pub(super) struct Report<'a> {
    progress: &'a mut dyn FnMut(HubProgress),
    reported_bytes: u64,
    state: HubProgress,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        repository: &str,
        file: &str,
        progress: &'a mut dyn FnMut(HubProgress),
    ) -> Self {
        Self {
            progress,
            reported_bytes: 0,
            state: HubProgress {
                repository: repository.to_owned(),
                file: file.to_owned(),
                done_bytes: 0,
                total_bytes: 0,
            },
        }
    }

    fn send(&mut self) {
        self.reported_bytes = self.state.done_bytes;
        (self.progress)(self.state.clone());
    }
}

impl Progress for Report<'_> {
    fn init(&mut self, size: usize, _file: &str) {
        // Called again at every attempt, which begins with an update by what is already here.
        self.state.total_bytes = size as u64;
        self.state.done_bytes = 0;
        self.send();
    }

    fn update(&mut self, size: usize) {
        self.state.done_bytes += size as u64;
        if self.state.done_bytes - self.reported_bytes >= REPORT_BYTES {
            self.send();
        }
    }

    fn finish(&mut self) {
        self.send();
    }
}
