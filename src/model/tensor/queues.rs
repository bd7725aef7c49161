//! What devices are given through the queues of threads, as their server sees it: the waits that no call asks for.
//!
//! An operation whose input belongs to another thread's queue waits until the server has made a view of it, under a number
//! of its own: one that is an input without ever having been an output.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::backend::fusion::custom::{OperationIr, TensorId};
use burn::backend::fusion::observer::{BlockOperations, FusionObservation, FusionObserver};

use super::Device;

/// What devices were given so far, by all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Operations.
    pub operations: u64,
    /// What those came down to: several as one kernel, or one by itself.
    pub blocks: u64,
    /// Views of tensors of another thread's queue: each was waited for.
    pub borrowed: u64,
}

/// Counts what devices are given, for as long as it lives.
#[derive(Debug)]
pub struct QueueWatch {
    seen: Arc<Seen>,
    _observing: FusionObservation,
}

#[derive(Debug, Default)]
struct Seen(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    given: Given,
    /// Numbers of tensors that are outputs, as long as they are of use.
    made: HashSet<u64>,
    /// Numbers are given in order: those below are of tensors from before.
    first: Option<u64>,
}

impl QueueWatch {
    /// Counts from now on.
    pub fn begin() -> Self {
        let seen = Arc::new(Seen::default());
        Self {
            _observing: FusionObservation::new(seen.clone()),
            seen,
        }
    }

    /// All that was given up to now; waits for the device.
    ///
    /// # Errors
    /// The device has failed, which it says itself.
    pub fn given(&self, device: &Device) -> Result<Given, String> {
        device.sync().map_err(|error| error.to_string())?;
        Ok(self.seen.lock().given)
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn takes(&mut self, id: TensorId) {
        let number = id.value();
        let is_new = self.made.insert(number);
        if is_new && self.first.is_some_and(|first| number > first) {
            self.given.borrowed += 1;
        }
    }
}

impl FusionObserver for Seen {
    fn registered(&self, operation: &OperationIr) {
        let mut state = self.lock();
        if let OperationIr::Drop(tensor) = operation {
            state.takes(tensor.id);
            state.made.remove(&tensor.id.value());
            return;
        }
        state.given.operations += 1;
        for input in operation.inputs() {
            state.takes(input.id);
        }
        for output in operation.outputs() {
            let number = output.id.value();
            state.first.get_or_insert(number);
            state.made.insert(number);
        }
    }

    fn block_starts(&self, _block: BlockOperations<'_>) {
        self.lock().given.blocks += 1;
    }

    fn block_ran(&self) {}
}
