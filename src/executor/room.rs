//! What a workbench's trainings need, and what there is for them.

use super::line::Memory;
use crate::domain::{Job, TrainingRoom};
use crate::memory;
use crate::train::workbench::Workbench;

/// What the program takes beside the backbone: its code, its threads, the rows.
const PROGRAM_BYTES: u64 = 64 << 20;

/// Room for trainings where they compute; none where nobody can tell.
pub(super) fn training_room(workbench: &Workbench) -> Option<TrainingRoom> {
    let room = memory::room().filter(|_| workbench.is_on_cpu())?;
    let taken = workbench.backbone_bytes() + PROGRAM_BYTES;
    Some(TrainingRoom {
        bytes: room.whole_bytes.saturating_sub(taken),
        tokens: workbench.longest_row(),
    })
}

impl Memory for Workbench {
    fn needed(&self, job: &Job) -> Option<u64> {
        self.needed_bytes(&job.configuration)
    }

    fn whole(&self) -> Option<u64> {
        training_room(self).map(|room| room.bytes)
    }

    fn free(&self) -> Option<u64> {
        // What was let go counts as free once the system has it again.
        memory::give_back();
        let room = memory::room().filter(|_| self.is_on_cpu())?;
        Some(room.free_bytes)
    }

    fn give_back(&self) -> bool {
        let gave = self.give_activations_back();
        memory::give_back();
        gave
    }
}
