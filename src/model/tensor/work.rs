//! Work of which no operation may be lost: where one was, what is read back is no result.

use std::cell::Cell;
use std::panic::resume_unwind;

use super::{Device, Fault};
use crate::threads::swallowed::Mark;

/// What a [`Fault`] says first where an operation was lost; what was said of that stands in the next line.
const LOST: &str = "an operation was lost on the device's own thread";

thread_local! {
    static HERE: Cell<Work> = const { Cell::new(Work(Mark::START)) };
}

/// A piece of work: of this thread, until another begins or goes on. Before the first of a thread is one that began with the
/// program: who forgets to begin one is refused results for what others lost, and never given wrong ones.
#[derive(Clone, Copy, Debug)]
pub struct Work(Mark);

impl Work {
    /// Begins now.
    pub fn begin() -> Self {
        let work = Self(Mark::now());
        work.go_on();
        work
    }

    /// Goes on, on this thread.
    pub fn go_on(self) {
        HERE.set(self);
    }
}

/// What a reading ends with where an operation was lost, of which the library said this.
pub fn lost(said: &str) -> Fault {
    Fault::with_context(format!("{LOST}\n{said}"))
}

/// Whether it is such a fault.
pub fn is_lost(fault: &Fault) -> bool {
    fault.reason().starts_with(LOST)
}

/// Waits until the device has done all that this thread gave it.
///
/// # Panics
/// With a [`Fault`] where it failed in that.
pub fn wait(device: &Device) {
    let done = device.sync();
    done.unwrap_or_else(|fault| fails(fault));
    check();
}

/// Panics with a [`Fault`] where an operation of this thread's work may have been lost. Devices shared by several threads
/// do not tell of which.
pub(super) fn check() {
    if let Some(said) = HERE.get().0.since() {
        fails(lost(&said));
    }
}

/// Ends what is done by a device's fault. It is no fault of the program: who catches it tells it, and the process's hook for
/// panics says nothing of it.
pub(super) fn fails(fault: Fault) -> ! {
    resume_unwind(Box::new(fault))
}
