//! Panics that a library swallows. On the threads by which it gives devices their work, the tensor library catches every
//! panic and goes on with the next operation. What should have come of the one that panicked is missing then; or, where it
//! was to change numbers in place, they are what they were before, without a word. So each such panic is noted.

use std::borrow::Cow;
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// How the names of those threads begin: those that put operations together, and those that hand them to a device.
const NAMES: [&str; 2] = ["DSU-", "DSD-"];

/// How many are told apart. After the first, what was lost without it panics too.
const TEXTS: usize = 64;

/// All so far: how many, and what the first of them said.
struct Swallowed {
    count: usize,
    texts: Vec<String>,
}

static SWALLOWED: Mutex<Swallowed> = Mutex::new(Swallowed {
    count: 0,
    texts: Vec::new(),
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
        if all.texts.len() < TEXTS {
            all.texts.push(said.to_owned());
        }
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
    /// This moment.
    pub fn now() -> Self {
        Self(lock().count)
    }

    /// What the first panic said that was swallowed since; none: none was.
    pub fn since(self) -> Option<Cow<'static, str>> {
        let all = lock();
        let any = all.count > self.0;
        any.then(|| match all.texts.get(self.0) {
            Some(text) => Cow::Owned(text.clone()),
            None => Cow::Borrowed("one of many panics"),
        })
    }
}

fn lock() -> MutexGuard<'static, Swallowed> {
    // A count and texts are whole at every moment.
    SWALLOWED.lock().unwrap_or_else(PoisonError::into_inner)
}
