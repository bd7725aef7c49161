//! Why a trial ended without a result. What follows from an end is decided by these types; their texts are for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a trial ended without a result, or why nothing can run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The training took more memory than there was, or would have.
    OutOfMemory {
        /// What the training takes by its shapes, in bytes, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_bytes: Option<u64>,
        /// What there was for it, in bytes, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room_bytes: Option<u64>,
        /// What the device said, where it was tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
    /// The loss was no finite number before any epoch was measured.
    Diverged {
        /// When, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Moment>,
    },
    /// The metric has no value for what was predicted.
    ScoreUndefined {
        /// Why.
        said: String,
    },
    /// The trained weights found no room.
    WeightsNotKept {
        /// What went wrong, with the file.
        said: String,
    },
    /// The device answers no more until the process ends.
    DeviceLost {
        /// What the driver says.
        said: String,
    },
    /// The program ended without a word while the trial was under way, again and again.
    ProgramEnded {
        /// How often in a row.
        times: u32,
    },
    /// A fault of the program, caught at the worker's edge.
    Panicked {
        /// Its message.
        said: String,
    },
    /// Nothing can begin: model, rows and settings do not fit each other.
    Unusable {
        /// What does not fit, and what to do.
        said: String,
    },
    /// Any other error.
    Error {
        /// Its message.
        said: String,
    },
}

/// When in a training something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// In a training step, from 1.
    Step(u64),
    /// When the rows were measured after an epoch, from 1.
    Epoch(u32),
}

impl Cause {
    /// Whether memory was lacking: a matter of the machine and of what else runs there, as well as of the configuration.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }

    /// The same of a device or of the program, with when it was noticed.
    pub fn noticed(mut self, when: impl fmt::Display) -> Self {
        match &mut self {
            Self::OutOfMemory {
                said: Some(said), ..
            }
            | Self::DeviceLost { said }
            | Self::Panicked { said } => *said = format!("{said}, {when}"),
            Self::OutOfMemory { said: None, .. }
            | Self::Diverged { .. }
            | Self::ScoreUndefined { .. }
            | Self::WeightsNotKept { .. }
            | Self::ProgramEnded { .. }
            | Self::Unusable { .. }
            | Self::Error { .. } => {}
        }
        self
    }
}

impl fmt::Display for Moment {
    /// Which loss it was, and when.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(
                f,
                "the training loss is no finite number any more at step {step}"
            ),
            Self::Epoch(epoch) => write!(
                f,
                "the validation loss is no finite number after epoch {epoch}"
            ),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfMemory {
                needed_bytes,
                room_bytes,
                said,
            } => {
                f.write_str("out of memory")?;
                if let Some(said) = said {
                    write!(f, ": {said}")?;
                }
                let megabytes = |bytes: &u64| bytes / 1_000_000;
                match (needed_bytes, room_bytes) {
                    (Some(needed), Some(room)) => write!(
                        f,
                        "; its training needs about {} MB, and there is room for {} MB",
                        megabytes(needed),
                        megabytes(room)
                    ),
                    (Some(needed), None) => {
                        write!(f, "; its training needs about {} MB", megabytes(needed))
                    }
                    (None, Some(room)) => {
                        write!(f, "; there was room for {} MB", megabytes(room))
                    }
                    (None, None) => Ok(()),
                }
            }
            Self::Diverged { at: Some(moment) } => write!(f, "{moment}"),
            Self::Diverged { at: None } => f.write_str("the loss is no finite number"),
            Self::ScoreUndefined { said }
            | Self::WeightsNotKept { said }
            | Self::Unusable { said }
            | Self::Error { said } => f.write_str(said),
            Self::DeviceLost { said } => write!(
                f,
                "the device was lost ({said}); start the study again: what was under way goes on from its last \
                 checkpoint. If it is lost again, try --device cpu"
            ),
            Self::ProgramEnded { times } => write!(
                f,
                "the program ended without a word while this trial was under way, {times} times in a row and before \
                 anything of it was kept: it was killed, or the machine ran out of memory. It is set aside; retry it \
                 once the cause is mended"
            ),
            Self::Panicked { said } => write!(f, "the training stopped unexpectedly: {said}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn causes_are_told_with_their_numbers() {
        let lack = |needed_bytes, room_bytes, said: Option<&str>| Cause::OutOfMemory {
            needed_bytes,
            room_bytes,
            said: said.map(str::to_owned),
        };
        assert_snapshot!(
            lack(Some(12_300_000), Some(10_000_000), None),
            @"out of memory; its training needs about 12 MB, and there is room for 10 MB"
        );
        assert_snapshot!(
            lack(Some(12_300_000), None, Some("CUDA_ERROR_OUT_OF_MEMORY")),
            @"out of memory: CUDA_ERROR_OUT_OF_MEMORY; its training needs about 12 MB"
        );
        assert_snapshot!(lack(None, None, None), @"out of memory");
        assert_snapshot!(
            lack(None, Some(10_000_000), Some("no room")).noticed("in step 3"),
            @"out of memory: no room, in step 3; there was room for 10 MB"
        );
        assert_eq!(
            lack(None, None, None).noticed("in step 3"),
            lack(None, None, None)
        );
        assert_snapshot!(
            Cause::Diverged { at: Some(Moment::Step(7)) },
            @"the training loss is no finite number any more at step 7"
        );
        assert_snapshot!(
            Cause::Diverged { at: Some(Moment::Epoch(2)) },
            @"the validation loss is no finite number after epoch 2"
        );
    }
}
