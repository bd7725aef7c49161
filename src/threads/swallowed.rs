//! Panics that a library swallows. On the threads by which it gives devices their work, the tensor library catches every
//! panic and goes on with the next operation. What should have come of the one that panicked is missing then; or, where it
//! was to change numbers in place, they are what they were before, without a word. So each such panic is noted.

use std::collections::VecDeque;
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// How the names of those threads begin: those that put operations together, and those that hand them to a device.
const NAMES: [&str; 2] = ["DSU-", "DSD-"];

/// How many texts are kept. Where one operation was lost, those that build on it panic too.
const KEPT: usize = 64;

/// How many there were so far, and what the last of them said.
struct Swallowed {
    count: usize,
    said: VecDeque<String>,
}

static SWALLOWED: Mutex<Swallowed> = Mutex::new(Swallowed {
    count: 0,
    said: VecDeque::new(),
});

/// Notes every panic that is swallowed from now on, instead of what became of panics before; the others are left to that.
pub fn note() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_here() {
            return previous(panic);
        }
        let said = panic.payload_as_str().unwrap_or("no message");
        // Who needs what was lost is told where it is read back; a kernel that was merely tried is needed by nobody.
        tracing::debug!("a panic on a thread of a device: {said}");
        let mut all = lock();
        all.count += 1;
        if all.said.len() == KEPT {
            all.said.pop_front();
        }
        all.said.push_back(said.to_owned());
    }));
}

/// Whether a panic of this thread is swallowed.
pub fn is_here() -> bool {
    let thread = thread::current();
    let name = thread.name().unwrap_or_default();
    NAMES.iter().any(|begin| name.starts_with(begin))
}

/// A moment, after which no panic may be swallowed of which some work has need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

impl Mark {
    /// When the program began.
    pub const START: Self = Self(0);

    /// This moment.
    pub fn now() -> Self {
        Self(lock().count)
    }

    /// What the first panic said that was swallowed since and is still known; none: none was.
    pub fn since(self) -> Option<String> {
        let all = lock();
        let since = all.count - self.0;
        let first = all.said.len().saturating_sub(since);
        all.said.get(first).cloned()
    }
}

fn lock() -> MutexGuard<'static, Swallowed> {
    // A count and texts are whole at every moment.
    SWALLOWED.lock().unwrap_or_else(PoisonError::into_inner)
}
