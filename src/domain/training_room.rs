//! Room for trainings on a device.

/// What a training may take on a device that is its alone: configurations that need more are never trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingRoom {
    /// Memory in all, less what the backbone and the program take, in bytes. It does not depend on what else runs.
    pub bytes: u64,
    /// Tokens of the longest row that trains.
    pub tokens: usize,
}
