//! How far a download has come.

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

/// Tells how far a download has come, though not at every piece.
pub(super) struct Report<'a> {
    progress: &'a mut dyn FnMut(HubProgress),
    state: HubProgress,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        repository: &str,
        file: &str,
        total_bytes: u64,
        progress: &'a mut dyn FnMut(HubProgress),
    ) -> Self {
        Self {
            progress,
            state: HubProgress {
                repository: repository.to_owned(),
                file: file.to_owned(),
                done_bytes: 0,
                total_bytes,
            },
        }
    }

    /// So many bytes are here; told where that is news.
    pub(super) fn update(&mut self, done_bytes: u64) {
        if done_bytes.abs_diff(self.state.done_bytes) >= REPORT_BYTES {
            self.tell(done_bytes);
        }
    }

    /// As [`Report::update`], and told.
    pub(super) fn tell(&mut self, done_bytes: u64) {
        self.state.done_bytes = done_bytes;
        (self.progress)(self.state.clone());
    }
}
