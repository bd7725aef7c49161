//! What a workbench's trainings need, and what there is for them.

use super::line::Memory;
use crate::domain::{Job, TrainingRoom};
use crate::memory;
use crate::train::workbench::Workbench;

/// Room for trainings where they compute; none where nobody can tell.
pub(super) fn training_room(workbench: &Workbench) -> Option<TrainingRoom> {
    let room = workbench.store().room()?;
    let taken = workbench.backbone_bytes() + workbench.store().taken_bytes();
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
        Some(self.store().room()?.free_bytes)
    }

    fn give_back(&self) -> bool {
        let gave = self.give_activations_back();
        memory::give_back();
        gave
    }
}
